"""The search in one page: plan routes, run them, fuse, keep the pool, hydrate a page, count facets.

Match set M(q, F): words match by Postgres, and the vector route orders what they match and adds none. Where words match
nothing, or there are none, it is the vector route above its calibrated floor (search.calibration). While a route is not
calibrated there is no floor: it matches whatever passes the filters, best first, and only its order and its cap mean
anything.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic, perf_counter

import numpy as np
from django.conf import settings
from django.db.models import F, QuerySet

from catalog.models import Product, Store
from search import filters as sql
from search import lexical, milvus, pools
from search.calibration.confidence import NOTHING, Calibration, find_calibration
from search.errors import EncoderUnavailable, IndexUnavailable, InvalidQuery
from search.facets import count_facets
from search.lexical import NO_WORDS, Words
from search.models import IndexVersion
from search.pools import Pool
from search.query import Facet, Filters, Hit, Mode, Query, Result, Sort, SortKey
from search.routes import Route, fuse, query_vectors, vector_route, words_route
from search.versions import live_version

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """What one search carries along: its facts, its clock, and what was down."""

    query: Query
    store: Store
    deadline: float
    version: IndexVersion | None = None
    is_kept: bool = True
    words: Words = NO_WORDS
    calibration: Calibration = NOTHING
    degraded: list[str] = field(default_factory=list)
    timings_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        started = perf_counter()
        try:
            yield
        finally:
            spent = (perf_counter() - started) * 1000
            self.timings_ms[stage] = round(self.timings_ms.get(stage, 0.0) + spent, 3)

    def products(self, filters: Filters) -> QuerySet[Product]:
        """The store's published products under these filters."""
        return sql.matching_products(
            sql.resolve(self.store, filters, exclude_product_ids=self.excluded),
            minor_unit_digits=self.store.minor_unit_digits,
        )

    @property
    def excluded(self) -> tuple[int, ...]:
        """A product is not similar to itself, but with words beside it ("like this but navy") nothing is excluded."""
        return (self.query.product_id,) if self.query.product_id is not None and not self.query.text else ()


def search(query: Query, *, version: IndexVersion | None = None, is_kept: bool = True) -> Result:
    """Answer a query. Raises `InvalidQuery`, or `IndexUnavailable`/`EncoderUnavailable` where no route was left to answer.

    `version` asks another index than the live one. `is_kept=False` leaves no pool in the cache for later pages: an
    evaluation asks thousands of queries once, and shall not push shoppers' pools out.
    """
    run = _Run(query, Store.objects.get(pk=query.store_id), monotonic() + query.deadline_ms / 1000, is_kept=is_kept)
    if query.text:
        run.words = lexical.parse_words(query.text, store=run.store)
    try:
        run.version = version or live_version()
    except IndexUnavailable:
        if query.mode is not Mode.BROWSE:
            run.degraded.append("index")
    if run.version and query.mode is not Mode.BROWSE:
        run.calibration = find_calibration(query.store_id, run.version)
    pool, search_id, is_renewed = _pool(run)
    with run.timed("hydrate"):
        hits, removed = _page(run, pool, search_id)
    with run.timed("facets"):
        facets = _facets(run, pool) if query.facet_by else ()
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
    )


def _pool(run: _Run) -> tuple[Pool, str, bool]:
    """The pinned pool of the query's search id, else a new one; and whether a pinned one was asked for in vain."""
    if run.query.search_id:
        with run.timed("pool"):
            pinned = pools.load(run.query)
        if pinned is not None:
            return pinned, run.query.search_id, False
    pool = _compute(run)
    if not run.is_kept:
        return pool, "", False
    with run.timed("pool"):
        return pool, pools.save(run.query, pool), bool(run.query.search_id)


def _compute(run: _Run) -> Pool:
    mode = run.query.mode
    if mode is Mode.BROWSE:
        with run.timed("browse"):
            return _listed(run, run.products(run.query.filters))
    if mode in (Mode.WORDS, Mode.LEXICAL):
        return _words(run)
    vectors = _vector(run, run.query.filters)
    if vectors is None:
        return _words(run)
    return _alone(run, vectors)


def _words(run: _Run) -> Pool:
    """Words: all of them or, where no product holds all, at least half of them; the text's vector orders what they match.

    Where the words match nothing at all, the vector answers alone.
    """
    products = run.products(run.query.filters)
    with run.timed("lexical"):
        words = words_route(products, run.words, any_word=False)
        any_word = not words.candidates
        if any_word:
            words = words_route(products, run.words, any_word=True)
    words = words.calibrated(run.calibration.routes.get("lexical"), per_word=len(run.words.lexemes))
    vectors = _vector(run, run.query.filters) if run.query.mode is not Mode.LEXICAL and not run.degraded else None
    if vectors is not None and not words.candidates:
        return _alone(run, vectors)
    held = {candidate.product_id for candidate in words.candidates}
    routes = [words] if vectors is None else [words, vectors.only(held)]
    found = len(words.candidates)
    if not words.is_complete:
        found = lexical.matching(products, run.words, any_word=any_word).count()
    return _ordered(run, routes, found=found, any_word=any_word and bool(words.candidates))


def _alone(run: _Run, vectors: Route) -> Pool:
    """The pool of a vector route that nothing vouches for: what is less sure than the floor is left out."""
    sure = _floored(run, vectors)
    pool = _ordered(run, [sure], found_exact=sure.is_complete)
    return replace(pool, left_out=len(vectors.candidates) - len(sure.candidates))


def _floored(run: _Run, vectors: Route) -> Route:
    """The route above the asked confidence, else above its calibrated floor; an uncalibrated one stays whole and says so."""
    calibration = run.calibration.routes.get(vectors.name)
    if calibration is None:
        if run.query.min_confidence and vectors.candidates:
            run.degraded.append("calibration")
        return vectors
    asked = run.query.min_confidence
    return vectors.above(calibration.floor if asked is None else asked)


def _vector(run: _Run, filters: Filters) -> Route | None:
    """The vector route, or None where a part is down and words are left to answer alone. Raises where none are."""
    wanted = sql.resolve(run.store, filters, exclude_product_ids=run.excluded)
    if wanted.matches_nothing:
        return Route("vector", (), is_complete=True)
    try:
        if run.version is None:
            raise IndexUnavailable("There is no live index yet: run manage.py index to build the first one.")
        if wanted.value_ids and milvus.engine().scans_arrays:
            ids = run.products(filters).values_list("pk", flat=True)
            wanted = replace(wanted, value_ids=(), product_ids=tuple(ids))
        with run.timed("encode"):
            name, vectors = query_vectors(run.query, run.version)
        with run.timed("ann"):
            route = vector_route(
                name, vectors, run.version, wanted=wanted, limit=settings.SEARCH_POOL_SIZE, deadline=run.deadline
            )
        return route.calibrated(run.calibration.routes.get(name), queries=vectors)
    except (IndexUnavailable, EncoderUnavailable) as error:
        if not run.query.text:
            raise
        logger.warning("Words answer alone: %s", error)
        run.degraded.append("encoder" if isinstance(error, EncoderUnavailable) else "milvus")
        return None


def _ordered(
    run: _Run, routes: list[Route], *, found: int | None = None, found_exact: bool = True, any_word: bool = False
) -> Pool:
    """The pool of these routes: fused, cut, and put into the asked order."""
    with run.timed("fuse"):
        fused = fuse(routes, constant=run.query.rrf_constant)
        total = len(fused) if found is None else found
        fused = fused[: settings.SEARCH_POOL_SIZE]
        if run.query.sort.key is not SortKey.RELEVANCE:
            products = Product.objects.filter(pk__in=[product_id for product_id, _ in fused])
            scores = dict(fused)
            fused = [(pk, scores[pk]) for pk in _sorted(products, run.query.sort).values_list("pk", flat=True)]
        position = {product_id: place for place, (product_id, _) in enumerate(fused)}
        ranks = np.zeros((len(routes), len(fused)), np.int32)
        route_scores = np.zeros((len(routes), len(fused)), np.float32)
        confidences = np.full((len(routes), len(fused)), np.nan, np.float32)
        images = np.zeros(len(fused), np.int64)
        for row, route in enumerate(routes):
            for rank, candidate in enumerate(route.candidates, start=1):
                place = position.get(candidate.product_id)
                if place is not None:
                    ranks[row, place], route_scores[row, place] = rank, candidate.score
                    if route.confidences is not None:
                        confidences[row, place] = route.confidences[rank - 1]
                    images[place] = images[place] or candidate.image_id
    return Pool(
        products=np.array([product_id for product_id, _ in fused], np.int64),
        images=images,
        scores=np.array([score for _, score in fused], np.float32),
        routes=tuple(route.name for route in routes),
        ranks=ranks,
        route_scores=route_scores,
        confidences=confidences,
        found=total,
        found_exact=found_exact,
        any_word=any_word,
        degraded=tuple(run.degraded),
        index_version=run.version.collection if run.version else "",
    )


def _listed(run: _Run, products: QuerySet[Product]) -> Pool:
    """A pool of plain products in the asked order; relevance means the newest first."""
    ids = np.array(
        _sorted(products, run.query.sort).values_list("pk", flat=True)[: settings.SEARCH_POOL_SIZE], np.int64
    )
    found = len(ids) if len(ids) < settings.SEARCH_POOL_SIZE else products.count()
    return Pool(ids, np.zeros(len(ids), np.int64), np.zeros(len(ids), np.float32), found=found)


def _sorted(products: QuerySet[Product], sort: Sort) -> QuerySet[Product]:
    """In the asked order with the id as the tie's end; products without a price come last either way."""
    if sort.key is SortKey.PRICE:
        price = F("price").desc(nulls_last=True) if sort.is_descending else F("price").asc(nulls_last=True)
        return products.order_by(price, "-pk")
    if sort.key is SortKey.TITLE:
        return products.order_by("-title" if sort.is_descending else "title", "-pk")
    return products.order_by("-created_at", "-pk")


def _page(run: _Run, pool: Pool, search_id: str) -> tuple[tuple[Hit, ...], int]:
    """The page's hits, checked against the filters as Postgres has them now, and how many fell out on the way.

    What fell out is replaced by reading on, and the next page begins where this one ended.
    """
    query = run.query
    start = pools.page_start(query, search_id) if query.page > 1 else 0
    position = min((query.page - 1) * query.per_page if start is None else start, len(pool.products))
    allowed = run.products(query.filters)
    places: list[int] = []
    rows: dict[int, Product] = {}
    removed = 0
    while len(places) < query.per_page and position < len(pool.products):
        end = min(position + query.per_page - len(places), len(pool.products))
        ids = [int(product_id) for product_id in pool.products[position:end]]
        rows.update({product.pk: product for product in allowed.filter(pk__in=ids).with_facts()})  # type: ignore[attr-defined]
        places.extend(place for place in range(position, end) if int(pool.products[place]) in rows)
        removed += sum(product_id not in rows for product_id in ids)
        position = end
    if run.is_kept:
        pools.remember_start(query, search_id, page=query.page + 1, position=position)
    marked = lexical.highlights(list(rows), run.words, store=run.store) if "lexical" in pool.routes else {}
    return tuple(_hit(pool, place, rows, marked) for place in places), removed


def _hit(pool: Pool, place: int, rows: dict[int, Product], marked: dict[int, str]) -> Hit:
    product = rows[int(pool.products[place])]
    return Hit(
        product=product,
        score=round(float(pool.scores[place]), 6),
        matched_image_id=int(pool.images[place]) or None,
        confidence=pool.confidence_at(place),
        scores=pool.route_scores_at(place),
        highlights={"title": marked[product.pk]} if product.pk in marked else {},
    )


def _facets(run: _Run, pool: Pool) -> tuple[Facet, ...]:
    def products_for(filters: Filters) -> QuerySet[Product]:
        products = run.products(filters)
        if run.query.mode is Mode.BROWSE:
            return products
        if "lexical" in pool.routes:
            return lexical.matching(products, run.words, any_word=pool.any_word)
        if filters == run.query.filters:
            return products.filter(pk__in=[int(product_id) for product_id in pool.products])
        # The vector's match set under other filters is another search.
        route = _vector(run, filters)
        found = _floored(run, route).candidates if route else ()
        return products.filter(pk__in=[candidate.product_id for candidate in found])

    return count_facets(run.store, run.query.filters, run.query.facet_by, products_for=products_for)


__all__ = ["InvalidQuery", "search"]
