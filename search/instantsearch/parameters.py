"""A request of Algolia's protocol -> `Asked`. Parameters that are not known here are ignored: its clients send many."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from search.api.fields import MAX_PER_PAGE
from search.api.parameters import MAX_TEXT_LENGTH
from search.errors import InvalidQuery
from search.instantsearch.conditions import Clause, facet_clauses, filter_clauses, numeric_clauses

MAX_QUERIES = 50
MAX_VALUES = 1000
MAX_FACET_HITS = 100
MAX_NAMES = 200
MAX_NAME_LENGTH = 200
MAX_PARAMS_LENGTH = 20_000

# What comes in a `params` string is text; these are JSON there, and in a list of names a plain text is its commas' parts.
_JSON = ("facetFilters", "numericFilters", "image")
# Written back in the answer's `params`, so not the photo.
_NOT_ECHOED = ("image", "params", "indexName", "type", "facet")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, in its types. `page` counts from 0; `facet` asks for a facet's values that begin with `facet_query`."""

    index: str
    text: str
    page: int
    hits_per_page: int
    facets: tuple[str, ...]
    max_values: int
    clauses: tuple[Clause, ...]
    shown: tuple[str, ...]
    highlighted: tuple[str, ...]
    snippets: tuple[str, ...]
    pre_tag: str
    post_tag: str
    has_ranking_info: bool
    has_query_id: bool
    image: Any
    facet: str
    facet_query: str
    max_facet_hits: int
    params: str


def read_queries(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The requests of a multi-query body. Raises `InvalidQuery`."""
    requests = body.get("requests")
    if not isinstance(requests, list) or not all(isinstance(request, dict) for request in requests):
        raise InvalidQuery('Give {"requests": [{"indexName": "...", ...}, ...]}.', field="requests")
    if len(requests) > MAX_QUERIES:
        raise InvalidQuery(f"{len(requests)} requests are more than {MAX_QUERIES}.", field="requests")
    return requests


def read_asked(request: Mapping[str, Any], *, index: str = "", facet: str = "") -> Asked:
    """The request's parameters; `index` and `facet` are what the address named. Raises `InvalidQuery` naming the field."""
    stated = _with_params(request)
    facet = facet or _text(stated, "facet")
    if not facet and stated.get("type") == "facet":
        raise InvalidQuery("A request of type facet names its facet.", field="facet")
    return Asked(
        index=index or _text(stated, "indexName"),
        # Algolia cuts a long query as well.
        text=_text(stated, "query").replace("\x00", " ")[:MAX_TEXT_LENGTH],
        page=_integer(stated, "page", 0, highest=1_000_000),
        hits_per_page=min(MAX_PER_PAGE, _integer(stated, "hitsPerPage", 20, highest=1_000_000)),
        facets=_names(stated, "facets", ()),
        max_values=max(1, min(MAX_VALUES, _integer(stated, "maxValuesPerFacet", 100, highest=1_000_000))),
        clauses=_clauses(stated),
        shown=_names(stated, "attributesToRetrieve", ("*",)),
        highlighted=_names(stated, "attributesToHighlight", ("*",)),
        snippets=_names(stated, "attributesToSnippet", ()),
        pre_tag=_text(stated, "highlightPreTag", "<em>")[:MAX_NAME_LENGTH],
        post_tag=_text(stated, "highlightPostTag", "</em>")[:MAX_NAME_LENGTH],
        has_ranking_info=_flag(stated, "getRankingInfo"),
        has_query_id=_flag(stated, "clickAnalytics"),
        image=stated.get("image"),
        facet=facet,
        facet_query=_text(stated, "facetQuery")[:MAX_NAME_LENGTH],
        max_facet_hits=min(MAX_FACET_HITS, _integer(stated, "maxFacetHits", 10, highest=1_000_000)),
        params=_echo(stated),
    )


def _with_params(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request with what its `params` holds (older clients: an address's query; others: an object) beside the rest."""
    params = request.get("params", {})
    if isinstance(params, str):
        if len(params) > MAX_PARAMS_LENGTH:
            raise InvalidQuery(f"params has more than {MAX_PARAMS_LENGTH:,} characters.", field="params")
        pairs = dict(parse_qsl(params, keep_blank_values=True, errors="replace"))
        params = {name: _parsed(name, text) if name in _JSON else text for name, text in pairs.items()}
    if not isinstance(params, dict):
        raise InvalidQuery("params is a text such as query=red&page=0, or an object.", field="params")
    return {**params, **{name: value for name, value in request.items() if name != "params"}}


def _parsed(name: str, text: str) -> Any:
    if not text.lstrip().startswith(("[", "{", '"')):
        return [part for part in text.split(",") if part]
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidQuery(f"{name} is not JSON: {text[:60]!r}.", field=name) from error


def _clauses(stated: Mapping[str, Any]) -> tuple[Clause, ...]:
    facets, numbers = stated.get("facetFilters") or (), stated.get("numericFilters") or ()
    return (
        *(facet_clauses(facets) if facets else ()),
        *(numeric_clauses(numbers) if numbers else ()),
        *filter_clauses(_text(stated, "filters")),
    )


def _text(stated: Mapping[str, Any], name: str, default: str = "") -> str:
    value = stated.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise InvalidQuery(f"{name} is a text, not {str(value)[:40]!r}.", field=name)
    return value


def _integer(stated: Mapping[str, Any], name: str, default: int, *, highest: int) -> int:
    value = stated.get(name)
    if value is None or value == "":
        return default
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise InvalidQuery(f"{name} is a whole number from 0 on, not {text[:40]!r}.", field=name)
    return min(int(text), highest)


def _flag(stated: Mapping[str, Any], name: str) -> bool:
    return stated.get(name) in (True, "true")


def _names(stated: Mapping[str, Any], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = stated.get(name)
    if value is None:
        return default
    if isinstance(value, str):
        value = _parsed(name, value)
    if not isinstance(value, list) or len(value) > MAX_NAMES or not all(isinstance(entry, str) for entry in value):
        raise InvalidQuery(f"{name} is a list of at most {MAX_NAMES} names.", field=name)
    return tuple(dict.fromkeys(entry.strip()[:MAX_NAME_LENGTH] for entry in value))


def _echo(stated: Mapping[str, Any]) -> str:
    """The parameters as an address's query, as the protocol's answers repeat them."""
    pairs = {
        name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        for name, value in stated.items()
        if name not in _NOT_ECHOED
    }
    return urlencode(pairs, errors="replace")[:MAX_PARAMS_LENGTH]
