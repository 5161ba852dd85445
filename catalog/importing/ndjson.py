"""Lines of JSON -> records, one product a line. The REST import reads the same shape."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from catalog.importing.fields import make_record
from catalog.importing.records import FIELDS, ImageSource, Record, Refusal, RowError
from catalog.importing.text import MAX_LINE, OVERLONG
from catalog.models import Store


def read_ndjson(lines: Iterable[str], store: Store) -> Iterator[Record | Refusal]:
    """A record for each line that is not blank, or why there is none."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield record_from_line(number, line, store)


def record_from_line(number: int, line: str, store: Store) -> Record | Refusal:
    """The record that one line of JSON states."""
    sku = ""
    try:
        if OVERLONG in line:
            raise RowError(f"the line has more than {MAX_LINE:,} characters")
        stated = _parse(line)
        sku = str(stated.get("sku", ""))[:120]
        return make_record(number, raw_values(stated), store)
    except RowError as error:
        return Refusal(number, sku, str(error))


def raw_values(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object's fields as `make_record` takes them. Raises `RowError` for an unknown field or shape."""
    unknown = sorted(stated.keys() - set(FIELDS))
    if unknown:
        raise RowError(f'unknown field "{unknown[0][:60]}"; known are {", ".join(FIELDS)}', field=unknown[0][:60])
    values = dict(stated)
    if "attributes" in values:
        values["attributes"] = _attributes(values["attributes"])
    if "images" in values:
        values["images"] = _images(values["images"])
    return values


def _parse(line: str) -> dict[str, Any]:
    try:
        stated = json.loads(line, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, ArithmeticError) as error:
        detail = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise RowError(f"the line is not JSON ({detail})") from None
    if not isinstance(stated, dict):
        raise RowError("the line is not a JSON object")
    return stated


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _attributes(value: object) -> dict[str, list[object]]:
    if not isinstance(value, dict):
        raise RowError('attributes is not an object such as {"color": ["red"]}', field="attributes")
    return {name: _values(name, values) for name, values in value.items()}


def _values(name: str, value: object) -> list[object]:
    if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        return [value]
    if value is None:
        return []
    if not isinstance(value, list):
        raise RowError(f'attribute "{name[:60]}" is not a list of values', field="attributes")
    return value


def _images(value: object) -> tuple[ImageSource, ...]:
    if not isinstance(value, list):
        raise RowError('images is not a list such as [{"file": "images/1.jpg"}]', field="images")
    return tuple(_image(image, index) for index, image in enumerate(value))


def _image(value: object, index: int) -> ImageSource:
    if not isinstance(value, dict) or not set(value) <= {"file", "url", "kind", "position"}:
        raise RowError(f"image {index + 1} is not an object of file or url, kind and position", field="images")
    position = value.get("position", index)
    file, url, kind = value.get("file", ""), value.get("url", ""), value.get("kind", "catalog")
    if not all(isinstance(text, str) for text in (file, url, kind)) or type(position) is not int:
        raise RowError(f"image {index + 1} has a value of a wrong type", field="images")
    return ImageSource(file, url, kind, position)
