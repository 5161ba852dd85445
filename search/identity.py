"""Which queries find the same products in the same order, whatever page of them is asked for."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass

from search.query import Query

# What does not decide which products a query finds, and in which order; pixels are named by their digest.
_NOT_IDENTITY = {
    "page",
    "per_page",
    "search_id",
    "after",
    "owner",
    "facet_by",
    "explain",
    "suggests",
    "deadline_ms",
    "image",
    "stamps",
}


def query_digest(query: Query) -> str:
    """What must be equal for two requests to read one pool: all that decides the order, and nothing about pages."""
    return hashlib.sha256(repr(_identity(query)).encode()).hexdigest()


def _identity(value: object) -> object:
    if is_dataclass(value):
        return [
            (one.name, _identity(getattr(value, one.name))) for one in fields(value) if one.name not in _NOT_IDENTITY
        ]
    return [_identity(one) for one in value] if isinstance(value, tuple) else value
