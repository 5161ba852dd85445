"""What a request states: a product's fields and uploads, a list's page and filters, an import's lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from catalog.importing.records import ImageSource
from catalog.models import Category, Product, Store
from catalog.models.product import ImageKind
from catalog.photos import InvalidPhoto, inspect_photo

MAX_PER_PAGE = 100
MAX_PAGE = 100_000
MAX_LINES = 20_000
_PHOTO_PARTS = {"images": ImageKind.CATALOG, "lifestyle_images": ImageKind.LIFESTYLE}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class BodyTooLarge(APIException):
    """The request's body is over a limit."""

    status_code = 413
    default_code = "body_too_large"


@dataclass(frozen=True, slots=True)
class Stated:
    """A product's fields as sent, the photos of a form, and their bytes by the name that `photos` gives them."""

    fields: dict[str, Any]
    photos: tuple[ImageSource, ...]
    uploads: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    size: int


class NdjsonParser(BaseParser):
    """Lines of JSON as bytes, within `DATA_UPLOAD_MAX_MEMORY_SIZE`."""

    media_type = "application/x-ndjson"

    def parse(  # type: ignore[override]  # DRF's stubs know of forms and JSON only
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        data: bytes = stream.read(limit + 1)
        if len(data) > limit:
            raise BodyTooLarge(f"The body has more than {limit:,} bytes. Send the products in several requests.")
        if data.count(b"\n") > MAX_LINES:
            raise BodyTooLarge(f"The body has more than {MAX_LINES:,} lines. Send the products in several requests.")
        return data


class NdjsonRenderer(BaseRenderer):
    """An import's results as a line each; an error is one line."""

    media_type = "application/x-ndjson"
    format = "ndjson"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        rows = data.get("results", [data])
        return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


class JsonLinesParser(NdjsonParser):
    media_type = "application/jsonl"


class PlainLinesParser(NdjsonParser):
    media_type = "text/plain"


def read_product(request: Request) -> Stated:
    """A product from JSON, or from a form: fields as text, `attributes` as JSON, photos as files or addresses.

    A form's photos are the parts `images` (files, or texts with an address) and `lifestyle_images`.
    """
    data = request.data
    if not isinstance(data, QueryDict):
        if not isinstance(data, Mapping):
            raise ParseError("The body must be a JSON object with the product's fields.")
        return Stated(dict(data), (), {})
    unknown = sorted(set(request.FILES) - set(_PHOTO_PARTS))
    if unknown:
        raise ValidationError({unknown[0]: [f"Send photos as the parts {' or '.join(_PHOTO_PARTS)}."]})
    fields: dict[str, Any] = {}
    for name, values in data.lists():
        texts = [value for value in values if not isinstance(value, UploadedFile)]
        if name == "images":
            fields[name] = [{"url": text} for text in texts if text]
        elif name not in _PHOTO_PARTS:
            if len(texts) > 1:
                raise ValidationError({name: ["Given more than once."]})
            fields[name] = _parsed(name, texts[0]) if texts else ""
    photos, uploads = _uploads(request)
    return Stated({name: value for name, value in fields.items() if name != "images" or value}, photos, uploads)


def read_page(request: Request, known: frozenset[str]) -> Page:
    """`page` and `per_page`. Raises `ValidationError` for a parameter that is not known."""
    unknown = sorted(set(request.query_params) - known - {"page", "per_page"})
    if unknown:
        expected = ", ".join(sorted(known | {"page", "per_page"}))
        raise ValidationError({unknown[0]: [f"Unknown parameter. Known are {expected}."]})
    return Page(_integer(request, "page", 1, MAX_PAGE), _integer(request, "per_page", 20, MAX_PER_PAGE))


FILTERS = frozenset({"category", "brand", "style_code", "in_stock", "is_published", "has_images"})


def filter_products(request: Request, products: QuerySet[Product], store: Store) -> QuerySet[Product]:
    """Narrow a list by the request's filters; a category takes everything below it."""
    asked = request.query_params
    if slug := asked.get("category"):
        node = Category.objects.filter(store=store, slug=slug).first()
        if node is None:
            raise ValidationError({"category": [f'There is no category "{slug[:80]}".']})
        products = products.filter(category__path__startswith=node.path)
    if slug := asked.get("brand"):
        products = products.filter(brand__slug=slug)
    if code := asked.get("style_code"):
        products = products.filter(style_code=code)
    if (flag := _boolean(asked.get("in_stock"), "in_stock")) is not None:
        products = products.filter(quantity__gt=0) if flag else products.filter(quantity=0)
    if (flag := _boolean(asked.get("is_published"), "is_published")) is not None:
        products = products.filter(is_published=flag)
    if (flag := _boolean(asked.get("has_images"), "has_images")) is not None:
        products = products.filter(images__isnull=not flag).distinct()
    return products


def _parsed(name: str, text: str) -> Any:
    """A form's text; attributes and a price of "null" are JSON."""
    if name == "price" and text == "null":
        return None
    if name != "attributes":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValidationError({name: ['Give a JSON object such as {"color": ["white"]}.']}) from None


def _uploads(request: Request) -> tuple[tuple[ImageSource, ...], dict[str, bytes]]:
    photos: list[ImageSource] = []
    uploads: dict[str, bytes] = {}
    for part, file in _files(request):
        if (file.size or 0) > settings.IMAGE_MAX_BYTES:
            raise ValidationError({part: [f"The photo has {file.size:,} bytes; at most {settings.IMAGE_MAX_BYTES:,}."]})
        data = file.read()
        try:
            inspect_photo(data)
        except InvalidPhoto as error:
            raise ValidationError({part: [f"{str(file.name)[:100]}: {error}."]}) from None
        name = f"upload {len(photos) + 1}"
        photos.append(ImageSource(file=name, kind=_PHOTO_PARTS[part]))
        uploads[name] = data
    return tuple(photos), uploads


def _files(request: Request) -> Iterator[tuple[str, UploadedFile[Any]]]:
    for part in _PHOTO_PARTS:
        for file in request.FILES.getlist(part):
            yield part, file


def _integer(request: Request, name: str, default: int, highest: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:10]) <= highest:
        raise ValidationError({name: [f'"{text[:40]}" is not a whole number from 1 to {highest:,}.']})
    return int(text)


def _boolean(text: str | None, name: str) -> bool | None:
    if text is None:
        return None
    if text.lower() not in _BOOLEANS:
        raise ValidationError({name: [f'"{text[:40]}" is neither true nor false.']})
    return _BOOLEANS[text.lower()]
