"""The shape of an answer as it is documented and may be selected from; `search.api.writing` writes it, field by field."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from catalog.api.serializers import ProductOut
from search.api.notes import AppliedRuleOut, ExplanationOut, InterpretationOut, ModifierCheckOut, SpellingOut
from search.models import QueryImage
from search.result import FacetStats, Hit, Suggestion
from search.run import Stage
from search.suggesting import KINDS


class MatchedImageOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    url = serializers.CharField()


class RouteScoreOut(serializers.Serializer[Any]):
    route = serializers.CharField(help_text="lexical, text, image or composed.")
    rank = serializers.IntegerField(help_text="From 1.")
    score = serializers.FloatField(help_text="In the route's own scale.")
    confidence = serializers.FloatField(allow_null=True, help_text="Of this route; null until it is calibrated.")


class PartScoreOut(serializers.Serializer[Any]):
    part = serializers.IntegerField(help_text="Its place in explain.parts, from 0.")
    similarity = serializers.FloatField(help_text="Of the matched photo to this part alone: the cosine.")


class HitOut(serializers.Serializer[Hit]):
    product = ProductOut()
    score = serializers.FloatField(help_text="Higher is better; comparable within one answer only.")
    confidence = serializers.FloatField(
        allow_null=True,
        help_text="0 to 1: how often a hit this sure is right, by the store's own catalogue. Null until it is calibrated.",
    )
    matched_image = MatchedImageOut(allow_null=True, help_text="The photo that matched; null for words.")
    highlights = serializers.DictField(
        child=serializers.CharField(), help_text="HTML by field, escaped, the words in <mark>."
    )
    variants_count = serializers.IntegerField(help_text="Products that this hit stands for, itself among them.")
    scores = RouteScoreOut(many=True, required=False, help_text="With explain only.")
    signals = serializers.DictField(
        child=serializers.FloatField(), required=False, help_text="What moved the hit, by name. With explain only."
    )
    parts = PartScoreOut(many=True, required=False, help_text="Where there are several. With explain only.")
    matched_part = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="The photo or product of the query that is nearest. With explain only.",
    )


class FacetValueOut(serializers.Serializer[Any]):
    value = serializers.CharField(help_text="What filter_by takes.")
    label = serializers.CharField()  # type: ignore[assignment]
    count = serializers.IntegerField()
    selected = serializers.BooleanField()
    level = serializers.IntegerField(required=False, help_text="Of a category: its depth in the tree, from 1.")
    parent = serializers.CharField(  # type: ignore[assignment]
        required=False, allow_null=True, help_text="Of a category: the value of the category above it; null at the top."
    )
    swatch = serializers.CharField(
        required=False, help_text="Of the facet palette: what the colour looks like, #1b2a49."
    )


class FacetStatsOut(serializers.Serializer[FacetStats]):
    """Decimal text in the currency's digits, as a product's price is."""

    min = serializers.CharField(allow_null=True)
    max = serializers.CharField(allow_null=True)
    avg = serializers.CharField(allow_null=True)


class FacetOut(serializers.Serializer[Any]):
    field_name = serializers.CharField()  # type: ignore[assignment]
    counts = FacetValueOut(many=True)
    stats = FacetStatsOut(allow_null=True, help_text="Of the price, in the store's currency.")
    exact = serializers.BooleanField(help_text="False: the counts are lower bounds, as found is.")


class IndexOut(serializers.Serializer[Any]):
    version = serializers.CharField()
    model = serializers.CharField()
    lag_seconds = serializers.FloatField(
        allow_null=True, help_text="All that was committed this long ago is searchable; null before the first sweep."
    )


class SuggestionOut(serializers.Serializer[Suggestion]):
    kind = serializers.CharField(help_text=f"{', '.join(KINDS)}.")
    label = serializers.CharField(help_text="In English; kind and details say the same.")  # type: ignore[assignment]
    changes = serializers.DictField(
        help_text="Fields of the request to set: merged over it, they ask the suggested search. null leaves a field out."
    )
    count = serializers.IntegerField(help_text="The changed request's found.")
    count_exact = serializers.BooleanField(help_text="False: count is a lower bound.")
    details = serializers.DictField(help_text="What the kind is about: field, values, from, to, category, words ...")


class SearchOut(serializers.Serializer[Any]):
    """Written by `search.api.writing`."""

    search_id = serializers.CharField()
    found = serializers.IntegerField()
    found_exact = serializers.BooleanField(help_text="False: found is a lower bound.")
    page = serializers.IntegerField(allow_null=True, help_text="Null behind a cursor.")
    per_page = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True, help_text="Reads on as cursor; null where nothing is left.")
    took_ms = serializers.IntegerField()
    timings_ms = serializers.DictField(child=serializers.FloatField())
    hits = HitOut(many=True)
    facet_counts = FacetOut(many=True)
    suggestions = SuggestionOut(many=True, help_text="Ways out of an answer that is empty, or nearly so.")
    degraded = serializers.ListField(
        child=serializers.CharField(),
        help_text="Parts that were down: milvus, encoder, index.",
    )
    dropped = serializers.ListField(
        child=serializers.CharField(),
        help_text=f"What deadline_ms left no time for, first to go first: {', '.join(Stage)}.",
    )
    pool_renewed = serializers.BooleanField(
        help_text="The list of search_id was gone and made anew: pages may repeat hits."
    )
    left_out = serializers.IntegerField(
        help_text="Products less sure than the floor or min_confidence; at least so many."
    )
    removed_since = serializers.IntegerField(help_text="Hits that vanished from the list since it was made.")
    mode = serializers.CharField()
    any_word = serializers.BooleanField(help_text="Nothing holds all the words; these hold some.")
    spelling = SpellingOut(allow_null=True)
    interpretation = InterpretationOut(
        many=True,
        help_text="What words were taken for; `ignore` takes field:value of what was not meant.",
    )
    applied_rules = AppliedRuleOut(many=True, help_text="The rules that held, in their order.")
    banners = serializers.ListField(
        child=serializers.DictField(),
        help_text="What applied rules give out, as it was stated: data, not HTML.",
    )
    modifier_checks = ModifierCheckOut(many=True, help_text="Of a photo with words; else empty.")
    index = IndexOut()
    explain = ExplanationOut(required=False, help_text="With explain only.")


class StoredImageOut(serializers.ModelSerializer[QueryImage]):
    class Meta:
        model = QueryImage
        fields = ["id", "width", "height", "expires_at"]
