"""Ways out of an answer that is empty, or nearly: other searches that find more, each with the count that it gives.

A count is what the changed search itself finds, understood and matched like any other: whatever rules, floors or
collapsing do to it, following a suggestion shows so many hits. Each costs a search, so their number is bounded, and none
begins in the second half of the search's time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from search.errors import EncoderUnavailable, IndexUnavailable, InvalidQuery
from search.pools import Pool
from search.result import Suggestion
from search.run import Run, Stage
from search.suggesting.filters import fewer_filters
from search.suggesting.nearest import what_is_nearest
from search.suggesting.trials import Compute, TimeIsOver, Trials
from search.suggesting.words import other_words

logger = logging.getLogger(__name__)
MAX_SUGGESTIONS = 6
# With filters an answer of fewer hits than this is helped as an empty one is.
FEW = 3
# The most useful first: what keeps the most of what was asked.
KINDS = (
    "corrected_words",
    "widen_price",
    "drop_filter",
    "drop_words",
    "nearest_category",
    "clear_filters",
    "show_nearest",
)


def suggest(run: Run, pool: Pool, *, compute: Compute) -> tuple[Suggestion, ...]:
    """The suggestions for this search, the most useful first; none where the answer needs none, or a part is down.

    `compute` gives the pool of a run. Never raises for what another search may run into.
    """
    if not _is_wanted(run, pool) or run.gives_up(Stage.SUGGESTIONS):
        return ()
    with run.timed("suggest"):
        return _best(_all(Trials(run, pool, compute)))


def _all(trials: Trials) -> list[Suggestion]:
    """As many as there is time for."""
    found: list[Suggestion] = []
    try:
        for way in (other_words, fewer_filters, what_is_nearest):
            for suggestion in way(trials):
                found.append(suggestion)
    except TimeIsOver:
        logger.info("Only %d suggestions: the time for them is over.", len(found))
    except (IndexUnavailable, EncoderUnavailable, InvalidQuery) as error:
        logger.info("A suggestion was given up: %s", error)
    return found


def _is_wanted(run: Run, pool: Pool) -> bool:
    query = run.asked
    is_first = query.page == 1 and query.after is None
    if not is_first or not query.suggests or {"milvus", "encoder"} & {*run.degraded, *pool.degraded}:
        return False
    return pool.found == 0 or (pool.found < FEW and bool(query.filters.fields))


def _best(found: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
    """The first of each kind before the second of any, at most `MAX_SUGGESTIONS`, in the kinds' order."""
    kept: list[tuple[int, int, Suggestion]] = []
    seen: dict[str, int] = {}
    for one in found:
        place = seen[one.kind] = seen.get(one.kind, -1) + 1
        kept.append((place, KINDS.index(one.kind), one))
    chosen = sorted(kept, key=lambda entry: entry[:2])[:MAX_SUGGESTIONS]
    return tuple(one for _, _, one in sorted(chosen, key=lambda entry: (entry[1], entry[0])))


__all__ = ["FEW", "KINDS", "MAX_SUGGESTIONS", "suggest"]
