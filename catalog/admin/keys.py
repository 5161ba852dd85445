"""API keys: shown once when made, revoked rather than deleted."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from catalog.admin.decorators import action, display
from catalog.admin.scope import FixedStoreForm, StoreScopedAdmin
from catalog.models import ApiKey
from catalog.models.keys import KeyKind, hash_key, new_key


class ApiKeyForm(FixedStoreForm):
    class Meta:
        model = ApiKey
        fields = ["store", "name", "kind", "origins", "rate_per_minute", "expires_at", "is_active", "manages_indexes"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "kind" in self.fields:
            self.fields["kind"].disabled = True
        if "origins" in self.fields:
            self.fields["origins"].widget.attrs["rows"] = 2
            self.fields["origins"].help_text = (
                "Web origins whose pages may use a publishable key, apart by commas: https://shop.example. "
                "Empty allows any page."
            )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        kind = self.instance.kind if self.instance.pk else data.get("kind")
        if data.get("manages_indexes") and kind != KeyKind.SECRET:
            self.add_error("manages_indexes", "Only a secret key may: a publishable one lies in pages.")
        return data

    def clean_origins(self) -> list[str]:
        origins: list[str] = [origin.strip().rstrip("/").lower() for origin in self.cleaned_data["origins"] or []]
        for origin in origins:
            parts = urlsplit(origin)
            if (
                parts.scheme not in ("http", "https")
                or not parts.hostname
                or f"{parts.scheme}://{parts.netloc}" != origin
            ):
                raise forms.ValidationError(
                    "“%(origin)s” is not an origin. Give scheme and host only, such as https://shop.example.",
                    params={"origin": origin},
                )
        return origins


@admin.register(ApiKey)
class ApiKeyAdmin(StoreScopedAdmin):
    form = ApiKeyForm
    list_display = ["name", "shown_prefix", "store", "shown_kind", "shown_state", "expires_at", "created_at"]
    list_filter = ["kind", "is_active", "store"]
    list_select_related = ["store"]
    search_fields = ["name", "prefix"]
    readonly_fields = ["shown_prefix", "created_at"]
    actions = ["revoke"]
    fieldsets = [
        (None, {"fields": ["store", "name", "kind", "shown_prefix"]}),
        ("Limits", {"fields": ["origins", "rate_per_minute", "expires_at", "is_active", "created_at"]}),
    ]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return self.list_filter if getattr(request.user, "is_superuser", False) else self.list_filter[:2]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What concerns all stores is a superuser's to give."""
        if not getattr(request.user, "is_superuser", False):
            return self.fieldsets
        return [*self.fieldsets, ("All stores", {"fields": ["manages_indexes"]})]

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Draw the key of a new row and show it, this once."""
        if change:
            super().save_model(request, obj, form, change)
            return
        key, obj.prefix = new_key(obj.kind)
        obj.key_hash = hash_key(key)
        super().save_model(request, obj, form, change)
        messages.warning(
            request,
            format_html(
                'Copy the key now, it is not shown again: <code class="select-all font-semibold">{}</code>', key
            ),
        )

    @action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        count = queryset.filter(is_active=True).update(is_active=False)
        messages.success(request, f"{count} keys no longer open anything.")

    @display(description="key")
    def shown_prefix(self, key: ApiKey) -> str:
        if not key.prefix:
            return "It is drawn when you save, and shown once."
        return f"{'sk' if key.kind == 'secret' else 'pk'}_{key.prefix}_…"

    @display(description="kind", ordering="kind", label={"secret": "warning", "publishable": "info"})
    def shown_kind(self, key: ApiKey) -> str:
        return key.kind

    @display(description="state", label={"usable": "success", "revoked": "danger", "expired": "warning"})
    def shown_state(self, key: ApiKey) -> str:
        if not key.is_active:
            return "revoked"
        return "usable" if key.is_usable else "expired"
