"""The other variants of a product's style, as its dialog shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from catalog.models import AttributeValue, Product, ProductImage
from search.ranking.records import ProductTwin
from storefront.links import Links
from storefront.photos import main_image

MAX_VARIANTS = 24


@dataclass(frozen=True, slots=True)
class Variant:
    """`label` says what tells it apart: "Navy, M", or its title where nothing stated does."""

    product: Product
    image: ProductImage | None
    label: str
    url: str
    is_current: bool


def variants_of(product: Product, links: Links) -> tuple[Variant, ...]:
    """The published products of this style, the given one among them, with what looks the same; none where it is alone."""
    alike = Q(style_code=product.style_code) if product.style_code else Q(pk=product.pk)
    families = ProductTwin.objects.filter(pk=product.pk).values_list("family", flat=True)
    for family in families:
        alike |= Q(pk__in=ProductTwin.objects.filter(family=family).values("pk"))
    found = list(
        Product.objects.published()
        .with_facts()
        .filter(alike, store=product.store_id)
        .order_by("title", "pk")[:MAX_VARIANTS]
    )
    if product not in found:
        found.append(product)
    if len(found) < 2:
        return ()
    labels = _labels(product.store_id, found)
    return tuple(
        Variant(one, main_image(one), labels[one.pk] or one.title, links.product(one.sku), one == product)
        for one in found
    )


def _labels(store_id: int, products: Sequence[Product]) -> dict[int, str]:
    """Of each product the labels of the attributes in which these products differ: a colour rather than a list of sizes."""
    codes = {code for product in products for code in product.attributes}
    differing = [code for code in codes if len({tuple(_values(product, code)) for product in products}) > 1]
    single = [code for code in differing if all(len(_values(product, code)) < 2 for product in products)]
    differing = single or differing
    rows = AttributeValue.objects.filter(attribute__store=store_id, attribute__code__in=differing).order_by(
        "attribute__position", "attribute__code", "label"
    )
    names: Mapping[tuple[str, str], str] = {
        (code, value): label for code, value, label in rows.values_list("attribute__code", "code", "label")
    }
    return {
        product.pk: ", ".join(label for (code, value), label in names.items() if value in _values(product, code))
        for product in products
    }


def _values(product: Product, code: str) -> list[str]:
    values: list[str] = product.attributes.get(code, [])
    return values
