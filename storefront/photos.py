"""Which photos of a product the page shows."""

from __future__ import annotations

from catalog.models import Product, ProductImage
from catalog.models.product import ImageKind


def shown_images(product: Product) -> list[ProductImage]:
    """The photos in their order, without those that are so far only known by their address. Reads what was prefetched."""
    return [image for image in product.photos if image.file]


def main_image(product: Product) -> ProductImage | None:
    """The first catalogue photo, else any: a grid of whole products reads better than one of the details that matched."""
    images = shown_images(product)
    return next((image for image in images if image.kind == ImageKind.CATALOG), images[0] if images else None)
