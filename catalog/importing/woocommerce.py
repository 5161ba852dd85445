"""WooCommerce's product export: simple products, and variations under a variable parent.

A variation becomes a product that takes what it does not state from its parent; `style_code` is the parent's SKU.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.importing.columns import normalise
from catalog.importing.fields import make_record
from catalog.importing.records import Record, Refusal, RowError
from catalog.importing.tables import image_sources
from catalog.importing.text import Table
from catalog.importing.values import clean_quantity
from catalog.models import Store

# A comma that is part of a value is written "\,".
_COMMA = re.compile(r"(?<!\\),\s*")
_INHERITED = ("description", "short_description", "categories", "tags", "brands", "images", "published")
_MAX_ATTRIBUTES = 50

Cells = Mapping[str, str]


def is_woocommerce(header: Sequence[str]) -> bool:
    """Whether these are the columns of a WooCommerce export."""
    names = {normalise(name) for name in header}
    return {"type", "sku", "name", "regular_price"} <= names and bool(names & {"categories", "images", "in_stock"})


def read_woocommerce(table: Table, store: Store) -> Iterator[Record | Refusal]:
    """Records of the products that can be bought. A variable parent counts only where it has no variation."""
    parents: dict[str, tuple[int, dict[str, str]]] = {}
    childless: set[str] = set()
    for row in table:
        if isinstance(row, Refusal):
            yield row
            continue
        cells = {normalise(name): cell.strip() for name, cell in row.cells.items()}
        kind = cells.get("type", "").split(",")[0].strip().lower()
        if kind == "variable":
            key = _key(cells)
            parents[key] = (row.line, cells)
            childless.add(key)
        elif kind == "variation":
            key = _parent_key(cells, parents)
            childless.discard(key)
            yield _record(row.line, cells, parents.get(key, (0, {}))[1], store)
        else:
            yield _record(row.line, cells, {}, store)
    for key in sorted(childless, key=lambda key: parents[key][0]):
        line, cells = parents[key]
        yield _record(line, cells, {}, store)


def _key(cells: Cells) -> str:
    return cells.get("sku") or f"id:{cells.get('id', '')}"


def _parent_key(cells: Cells, parents: Mapping[str, tuple[int, dict[str, str]]]) -> str:
    """The key of the parent, which a variation names by SKU or as "id:12"."""
    stated = cells.get("parent", "")
    if stated in parents or not stated.startswith("id:"):
        return stated
    return next((key for key, (_, parent) in parents.items() if f"id:{parent.get('id', '')}" == stated), stated)


def _record(line: int, cells: Cells, parent: Cells, store: Store) -> Record | Refusal:
    sku = cells.get("sku") or cells.get("id", "")
    merged = {**cells, **{name: cells.get(name) or parent.get(name, "") for name in _INHERITED}}
    try:
        images = image_sources(merged["images"])
        values: dict[str, Any] = {
            "sku": sku,
            "title": cells.get("name") or parent.get("name", ""),
            "description": merged["description"] or merged["short_description"],
            "category": _first(merged["categories"]),
            "brand": _first(merged["brands"]),
            "price": cells.get("sale_price") or cells.get("regular_price", ""),
            "quantity": _quantity(cells),
            "attributes": _attributes(cells, parent) | ({"tags": _split(merged["tags"])} if merged["tags"] else {}),
            "style_code": _key(parent) if parent else "",
            "url": cells.get("external_url", ""),
            "is_published": merged["published"] or "true",
        }
        return make_record(line, values | ({"images": images} if images else {}), store)
    except RowError as error:
        return Refusal(line, sku[:120], str(error))


def _quantity(cells: Cells) -> int:
    """The stock. WooCommerce may only say "in stock", which is kept as 1; below nothing is none."""
    stated = cells.get("stock", "")
    if stated.startswith("-"):
        return 0
    if not stated:
        return 1 if cells.get("in_stock", "").lower() in ("1", "yes", "true", "instock") else 0
    return clean_quantity(stated)


def _attributes(cells: Cells, parent: Cells) -> dict[str, list[str]]:
    """The numbered pairs of name and values; those of a variation are its own choice of the parent's."""
    found: dict[str, list[str]] = {}
    for source in (parent, cells):
        for number in range(1, _MAX_ATTRIBUTES + 1):
            name = source.get(f"attribute_{number}_name", "")
            values = _split(source.get(f"attribute_{number}_value_s", ""))
            if name and values:
                found[name] = values
    return found


def _split(text: str) -> list[str]:
    return [value for part in _COMMA.split(text) if (value := part.replace("\\,", ",").strip())]


def _first(text: str) -> str:
    return next(iter(_split(text)), "")
