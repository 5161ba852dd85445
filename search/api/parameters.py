"""The shape of a request: types, ranges and unknown names. What the names mean is resolved in `requests`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from search.api.fields import (
    MAX_FACETS_LENGTH,
    MAX_PER_PAGE,
    VISITOR,
    BoxField,
    FacetByField,
    MaxPerField,
    NamesField,
    PathsField,
    SkusField,
    StrictSerializer,
    TermsField,
)
from search.colour.terms import DEFAULT_CLOSENESS, MAX_CLOSENESS, MIN_CLOSENESS
from search.ranking.records import MAX_HALF_LIFE_DAYS, MAX_WEIGHT, MIN_HALF_LIFE_DAYS, MIN_WEIGHT

MAX_TEXT_LENGTH = 500
MAX_FILTER_LENGTH = 4000
MAX_FACET_QUERY_LENGTH = 200
MAX_DEADLINE_MS = 60_000
MAX_PARTS = 12
MAX_SEARCHES = 20
MODES = ("auto", "browse", "words", "lexical", "semantic", "image", "composed")
MATCHES = ("any", "all")
FUSIONS = ("rrf", "weighted")
COLLAPSES = ("none", "variants", "duplicates", "all")
SIGNALS = ("popularity", "freshness", "margin", "stock")


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
    visitor = serializers.CharField(
        required=False,
        max_length=64,
        validators=[VISITOR],
        help_text="The pseudonym that the events use: the photo is exported and erased with them.",
    )


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
        default=False, help_text="Of a photo with words: put what lacks the words behind what has them."
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
    result: dict[str, Any] = _shape(serializer_class).run_validation(data)
    return result


@cache
def _shape(serializer_class: type[StrictSerializer]) -> StrictSerializer:
    """One serializer for all requests: validating keeps nothing in it, and making its forty fields takes 2 ms."""
    return serializer_class()
