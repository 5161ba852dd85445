"""What a staff user may see: lists, choices, autocompletes, filters, actions and exports of their own stores only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Field, ForeignKey, Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from catalog.models import (
    ApiKey,
    Attribute,
    AttributeValue,
    Brand,
    Category,
    ImportJob,
    Product,
    ProductImage,
    Store,
)

# From each model to the store that it belongs to.
_STORE_OF: dict[type[Model], str] = {
    Store: "pk",
    ApiKey: "store",
    Attribute: "store",
    AttributeValue: "attribute__store",
    Brand: "store",
    Category: "store",
    ImportJob: "store",
    Product: "store",
    ProductImage: "product__store",
}


def own_stores(request: HttpRequest) -> QuerySet[Store]:
    """The stores that the request's user may see."""
    return Store.objects.visible_to(request.user)


def within_own_stores(rows: QuerySet[Any], request: HttpRequest, *, store_path: str = "") -> QuerySet[Any]:
    """Those of the rows that belong to the user's stores. Rows of models that belong to no store stay."""
    path = store_path or _STORE_OF.get(rows.model)
    if path is None or getattr(request.user, "is_superuser", False):
        return rows
    return rows.filter(**{f"{path}__in": own_stores(request).values("pk")})


class StoreScopedAdmin(ModelAdmin):  # type: ignore[misc]
    """Keeps an admin within the user's stores. `store_path` leads from the model to its store where no key does."""

    store_path = ""
    list_per_page = 50
    list_filter_submit = True
    warn_unsaved_form = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return within_own_stores(super().get_queryset(request), request, store_path=self.store_path)

    def get_field_queryset(self, db: str | None, db_field: ForeignKey[Any, Any], request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_field_queryset(db, db_field, request)
        if rows is None:
            rows = db_field.remote_field.model._default_manager.all()
        return within_own_stores(rows, request)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Choose the store for somebody who has one only."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        stores = list(own_stores(request).values_list("pk", flat=True)[:2])
        if len(stores) == 1:
            initial.setdefault("store", stores[0])
        return initial

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """No buttons beside the store's choice: it is an owner, not something to edit on the way."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.related_model is Store:
            for button in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
                setattr(field.widget, button, False)
        return field


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows that the program writes and people only read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FixedStoreForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose store is chosen once. It stays a field, so that uniqueness within the store is still checked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "store" in self.fields:
            self.fields["store"].disabled = True


class ScopedAutocompleteFilter(AutocompleteSelectFilter):  # type: ignore[misc]
    """A filter by a related row that offers, and names, rows of the user's stores only."""

    def __init__(self, field: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, request, *args, **kwargs)
        self.request = request

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            for field in choice["form"].fields.values():
                field.queryset = within_own_stores(field.queryset.all(), self.request)
            yield choice
