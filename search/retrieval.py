"""The search in one page: understand the words, match, rank, keep the pool, hydrate a page, count facets.

A later page reads the pool of its `search_id` and what the query was taken to mean when that was made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic

from catalog.models import Store
from search import pools
from search.calibration.confidence import find_calibration
from search.choices import Mode
from search.deadlines import deadline_in
from search.errors import IndexUnavailable
from search.events.search_log import remember_search
from search.explaining import explanation, with_parts
from search.facets.counting import count_facets, packed_facets
from search.matching import match
from search.models import IndexVersion
from search.observing import observed
from search.paging import page
from search.pools import Pool, Understood
from search.query import Query
from search.ranking.stages import rank
from search.result import Facet, Result
from search.rules.matching import Rule
from search.run import Run
from search.serving.statements import ESSENTIAL_S, reading, statements_in_time
from search.stamps import read_stamps
from search.suggesting import suggest
from search.understanding import parse, understand
from search.versions import live_and_next, version_of_collection
from search.warming import keep_warm


@observed
def search(
    query: Query,
    *,
    store: Store | None = None,
    version: IndexVersion | None = None,
    is_kept: bool = True,
    is_logged: bool = True,
    rules: Sequence[Rule] | None = None,
    clock: Callable[[], float] = monotonic,
) -> Result:
    """Answer a query. Raises `InvalidQuery`, or `IndexUnavailable`/`EncoderUnavailable` where no route was left to answer.

    `store` is the query's own, where the caller has it. `version` asks another index than the live one. `is_kept=False` leaves
    no pool in the cache for later pages: an evaluation asks thousands of queries once, and shall not push shoppers' pools out.
    Nor is it remembered as a shopper's search, and `is_logged=False` asks for that alone. `rules` are tried in the place of
    those in force; an empty list searches without any. `clock` counts the seconds of the query's deadline.
    """

    def answer() -> Result:
        run = begun(query, version, store=store, is_kept=is_kept, clock=clock)
        run.rules = rules
        return _answered(run, is_logged=is_logged)

    with deadline_in(query.deadline_ms / 1000), statements_in_time(least_s=ESSENTIAL_S):
        return reading(answer)


def _answered(run: Run, *, is_logged: bool) -> Result:
    query = run.asked
    pool, facets, search_id, is_renewed = _pool(run)
    with run.timed("hydrate"):
        shown = page(run, pool, search_id)
    hits = shown.hits
    if query.explain:
        with run.timed("explain"):
            hits = with_parts(run, hits)
    # Reading on is no new search, and neither is a question for totals and facets alone.
    is_new = query.page == 1 and query.after is None and query.per_page > 0 and (is_renewed or not query.search_id)
    if run.is_kept and is_logged and is_new:
        with run.timed("log"):
            remember_search(
                query,
                search_id=search_id,
                found=pool.found,
                index_version=pool.index_version,
                took_ms=query.deadline_ms - run.left_s * 1000,
            )
    suggestions = suggest(run, pool, compute=_compute)
    return Result(
        search_id=search_id,
        mode=query.mode,
        found=pool.found,
        found_exact=pool.found_exact,
        hits=hits,
        facets=facets,
        timings_ms=run.timings_ms,
        degraded=tuple(dict.fromkeys([*pool.degraded, *run.degraded])),
        any_word=pool.any_word,
        pool_renewed=is_renewed,
        removed_since=shown.removed,
        left_out=pool.left_out,
        index_version=run.version.collection if run.version else "",
        model=run.version.model_name if run.version else "",
        lag_seconds=run.version.lag_seconds if run.version else None,
        dropped=tuple(dict.fromkeys([*pool.dropped, *run.dropped])),
        next=shown.next,
        suggestions=suggestions,
        explanation=explanation(run, pool) if query.explain else None,
        notes=pool.notes,
        names=run.names,
    )


def begun(
    query: Query,
    version: IndexVersion | None,
    *,
    is_kept: bool,
    clock: Callable[[], float],
    store: Store | None = None,
) -> Run:
    """A run with its store, its clock, and the index and calibration that it searches by."""
    if store is None or store.pk != query.store_id:
        store = Store.objects.get(pk=query.store_id)
    run = Run(query, query, store, clock() + query.deadline_ms / 1000, is_kept=is_kept, clock=clock)
    run.stamps = query.stamps or read_stamps(store.pk)
    try:
        if version is None:
            run.version, coming = live_and_next()
            if coming is not None:
                keep_warm(coming)
        else:
            run.version = version
    except IndexUnavailable:
        if query.mode is not Mode.BROWSE:
            run.degraded.append("index")
    if run.version and query.mode is not Mode.BROWSE:
        run.calibration = find_calibration(query.store_id, run.version)
    return run


def _pool(run: Run) -> tuple[Pool, tuple[Facet, ...], str, bool]:
    """The pinned pool of the query's search id, else a new one, with its facets; and whether a pinned one was asked for
    in vain. Facets are counted before a pool is kept, so that its later pages repeat them."""
    if run.asked.search_id:
        with run.timed("pool"):
            kept = pools.load(run.asked)
        if kept is not None and _is_of_version(run, kept):
            _recall(run, kept)
            return kept, count_facets(run, kept), run.asked.search_id, False
    pool = _compute(run)
    facets = count_facets(run, pool)
    if not run.is_kept:
        return pool, facets, "", False
    pool = replace(pool, facets=packed_facets(run, facets))
    with run.timed("pool"):
        return pool, facets, pools.save(run.asked, pool), bool(run.asked.search_id)


def _is_of_version(run: Run, pool: Pool) -> bool:
    """Whether the pool's own index version can go on answering for it, which is searched then, whichever is live by now.

    Another version's vectors would count, explain and re-order what the pool's found by other scores.
    """
    if run.version is None or not pool.index_version or pool.index_version == run.version.collection:
        return True
    version = version_of_collection(pool.index_version)
    if version is None:
        return False
    run.version = version
    if run.query.mode is not Mode.BROWSE:
        run.calibration = find_calibration(run.query.store_id, version)
    return True


def _compute(run: Run) -> Pool:
    with run.timed("understand"):
        understand(run)
    pool = rank(run, match(run))
    return replace(
        pool,
        degraded=tuple(run.degraded),
        dropped=tuple(run.dropped),
        index_version=run.version.collection if run.version else "",
        understood=Understood(
            text=run.query.text,
            mode=run.query.mode,
            filters=run.query.filters,
            hidden=tuple(sorted(run.hidden)),
            pinned=tuple(sorted(run.pinned.items())),
        ),
        notes=run.notes,
    )


def _recall(run: Run, pool: Pool) -> None:
    """Read the query as it was understood when its pool was made."""
    understood = pool.understood
    run.query = replace(run.query, text=understood.text, mode=understood.mode, filters=understood.filters)
    run.hidden, run.pinned = set(understood.hidden), dict(understood.pinned)
    parse(run)


__all__ = ["search"]
