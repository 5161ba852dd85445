"""The search in one page: understand the words, match, rank, keep the pool, hydrate a page, count facets.

A later page reads the pool of its `search_id` and what the query was taken to mean when that was made.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

from django.db.models import QuerySet

from catalog.models import Product, Store
from search import pools
from search.calibration.confidence import find_calibration
from search.errors import IndexUnavailable
from search.events.search_log import remember_search
from search.facets import count_facets
from search.matching import match, match_set
from search.models import IndexVersion
from search.paging import page
from search.pools import Pool, Understood
from search.query import Facet, Filters, Mode, Query, Result
from search.ranking import rank
from search.run import Run
from search.understanding import parse, understand
from search.versions import live_version


def search(
    query: Query, *, version: IndexVersion | None = None, is_kept: bool = True, is_logged: bool = True
) -> Result:
    """Answer a query. Raises `InvalidQuery`, or `IndexUnavailable`/`EncoderUnavailable` where no route was left to answer.

    `version` asks another index than the live one. `is_kept=False` leaves no pool in the cache for later pages: an
    evaluation asks thousands of queries once, and shall not push shoppers' pools out. Nor is it remembered as a shopper's
    search, and `is_logged=False` asks for that alone.
    """
    run = _begun(query, version, is_kept=is_kept)
    pool, search_id, is_renewed = _pool(run)
    with run.timed("hydrate"):
        hits, removed = page(run, pool, search_id)
    with run.timed("facets"):
        facets = _facets(run, pool) if query.facet_by else ()
    is_new = query.page == 1 and (is_renewed or not query.search_id)
    if is_kept and is_logged and is_new:
        with run.timed("log"):
            remember_search(
                query,
                search_id=search_id,
                found=pool.found,
                index_version=pool.index_version,
                took_ms=query.deadline_ms - run.left_s * 1000,
            )
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
        removed_since=removed,
        left_out=pool.left_out,
        index_version=run.version.collection if run.version else "",
        model=run.version.model_name if run.version else "",
        lag_seconds=run.version.lag_seconds if run.version else None,
        notes=pool.notes,
    )


def _begun(query: Query, version: IndexVersion | None, *, is_kept: bool) -> Run:
    """A run with its store, its clock, and the index and calibration that it searches by."""
    store = Store.objects.get(pk=query.store_id)
    run = Run(query, query, store, monotonic() + query.deadline_ms / 1000, is_kept=is_kept)
    try:
        run.version = version or live_version()
    except IndexUnavailable:
        if query.mode is not Mode.BROWSE:
            run.degraded.append("index")
    if run.version and query.mode is not Mode.BROWSE:
        run.calibration = find_calibration(query.store_id, run.version)
    return run


def _pool(run: Run) -> tuple[Pool, str, bool]:
    """The pinned pool of the query's search id, else a new one; and whether a pinned one was asked for in vain."""
    if run.asked.search_id:
        with run.timed("pool"):
            kept = pools.load(run.asked)
        if kept is not None:
            _recall(run, kept)
            return kept, run.asked.search_id, False
    pool = _compute(run)
    if not run.is_kept:
        return pool, "", False
    with run.timed("pool"):
        return pool, pools.save(run.asked, pool), bool(run.asked.search_id)


def _compute(run: Run) -> Pool:
    with run.timed("understand"):
        understand(run)
    pool = rank(run, match(run))
    return replace(
        pool,
        degraded=tuple(run.degraded),
        index_version=run.version.collection if run.version else "",
        understood=Understood(
            text=run.query.text,
            filters=run.query.filters,
            hidden=tuple(sorted(run.hidden)),
            pinned=tuple(sorted(run.pinned.items())),
        ),
        notes=run.notes,
    )


def _recall(run: Run, pool: Pool) -> None:
    """Read the query as it was understood when its pool was made."""
    understood = pool.understood
    run.query = replace(run.query, text=understood.text, filters=understood.filters)
    run.hidden, run.pinned = set(understood.hidden), dict(understood.pinned)
    parse(run)


def _facets(run: Run, pool: Pool) -> tuple[Facet, ...]:
    def products_for(filters: Filters) -> QuerySet[Product]:
        return match_set(run, filters, pool)

    return count_facets(run.store, run.query.filters, run.query.facet_by, products_for=products_for)


__all__ = ["search"]
