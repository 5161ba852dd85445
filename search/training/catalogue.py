"""A store's own catalogue as training photos: titles, categories, brands and attributes become captions."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from catalog.labels import Labels
from catalog.models import Product, ProductImage, Store
from catalog.models.product import ImageKind
from search.training.captions import FIELDS, Attributes
from search.training.data import STORAGE, Sample, is_held_out

logger = logging.getLogger(__name__)

# A store names its attributes as it likes; these codes mean our fields.
CODES = {
    "colour": "color",
    "base-colour": "color",
    "material-type": "material",
    "print": "pattern",
    "occasion": "usage",
}
READ_ROWS = 1000


def read_catalogue(store: Store) -> list[Sample]:
    """Every catalogue photo of the store's published products, split by product. Photos that wait to be fetched are left out."""
    return list(_samples(store))


def _samples(store: Store) -> Iterator[Sample]:
    rows = (
        ProductImage.objects.filter(product__store=store, product__is_published=True, kind=ImageKind.CATALOG)
        .exclude(file="")
        .select_related("product__category", "product__brand")
        .order_by("product_id", "position", "pk")
    )
    batch: list[ProductImage] = []
    for image in rows.iterator(chunk_size=READ_ROWS):
        batch.append(image)
        if len(batch) == READ_ROWS:
            yield from _batch(batch)
            batch = []
    yield from _batch(batch)


def _batch(images: list[ProductImage]) -> Iterator[Sample]:
    labels = Labels([image.product for image in images])
    for image in images:
        product = image.product
        yield Sample(
            source="catalogue",
            key=product.sku,
            file=image.file.name or "",
            archive=STORAGE,
            title=product.title,
            attributes=attributes_of(product, labels),
            is_validation=is_held_out("catalogue", product.sku),
        )


def attributes_of(product: Product, labels: Labels) -> Attributes:
    """The last part of the category path is the kind, the one above it the group; attribute values by their labels."""
    path = labels.category_path(product.category).lower().split(" > ") if product.category else []
    facts = {
        CODES.get(code, code): labels.value(product.store_id, code, values[0]).lower()
        for code, values in product.attributes.items()
        if values
    }
    known = {field: facts[field] for field in FIELDS if field in facts}
    if path:
        known |= {"kind": path[-1], "group": path[-2] if len(path) > 1 else path[-1]}
    if product.brand:
        known["brand"] = product.brand.name.lower()
    return Attributes(**known)
