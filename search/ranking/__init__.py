"""From what matched to the order it is shown in: fuse the routes, then let each stage reorder the pool.

A stage takes a `Pool` and gives one. What a stage removes or adds belongs to the match set and is done there, or counted in
`found`; everything else here only moves products.
"""

from __future__ import annotations

from search.matching import Matched
from search.pools import Pool
from search.query import SortKey
from search.ranking.boosts import boosted
from search.ranking.fusing import fused
from search.ranking.pins import put_pins
from search.ranking.sorting import sorted_pool
from search.run import Run


def rank(run: Run, matched: Matched) -> Pool:
    """The pool of the match set in the order that its pages are read."""
    with run.timed("fuse"):
        pool = fused(matched, constant=run.query.rrf_constant)
    with run.timed("rank"):
        if run.query.sort.key is not SortKey.RELEVANCE:
            return sorted_pool(pool, run.query.sort)
        return put_pins(boosted(pool, run.boosts), run.pinned)


__all__ = ["rank"]
