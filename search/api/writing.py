"""The JSON of an answer, in the shape of `search.api.answers`.

Without DRF's field machinery, which took longer than the search of a small store; a test holds the two to each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rest_framework.request import Request

from catalog.api.serializers import product_data
from catalog.labels import Labels
from catalog.models import ApiKey, Store
from search.api.auth import is_secret
from search.api.cursors import encode_cursor
from search.api.filtering import filters_object, written_filters
from search.query import Query
from search.ranking.signals import CONFIDENTIAL
from search.result import Explanation, Facet, FacetStats, FacetValue, Hit, Result, Suggestion


@dataclass(frozen=True, slots=True)
class Answer:
    """A result with what was asked. `took_ms` is the whole request as the server saw it."""

    query: Query
    result: Result
    took_ms: int


def answer_data(answer: Answer, *, store: Store, request: Request) -> dict[str, Any]:
    """The JSON of an answer."""
    query, result = answer.query, answer.result
    labels = result.names or Labels(hit.product for hit in result.hits)
    data: dict[str, Any] = {
        "search_id": result.search_id,
        "found": result.found,
        "found_exact": result.found_exact,
        # Behind a cursor, which may begin anywhere, there is no page.
        "page": None if query.after else query.page,
        "per_page": query.per_page,
        "next_cursor": encode_cursor(query, search_id=result.search_id, mark=result.next) if result.next else None,
        "took_ms": answer.took_ms,
        "timings_ms": dict(result.timings_ms),
        "hits": [_hit(hit, labels, query=query, request=request) for hit in result.hits],
        "facet_counts": [_facet(facet, digits=store.minor_unit_digits) for facet in result.facets],
        "suggestions": [_suggestion(one) for one in result.suggestions],
        "degraded": list(result.degraded),
        "dropped": [str(stage) for stage in result.dropped],
        "pool_renewed": result.pool_renewed,
        "left_out": result.left_out,
        "removed_since": result.removed_since,
        "mode": str(result.mode),
        "any_word": result.any_word,
        "spelling": result.notes.get("spelling"),
        "interpretation": result.notes.get("interpretation", []),
        "applied_rules": result.notes.get("applied_rules", []),
        "banners": result.notes.get("banners", []),
        "modifier_checks": result.notes.get("modifier_checks", []),
        "index": {"version": result.index_version, "model": result.model, "lag_seconds": result.lag_seconds},
    }
    if result.explanation is not None:
        data["explain"] = _explanation(result.explanation)
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


def _hit(hit: Hit, labels: Any, *, query: Query, request: Request) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "product": product_data(hit.product, labels, request=request),
        "score": hit.score,
        "confidence": hit.confidence,
        "matched_image": _matched_image(hit, request),
        "highlights": dict(hit.highlights),
        "variants_count": hit.variants_count,
    }
    if query.explain:
        hidden = frozenset() if isinstance(request.auth, ApiKey) and is_secret(request.auth) else CONFIDENTIAL
        shown["scores"] = [asdict(score) for score in hit.scores]
        shown["signals"] = {name: value for name, value in hit.signals.items() if name not in hidden}
        shown["parts"] = [asdict(part) for part in hit.parts]
        shown["matched_part"] = hit.matched_part
    return shown


def _matched_image(hit: Hit, request: Request) -> dict[str, Any] | None:
    found = next((image for image in hit.product.images.all() if image.pk == hit.matched_image_id), None)
    if found is None or not found.file:
        return None
    # A storage of its own gives whole addresses; a folder gives paths.
    return {"id": found.pk, "url": request.build_absolute_uri(found.file.url)}


def _facet(facet: Facet, *, digits: int) -> dict[str, Any]:
    return {
        "field_name": facet.field_name,
        "counts": [_facet_value(value) for value in facet.values],
        "stats": _stats(facet.stats, digits=digits) if facet.stats else None,
        "exact": facet.is_exact,
    }


def _facet_value(value: FacetValue) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "value": value.value,
        "label": value.label,
        "count": value.count,
        "selected": value.is_selected,
    }
    if value.level:
        shown["level"], shown["parent"] = value.level, value.parent or None
    if value.swatch:
        shown["swatch"] = value.swatch
    return shown


def _stats(stats: FacetStats, *, digits: int) -> dict[str, Any]:
    """Decimal text in the currency's digits, as a product's price is."""
    amounts = {"min": stats.minimum, "max": stats.maximum, "avg": stats.average}
    return {name: None if amount is None else f"{amount:.{digits}f}" for name, amount in amounts.items()}


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    return {
        "kind": suggestion.kind,
        "label": suggestion.label,
        "changes": changes_of(suggestion),
        "count": suggestion.count,
        "count_exact": suggestion.count_exact,
        "details": dict(suggestion.details),
    }


def _explanation(found: Explanation) -> Mapping[str, Any]:
    return {
        "routes": [asdict(route) for route in found.routes],
        "parts": [asdict(part) for part in found.parts],
        "text": found.text,
        "words": list(found.words),
        "filter_by": written_filters(found.filters),
        "pool_size": found.pool_size,
        "hidden_count": found.hidden_count,
        "pinned_count": found.pinned_count,
        "fusion": str(found.fusion),
        "rrf_constant": found.rrf_constant,
        "collapse": str(found.collapse),
        "diversity": found.diversity,
    }
