"""Writing one product, by the rules of an import: the REST API's single way to change the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.db import transaction

from catalog.importing.records import FIELDS, Outcome, Record
from catalog.importing.writing import Writing, write_batch
from catalog.models import Product, Store
from catalog.photos import InvalidPhoto
from catalog.taxonomy import Taxonomy, attribute_code


class ProductExists(ValueError):
    """A new product's SKU is taken."""


class ProductRefused(ValueError):
    """The product cannot be written; the message says why."""


def write_product(
    *, store: Store, record: Record, uploads: Mapping[str, bytes] | None = None, is_new: bool = False
) -> tuple[Product, Outcome]:
    """Create or update one product; fields that the record does not state are left as they are.

    `uploads` holds the bytes of the photos that the record names as files. With `is_new` the product must not exist.
    Raises `ProductExists`, `ProductRefused`.
    """
    files = uploads or {}

    def read_photo(name: str) -> bytes:
        if name not in files:
            raise InvalidPhoto("there is no such upload")
        return files[name]

    with transaction.atomic():
        # The lock of the writing itself: a second creator of the same SKU waits here, and then finds it taken.
        locked = Store.objects.select_for_update(no_key=True).get(pk=store.pk)
        if is_new and Product.objects.filter(store=locked, sku=record.sku).exists():
            raise ProductExists(record.sku)
        result = write_batch(Writing(locked, Taxonomy(locked), read_photo), [record])[0]
        problem = result.reason or "; ".join(result.image_problems)
        if problem:
            raise ProductRefused(problem)
    return Product.objects.with_facts().get(store=store, sku=record.sku), result.outcome


def replacing(record: Record, product: Product | None) -> Record:
    """The record as a whole product: what it does not state is emptied. Photos stay unless it states some."""
    given = frozenset(FIELDS) - {"sku", "images"} | record.given
    stated = {attribute_code(name) for name, _ in record.attributes}
    dropped = tuple((code, ()) for code in (product.attributes if product else {}) if code not in stated)
    return replace(record, given=given, attributes=record.attributes + dropped)
