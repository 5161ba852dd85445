"""The product's form: each attribute of its store as a choice of values, rather than JSON."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from catalog.admin.scope import FixedStoreForm
from catalog.models import Attribute, Product, Store

PREFIX = "attribute-"


class ProductForm(FixedStoreForm):
    """`attributes` is put together from the fields that `product_form` adds."""

    class Meta:
        model = Product
        fields = [
            "store",
            "sku",
            "title",
            "description",
            "category",
            "brand",
            "price",
            "quantity",
            "margin",
            "style_code",
            "url",
            "is_published",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (("sku", "SKU"), ("url", "Web address")):
            if name in self.fields:
                self.fields[name].label = label
        if "description" in self.fields:
            self.fields["description"].widget.attrs["rows"] = 5
        if self.instance.pk and self.instance.price is not None:
            self.initial["price"] = round(self.instance.price, self.instance.store.minor_unit_digits)
        for name in self._attribute_fields():
            self.initial[name] = self.instance.attributes.get(name.removeprefix(PREFIX), [])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = {name.removeprefix(PREFIX): cleaned[name] for name in self._attribute_fields() if name in cleaned}
        merged = {**self.instance.attributes, **chosen}
        # `clean` of the model, which runs after this, checks the whole.
        self.instance.attributes = {code: values for code, values in merged.items() if values}
        price, store = cleaned.get("price"), cleaned.get("store")
        if price is not None and store is not None and round(price, store.minor_unit_digits) != price:
            self.add_error("price", f"{store.currency} has {store.minor_unit_digits} decimals.")
        return cleaned

    def _update_errors(self, errors: ValidationError) -> None:
        """The model blames `attributes`, which this form shows as several fields: say it above them all."""
        if hasattr(errors, "error_dict") and "attributes" in errors.error_dict:
            errors.error_dict.setdefault(NON_FIELD_ERRORS, []).extend(errors.error_dict.pop("attributes"))
        super()._update_errors(errors)  # type: ignore[misc]

    def _attribute_fields(self) -> list[str]:
        return [name for name in self.fields if name.startswith(PREFIX)]


def attribute_fields(store: Store | None) -> dict[str, forms.MultipleChoiceField]:
    """A field for each attribute of the store, by name; none while the store is not chosen."""
    if store is None:
        return {}
    attributes = Attribute.objects.filter(store=store).prefetch_related("values")
    return {
        f"{PREFIX}{attribute.code}": forms.MultipleChoiceField(
            label=attribute.label,
            required=False,
            choices=[(value.code, value.label) for value in attribute.values.all()],
            widget=UnfoldAdminSelect2MultipleWidget,
        )
        for attribute in attributes
    }


def product_form(store: Store | None) -> type[ProductForm]:
    """The form for a product of this store."""
    return type("StoreProductForm", (ProductForm,), {**attribute_fields(store), "Meta": ProductForm.Meta})
