"""Variants of a style and near-duplicates as one hit: which products belong together, and how many groups that is.

A product's key is a function of the product alone, so a total or a facet counts groups in SQL as it counts products
otherwise. The best-ranked member stands for its group; filters were applied to the members before.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from search.choices import Collapse
from search.matching import match_set
from search.pools import Pool
from search.ranking.groups import count_groups, group_key_sql
from search.run import Run


def group_keys(product_ids: NDArray[np.int64], collapse: Collapse) -> NDArray[np.int64]:
    """A number (n,) for each product, the same for those that are shown as one. Products that are gone stand alone."""
    if collapse is Collapse.NONE:
        return product_ids
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, {group_key_sql(collapse)} FROM catalog_product WHERE id = ANY(%s)",  # noqa: S608  (constants only)
            [product_ids.tolist()],
        )
        known = dict(cursor.fetchall())
    keys = [known.get(product_id, f"p{product_id}") for product_id in product_ids.tolist()]
    return np.unique(np.array(keys), return_inverse=True)[1].astype(np.int64) if keys else product_ids


def collapsed(run: Run, pool: Pool) -> Pool:
    """The pool with one product for each group, and `found` in groups of the whole match set.

    The first in the pool's order stands for its group, or a pinned one, wherever it stood; `variants` counts its members
    in the pool.
    """
    collapse = run.query.collapse
    if collapse is Collapse.NONE or not len(pool):
        return pool
    keys = group_keys(pool.products, collapse)
    order = _pinned_first(pool.products, run.pinned)
    _, first, counts = np.unique(keys[order], return_index=True, return_counts=True)
    heads = order[first]
    by_place = np.argsort(heads)
    chosen = replace(pool.taken(heads[by_place]), variants=counts[by_place].astype(np.int32))
    found = len(chosen)
    if pool.found > len(pool) and pool.found_exact:
        found = count_groups(match_set(run, run.query.filters, pool), collapse)
    return replace(chosen, found=found)


def _pinned_first(products: NDArray[np.int64], pinned: dict[int, int]) -> NDArray[np.intp]:
    """The places in their order, those of pinned products before all others by where they are wanted."""
    wanted = np.array([pinned.get(product_id, 2**31) for product_id in products.tolist()], np.int64)
    return np.argsort(wanted, kind="stable")
