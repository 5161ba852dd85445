"""The shape of a request: types, ranges and unknown names. What the names mean is resolved in `requests`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from search.colour.terms import DEFAULT_CLOSENESS, MAX_CLOSENESS, MIN_CLOSENESS
from search.ranking.records import MAX_HALF_LIFE_DAYS, MAX_WEIGHT, MIN_HALF_LIFE_DAYS, MIN_WEIGHT

MAX_TEXT_LENGTH = 500
MAX_FILTER_LENGTH = 4000
MAX_FACETS_LENGTH = 2000
MAX_FACET_QUERY_LENGTH = 200
MAX_TERMS = 100
MAX_PATHS_LENGTH = 4000
MAX_PER_PAGE = 100
MAX_DEADLINE_MS = 60_000
MAX_PARTS = 12
MAX_NOT_RELEVANT = 20
MAX_SEARCHES = 20
MODES = ("auto", "browse", "words", "lexical", "semantic", "image", "composed")
MATCHES = ("any", "all")
FUSIONS = ("rrf", "weighted")
COLLAPSES = ("none", "variants", "duplicates", "all")
SIGNALS = ("popularity", "freshness", "margin", "stock")
CAPPED = ("brand", "style", "category")
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


class PriceIn(StrictSerializer):
    """Both bounds are inclusive and in the store's currency; either may be left out."""

    min = serializers.DecimalField(max_digits=18, decimal_places=4, required=False)
    max = serializers.DecimalField(max_digits=18, decimal_places=4, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "min" in attrs and "max" in attrs and attrs["min"] > attrs["max"]:
            raise ValidationError("The range is empty: min is above max.")
        return attrs


class PaletteIn(StrictSerializer):
    """Products with any of these colours as a substantial share."""

    colours = TermsField(help_text="Such as #1b2a49, a name of CSS, or a value of the facet palette.")
    closeness = serializers.FloatField(
        required=False,
        min_value=MIN_CLOSENESS,
        max_value=MAX_CLOSENESS,
        help_text=f"How far a colour may be from a hexadecimal one, in OKLab with both hue axes doubled; {DEFAULT_CLOSENESS}.",
    )


class FiltersIn(StrictSerializer):
    """The typed form of `filter_by`. Terms of one field are alternatives; fields must all hold."""

    category = TermsField(required=False)
    brand = TermsField(required=False)
    price = PriceIn(required=False)
    in_stock = serializers.BooleanField(required=False)
    palette = PaletteIn(required=False)
    attributes = serializers.DictField(child=TermsField(), required=False)


class PhotoIn(StrictSerializer):
    """One photo, named in exactly one way, and a box in it."""

    id = serializers.CharField(required=False, max_length=40, help_text="Of a photo stored by POST /api/v1/images.")
    url = serializers.CharField(required=False, max_length=2000, help_text="Fetched by the server; public addresses.")
    base64 = serializers.CharField(required=False, trim_whitespace=False, help_text="The file, or a data: URL.")
    product = serializers.CharField(required=False, max_length=120, help_text="The sku of a product of the store.")
    box = BoxField(required=False)


class QueryImageIn(StrictSerializer):
    """A photo to store; a file is uploaded as the form part `image`."""

    url = serializers.CharField(required=False, max_length=2000)
    base64 = serializers.CharField(required=False, trim_whitespace=False)


class PartIn(StrictSerializer):
    """A part of a composed query: words, a photo or a product, with its weight."""

    text = serializers.CharField(required=False, max_length=MAX_TEXT_LENGTH)
    image = PhotoIn(required=False)
    product = serializers.CharField(required=False, max_length=120)
    weight = serializers.FloatField(default=1.0, min_value=-10, max_value=10, help_text="Below 0 pushes away.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs.keys() & {"text", "image", "product"}) != 1:
            raise ValidationError("Give each part exactly one of text, image and product.")
        return attrs


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


class ModifierIn(StrictSerializer):
    """A signal and how much it moves: a score times 1 + weight * value, where the value is 0 to 1."""

    signal = serializers.ChoiceField(choices=SIGNALS)
    weight = serializers.FloatField(min_value=MIN_WEIGHT, max_value=MAX_WEIGHT)
    half_life_days = serializers.FloatField(
        default=30.0, min_value=MIN_HALF_LIFE_DAYS, max_value=MAX_HALF_LIFE_DAYS, help_text="Of freshness."
    )


class ListingIn(StrictSerializer):
    """What every way of searching takes: how to narrow, count, order and page."""

    filter_by = serializers.CharField(
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=MAX_FILTER_LENGTH,
        help_text="category:=shoes && price:[20..80] && color:=[red,blue] && in_stock:=true",
    )
    facet_by = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=MAX_FACETS_LENGTH,
        help_text="category,color,price(0..50,50..100,100..)",
    )
    facet_query = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=MAX_FACET_QUERY_LENGTH,
        help_text="color:bl shows of the facet color the values with a word that begins with bl, whatever case and accents.",
    )
    sort_by = serializers.CharField(
        required=False, max_length=40, help_text="relevance, price:asc, price:desc, newest, title or palette(#1b2a49)."
    )
    page = serializers.IntegerField(default=1, min_value=1, max_value=1_000_000)
    per_page = serializers.IntegerField(default=20, min_value=1, max_value=MAX_PER_PAGE)
    search_id = serializers.CharField(
        required=False, allow_blank=True, max_length=64, help_text="Of the first page: later ones read the same list."
    )
    cursor = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=400,
        help_text="next_cursor of the answer before: reads on there, instead of page and search_id.",
    )
    include_fields = PathsField(
        required=False,
        help_text="Fields of the answer: found,hits.product.sku,hits.score; product.sku is short for the second.",
    )
    exclude_fields = PathsField(required=False, help_text="Fields of the answer that are left out.")
    min_confidence = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=1,
        help_text="Leave out what a photo or meaning finds less surely; without it the calibrated floor; 0 shows all.",
    )
    not_relevant = SkusField(
        required=False,
        help_text="Products that the shopper waved away: left out, and what looks like them comes later.",
    )
    collapse = serializers.ChoiceField(
        choices=COLLAPSES,
        default="none",
        help_text="One hit for the variants of a style, for near-duplicates, or both.",
    )
    diversity = serializers.FloatField(
        default=0.0, min_value=0, max_value=1, help_text="0 by relevance alone; higher: hits that look less alike."
    )
    max_per = MaxPerField(
        required=False, help_text="At most so many of one brand, style or category on the first page: brand:2,style:1."
    )
    rerank = serializers.BooleanField(
        default=True, help_text="Order the best hits by the weights that were learned for the store, if there are any."
    )
    preset = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=60,
        help_text="The name of one of the store's presets: its parameters count where the request states none.",
    )
    deadline_ms = serializers.IntegerField(
        required=False,
        min_value=50,
        max_value=MAX_DEADLINE_MS,
        help_text="What comes too late for it is left out, and named in dropped.",
    )
    explain = serializers.BooleanField(default=False, help_text="Adds why: to each hit, and to the answer.")
    suggestions = serializers.BooleanField(
        default=True, help_text="False: an empty answer comes without suggestions, and without the time they take."
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """A field that is null is not given, so that a suggestion's changes can be merged over the request."""
        values: dict[str, Any] = super().to_internal_value(data)
        return {name: value for name, value in values.items() if value is not None}


class ScalarSearchIn(ListingIn):
    """The part of a search that fits in a URL."""

    q = serializers.CharField(
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=MAX_TEXT_LENGTH,
        help_text='Words, "phrases" and -excluded ones; * or nothing browses.',
    )
    typo_tolerance = serializers.BooleanField(
        default=True, help_text="False: words that match nothing are searched as they are; corrections are offered."
    )
    ignore = NamesField(required=False, help_text="Names in `interpretation` that are not meant: color:red,brand:nike.")
    mode = serializers.ChoiceField(
        choices=MODES,
        default="auto",
        help_text="auto: by what is given; words: by text and meaning; lexical: by text only; semantic: by meaning only.",
    )
    match = serializers.ChoiceField(
        choices=MATCHES, default="any", help_text="Of several photos: near to any of them, or to all together."
    )
    text_weight = serializers.FloatField(default=1.0, min_value=0, max_value=10)
    image_weight = serializers.FloatField(default=1.0, min_value=0, max_value=10)
    fusion = serializers.ChoiceField(
        choices=FUSIONS, default="weighted", help_text="Routes become one order by their ranks, or by how sure each is."
    )
    lexical_weight = serializers.FloatField(
        required=False, min_value=0, max_value=10, help_text="How much the words' route counts in fusing."
    )
    vector_weight = serializers.FloatField(
        required=False, min_value=0, max_value=10, help_text="How much the vectors' route counts in fusing."
    )
    check_modifiers = serializers.BooleanField(
        default=True, help_text="Of a photo with words: put what lacks the words behind what has them."
    )


class SearchIn(ScalarSearchIn):
    """A whole search as JSON."""

    image = PhotoIn(required=False, allow_null=True)
    parts = serializers.ListField(
        child=PartIn(),
        required=False,
        allow_null=True,
        max_length=MAX_PARTS,
        help_text="Instead of q and image: a signed list.",
    )
    filters = FiltersIn(required=False, allow_null=True)
    modifiers = serializers.ListField(
        child=ModifierIn(),
        required=False,
        max_length=len(SIGNALS),
        help_text="Instead of those that the store declares; secret keys only.",
    )
    facet_by = FacetByField(required=False)  # type: ignore[assignment]


class MultiSearchIn(StrictSerializer):
    """Searches are checked one by one later, so that a wrong one leaves the others alone."""

    searches = serializers.ListField(
        child=serializers.JSONField(),
        min_length=1,
        max_length=MAX_SEARCHES,
        help_text="Each as POST /api/v1/search takes it.",
    )
    common = serializers.DictField(required=False, help_text="Fields of every search that does not state them itself.")


def validated(serializer_class: type[StrictSerializer], data: Mapping[str, Any]) -> dict[str, Any]:
    """The data in its types, defaults filled in. Raises DRF's `ValidationError` with every wrong field."""
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    result: dict[str, Any] = serializer.validated_data
    return result
