"""Shopify's product export: rows of one handle are a product's variants and further photos.

Each variant becomes a product; `style_code` is the handle that they share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.codes import code_for
from catalog.importing.columns import normalise
from catalog.importing.fields import make_record
from catalog.importing.records import ImageSource, Record, Refusal, RowError
from catalog.importing.text import Row, Table
from catalog.importing.values import clean_quantity
from catalog.models import Store

# The headers of the older export and of the newer one, as `normalise` gives them.
_HANDLE = ("handle", "url_handle")
_VARIANT = ("variant_sku", "sku", "option1_value", "variant_price", "price")
_IMAGE = ("image_src", "product_image_url")


def is_shopify(header: Sequence[str]) -> bool:
    """Whether these are the columns of a Shopify export."""
    names = {normalise(name) for name in header}
    return bool(names & set(_HANDLE)) and "title" in names and bool(names & {"variant_price", "option1_name"})


def read_shopify(table: Table, store: Store) -> Iterator[Record | Refusal]:
    """Records of all variants. Rows of one handle stand together, as Shopify writes them."""
    group: list[_Cells] = []
    for row in table:
        if isinstance(row, Refusal):
            yield row
            continue
        cells = _Cells(row)
        if group and cells.first(*_HANDLE) != group[0].first(*_HANDLE):
            yield from _variants(group, store)
            group = []
        group.append(cells)
    if group:
        yield from _variants(group, store)


@dataclass(frozen=True, slots=True, init=False)
class _Cells:
    """A row by normalised column names."""

    line: int
    cells: Mapping[str, str]

    def __init__(self, row: Row) -> None:
        object.__setattr__(self, "line", row.line)
        object.__setattr__(self, "cells", {normalise(name): cell.strip() for name, cell in row.cells.items()})

    def first(self, *names: str) -> str:
        """The first of these cells that is not empty."""
        return next((self.cells[name] for name in names if self.cells.get(name)), "")

    @property
    def is_variant(self) -> bool:
        return bool(self.first(*_VARIANT))


def _variants(group: list[_Cells], store: Store) -> Iterator[Record | Refusal]:
    handle = group[0].first(*_HANDLE)
    head = next((row for row in group if row.first("title")), group[0])
    rows = [row for row in group if row.is_variant] or [head]
    names = [head.first(f"option{number}_name") for number in (1, 2, 3)]
    for row in rows:
        sku = row.first("variant_sku", "sku") or _sku_of(handle, row, is_only=len(rows) == 1)
        try:
            if not handle:
                raise RowError("handle is empty")
            yield make_record(
                row.line, {"sku": sku, **_facts(head, row, names), "style_code": handle} | _photos(group, row), store
            )
        except RowError as error:
            yield Refusal(row.line, sku[:120], str(error))


def _sku_of(handle: str, row: _Cells, *, is_only: bool) -> str:
    """A SKU for a variant without one: the handle, and its options where there are several variants."""
    options = [row.first(f"option{number}_value") for number in (1, 2, 3)]
    if is_only or not any(options):
        return handle
    return "-".join([handle, *(code_for(option) for option in options if option)])


def _facts(head: _Cells, row: _Cells, names: list[str]) -> dict[str, Any]:
    status = head.first("status").lower()
    published = head.first("published", "published_on_online_store")
    attributes: dict[str, list[str]] = {}
    for number, name in enumerate(names, start=1):
        value = row.first(f"option{number}_value")
        # A product without options has the option "Title" with the value "Default Title".
        if name and value and (name, value) != ("Title", "Default Title"):
            attributes[name] = [value]
    tags = [tag.strip() for tag in head.first("tags").split(",") if tag.strip()]
    if tags:
        attributes["tags"] = tags
    return {
        "title": head.first("title"),
        "description": head.first("body_html", "description"),
        "category": head.first("type", "product_category"),
        "brand": head.first("vendor"),
        "price": row.first("variant_price", "price"),
        "quantity": _quantity(row),
        "attributes": attributes,
        "is_published": False if status in ("draft", "archived") else (published or "true"),
    }


def _quantity(row: _Cells) -> int:
    """The stock. Below nothing is oversold, so none; a variant whose stock Shopify does not track is for sale: 1."""
    stated = row.first("variant_inventory_qty", "inventory_quantity")
    if stated.startswith("-"):
        return 0
    if not stated and not row.first("variant_inventory_tracker", "inventory_tracker"):
        return 1
    return clean_quantity(stated)


def _photos(group: list[_Cells], row: _Cells) -> dict[str, Any]:
    """The variant's own photo first, then the product's, without those that belong to other variants."""
    own = row.first("variant_image", "variant_image_url")
    of_variants = {address for other in group if (address := other.first("variant_image", "variant_image_url"))}
    gallery = [address for other in group if (address := other.first(*_IMAGE))]
    addresses = ([own] if own else []) + [address for address in gallery if address not in of_variants]
    if not addresses:
        addresses = gallery
    unique = list(dict.fromkeys(addresses))
    return (
        {"images": tuple(ImageSource(url=address, position=index) for index, address in enumerate(unique))}
        if unique
        else {}
    )
