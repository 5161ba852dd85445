"""Raw values by field -> a `Record`. Every reader (table, Shopify, WooCommerce, NDJSON, REST) ends here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog.importing.records import ImageSource, Record, RowError
from catalog.importing.values import (
    clean_bool,
    clean_description,
    clean_margin,
    clean_price,
    clean_quantity,
    clean_text,
    clean_url,
    split_path,
)
from catalog.models import Store
from catalog.models.product import MAX_ATTRIBUTE_VALUES, ImageKind

MAX_IMAGES = 50
MAX_POSITION = 32767


def clean_sku(value: object) -> str:
    """The SKU, which must not be empty."""
    try:
        sku = clean_text(value, field="sku", max_length=120)
    except RowError as error:
        raise RowError(str(error), field="sku") from None
    if not sku:
        raise RowError("sku is empty", field="sku")
    return sku


def make_record(line: int, values: Mapping[str, Any], store: Store) -> Record:
    """Clean raw values (texts, JSON values) by field name. Raises `RowError` for the first that cannot be read.

    `attributes` maps names to sequences of names, `images` is a sequence of `ImageSource`, `category` a path's text.
    """
    sku = clean_sku(values.get("sku"))
    cleaned: dict[str, Any] = {}
    for field, value in values.items():
        if field != "sku":
            try:
                cleaned[field] = _clean(field, value, store)
            except RowError as error:
                raise RowError(str(error), field=field) from None
    if "title" in cleaned and not cleaned["title"]:
        raise RowError("title is empty", field="title")
    return Record(line=line, sku=sku, given=frozenset(cleaned), **cleaned)


def _clean(field: str, value: Any, store: Store) -> Any:
    match field:
        case "title":
            return clean_text(value, field=field, max_length=300)
        case "description":
            return clean_description(value)
        case "category":
            return split_path(value)
        case "brand" | "style_code":
            return clean_text(value, field=field, max_length=120)
        case "price":
            return clean_price(value, store)
        case "quantity":
            return clean_quantity(value)
        case "margin":
            return clean_margin(value)
        case "url":
            return clean_url(value, field=field, max_length=500)
        case "is_published":
            return clean_bool(value, field=field)
        case "attributes":
            return _clean_attributes(value)
        case "images":
            return _clean_images(value)
        case _:
            raise RowError(f'unknown field "{field}"')


def _clean_attributes(value: Mapping[str, Iterable[object]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    cleaned = []
    for name, labels in value.items():
        code = clean_text(name, field="attribute", max_length=60)
        if not code:
            raise RowError("an attribute has no name")
        texts = (clean_text(label, field=f"attribute {code}", max_length=120) for label in labels)
        cleaned.append((code, tuple(dict.fromkeys(text for text in texts if text))))
    count = sum(len(labels) for _, labels in cleaned)
    if count > MAX_ATTRIBUTE_VALUES:
        raise RowError(f"the product has {count} attribute values; at most {MAX_ATTRIBUTE_VALUES}")
    return tuple(cleaned)


def _clean_images(value: Sequence[ImageSource]) -> tuple[ImageSource, ...]:
    if len(value) > MAX_IMAGES:
        raise RowError(f"the product has {len(value)} images; at most {MAX_IMAGES}")
    return tuple(_clean_image(image) for image in value)


def _clean_image(image: ImageSource) -> ImageSource:
    if image.kind not in ImageKind.values:
        raise RowError(f'image kind "{image.kind}" is not one of {", ".join(ImageKind.values)}')
    if image.position is not None and not 0 <= image.position <= MAX_POSITION:
        raise RowError(f"image position {image.position} is not between 0 and {MAX_POSITION}")
    if image.url:
        return replace(image, url=clean_url(image.url, field="image url", max_length=2000))
    file = clean_text(image.file, field="image file", max_length=500)
    if not file:
        raise RowError("an image has neither a file nor a url")
    return replace(image, file=file)
