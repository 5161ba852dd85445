"""Judged query sets as values and as files: what is asked, and which products are right by how much. No database.

A file is NDJSON, one query a line (docs/evaluation.md). Photos are named by paths beside the file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from search.choices import Mode
from search.evaluation.distortions import DISTORTIONS
from search.evaluation.records import MAX_GAIN
from search.query import Filters

FORCED_MODES = (Mode.WORDS, Mode.LEXICAL, Mode.SEMANTIC)


class InvalidQuerySet(Exception):
    """A query set that cannot be used; the message names the line, the value and the fix."""


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """One query and its judgments (sku -> gain, above 0 is right). At most one of `product`, `photo_of` and `image` is set.

    `product` asks by a product's indexed vectors, `photo_of` by the pixels of its first photo, `image` by a file.
    `distortion` changes those pixels first, by `seed`. An empty `mode` is derived from the parts, as the API does.
    """

    id: str
    judgments: Mapping[str, int]
    text: str = ""
    product: str = ""
    photo_of: str = ""
    image: str = ""
    region: tuple[float, float, float, float] | None = None
    distortion: str = ""
    seed: int = 0
    filters: Filters = field(default_factory=Filters)
    mode: str = ""
    text_weight: float = 1.0
    image_weight: float = 1.0
    slices: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_photo(self) -> bool:
        return bool(self.product or self.photo_of or self.image)


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """A named list of judged queries; `folder` is where the paths of their photos begin, None for the media storage."""

    name: str
    queries: tuple[JudgedQuery, ...]
    folder: Path | None = None


def read_set(path: Path) -> JudgedSet:
    """The set in this file, named like it. Raises `InvalidQuerySet` naming the line and the fix."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidQuerySet(f"{path} cannot be read as UTF-8 text ({error}): name an NDJSON file.") from error
    return JudgedSet(path.stem, parse_lines(lines, name=path.name), path.parent)


def parse_lines(lines: Iterable[str], *, name: str) -> tuple[JudgedQuery, ...]:
    """The queries of NDJSON lines; empty lines are passed over. Raises `InvalidQuerySet` naming `name` and the line."""
    queries: list[JudgedQuery] = []
    places: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            query = query_of(_object(line))
        except ValueError as error:
            raise InvalidQuerySet(f"{name}, line {number}: {error}") from error
        if query.id in places:
            raise InvalidQuerySet(
                f"{name}, line {number}: the id {query.id!r} is that of line {places[query.id]}: give each its own."
            )
        places[query.id] = number
        queries.append(query)
    if not queries:
        raise InvalidQuerySet(f"{name} holds no query: give one JSON object a line.")
    return tuple(queries)


def write_set(path: Path, queries: Iterable[JudgedQuery]) -> None:
    """Write the queries as the NDJSON that `read_set` reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lines_of(queries), encoding="utf-8")


def lines_of(queries: Iterable[JudgedQuery]) -> str:
    """The queries as NDJSON, without what has its default."""
    return "".join(json.dumps(record_of(query), ensure_ascii=False) + "\n" for query in queries)


def record_of(query: JudgedQuery) -> dict[str, Any]:
    """The query as its line says it."""
    record: dict[str, Any] = {"id": query.id}
    for name in ("text", "product", "photo_of", "image", "distortion", "mode"):
        if getattr(query, name):
            record[name] = str(getattr(query, name))
    if query.region:
        record["region"] = list(query.region)
    if query.seed:
        record["seed"] = query.seed
    if filters := filters_record(query.filters):
        record["filters"] = filters
    for name in ("text_weight", "image_weight"):
        if getattr(query, name) != 1.0:
            record[name] = getattr(query, name)
    if query.slices:
        record["slices"] = dict(query.slices)
    record["judgments"] = dict(query.judgments)
    return record


def filters_record(filters: Filters) -> dict[str, Any]:
    """Filters as JSON: `category`, `brand`, `price_min`, `price_max`, `in_stock`, and `attributes` by code."""
    record: dict[str, Any] = {}
    if filters.categories:
        record["category"] = list(filters.categories)
    if filters.brands:
        record["brand"] = list(filters.brands)
    for name in ("price_min", "price_max"):
        if getattr(filters, name) is not None:
            record[name] = str(getattr(filters, name))
    if filters.in_stock is not None:
        record["in_stock"] = filters.in_stock
    if filters.attributes:
        record["attributes"] = {code: list(values) for code, values in filters.attributes}
    return record


def query_of(record: Mapping[str, Any]) -> JudgedQuery:
    """The query that a line's object states. Raises ValueError naming the field, the value and the fix."""
    _known(record, _READERS, what="field")
    query = JudgedQuery(**{name: read(record[name], name) for name, read in _READERS.items() if name in record})
    _check(query)
    return query


def _check(query: JudgedQuery) -> None:
    photos = [name for name in ("product", "photo_of", "image") if getattr(query, name)]
    if len(photos) > 1:
        raise ValueError(f"{' and '.join(photos)} are both given: one query has one photo.")
    if not query.text and not photos and not query.filters.fields:
        raise ValueError("the query asks nothing: give text, product, photo_of, image or filters.")
    if query.distortion and query.distortion not in DISTORTIONS:
        raise ValueError(f"unknown distortion {query.distortion!r}: use one of {', '.join(DISTORTIONS)}.")
    if (query.distortion or query.region) and not (query.photo_of or query.image):
        raise ValueError("distortion and region need pixels: give photo_of or image.")
    if query.mode and (query.mode not in FORCED_MODES or photos or not query.text):
        raise ValueError(f"mode {query.mode!r} is not possible here: {', '.join(FORCED_MODES)} go with text alone.")
    if not any(gain > 0 for gain in query.judgments.values()):
        raise ValueError("no product is judged right: give judgments a sku with a gain above 0.")


def _object(line: str) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON ({error.msg} at column {error.colno}).") from error
    if not isinstance(record, dict):
        raise ValueError(f'this is not an object: write {{"id": ..., "judgments": ...}}, not {str(record)[:60]!r}.')
    missing = [name for name in ("id", "judgments") if name not in record]
    if missing:
        raise ValueError(f"{' and '.join(missing)} missing: every query has both.")
    return record


def _known(record: Mapping[str, Any], names: Iterable[str], *, what: str) -> None:
    unknown = [name for name in record if name not in names]
    if unknown:
        raise ValueError(f"unknown {what} {', '.join(unknown)}: known are {', '.join(names)}.")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip() or "\x00" in value:
        raise ValueError(f"{name} is {str(value)[:60]!r}: give a text that is not empty.")
    return value


def _weight(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise ValueError(f"{name} is {value!r}: give a number from 0 to 100.")
    return float(value)


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} is {value!r}: give a whole number.")
    return value


def _judgments(value: Any, name: str) -> dict[str, int]:
    if not isinstance(value, dict):
        raise ValueError(f'{name} is {str(value)[:60]!r}: give an object of gains, such as {{"SKU-1": 2}}.')
    for sku, gain in value.items():
        if isinstance(gain, bool) or not isinstance(gain, int) or not 0 <= gain <= MAX_GAIN:
            raise ValueError(f"the gain of {sku!r} is {gain!r}: give a whole number from 0 to {MAX_GAIN}.")
    return dict(value)


def _region(value: Any, name: str) -> tuple[float, float, float, float]:
    if isinstance(value, list) and len(value) == 4 and all(isinstance(edge, int | float) for edge in value):
        left, top, right, bottom = (float(edge) for edge in value)
        if 0 <= left < right <= 1 and 0 <= top < bottom <= 1:
            return left, top, right, bottom
    raise ValueError(f"{name} is {value!r}: give [left, top, right, bottom], from 0 to 1.")


def _slices(value: Any, name: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError(f'{name} is {str(value)[:60]!r}: give an object of texts, such as {{"kind": "colour"}}.')
    return dict(value)


def _filters(value: Any, name: str) -> Filters:
    if not isinstance(value, dict):
        raise ValueError(f'{name} is {str(value)[:60]!r}: give an object, such as {{"category": ["shoes"]}}.')
    _known(value, ("category", "brand", "price_min", "price_max", "in_stock", "attributes"), what="filter")
    attributes = value.get("attributes", {})
    if not isinstance(attributes, dict):
        raise ValueError(f'attributes is {str(attributes)[:60]!r}: give lists of codes, as in {{"color": ["red"]}}.')
    if not isinstance(value.get("in_stock"), bool | None):
        raise ValueError(f"in_stock is {value['in_stock']!r}: give true or false.")
    return Filters(
        categories=_codes(value.get("category", []), "category"),
        brands=_codes(value.get("brand", []), "brand"),
        price_min=_price(value.get("price_min"), "price_min"),
        price_max=_price(value.get("price_max"), "price_max"),
        in_stock=value.get("in_stock"),
        attributes=tuple((code, _codes(codes, code)) for code, codes in attributes.items()),
    )


def _codes(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
        raise ValueError(f'{name} is {str(value)[:60]!r}: give a list of codes, such as ["red"].')
    return tuple(value)


def _price(value: Any, name: str) -> Decimal | None:
    if value is None:
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"{name} is {value!r}: give an amount, such as 19.90.") from error


def slice_names(queries: Iterable[JudgedQuery]) -> list[str]:
    """The slices that these queries have, the most common first."""
    return [name for name, _ in Counter(name for query in queries for name in query.slices).most_common()]


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "id": _text,
    "text": _text,
    "product": _text,
    "photo_of": _text,
    "image": _text,
    "region": _region,
    "distortion": _text,
    "seed": _whole,
    "filters": _filters,
    "mode": _text,
    "text_weight": _weight,
    "image_weight": _weight,
    "slices": _slices,
    "judgments": _judgments,
}
