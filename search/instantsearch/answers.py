"""Answers of Algolia's protocol around its records (`records`): totals, and facets as counts by label."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rest_framework.request import Request

from search.instantsearch.parameters import Asked
from search.instantsearch.records import records
from search.instantsearch.values import LEVEL, Vocabulary
from search.query import FacetRequest
from search.result import Facet, FacetValue, Result

MAX_VALUES = 1000
_WORD = re.compile(r"\w+")


def facet_requests(asked: Asked, vocabulary: Vocabulary) -> tuple[FacetRequest, ...]:
    """The counts that this request needs, under all filters: where a field's own filter shall not count, InstantSearch asks
    without it. A name that the store cannot count is ignored, as Algolia does."""
    fields: dict[str, FacetRequest] = {}
    for name in wanted_facets(asked, vocabulary):
        if LEVEL.fullmatch(name):
            fields["category"] = FacetRequest("category", MAX_VALUES, is_conjunctive=True)
        else:
            limit = MAX_VALUES if asked.facet else asked.max_values
            fields[name] = FacetRequest(name, limit, is_conjunctive=True)
    return tuple(fields.values())


def wanted_facets(asked: Asked, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The names that are asked for and known, in the order asked."""
    names = (asked.facet,) if asked.facet else asked.facets
    known = vocabulary.facet_names
    return known if "*" in names else tuple(name for name in names if name in known)


def search_answer(
    asked: Asked, result: Result, *, vocabulary: Vocabulary, request: Request, reachable: int
) -> dict[str, Any]:
    """The answer to a search. `reachable` is how many hits can be paged to."""
    size = asked.hits_per_page
    answer: dict[str, Any] = {
        "hits": records(asked, result, vocabulary=vocabulary, request=request),
        "nbHits": result.found,
        "page": asked.page,
        "nbPages": -(-min(result.found, reachable) // size) if size else 0,
        "hitsPerPage": size,
        "exhaustiveNbHits": result.found_exact,
        "exhaustiveFacetsCount": result.found_exact,
        "exhaustive": {"nbHits": result.found_exact, "facetsCount": result.found_exact},
        "processingTimeMS": took_ms(result),
        "query": asked.text,
        "params": asked.params,
        "index": asked.index,
        "renderingContent": {},
    }
    if asked.facets:
        answer["facets"] = {
            name: dict(_largest(labelled_counts(name, result.facets, vocabulary), asked.max_values))
            for name in wanted_facets(asked, vocabulary)
        }
        answer["facets_stats"] = _stats(result.facets)
    if banners := result.notes.get("banners"):
        # What InstantSearch's queryRuleCustomData shows.
        answer["userData"] = banners
    if asked.has_query_id and result.search_id:
        answer["queryID"] = result.search_id
    if missing := (*result.degraded, *result.dropped):
        answer["message"] = f"Answered without {', '.join(missing)}."
    return answer


def facet_answer(asked: Asked, result: Result, *, vocabulary: Vocabulary) -> dict[str, Any]:
    """The facet's values that have a word which begins with each word of the query, the largest first."""
    starts = [_folded(word) for word in _WORD.findall(asked.facet_query)]
    found = [
        (label, count)
        for label, count in labelled_counts(asked.facet, result.facets, vocabulary)
        if all(any(word.startswith(start) for word in map(_folded, _WORD.findall(label))) for start in starts)
    ]
    return {
        "facetHits": [
            {"value": label, "highlighted": _highlighted(label, starts, asked), "count": count}
            for label, count in _largest(found, asked.max_facet_hits)
        ],
        "exhaustiveFacetsCount": result.found_exact,
        "processingTimeMS": took_ms(result),
    }


def took_ms(result: Result) -> int:
    """The search's own time, beside the others of its request."""
    return round(sum(result.timings_ms.values()))


def labelled_counts(name: str, facets: Sequence[Facet], vocabulary: Vocabulary) -> list[tuple[str, int]]:
    """The facet's counts by label; values that share a label go by their codes."""
    field = "category" if LEVEL.fullmatch(name) else name
    facet = next((facet for facet in facets if facet.field_name == field), None)
    if facet is None or name == "price":
        return []
    if field == "category":
        return list(_at_level(int(name[-1]), facet.values, vocabulary))
    if name == "in_stock":
        return [(value.value, value.count) for value in facet.values if value.count]
    shared = Counter(value.label for value in facet.values)
    return [
        (value.label if shared[value.label] == 1 else value.value, value.count) for value in facet.values if value.count
    ]


def _at_level(level: int, values: Iterable[FacetValue], vocabulary: Vocabulary) -> Iterable[tuple[str, int]]:
    for value in values:
        place = vocabulary.places.get(value.value)
        if place and place.level == level and value.count:
            yield place.name, value.count


def _largest(counts: Iterable[tuple[str, int]], limit: int) -> list[tuple[str, int]]:
    return sorted(counts, key=lambda pair: (-pair[1], pair[0]))[:limit]


def _stats(facets: Iterable[Facet]) -> dict[str, dict[str, float]]:
    """Lowest, highest and mean of what is a number and has one."""
    return {
        facet.field_name: {
            "min": float(facet.stats.minimum),
            "max": float(facet.stats.maximum or 0),
            "avg": float(facet.stats.average or 0),
        }
        for facet in facets
        if facet.stats is not None and facet.stats.minimum is not None
    }


def _highlighted(label: str, starts: Sequence[str], asked: Asked) -> str:
    """The label with the beginnings that were asked for between the tags."""

    def marked(found: re.Match[str]) -> str:
        word = found.group()
        length = max((len(start) for start in starts if _folded(word).startswith(start)), default=0)
        # Folding may change a word's length (ß); such a word is marked whole.
        length = len(word) if len(_folded(word)) != len(word) and length else length
        return f"{asked.pre_tag}{word[:length]}{asked.post_tag}{word[length:]}" if length else word

    return _WORD.sub(marked, label)


def _folded(text: str) -> str:
    """Without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
