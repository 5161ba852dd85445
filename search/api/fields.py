"""The fields that requests are made of, each from JSON or from the text of a form or URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

MAX_FACETS_LENGTH = 2000
MAX_TERMS = 100
MAX_PATHS_LENGTH = 4000
MAX_PER_PAGE = 100
MAX_NOT_RELEVANT = 20
CAPPED = ("brand", "style", "category")
ID_PATTERN = r"^[A-Za-z0-9_.:-]{1,64}$"
ID = RegexValidator(ID_PATTERN, "Give 1 to 64 letters, digits, and _ . : - of ASCII.")
# A mail address or a name has no place here: a random text has neither @ nor spaces.
VISITOR = RegexValidator(
    ID_PATTERN, "Give a random id of 1 to 64 letters, digits and _ . : -, never a name or an address."
)
_NAME = re.compile(r"[a-z0-9_-]+:[a-z0-9_-]+")


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown names, with the one that was probably meant: a typo must not silently change a search."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                raise ValidationError({str(name)[:60]: [self._unknown(str(name)[:60])] for name in unknown[:20]})
        return super().to_internal_value(data)

    def _unknown(self, name: str) -> str:
        close = get_close_matches(name, self.fields, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(self.fields)}."
        return f"Unknown parameter {name!r}: {hint}"


class BoxField(serializers.ListField):
    """`[x1, y1, x2, y2]`, parts of the photo's width and height; a form sends `x1,y1,x2,y2`."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("child", None)
        child = serializers.FloatField(min_value=0, max_value=1)
        # The length is for the description; the check is below, before the four are named.
        super().__init__(child=child, min_length=4, max_length=4, **kwargs)

    def to_internal_value(self, data: Any) -> list[float]:
        values: list[float] = super().to_internal_value(data.split(",") if isinstance(data, str) else data)
        if len(values) != 4:
            raise ValidationError(f"The box has {len(values)} numbers: give four, [x1, y1, x2, y2].")
        left, top, right, bottom = values
        if left >= right or top >= bottom:
            raise ValidationError("The box is empty: give [x1, y1, x2, y2] with x1 < x2 and y1 < y2.")
        return values


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": 200},
            {"type": "array", "items": {"type": "string", "maxLength": 200}, "minItems": 1, "maxItems": MAX_TERMS},
        ]
    }
)
class TermsField(serializers.ListField):
    """One term, or a list of alternatives."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("child", None)
        super().__init__(child=serializers.CharField(max_length=200), allow_empty=False, max_length=MAX_TERMS, **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        terms: list[str] = super().to_internal_value([data] if isinstance(data, str) else data)
        return terms


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": MAX_PATHS_LENGTH},
            {"type": "array", "items": {"type": "string"}, "maxItems": MAX_TERMS},
        ]
    }
)
class PathsField(serializers.ListField):
    """Fields by their paths, as a list or as a text with commas."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("child", None)
        super().__init__(child=serializers.CharField(max_length=200), **{"max_length": MAX_TERMS, **kwargs})

    def to_internal_value(self, data: Any) -> list[str]:
        if isinstance(data, str):
            data = [name for name in data[: MAX_PATHS_LENGTH + 1].split(",") if name.strip()]
        names: list[str] = super().to_internal_value(data)
        return names


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": 2500},
            {"type": "array", "items": {"type": "string", "maxLength": 120}, "maxItems": MAX_NOT_RELEVANT},
        ]
    }
)
class SkusField(serializers.ListField):
    """Skus as a list, or in a URL with commas between them."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("child", None)
        super().__init__(child=serializers.CharField(max_length=120), max_length=MAX_NOT_RELEVANT, **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        stated = [sku for sku in data.split(",") if sku.strip()] if isinstance(data, str) else data
        skus: list[str] = super().to_internal_value(stated)
        return skus


class NamesField(TermsField):
    """A list of `field:value` names, or one string with commas between them."""

    def to_internal_value(self, data: Any) -> list[str]:
        names = [name.strip() for name in data.split(",")] if isinstance(data, str) else data
        named: list[str] = super().to_internal_value(
            [name for name in names if name] if isinstance(data, str) else names
        )
        wrong = next((name for name in named if not _NAME.fullmatch(name)), None)
        if wrong is not None:
            raise ValidationError(f"{wrong[:60]!r} is not a name such as color:red.")
        return named


class RangeIn(StrictSerializer):
    """Bounds of one count, inclusive; either may be left out."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        bound: dict[str, Any] = {"max_digits": 18, "decimal_places": 4, "required": False, "allow_null": True}
        return {"from": serializers.DecimalField(**bound), "to": serializers.DecimalField(**bound)}


class FacetIn(StrictSerializer):
    """One facet in the typed form of `facet_by`."""

    field_name = serializers.CharField(max_length=60)  # type: ignore[assignment]
    limit = serializers.IntegerField(default=20, min_value=1, max_value=1000)
    ranges = RangeIn(many=True, required=False, help_text="Of the price only.")


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": MAX_FACETS_LENGTH},
            {
                "type": "array",
                "maxItems": MAX_TERMS,
                "items": {
                    "oneOf": [{"type": "string"}, {"type": "object", "description": "field_name, limit, ranges"}]
                },
            },
        ]
    }
)
class FacetByField(serializers.Field[Any, Any, Any, Any]):
    """`category,color,price(0..50,50..)`, or a list of names and objects. Objects are validated as `FacetIn`."""

    def to_internal_value(self, data: Any) -> str | list[str | dict[str, Any]]:
        if isinstance(data, str):
            if len(data) > MAX_FACETS_LENGTH:
                raise ValidationError(f"Give at most {MAX_FACETS_LENGTH} characters.")
            return data
        if not isinstance(data, list) or len(data) > MAX_TERMS:
            raise ValidationError("Give a string such as category,color or a list of names and objects.")
        facets: list[str | dict[str, Any]] = []
        for entry in data:
            if isinstance(entry, str):
                facets.append(entry)
                continue
            facet = FacetIn(data=entry)
            facet.is_valid(raise_exception=True)
            facets.append(facet.validated_data)
        return facets

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": 100, "example": "brand:2,style:1"},
            {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 100}},
        ]
    }
)
class MaxPerField(serializers.Field[Any, Any, Any, Any]):
    """`{"brand": 2, "style": 1}`, or `brand:2,style:1` in a URL or a form; as pairs."""

    def to_internal_value(self, data: Any) -> tuple[tuple[str, int], ...]:
        if isinstance(data, str):
            stated = [tuple(part.strip() for part in pair.partition(":")[::2]) for pair in data.split(",") if pair]
        elif isinstance(data, Mapping):
            stated = list(data.items())
        else:
            raise ValidationError('Give an object such as {"brand": 2}, or brand:2,style:1.')
        pairs = {}
        for name, count in stated[: len(CAPPED) + 1]:
            if name not in CAPPED:
                raise ValidationError(f"{str(name)[:40]!r} cannot be capped: {', '.join(CAPPED)} can.")
            pairs[str(name)] = serializers.IntegerField(min_value=1, max_value=MAX_PER_PAGE).run_validation(count)
        return tuple(sorted(pairs.items()))

    def to_representation(self, value: Any) -> Any:
        return value
