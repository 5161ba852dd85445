"""From a shop's names to ids and SQL: resolves `Filters` for Milvus, and applies the same filters in Postgres."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from django.db.models import Q, QuerySet

from catalog.models import Product, Store
from search.colour.conditions import with_colours
from search.query import Filters, RowFilter
from search.taxonomy import Taxonomy, store_taxonomy

MAX_PRICE_MINOR = 2**62


def resolve(
    store: Store,
    filters: Filters,
    *,
    exclude_product_ids: tuple[int, ...] = (),
    taxonomy: Taxonomy | None = None,
) -> RowFilter:
    """The ids that rows of this store hold for these names. An unknown name resolves to no id, so it matches nothing.

    `taxonomy` is the request's own; without it the store's names are looked up anew.
    """
    names = taxonomy or store_taxonomy(store.pk)
    return RowFilter(
        store_id=store.pk,
        category_ids=names.subtree_ids(filters.categories) if filters.categories else None,
        brand_ids=names.brand_ids(filters.brands) if filters.brands else None,
        price_min=None if filters.price_min is None else to_minor(filters.price_min, store, rounding=ROUND_CEILING),
        price_max=None if filters.price_max is None else to_minor(filters.price_max, store, rounding=ROUND_FLOOR),
        in_stock=filters.in_stock,
        value_ids=tuple(
            tuple(names.values[code][term].id for term in terms if term in names.values.get(code, {}))
            for code, terms in filters.attributes
        ),
        value_codes=filters.attributes,
        exclude_product_ids=exclude_product_ids,
        palette=filters.palette,
        closeness=filters.closeness,
    )


def to_minor(amount: Decimal, store: Store, *, rounding: str = ROUND_FLOOR) -> int:
    """An amount in the store's currency as whole minor units (cents). Bounded to what an int64 holds."""
    scaled = (amount * (10**store.minor_unit_digits)).to_integral_value(rounding=rounding)
    return int(max(Decimal(-MAX_PRICE_MINOR), min(Decimal(MAX_PRICE_MINOR), scaled)))


def matching_products(wanted: RowFilter, *, minor_unit_digits: int) -> QuerySet[Product]:
    """The store's published products that pass the filter, in Postgres: the same conditions that rows are searched by."""
    products: QuerySet[Product] = Product.objects.filter(store_id=wanted.store_id, is_published=True)
    if wanted.matches_nothing:
        return products.none()
    if wanted.category_ids is not None:
        products = products.filter(category_id__in=wanted.category_ids)
    if wanted.brand_ids is not None:
        products = products.filter(brand_id__in=wanted.brand_ids)
    unit = Decimal(10) ** -minor_unit_digits
    if wanted.price_min is not None or wanted.price_max is not None:
        products = products.filter(price__isnull=False)
    if wanted.price_min is not None:
        products = products.filter(price__gte=wanted.price_min * unit)
    if wanted.price_max is not None:
        products = products.filter(price__lte=wanted.price_max * unit)
    if wanted.in_stock is not None:
        products = products.filter(quantity__gt=0) if wanted.in_stock else products.filter(quantity=0)
    for code, names in wanted.value_codes:
        any_value = Q()
        for name in names:
            any_value |= Q(attributes__contains={code: [name]})
        products = products.filter(any_value) if names else products.none()
    if wanted.palette:
        products = with_colours(products, wanted.palette, wanted.closeness)
    if wanted.exclude_product_ids:
        products = products.exclude(pk__in=wanted.exclude_product_ids)
    return products
