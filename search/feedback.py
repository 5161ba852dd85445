"""What a shopper says of the hits of a running search, and how it moves the search: nothing is kept on the server.

Rocchio (1971): the query moves away from the mean of what was called not relevant, q' = q - gamma * mean(n). Salton and
Buckley (1990) take gamma = 0.25 where the wanted part weighs 1; only negative judgments are known here, so there is no
beta. However many products are waved away, their mean weighs a quarter of the query, and `vectors.MAX_PUSH` bounds it
together with whatever else the query pushes away: the question itself always weighs more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from catalog.models import Product
from search.query import Part, Query

GAMMA = 0.25


def with_not_relevant(query: Query, skus: Sequence[str]) -> Query:
    """The query without these products of its store, moved away from what they look like. Unknown skus say nothing.

    The products are no part of the match set, so totals, facets and pages agree.
    """
    if not skus:
        return query
    ids = Product.objects.filter(store_id=query.store_id, sku__in=skus).order_by("pk").values_list("pk", flat=True)
    unlike = list(ids)
    wanted = max((part.weight for part in query.parts if part.weight > 0), default=1.0)
    parts = tuple(Part(-GAMMA * wanted / len(unlike), product_id=product_id) for product_id in unlike)
    return replace(query, others=(*query.others, *parts))


def is_refined(query: Query) -> bool:
    """Whether products were waved away: the same question again."""
    return any(part.weight < 0 and part.product_id is not None for part in query.others)
