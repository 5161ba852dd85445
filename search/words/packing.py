"""The words of a query as plain JSON, so that a pool's later pages read them as its first page did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from search.words.reading import Group, Words
from search.words.syntax import Token, TokenKind


def to_json(words: Words) -> dict[str, Any]:
    """The words as JSON; `from_json` reads it back."""
    return {
        "text": words.text,
        "groups": [astuple(group) for group in words.groups],
        "tokens": [astuple(token) for token in words.tokens],
        "excluded": words.excluded,
        "sku_product_id": words.sku_product_id,
        "is_plain": words.is_plain,
    }


def from_json(data: Mapping[str, Any]) -> Words:
    """Raises KeyError, TypeError or ValueError for anything but what `to_json` gives."""
    return Words(
        text=data["text"],
        groups=tuple(Group(*group) for group in data["groups"]),
        tokens=tuple(
            Token(text, TokenKind(kind), is_excluded, measure) for text, kind, is_excluded, measure in data["tokens"]
        ),
        excluded=data["excluded"],
        sku_product_id=data["sku_product_id"],
        is_plain=data["is_plain"],
    )
