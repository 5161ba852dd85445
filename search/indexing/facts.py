"""What a Milvus row says of an image beside its vector, read from Postgres in one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from catalog.models import AttributeValue, ProductImage
from catalog.models.product import MAX_ATTRIBUTE_VALUES
from catalog.models.store import MINOR_UNIT_DIGITS
from search.milvus import Row

NO_PRICE = -1
NO_ID = 0


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image and its product as one statement read them, so that the revisions belong to the values."""

    image_id: int
    file: str
    sha256: str
    kind: str
    image_revision: int
    product_id: int
    product_revision: int
    store_id: int
    category_id: int
    brand_id: int
    price_minor: int
    is_published: bool
    is_in_stock: bool
    value_ids: tuple[int, ...]

    def row(self, embedding: NDArray[np.float32]) -> Row:
        """The row that this image should have."""
        return Row(
            id=self.image_id,
            store_id=self.store_id,
            product_id=self.product_id,
            category_id=self.category_id,
            brand_id=self.brand_id,
            kind=self.kind,
            published=self.is_published,
            in_stock=self.is_in_stock,
            price_minor=self.price_minor,
            attributes=self.value_ids,
            image_revision=self.image_revision,
            product_revision=self.product_revision,
            embedding=embedding,
        )


def read_facts(image_ids: Iterable[int]) -> list[ImageFacts]:
    """The facts of these images; one that is gone is left out."""
    rows = list(
        ProductImage.objects.filter(pk__in=list(image_ids))
        .order_by("pk")
        .values_list(
            "id",
            "file",
            "sha256",
            "kind",
            "revision",
            "product_id",
            "product__revision",
            "product__store_id",
            "product__category_id",
            "product__brand_id",
            "product__price",
            "product__is_published",
            "product__quantity",
            "product__attributes",
            "product__store__currency",
        )
    )
    value_ids = _value_ids({row[7] for row in rows})
    return [
        ImageFacts(
            *row[:8],
            category_id=row[8] or NO_ID,
            brand_id=row[9] or NO_ID,
            price_minor=_minor(row[10], row[14]),
            is_published=row[11],
            is_in_stock=row[12] > 0,
            value_ids=_ids_of(row[13], value_ids.get(row[7], {})),
        )
        for row in rows
    ]


def _minor(price: Decimal | None, currency: str) -> int:
    return NO_PRICE if price is None else int(price.scaleb(MINOR_UNIT_DIGITS.get(currency, 2)))


def _value_ids(store_ids: set[int]) -> dict[int, dict[tuple[str, str], int]]:
    """Per store, from (attribute code, value code) to the value's id."""
    found: dict[int, dict[tuple[str, str], int]] = {}
    rows = AttributeValue.objects.filter(attribute__store_id__in=store_ids).values_list(
        "attribute__store_id", "attribute__code", "code", "id"
    )
    for store_id, attribute, code, value_id in rows:
        found.setdefault(store_id, {})[attribute, code] = value_id
    return found


def _ids_of(attributes: object, known: Mapping[tuple[str, str], int]) -> tuple[int, ...]:
    """Value ids of a product's attributes; raw SQL may have put any JSON there, which simply has no ids."""
    if not isinstance(attributes, dict):
        return ()
    pairs = ((code, name) for code, names in attributes.items() if isinstance(names, list) for name in names)
    ids = sorted({known[pair] for pair in pairs if isinstance(pair[1], str) and pair in known})
    return tuple(ids[:MAX_ATTRIBUTE_VALUES])
