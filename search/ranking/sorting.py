"""The pool in an order other than relevance."""

from __future__ import annotations

import numpy as np

from catalog.models import Product
from search.ordering import in_order
from search.pools import Pool
from search.query import Sort


def sorted_pool(pool: Pool, sort: Sort) -> Pool:
    """The pool's products as Postgres orders them; one that is gone by now is left out."""
    products = Product.objects.filter(pk__in=pool.products.tolist())
    place = {product_id: position for position, product_id in enumerate(pool.products.tolist())}
    ids = in_order(products, sort).values_list("pk", flat=True)
    return pool.taken(np.array([place[product_id] for product_id in ids], np.intp))
