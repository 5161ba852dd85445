"""Products with their first catalogue photo and its vector, read from the live collection: nothing is encoded again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef
from numpy.typing import NDArray

from catalog.models import Product, ProductImage, Store
from catalog.models.product import ImageKind
from search import milvus
from search.models import IndexEntry, IndexVersion

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Photographed:
    """A product as it stands, and what its photo looks like."""

    product_id: int
    style_code: str
    category_id: int | None
    attributes: dict[str, list[str]]
    image_id: int
    sha256: str
    vector: NDArray[np.float32]

    @property
    def style(self) -> str:
        """What variants share: they look alike and must not be learned from and measured on at once."""
        return self.style_code or f"product {self.product_id}"


def photographed(store: Store, version: IndexVersion) -> Iterator[list[Photographed]]:
    """The store's products whose photo the version holds as it is now, the newest first, in pages.

    Raises `IndexUnavailable`.
    """
    entries = IndexEntry.objects.filter(
        version=version, image_id=OuterRef("pk"), content_hash=OuterRef("sha256"), error=""
    )
    indexed = ProductImage.objects.filter(Exists(entries), kind=ImageKind.CATALOG).exclude(sha256="")
    below = 2**62
    while products := _products(store, below=below):
        below = products[-1][0]
        photos = indexed.filter(product__in=[row[0] for row in products])
        first = {
            product_id: (image_id, sha256)
            for product_id, image_id, sha256 in photos.order_by("product", "position", "pk")
            .distinct("product")
            .values_list("product", "pk", "sha256")
        }
        vectors = milvus.read_vectors(version.collection, [image_id for image_id, _ in first.values()])
        yield [
            Photographed(product_id, style_code, category_id, attributes, *first[product_id], vectors[image_id])
            for product_id, style_code, category_id, attributes in products
            if (image_id := first.get(product_id, (0, ""))[0]) in vectors
        ]


def _products(store: Store, *, below: int) -> list[Any]:
    rows = Product.objects.filter(store=store, pk__lt=below).order_by("-pk")
    return list(rows.values_list("pk", "style_code", "category_id", "attributes")[:PAGE])
