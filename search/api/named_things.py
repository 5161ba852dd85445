"""What rules name over REST: the store's things by sku, slug and code, as filters name them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from catalog.models import Brand, Category, Product, Store
from search.api.fields import StrictSerializer
from search.rules.records import Rule, RuleAction, RuleTrigger, StoreValue


class FiniteFloatField(serializers.FloatField):
    """A number: neither "nan" nor "inf", which no comparison would refuse."""

    def to_internal_value(self, data: Any) -> float:
        value: float = super().to_internal_value(data)
        if not math.isfinite(value):
            raise ValidationError("Give a number.")
        return value


class NamedThings(StrictSerializer):
    """The store's things by sku, slug and code."""

    product = serializers.CharField(required=False, max_length=120, help_text="A sku.")
    category = serializers.CharField(required=False, max_length=160, help_text="A slug.")
    brand = serializers.CharField(required=False, max_length=160, help_text="A slug.")
    attribute = serializers.CharField(required=False, max_length=60, help_text="A code; with value.")
    value = serializers.CharField(required=False, max_length=80, help_text="A code.")

    def found(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The rows that the names stand for. Raises `ValidationError` for what the store does not have."""
        store: Store = self.context["store"]
        if ("attribute" in attrs) != ("value" in attrs):
            raise ValidationError({"value": ["Give attribute and value together."]})
        rows: dict[str, Any] = {}
        if "product" in attrs:
            rows["product"] = Product.objects.filter(store=store, sku=attrs["product"]).first()
        if "category" in attrs:
            rows["category"] = Category.objects.filter(store=store, slug=attrs["category"]).first()
        if "brand" in attrs:
            rows["brand"] = Brand.objects.filter(store=store, slug=attrs["brand"]).first()
        if "value" in attrs:
            rows["value"] = StoreValue.objects.filter(
                attribute__store=store, attribute__code=attrs["attribute"], code=attrs["value"]
            ).first()
        missing = {
            name: [f"The store has no {name} {attrs[name][:60]!r}."] for name, row in rows.items() if row is None
        }
        if missing:
            raise ValidationError(missing)
        return rows

    def checked(self, row: RuleTrigger | RuleAction, attrs: Mapping[str, Any], *, fields: Mapping[str, Any]) -> Any:
        """The row after it was checked, and that nothing was stated which its kind does not have."""
        known = {"kind", *fields[row.kind]} | ({"attribute"} if "value" in fields[row.kind] else set())
        strange = [name for name in attrs if name not in known and not (name == "image" and "photo" in known)]
        if strange:
            what = ", ".join(sorted(known - {"kind"}))
            raise ValidationError({strange[0]: [f"{row.kind} does not take it; it takes {what}."]})
        row.rule = Rule(store=self.context["store"])
        try:
            row.full_clean(exclude=["rule"])
        except ModelError as error:
            raise ValidationError(serializers.as_serializer_error(error)) from None
        return row
