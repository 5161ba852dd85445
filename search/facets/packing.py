"""Facets as plain JSON, so that a pool keeps what was counted for its first page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from operator import attrgetter
from typing import Any

from search.query import FacetRequest
from search.result import Facet, FacetStats, FacetValue

_fields_of = attrgetter(*(one.name for one in fields(FacetValue)))


def facet_key(request: FacetRequest) -> str:
    """What must be equal for two requests to mean the same facet."""
    return repr((request.field_name, request.limit, request.ranges, request.query, request.is_conjunctive))


def to_json(facet: Facet) -> dict[str, Any]:
    """The facet as JSON; `from_json` reads it back."""
    stats = facet.stats and {
        name: None if amount is None else str(amount) for name, amount in asdict(facet.stats).items()
    }
    # Lists: a page has hundreds of values, and `asdict` would copy each of their fields.
    values = [_fields_of(value) for value in facet.values]
    return {"field_name": facet.field_name, "values": values, "stats": stats, "is_exact": facet.is_exact}


def from_json(data: Mapping[str, Any]) -> Facet:
    """Raises KeyError, TypeError or ArithmeticError for anything but what `to_json` gives."""
    stats = data["stats"] and FacetStats(
        **{name: None if amount is None else Decimal(amount) for name, amount in data["stats"].items()}
    )
    values = tuple(FacetValue(*value) for value in data["values"])
    return Facet(data["field_name"], values, stats, is_exact=data["is_exact"])
