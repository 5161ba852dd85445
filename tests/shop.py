"""Small catalogues for tests: products whose photo is one colour."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image

from catalog.models import Attribute, AttributeValue, Brand, Category, Product, ProductImage, Store
from tests.encoders import COLOURS


def photo_bytes(colour: str | tuple[int, int, int], *, size: tuple[int, int] = (32, 40), kind: str = "PNG") -> bytes:
    """An image file of one colour."""
    rgb = COLOURS[colour] if isinstance(colour, str) else colour
    buffer = BytesIO()
    Image.new("RGB", size, rgb).save(buffer, kind)
    return buffer.getvalue()


def make_store(slug: str = "shop", **facts: Any) -> Store:
    """A store with the attribute `color` and all test colours as its values."""
    store = Store.objects.create(slug=slug, name=slug.title(), **facts)
    color = Attribute.objects.create(store=store, code="color", label="Colour")
    AttributeValue.objects.bulk_create(
        AttributeValue(attribute=color, code=name, label=name.title()) for name in COLOURS
    )
    return store


def category(store: Store, *names: str) -> Category:
    """The category at this path of names, made where missing."""
    node: Category | None = None
    for name in names:
        slug = name.lower()
        found = Category.objects.filter(store=store, slug=slug).first()
        if found is None:
            facts = {"store": store, "name": name, "slug": slug}
            if node is None:
                found = Category.objects.add_root(facts)
            else:
                found = Category.objects.add_child(Category.objects.get(pk=node.pk), facts)
        node = found
    assert node is not None
    return node


def brand(store: Store, name: str) -> Brand:
    return Brand.objects.get_or_create(store=store, slug=name.lower(), defaults={"name": name})[0]


def make_product(store: Store, sku: str, *, colours: Sequence[str] = ("red",), **facts: Any) -> Product:
    """A product with a photo of each of the colours, the first its `color`."""
    attributes = {"color": [colours[0]]} if colours else {}
    defaults = {"title": f"{colours[0] if colours else 'plain'} thing", "quantity": 5, "attributes": attributes}
    product = Product.objects.create(store=store, sku=sku, **{**defaults, **facts})
    for position, colour in enumerate(colours):
        add_photo(product, colour, position=position)
    product.refresh_from_db()
    return product


def add_photo(
    product: Product, colour: str, *, position: int = 0, kind: str = "catalog", data: bytes | None = None
) -> ProductImage:
    """Give the product a photo of that colour, or with these bytes."""
    data = photo_bytes(colour) if data is None else data
    sha256 = hashlib.sha256(data).hexdigest()
    return ProductImage.objects.create(
        product=product,
        file=ContentFile(data, name=f"{sha256[:16]}.png"),
        sha256=sha256,
        kind=kind,
        position=position,
        width=32,
        height=40,
    )
