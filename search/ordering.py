"""The orders that Postgres puts products into."""

from __future__ import annotations

from django.db.models import F, QuerySet

from catalog.models import Product
from search.choices import SortKey
from search.colour.conditions import nearest_first
from search.query import Sort


def in_order(products: QuerySet[Product], sort: Sort) -> QuerySet[Product]:
    """In the asked order with the id as the tie's end; products without a price, or without colours, come last either way.

    By relevance the newest come first: there is nothing else to go by without a query.
    """
    if sort.key is SortKey.PRICE:
        price = F("price").desc(nulls_last=True) if sort.is_descending else F("price").asc(nulls_last=True)
        return products.order_by(price, "-pk")
    if sort.key is SortKey.PALETTE:
        return products.order_by(nearest_first(sort.colour), "-pk")
    if sort.key is SortKey.TITLE:
        return products.order_by("-title" if sort.is_descending else "title", "-pk")
    return products.order_by("-created_at", "-pk")
