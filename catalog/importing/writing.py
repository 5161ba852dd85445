"""A batch of records -> rows, in one transaction. What a record does not change is not written.

Photos are kept before the transaction, under the hash of their bytes: a crash leaves at worst a file that nobody names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.importing.gallery import Gallery, KeptPhoto, change_galleries, keep_photos
from catalog.importing.records import Outcome, Record, RowResult
from catalog.models import Product, Store
from catalog.models.product import MAX_ATTRIBUTE_VALUES
from catalog.signals import catalogue_written
from catalog.taxonomy import Taxonomy

# A product made or removed by somebody else between reading and writing: the batch is read again and finds it.
_ATTEMPTS = 3
_PLAIN = ("title", "description", "price", "quantity", "margin", "style_code", "url", "is_published")


@dataclass(frozen=True, slots=True)
class Writing:
    """What all batches of one import share. A dry run does everything but leave it."""

    store: Store
    taxonomy: Taxonomy
    read_photo: Callable[[str], bytes]
    is_dry_run: bool = False


def write_batch(writing: Writing, records: Sequence[Record]) -> list[RowResult]:
    """Write the records and say what became of each, in their order. SKUs are unique in the batch.

    Steps: keep the photos; lock the store; make the taxonomy that is missing; compare with the rows as they are; lock
    and write those that differ. Raises `Store.DoesNotExist` when the store is gone.
    """
    kept = keep_photos(records, store_id=writing.store.pk, read_photo=writing.read_photo, is_dry_run=writing.is_dry_run)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with transaction.atomic():
                results = _write(writing, records, kept)
                if writing.is_dry_run:
                    transaction.set_rollback(True)
                elif any(result.outcome in (Outcome.CREATED, Outcome.UPDATED) for result in results):
                    catalogue_written.send(sender=Product)
        except IntegrityError:
            writing.taxonomy.reload()
            if attempt == _ATTEMPTS:
                raise
        else:
            break
    if writing.is_dry_run:
        writing.taxonomy.reload()
    return results


def _write(writing: Writing, records: Sequence[Record], kept: Sequence[Sequence[KeptPhoto]]) -> list[RowResult]:
    store = Store.objects.select_for_update(no_key=True).get(pk=writing.store.pk)
    _ensure_taxonomy(writing.taxonomy, records)
    products, refused = _write_products(store, writing.taxonomy, records)
    galleries = [
        Gallery(products[record.sku][0], photos)
        for record, photos in zip(records, kept, strict=True)
        if "images" in record.given and record.sku not in refused
    ]
    changes = change_galleries(galleries)
    results = []
    for record, photos in zip(records, kept, strict=True):
        problems = tuple(photo.problem for photo in photos if photo.problem)
        if record.sku in refused:
            results.append(RowResult(record.line, record.sku, Outcome.REFUSED, refused[record.sku]))
            continue
        product, outcome = products[record.sku]
        change = changes.get(product.pk)
        if change and change.is_any and outcome is Outcome.UNCHANGED:
            outcome = Outcome.UPDATED
        added, removed = (change.added, change.removed) if change else (0, 0)
        results.append(
            RowResult(
                record.line,
                record.sku,
                outcome,
                images_added=added,
                images_removed=removed,
                image_problems=problems,
            )
        )
    return results


def _ensure_taxonomy(taxonomy: Taxonomy, records: Sequence[Record]) -> None:
    taxonomy.ensure_categories(record.category for record in records)
    taxonomy.ensure_brands(record.brand for record in records)
    taxonomy.ensure_values(pair for record in records for pair in record.attributes)


def _write_products(
    store: Store, taxonomy: Taxonomy, records: Sequence[Record]
) -> tuple[dict[str, tuple[Product, Outcome]], dict[str, str]]:
    """Create and update the records' products: each with its outcome by SKU, and the reasons of those refused."""
    found = _read(store, [record.sku for record in records])
    changed = [record for record in records if record.sku in found and _changes(found[record.sku], record, taxonomy)]
    # Compared again under a lock: an editor's save in between would be lost otherwise.
    locked = _read(store, [record.sku for record in changed], is_locked=True)
    products = {sku: (product, Outcome.UNCHANGED) for sku, product in found.items()}
    refused: dict[str, str] = {}
    groups: dict[tuple[str, ...], list[Product]] = {}
    for record in changed:
        if record.sku not in locked:
            continue
        product = locked[record.sku]
        changes = _changes(product, record, taxonomy)
        if _has_too_many_values(changes):
            refused[record.sku] = f"the product would have more than {MAX_ATTRIBUTE_VALUES} attribute values"
        elif changes:
            _apply(product, changes)
            groups.setdefault(tuple(sorted(changes)), []).append(product)
        products[record.sku] = (product, Outcome.UPDATED if changes else Outcome.UNCHANGED)
    for fields, group in groups.items():
        # Only the fields that a row changes are written, so a feed of prices never sets a title.
        Product.objects.bulk_update(group, [*fields, "updated_at"])
    created: list[Product] = []
    for record in records:
        if record.sku in found:
            continue
        if "title" in record.given:
            created.append(_new(store, record, taxonomy))
        else:
            refused[record.sku] = "there is no such product, and a new one needs a title"
    Product.objects.bulk_create(created)
    products.update({product.sku: (product, Outcome.CREATED) for product in created})
    return products, refused


def _read(store: Store, skus: Sequence[str], *, is_locked: bool = False) -> dict[str, Product]:
    rows = Product.objects.filter(store=store, sku__in=skus)
    if is_locked:
        rows = rows.order_by("pk").select_for_update(no_key=True)
    return {product.sku: product for product in rows} if skus else {}


def _new(store: Store, record: Record, taxonomy: Taxonomy) -> Product:
    product = Product(store=store, sku=record.sku)
    _apply(product, _changes(product, record, taxonomy))
    return product


def _apply(product: Product, changes: dict[str, Any]) -> None:
    for field, value in changes.items():
        setattr(product, field, value)
    product.updated_at = timezone.now()


def _changes(product: Product, record: Record, taxonomy: Taxonomy) -> dict[str, Any]:
    """The columns that the record states otherwise than the product has them."""
    stated: dict[str, Any] = {field: getattr(record, field) for field in _PLAIN if field in record.given}
    if "category" in record.given:
        stated["category_id"] = taxonomy.category_id(record.category)
    if "brand" in record.given:
        stated["brand_id"] = taxonomy.brand_id(record.brand)
    if "attributes" in record.given:
        codes = taxonomy.codes(record.attributes)
        merged = {**product.attributes, **codes}
        stated["attributes"] = {name: values for name, values in merged.items() if values}
    return {field: value for field, value in stated.items() if getattr(product, field) != value}


def _has_too_many_values(changes: dict[str, Any]) -> bool:
    return sum(len(values) for values in changes.get("attributes", {}).values()) > MAX_ATTRIBUTE_VALUES
