"""From what matched to the order it is shown in: fuse the routes, then let each stage reorder the pool.

A stage takes a `Pool` and gives one. What a stage removes or adds belongs to the match set and is done there, or counted in
`found`; everything else here only moves products.
"""

from __future__ import annotations

from search.choices import SortKey
from search.matching import Matched
from search.pools import Pool
from search.ranking.collapse import collapsed
from search.ranking.diversity import capped, diversified
from search.ranking.fusing import fused
from search.ranking.modifier_checks import modifiers_checked
from search.ranking.pins import put_pins
from search.ranking.rerank import reranked
from search.ranking.signals import moved_by_signals
from search.ranking.sorting import sorted_pool
from search.run import Run


def rank(run: Run, matched: Matched) -> Pool:
    """The pool of the match set in the order that its pages are read."""
    with run.timed("fuse"):
        pool = fused(matched, run.query)
    with run.timed("rank"):
        if run.query.sort.key is not SortKey.RELEVANCE:
            return collapsed(run, sorted_pool(pool, run.query.sort))
        pool = reranked(run, modifiers_checked(run, pool))
        pool = moved_by_signals(run, pool)
        pool = collapsed(run, pool)
        pool = capped(run, diversified(run, pool))
        return put_pins(pool, run.pinned)
