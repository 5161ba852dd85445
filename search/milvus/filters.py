"""Filters as a Milvus expression. Every value passes through one quoting function; nothing is interpolated raw."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable

from search.query import RowFilter


def quoted(value: str | int | bool) -> str:
    """A literal of Milvus's expression language. Raises `ValueError` for control characters, which no row holds: engines
    differ in the escapes they know (Lite refuses JSON's for backspace)."""
    if isinstance(value, str) and any(unicodedata.category(letter) in ("Cc", "Cs") for letter in value):
        raise ValueError(f"{value!r} holds a control character, which no row does.")
    return json.dumps(value, ensure_ascii=False)


def expression(wanted: RowFilter) -> str:
    """The boolean expression for a row filter. Ask `wanted.matches_nothing` first: an empty id list has no expression.

    Raises `ValueError` for colours, which rows do not hold: resolve them to `product_ids`.
    """
    if wanted.palette:
        raise ValueError("Rows hold no colours: resolve the palette to product_ids first.")
    terms = [f"store_id == {quoted(wanted.store_id)}", "published == true"]
    if wanted.kind:
        terms.append(f"kind == {quoted(wanted.kind)}")
    if wanted.category_ids is not None:
        terms.append(f"category_id in {_ids(wanted.category_ids)}")
    if wanted.brand_ids is not None:
        terms.append(f"brand_id in {_ids(wanted.brand_ids)}")
    if wanted.price_min is not None or wanted.price_max is not None:
        # A missing price is -1 and matches no price filter, whatever its bounds.
        terms.append(f"price_minor >= {quoted(max(0, wanted.price_min or 0))}")
        if wanted.price_max is not None:
            terms.append(f"price_minor <= {quoted(wanted.price_max)}")
    if wanted.in_stock is not None:
        terms.append(f"in_stock == {quoted(wanted.in_stock)}")
    terms.extend(f"array_contains_any(attributes, {_ids(ids)})" for ids in wanted.value_ids)
    if wanted.product_ids is not None:
        terms.append(f"product_id in {_ids(wanted.product_ids)}")
    if wanted.exclude_product_ids:
        terms.append(f"product_id not in {_ids(wanted.exclude_product_ids)}")
    return " and ".join(terms)


def _ids(ids: Iterable[int]) -> str:
    return json.dumps(sorted(ids))
