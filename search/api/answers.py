"""The shape of an answer: serializers out, over the values of `search.query`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from catalog.api.serializers import ProductOut, product_data
from catalog.labels import Labels
from catalog.models import ApiKey, Store
from search.api.auth import is_secret
from search.api.cursors import encode_cursor
from search.api.filtering import filters_object, written_filters
from search.api.notes import AppliedRuleOut, ExplanationOut, InterpretationOut, ModifierCheckOut, SpellingOut
from search.models import QueryImage
from search.query import Query
from search.ranking.signals import CONFIDENTIAL
from search.result import FacetStats, FacetValue, Hit, Result, Suggestion
from search.run import Stage
from search.suggesting import KINDS


@dataclass(frozen=True, slots=True)
class Answer:
    """A result with what was asked. `took_ms` is the whole request as the server saw it."""

    query: Query
    result: Result
    took_ms: int

    @property
    def page(self) -> int | None:
        """None behind a cursor, which may begin anywhere."""
        return None if self.query.after else self.query.page

    @property
    def next_cursor(self) -> str | None:
        mark = self.result.next
        return encode_cursor(self.query, search_id=self.result.search_id, mark=mark) if mark else None


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

    def to_representation(self, instance: Hit) -> dict[str, Any]:
        """The same shape without DRF's field machinery, which took longer than the search of a small store."""
        request, labels = self.context["request"], self.context["labels"]
        shown: dict[str, Any] = {
            "product": product_data(instance.product, labels, request=request),
            "score": instance.score,
            "confidence": instance.confidence,
            "matched_image": _matched_image(instance, request),
            "highlights": dict(instance.highlights),
            "variants_count": instance.variants_count,
        }
        if self.context["is_explained"]:
            shown["scores"] = [asdict(score) for score in instance.scores]
            hidden = frozenset() if self.context["is_secret"] else CONFIDENTIAL
            shown["signals"] = {name: value for name, value in instance.signals.items() if name not in hidden}
            shown["parts"] = [asdict(part) for part in instance.parts]
            shown["matched_part"] = instance.matched_part
        return shown


class FacetValueOut(serializers.Serializer[Any]):
    value = serializers.CharField(help_text="What filter_by takes.")
    label = serializers.CharField()  # type: ignore[assignment]
    count = serializers.IntegerField()
    selected = serializers.BooleanField(source="is_selected")
    level = serializers.IntegerField(required=False, help_text="Of a category: its depth in the tree, from 1.")
    parent = serializers.CharField(  # type: ignore[assignment]
        required=False, allow_null=True, help_text="Of a category: the value of the category above it; null at the top."
    )
    swatch = serializers.CharField(
        required=False, help_text="Of the facet palette: what the colour looks like, #1b2a49."
    )

    def to_representation(self, instance: FacetValue) -> dict[str, Any]:
        """The same shape without DRF's field machinery: an answer has some hundred values."""
        shown: dict[str, Any] = {
            "value": instance.value,
            "label": instance.label,
            "count": instance.count,
            "selected": instance.is_selected,
        }
        if instance.level:
            shown["level"], shown["parent"] = instance.level, instance.parent or None
        if instance.swatch:
            shown["swatch"] = instance.swatch
        return shown


class FacetStatsOut(serializers.Serializer[FacetStats]):
    """Decimal text in the currency's digits, as a product's price is."""

    min = serializers.CharField(allow_null=True)
    max = serializers.CharField(allow_null=True)
    avg = serializers.CharField(allow_null=True)

    def to_representation(self, instance: FacetStats) -> dict[str, Any]:
        digits: int = self.context["digits"]
        amounts = {"min": instance.minimum, "max": instance.maximum, "avg": instance.average}
        return {name: None if amount is None else f"{amount:.{digits}f}" for name, amount in amounts.items()}


class FacetOut(serializers.Serializer[Any]):
    field_name = serializers.CharField()  # type: ignore[assignment]
    counts = FacetValueOut(many=True, source="values")
    stats = FacetStatsOut(allow_null=True, help_text="Of the price, in the store's currency.")
    exact = serializers.BooleanField(source="is_exact", help_text="False: the counts are lower bounds, as found is.")


class IndexOut(serializers.Serializer[Any]):
    version = serializers.CharField(source="index_version")
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

    def to_representation(self, instance: Suggestion) -> dict[str, Any]:
        return {
            "kind": instance.kind,
            "label": instance.label,
            "changes": changes_of(instance),
            "count": instance.count,
            "count_exact": instance.count_exact,
            "details": dict(instance.details),
        }


class SearchOut(serializers.Serializer[Answer]):
    """Sees an `Answer`, with the context of `answer_data`."""

    search_id = serializers.CharField(source="result.search_id")
    found = serializers.IntegerField(source="result.found")
    found_exact = serializers.BooleanField(source="result.found_exact", help_text="False: found is a lower bound.")
    page = serializers.IntegerField(allow_null=True, help_text="Null behind a cursor.")
    per_page = serializers.IntegerField(source="query.per_page")
    next_cursor = serializers.CharField(allow_null=True, help_text="Reads on as cursor; null where nothing is left.")
    took_ms = serializers.IntegerField()
    timings_ms = serializers.DictField(child=serializers.FloatField(), source="result.timings_ms")
    hits = HitOut(many=True, source="result.hits")
    facet_counts = FacetOut(many=True, source="result.facets")
    suggestions = SuggestionOut(
        many=True, source="result.suggestions", help_text="Ways out of an answer that is empty, or nearly so."
    )
    degraded = serializers.ListField(
        child=serializers.CharField(),
        source="result.degraded",
        help_text="Parts that were down: milvus, encoder, index.",
    )
    dropped = serializers.ListField(
        child=serializers.CharField(),
        source="result.dropped",
        help_text=f"What deadline_ms left no time for, first to go first: {', '.join(Stage)}.",
    )
    pool_renewed = serializers.BooleanField(
        source="result.pool_renewed", help_text="The list of search_id was gone and made anew: pages may repeat hits."
    )
    left_out = serializers.IntegerField(
        source="result.left_out", help_text="Products less sure than the floor or min_confidence; at least so many."
    )
    removed_since = serializers.IntegerField(
        source="result.removed_since", help_text="Hits that vanished from the list since it was made."
    )
    mode = serializers.CharField(source="result.mode")
    any_word = serializers.BooleanField(
        source="result.any_word", help_text="Nothing holds all the words; these hold some."
    )
    spelling = SpellingOut(source="result.notes.spelling", allow_null=True, default=None)
    interpretation = InterpretationOut(
        source="result.notes.interpretation",
        many=True,
        default=list,
        help_text="What words were taken for; `ignore` takes field:value of what was not meant.",
    )
    applied_rules = AppliedRuleOut(
        many=True, source="result.notes.applied_rules", default=list, help_text="The rules that held, in their order."
    )
    banners = serializers.ListField(
        child=serializers.DictField(),
        source="result.notes.banners",
        default=list,
        help_text="What applied rules give out, as it was stated: data, not HTML.",
    )
    modifier_checks = ModifierCheckOut(
        many=True, default=[], source="result.notes.modifier_checks", help_text="Of a photo with words; else empty."
    )
    index = IndexOut(source="result")
    explain = ExplanationOut(source="result.explanation", required=False, help_text="With explain only.")

    def to_representation(self, instance: Answer) -> dict[str, Any]:
        data: dict[str, Any] = super().to_representation(instance)
        if instance.result.explanation is None:
            del data["explain"]
        return data


class StoredImageOut(serializers.ModelSerializer[QueryImage]):
    class Meta:
        model = QueryImage
        fields = ["id", "width", "height", "expires_at"]


def answer_data(answer: Answer, *, store: Store, request: Request) -> dict[str, Any]:
    """The JSON of an answer."""
    context = {
        "request": request,
        "labels": answer.result.names or Labels(hit.product for hit in answer.result.hits),
        "is_explained": answer.query.explain,
        "is_secret": isinstance(request.auth, ApiKey) and is_secret(request.auth),
        "digits": store.minor_unit_digits,
    }
    data: dict[str, Any] = SearchOut(answer, context=context).data
    return data


def changes_of(suggestion: Suggestion) -> dict[str, Any]:
    """The fields of a request that ask for the suggested search."""
    changes: dict[str, Any] = {}
    if suggestion.filters is not None:
        is_line = suggestion.filters.closeness is None
        line = written_filters(suggestion.filters) if is_line else None
        changes |= {"filter_by": line, "filters": None if is_line else filters_object(suggestion.filters)}
    if suggestion.text is not None:
        changes |= {"q": suggestion.text, "parts": None}
    if suggestion.min_confidence is not None:
        changes["min_confidence"] = suggestion.min_confidence
    if suggestion.is_without_photo:
        changes |= {"image": None, "parts": None}
    return changes


def _matched_image(hit: Hit, request: Request) -> dict[str, Any] | None:
    found = next((image for image in hit.product.images.all() if image.pk == hit.matched_image_id), None)
    if found is None or not found.file:
        return None
    # A storage of its own gives whole addresses; a folder gives paths.
    return {"id": found.pk, "url": request.build_absolute_uri(found.file.url)}
