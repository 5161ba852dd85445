"""Products as rows of a table that the importer reads back without a difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from django.db.models import QuerySet

from catalog.importing.columns import PREFIX
from catalog.labels import Labels
from catalog.models import Attribute, Product, Store

PLAIN_COLUMNS = (
    "sku",
    "title",
    "description",
    "category",
    "brand",
    "price",
    "quantity",
    "margin",
    "style_code",
    "url",
    "is_published",
)
# Names that the importer does not take for its own: where photos lie is told, but importing it would fetch them anew.
TOLD_COLUMNS = ("in_store", "photos_at")
_CHUNK = 1000


def export_header(stores: Sequence[Store]) -> list[str]:
    """The columns of an export of these stores' products, attributes last."""
    codes = Attribute.objects.filter(store__in=stores).order_by("position", "code").values_list("code", flat=True)
    return [*PLAIN_COLUMNS, *TOLD_COLUMNS, *(PREFIX + code for code in dict.fromkeys(codes))]


def export_rows(products: QuerySet[Product], header: Sequence[str]) -> Iterator[list[str]]:
    """A row of texts for each product, read in chunks."""
    codes = [name.removeprefix(PREFIX) for name in header if name.startswith(PREFIX)]
    rows = iter(
        products.select_related("store", "brand", "category").prefetch_related("images").iterator(chunk_size=_CHUNK)
    )
    while chunk := list(islice(rows, _CHUNK)):
        labels = Labels(chunk)
        for product in chunk:
            texts = product_texts(product, labels)
            attributes = attribute_texts(product, labels)
            photos = "|".join(image.file.url if image.file else image.source_url for image in product.images.all())
            yield [*texts.values(), product.store.slug, photos, *(attributes.get(code, "") for code in codes)]


def product_texts(product: Product, labels: Labels) -> dict[str, str]:
    """The plain columns of a product as an import file states them."""
    digits = product.store.minor_unit_digits
    return {
        "sku": product.sku,
        "title": product.title,
        "description": product.description,
        "category": labels.category_path(product.category) if product.category else "",
        "brand": product.brand.name if product.brand else "",
        "price": "" if product.price is None else f"{product.price:.{digits}f}",
        "quantity": str(product.quantity),
        "margin": "" if product.margin is None else str(product.margin),
        "style_code": product.style_code,
        "url": product.url,
        "is_published": "true" if product.is_published else "false",
    }


def attribute_texts(product: Product, labels: Labels) -> dict[str, str]:
    """The labels of a product's values by attribute, apart by "|"."""
    return {
        attribute: "|".join(labels.value(product.store_id, attribute, code) for code in codes)
        for attribute, codes in product.attributes.items()
    }
