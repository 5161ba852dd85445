"""`facet_by` and `sort_by` in their short forms -> what retrieval takes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from search.api.filtering import Vocabulary
from search.choices import SortKey
from search.colour.terms import read_hex
from search.errors import InvalidQuery
from search.query import FacetRequest, Sort

MAX_FACETS = 20
MAX_RANGES = 30
DEFAULT_LIMIT = 20

_FACET = re.compile(r"\s*([A-Za-z0-9_.-]+)\s*(?:\(([^()]*)\))?\s*(?:,|$)")
_RANGE = re.compile(r"\s*([0-9]{1,14}(?:\.[0-9]{1,4})?)?\s*\.\.\s*([0-9]{1,14}(?:\.[0-9]{1,4})?)?\s*")
_PALETTE_SORT = re.compile(r"palette\(([^()]*)\)")
_SORTS = {
    "relevance": Sort(),
    "price": Sort(SortKey.PRICE),
    "price:asc": Sort(SortKey.PRICE),
    "price:desc": Sort(SortKey.PRICE, is_descending=True),
    "newest": Sort(SortKey.NEWEST, is_descending=True),
    "title": Sort(SortKey.TITLE),
    "title:asc": Sort(SortKey.TITLE),
    "title:desc": Sort(SortKey.TITLE, is_descending=True),
}


def parse_facet_by(value: str | Sequence[str | Mapping[str, Any]], vocabulary: Vocabulary) -> tuple[FacetRequest, ...]:
    """The facets asked for, in their order. Raises `InvalidQuery` for an unknown field, a repeated one, or a bad range.

    A string is `category,color,price(0..50,50..)`; a list holds names and validated objects (`parameters.FacetIn`).
    """
    entries = [value] if isinstance(value, str) else value
    facets = [facet for entry in entries for facet in (_short(entry) if isinstance(entry, str) else [_typed(entry)])]
    if len(facets) > MAX_FACETS:
        raise _invalid(f"{len(facets)} facets are asked for; at most {MAX_FACETS} are counted at once.")
    names = [facet.field_name for facet in facets]
    for facet in facets:
        vocabulary.check(facet.field_name, field="facet_by")
        if names.count(facet.field_name) > 1:
            raise _invalid(f"{facet.field_name} is asked for twice.")
        if facet.ranges and facet.field_name != "price":
            raise _invalid(f"{facet.field_name} has no ranges; only price has.")
        if len(facet.ranges) > MAX_RANGES:
            raise _invalid(f"{len(facet.ranges)} ranges are asked for; at most {MAX_RANGES} are counted.")
    return tuple(facets)


def with_facet_query(facets: tuple[FacetRequest, ...], text: str) -> tuple[FacetRequest, ...]:
    """The facets, one of them narrowed to the values that `color:bl` finds. Raises `InvalidQuery` for one not asked for."""
    name, colon, words = (piece.strip() for piece in text.partition(":"))
    if not colon or not words or "\x00" in words:
        raise InvalidQuery(f"facet_query cannot be read at {text[:40]!r}: write color:bl.", field="facet_query")
    if name not in {facet.field_name for facet in facets}:
        raise InvalidQuery(f"facet_query searches {name[:60]!r}: ask for it in facet_by too.", field="facet_query")
    if name == "price":
        raise InvalidQuery("facet_query searches labels; a price has none.", field="facet_query")
    return tuple(replace(facet, query=words) if facet.field_name == name else facet for facet in facets)


def parse_sort_by(text: str) -> Sort:
    """The order that the text names. Raises `InvalidQuery` naming all of them."""
    if found := _PALETTE_SORT.fullmatch(text.strip().lower()):
        return Sort(SortKey.PALETTE, colour=read_hex(found[1], field="sort_by"))
    sort = _SORTS.get(text.strip().lower())
    if sort is None:
        raise InvalidQuery(
            f"Unknown order {text[:40]!r}: use one of {', '.join(_SORTS)}, palette(#1b2a49).", field="sort_by"
        )
    return sort


def _short(text: str) -> list[FacetRequest]:
    facets: list[FacetRequest] = []
    position = 0
    while text[position:].strip():
        found = _FACET.match(text, position)
        if found is None:
            raise _invalid(
                f"facet_by cannot be read at {text[position : position + 20]!r}: write category,price(0..50)."
            )
        name, ranges = found.groups()
        facets.append(FacetRequest(name, DEFAULT_LIMIT, _ranges(ranges) if ranges is not None else ()))
        position = found.end()
    return facets


def _ranges(text: str) -> tuple[tuple[Decimal | None, Decimal | None], ...]:
    ranges = []
    for part in text.split(","):
        found = _RANGE.fullmatch(part)
        if found is None:
            raise _invalid(f"{part[:40]!r} is not a range: write 0..50, 50.. or ..50.")
        low, high = (Decimal(bound) if bound else None for bound in found.groups())
        ranges.append(_checked(low, high))
    return tuple(ranges)


def _typed(data: Mapping[str, Any]) -> FacetRequest:
    ranges = tuple(_checked(bounds.get("from"), bounds.get("to")) for bounds in data.get("ranges", ()))
    return FacetRequest(data["field_name"], data["limit"], ranges)


def _checked(low: Decimal | None, high: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    if low is not None and high is not None and low > high:
        raise _invalid(f"The range {low}..{high} is empty: the lower bound comes first.")
    return low, high


def _invalid(message: str) -> InvalidQuery:
    return InvalidQuery(message, field="facet_by")
