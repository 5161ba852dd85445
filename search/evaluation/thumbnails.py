"""Small photos for the report, as data URIs, so that its one file shows everything without a network."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from PIL import Image

from catalog.models import ProductImage, Store
from catalog.models.product import ImageKind
from search.errors import InvalidImage
from search.images import decode_image, to_jpeg

SIDE_PX = 88
QUALITY = 72


def data_uri(image: Image.Image) -> str:
    """The image as a small JPEG."""
    return f"data:image/jpeg;base64,{base64.b64encode(to_jpeg(image, max_side=SIDE_PX, quality=QUALITY)).decode()}"


def thumbnails_of(store: Store, skus: Iterable[str]) -> dict[str, str]:
    """sku -> data URI of each product's first catalogue photo. A photo that cannot be read is left out."""
    found: dict[str, str] = {}
    wanted = sorted(set(skus))
    images = ProductImage.objects.filter(product__store=store, product__sku__in=wanted, kind=ImageKind.CATALOG)
    for photo in images.exclude(file="").select_related("product").order_by("position", "pk"):
        if photo.product.sku in found:
            continue
        try:
            with photo.file.open("rb") as file:
                found[photo.product.sku] = data_uri(decode_image(file.read(), max_side=SIDE_PX))
        except (OSError, InvalidImage):
            continue
    return found
