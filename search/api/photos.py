"""The photo of a request, however it was named -> pixels for the query, cropped to the asked box."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from PIL import Image

from catalog.models import Product, Store
from search.errors import InvalidImage, InvalidQuery
from search.fetching import fetch_image
from search.images import decode_image
from search.query_images import MAX_SIDE, load_query_image

# A box is a part of the photo, so the photo is kept larger before it is cut.
MAX_SIDE_BOXED = 2048
MIN_BOX_PX = 8
SOURCES = ("id", "url", "base64", "product")


@dataclass(frozen=True, slots=True)
class Photo:
    """What is searched by: pixels with the digest that names them, or a product whose vectors the index holds."""

    image: Image.Image | None = None
    digest: str = ""
    product_id: int | None = None


def read_photo(store: Store, stated: Mapping[str, Any], *, uploaded: bytes | None = None) -> Photo:
    """The photo that a validated `parameters.PhotoIn` (or an upload) names. Raises `InvalidQuery` or `InvalidImage`.

    A product's own photo without a box needs no pixels: the index has its vectors.
    """
    source = _only_source(stated, uploaded, SOURCES)
    box: Sequence[float] | None = stated.get("box")
    if source == "id":
        return _pixels(bytes(load_query_image(store, stated["id"]).data), box)
    if source != "product":
        return _pixels(read_photo_bytes({source: stated.get(source)}, uploaded=uploaded), box)
    product = find_product(store, stated["product"])
    if product is None:
        raise InvalidQuery(f"There is no product {stated['product'][:60]!r} in this store.", field="image.product")
    return Photo(product_id=product.pk) if box is None else _pixels(_bytes_of_product(product), box)


def read_photo_bytes(stated: Mapping[str, Any], *, uploaded: bytes | None = None) -> bytes:
    """The bytes of a photo to store: uploaded, in base64, or at an address. Raises `InvalidQuery` or `InvalidImage`."""
    source = _only_source(stated, uploaded, ("url", "base64"))
    if source == "url":
        return fetch_image(stated["url"])
    return decode_base64(stated["base64"]) if source == "base64" else uploaded or b""


def find_product(store: Store, sku: str) -> Product | None:
    """The store's published product of that sku, or None."""
    if "\x00" in sku:
        return None
    return Product.objects.filter(store=store, sku=sku).published().first()


def decode_base64(text: str) -> bytes:
    """The bytes of base64 text or of a `data:` URL. Raises `InvalidImage`; too long a text is not decoded at all."""
    field = "image.base64"
    if text.startswith("data:"):
        head, _, text = text.partition(",")
        if not head.endswith(";base64"):
            raise InvalidImage("A data: URL must be base64: data:image/jpeg;base64,...", field=field)
    max_bytes: int = settings.IMAGE_MAX_BYTES
    if len(text) > max_bytes * 4 // 3 + 4096:
        raise InvalidImage(f"The image has more than {max_bytes:,} bytes. Send a smaller one.", field=field)
    try:
        # Line breaks are common in base64 and mean nothing; anything else odd is an error.
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidImage(f"This is not base64: {error}.", field=field) from error


def _only_source(stated: Mapping[str, Any], uploaded: bytes | None, known: Sequence[str]) -> str:
    named = [name for name in known if stated.get(name)] + (["upload"] if uploaded is not None else [])
    if len(named) != 1:
        what = f"not {' and '.join(named)} together" if named else "or upload a file as the form part image"
        raise InvalidQuery(f"Name the photo in one way: {', '.join(known)}, {what}.", field="image")
    return named[0]


def _bytes_of_product(product: Product) -> bytes:
    photo = product.images.exclude(file="").first()
    if photo is None:
        raise InvalidQuery("This product has no photo to cut a box from.", field="image.box")
    try:
        with photo.file.open("rb") as file:
            return bytes(file.read())
    except OSError as error:
        raise InvalidQuery("This product's photo cannot be read: search without the box.", field="image.box") from error


def _pixels(data: bytes, box: Sequence[float] | None) -> Photo:
    image = decode_image(data, max_side=MAX_SIDE if box is None else MAX_SIDE_BOXED)
    if box is not None:
        image = crop(image, box)
    return Photo(image=image, digest=hashlib.sha256(data + repr(box).encode()).hexdigest())


def crop(image: Image.Image, box: Sequence[float]) -> Image.Image:
    """The part of the image inside a normalised box. Raises `InvalidQuery` for one of less than 8 pixels a side."""
    left, top, right, bottom = box
    edges = (
        round(left * image.width),
        round(top * image.height),
        round(right * image.width),
        round(bottom * image.height),
    )
    width, height = edges[2] - edges[0], edges[3] - edges[1]
    if width < MIN_BOX_PX or height < MIN_BOX_PX:
        raise InvalidQuery(
            f"The box is {width} x {height} pixels of this photo; give at least {MIN_BOX_PX} a side.", field="image.box"
        )
    return image.crop(edges)
