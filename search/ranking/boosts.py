"""Multiplies the scores of what rules boost and bury."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from search.pools import Pool
from search.run import Boost


def boosted(pool: Pool, boosts: Sequence[Boost]) -> Pool:
    """The pool by its scores after each boost; equal scores keep their order. A boost's signal is its factor."""
    if not boosts or not len(pool):
        return pool
    scores = pool.scores.copy()
    for boost in boosts:
        ids = boost.products.filter(pk__in=pool.products.tolist()).values_list("pk", flat=True)
        chosen = np.isin(pool.products, np.array(list(ids), np.int64))
        scores[chosen] *= np.float32(boost.factor)
        pool = pool.with_signal(boost.name, np.where(chosen, boost.factor, np.nan).astype(np.float32))
    return replace(pool, scores=scores).taken(np.argsort(-scores, kind="stable"))
