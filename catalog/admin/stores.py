"""The stores themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from catalog.admin.decorators import display
from catalog.admin.scope import StoreScopedAdmin
from catalog.models import Store


@admin.register(Store)
class StoreAdmin(StoreScopedAdmin):
    """A member sees and describes their store; who is a member, and which stores there are, superusers say."""

    list_display = ["name", "slug", "currency", "language", "product_count", "created_at"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    filter_horizontal = ["members"]
    readonly_fields = ["created_at"]
    fieldsets = [
        (None, {"fields": ["name", "slug", ("currency", "language"), "time_zone", "created_at"]}),
        ("People", {"fields": ["members"], "description": "Staff who see this store in the admin."}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Store]:
        rows: QuerySet[Store] = super().get_queryset(request).annotate(products_in_all=Count("products"))
        return rows

    def get_fieldsets(self, request: HttpRequest, obj: Store | None = None) -> Any:
        is_superuser = getattr(request.user, "is_superuser", False)
        return self.fieldsets if is_superuser else self.fieldsets[:1]

    def get_readonly_fields(self, request: HttpRequest, obj: Store | None = None) -> list[str]:
        """A slug is in addresses and commands, a currency in every price: superusers change them."""
        fixed = [] if getattr(request.user, "is_superuser", False) else ["slug", "currency"]
        return [*self.readonly_fields, *fixed]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Store | None = None) -> dict[str, list[str]]:
        return {} if "slug" in self.get_readonly_fields(request, obj) or obj else self.prepopulated_fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def has_delete_permission(self, request: HttpRequest, obj: Store | None = None) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    @display(description="products", ordering="products_in_all")
    def product_count(self, store: Store) -> int:
        return int(store.products_in_all)  # type: ignore[attr-defined]
