"""Rows of a plain table (CSV) -> records, one product a row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from catalog.importing.columns import Columns
from catalog.importing.fields import make_record
from catalog.importing.records import ImageSource, Record, Refusal, RowError
from catalog.importing.text import Row, Table
from catalog.models import Store

_BETWEEN_IMAGES = re.compile(r"\s*[|;\n]\s*|,\s+|,(?=https?://)")
_BETWEEN_VALUES = re.compile(r"\s*[|;]\s*")


def read_table(table: Table, columns: Columns, store: Store) -> Iterator[Record | Refusal]:
    """A record for each row, or why there is none."""
    for row in table:
        yield row if isinstance(row, Refusal) else _record(row, columns, store)


def image_sources(text: str) -> tuple[ImageSource, ...]:
    """The photos that a cell names: addresses and files, apart by "|", ";", a comma and a space, or as a JSON list."""
    names: list[Any] = []
    if text.startswith("["):
        try:
            names = json.loads(text)
        except (ValueError, RecursionError):
            raise RowError(f'images "{text[:60]}" is not a list') from None
    else:
        names = _BETWEEN_IMAGES.split(text)
    found = (str(name).strip() for name in names)
    return tuple(_source(name, position) for position, name in enumerate(name for name in found if name))


def _source(name: str, position: int) -> ImageSource:
    if re.match(r"https?://", name, re.IGNORECASE):
        return ImageSource(url=name, position=position)
    return ImageSource(file=name, position=position)


def _record(row: Row, columns: Columns, store: Store) -> Record | Refusal:
    values: dict[str, Any] = {}
    for field, column in columns.fields.items():
        value = column.read(row.cells)
        if value is not None:
            values[field] = value
    try:
        if "images" in values:
            # An empty cell says nothing of photos: a feed of prices must not take them away.
            images = image_sources(values.pop("images"))
            if images:
                values["images"] = images
        if columns.attributes:
            read = {name: column.read(row.cells) for name, column in columns.attributes.items()}
            values["attributes"] = {
                name: _BETWEEN_VALUES.split(text) for name, text in read.items() if text is not None
            }
        if values.get("is_published") == "":
            del values["is_published"]
        return make_record(row.line, values, store)
    except RowError as error:
        return Refusal(row.line, str(values.get("sku", ""))[:120], str(error))
