"""The match set M(q, F) of a query under filters: which products are an answer, by which routes, and how many there are.

Words match by Postgres, and the vector route orders what they match and adds none. Where no product of the store holds the
words, or there are none, it is the vector route above its calibrated floor (search.calibration). While a route is not
calibrated there is no floor: it matches whatever passes the filters, best first, and only its order and its cap mean
anything. Beside a photo, words order what the vector matched. How the words are read never depends on the filters, so that
a facet's count is what its filter would give. Products that are put somewhere by a rule belong to the set if they pass the
filters.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np
from django.conf import settings
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from numpy.typing import NDArray

from catalog.models import Product
from search import lexical, milvus
from search.choices import Mode, SortKey
from search.errors import EncoderUnavailable, IndexUnavailable
from search.facets.members import Members
from search.facets.statement import count_products, passing_ids
from search.facets.summaries import SUMMARIES
from search.id_lists import array_text
from search.ordering import in_order
from search.pools import Pool
from search.query import Filters, RowFilter
from search.routes import Route, vector_route, words_route
from search.run import Run, Stage
from search.seldom import warn_seldom
from search.vectors import query_vectors

logger = logging.getLogger(__name__)
_BY_WORDS = (Mode.WORDS, Mode.LEXICAL)
# On a loaded machine a 2.3.5 server took 0.36 s with a list of 2,000 ids, 1.6 s with 10,000, 5.2 s with 41,000: beyond this
# the shorter of the two lists is worth looking for.
LONG_LIST = 5000


@dataclass(frozen=True, slots=True)
class Matched:
    """What matched: the routes that order it, and how many products it is. `left_out` were less sure than the floor."""

    routes: tuple[Route, ...]
    found: int
    found_exact: bool = True
    any_word: bool = False
    left_out: int = 0


def match(run: Run) -> Matched:
    """The match set under the query's own filters, up to the pool's size on each route."""
    matched = _matched(run)
    return _with_pinned(run, matched) if run.pinned else matched


def match_set(run: Run, filters: Filters, pool: Pool) -> QuerySet[Product]:
    """The products that match under these filters, read as they were for the pool under the query's own.

    A vector route under other filters is another search.
    """
    products = run.products(filters)
    if run.query.mode is Mode.BROWSE:
        return products
    if "lexical" in pool.routes:
        found = lexical.matching(products, run.words, any_word=pool.any_word)
    elif filters == run.query.filters:
        found = products.filter(pk__in=pool.matched.tolist())
    else:
        route = vector(run, filters)
        found = products.filter(pk__in=floored(run, route).products.tolist() if route else [])
    if not run.pinned:
        return found
    # Not as a subquery: there Django gives the table another name than the SQL of the words route says.
    return found | products.filter(pk__in=list(run.pinned))


def members_of(run: Run, pool: Pool) -> Members:
    """What the pool's query matches, whatever the filters; of a vector route, what it matched under the query's own."""
    if run.query.mode is Mode.BROWSE:
        return Members()
    if "lexical" in pool.routes:
        products = Product.objects.filter(store=run.store)
        # A list that holds everything is quicker than looking the words up again.
        ids = pool.matched if len(pool.matched) else None
        return Members(ids=ids, products=lexical.matching(products, run.words, any_word=pool.any_word))
    return Members(ids=pool.matched, is_exact=pool.found_exact)


def vector_members(run: Run, filters: Filters, pool: Pool) -> Members:
    """What a vector route matches under other filters than those of the pool: another search."""
    route = vector(run, filters)
    if route is None:
        # The engine went away meanwhile: what is known of is a part of the set.
        return Members(ids=pool.matched, is_exact=False)
    sure = floored(run, route)
    return Members(ids=sure.products, is_exact=sure.is_complete)


def _matched(run: Run) -> Matched:
    mode = run.query.mode
    if mode is Mode.BROWSE:
        with run.timed("browse"):
            return _browsed(run)
    if mode in _BY_WORDS:
        return _by_words(run)
    vectors = vector(run, run.query.filters)
    if vectors is None:
        return _by_words(run)
    return _worded(run, _alone(run, vectors)) if mode is Mode.COMPOSED else _alone(run, vectors)


def _browsed(run: Run) -> Matched:
    """The products in the asked order; relevance means the newest first. Kept while nothing in the catalogue changes."""
    key = (run.store.pk, run.stamps, run.query.filters, run.query.sort)
    is_kept = run.is_stamped(run.query.filters) and run.query.sort.key is not SortKey.PALETTE
    known = SUMMARIES.get(key) if is_kept else None
    if isinstance(known, Matched):
        return known
    products, limit = run.products(run.query.filters), settings.SEARCH_POOL_SIZE
    route = _listed("browse", in_order(products, run.query.sort).values_list("pk", flat=True)[:limit])
    found = len(route) if len(route) < limit else count_products(run, Members(), run.query.filters)
    matched = Matched((route,), found)
    if is_kept:
        SUMMARIES.keep(key, matched)
    return matched


def _by_words(run: Run) -> Matched:
    """All of the words or, where no product of the store holds all, at least half of them; the text's vector orders what
    they match. Where no product holds even those, the vector answers alone."""
    query = run.query
    with run.timed("lexical"):
        words, any_word = _words(run)
    if words is None:
        vectors = _vector_for_words(run)
        return Matched((Route("lexical"),), 0) if vectors is None else _alone(run, vectors)
    words = words.calibrated(run.calibration.routes.get("lexical"), per_word=len(run.words.groups))
    found = len(words)
    if not words.is_complete:
        matching = lexical.matching(run.products(query.filters), run.words, any_word=any_word)
        found = matching.count()
        if query.sort.key is not SortKey.RELEVANCE:
            # The best by their words need not be the first by price.
            words = _listed("lexical", in_order(matching, query.sort).values_list("pk", flat=True)[: len(words)])
    vectors = _vector_for_words(run) if len(words) else None
    routes = (words,) if vectors is None else (words, vectors.only(words.products))
    return Matched(routes, found, any_word=any_word)


def _vector_for_words(run: Run) -> Route | None:
    """The vector route beside words, which answer alone where it is not wanted, is down, or comes too late."""
    if run.query.mode is Mode.LEXICAL or run.degraded or run.gives_up(Stage.VECTOR):
        return None
    return vector(run, run.query.filters)


def _words(run: Run) -> tuple[Route | None, bool]:
    """The words route under the filters, and whether it takes any word; None where the store has nothing for the words."""
    products, store_wide = run.products(run.query.filters), run.products(Filters())
    for any_word in (False, True):
        route = words_route(products, run.words, any_word=any_word)
        if len(route) or lexical.matching(store_wide, run.words, any_word=any_word).exists():
            return route, any_word
    return None, False


def _alone(run: Run, vectors: Route) -> Matched:
    """A vector route that nothing vouches for: what is less sure than the floor is left out."""
    sure = floored(run, vectors)
    return Matched((sure,), len(sure), found_exact=sure.is_complete, left_out=len(vectors) - len(sure))


def _worded(run: Run, matched: Matched) -> Matched:
    """Beside a photo the words order what the vector matched, by how many of them a product's texts hold; they add none."""
    found = matched.routes[0]
    if not (len(found) and run.words.groups):
        return matched
    ids = RawSQL("SELECT unnest(%s::bigint[])", [array_text(found.products)])
    with run.timed("lexical"):
        words = words_route(run.products(Filters()).filter(pk__in=ids), run.words, any_word=True)
    route = replace(words, name="words", unseen=None, scores=words.scores / np.float32(len(run.words.groups)))
    return replace(matched, routes=(found, route)) if len(route) else matched


def floored(run: Run, vectors: Route) -> Route:
    """The route above the asked confidence, else above its calibrated floor; an uncalibrated one stays whole and says so."""
    calibration = run.calibration.routes.get(vectors.name)
    if calibration is None:
        if run.query.min_confidence and len(vectors):
            run.degraded.append("calibration")
        return vectors
    asked = run.query.min_confidence
    return vectors.above(calibration.floor if asked is None else asked)


def vector(run: Run, filters: Filters) -> Route | None:
    """The vector route, or None where a part is down and words are left to answer alone. Raises where none are."""
    wanted = run.resolved(filters)
    if wanted.matches_nothing:
        return Route("vector")
    try:
        if run.version is None:
            raise IndexUnavailable("There is no live index yet: run manage.py index to build the first one.")
        if wanted.palette or (wanted.value_ids and milvus.engine().scans_arrays):
            wanted = _by_ids(run, filters, wanted)
        with run.timed("encode"):
            asked = query_vectors(run.encoded, run.version)
        with run.timed("ann"):
            route = vector_route(asked, run.version, wanted=wanted, limit=settings.SEARCH_POOL_SIZE)
        route = route.calibrated(run.calibration.routes.get(route.name), queries=asked.vectors)
        return _without_excluded(run, route, filters) if run.words.excluded else route
    except (IndexUnavailable, EncoderUnavailable) as error:
        if not run.query.words:
            raise
        if run.left_s <= 0 and run.gives_up(Stage.VECTOR):
            # It was not down: the deadline ended its wait.
            return None
        warn_seldom(logger, "Words answer alone: %s", error)
        run.degraded.append("encoder" if isinstance(error, EncoderUnavailable) else "milvus")
        return None


def _by_ids(run: Run, filters: Filters, wanted: RowFilter) -> RowFilter:
    """The filter with colours, and attributes where the engine is slow with them, as ids: of those that pass or, where those
    are many, of those that do not if they are fewer."""
    passing = passing_ids(run, filters)
    wanted = replace(wanted, value_ids=(), palette=())
    if len(passing) > LONG_LIST:
        others = passing_ids(run, replace(filters, palette=(), closeness=None, attributes=()))
        failing = np.setdiff1d(others, passing)
        if len(failing) < len(passing):
            excluded = np.union1d(failing, np.array(wanted.exclude_product_ids, np.int64))
            return replace(wanted, exclude_product_ids=tuple(excluded.tolist()))
    return replace(wanted, product_ids=tuple(passing.tolist()))


def _without_excluded(run: Run, route: Route, filters: Filters) -> Route:
    """The route without products that hold what the query excludes: vectors know no "not"."""
    allowed = run.products(filters).filter(pk__in=route.products.tolist())
    return route.only(np.array(allowed.values_list("pk", flat=True), np.int64))


def _with_pinned(run: Run, matched: Matched) -> Matched:
    """The match set with the pinned products that pass the filters, whether they match or not."""
    allowed = run.products(run.query.filters).filter(pk__in=list(run.pinned))
    route = _listed("pinned", allowed.values_list("pk", flat=True))
    held = np.concatenate([one.products for one in matched.routes])
    added = set(route.products[~np.isin(route.products, held)].tolist())
    # A route by words or browsing is cut at the pool's size: what it does not hold may match all the same.
    if matched.routes[0].name == "browse":
        added = set()
    elif matched.routes[0].name == "lexical" and added:
        inside = lexical.matching(allowed.filter(pk__in=added), run.words, any_word=matched.any_word)
        added -= set(inside.values_list("pk", flat=True))
    return replace(matched, routes=(*matched.routes, route), found=matched.found + len(added))


def _listed(name: str, ids: QuerySet[Product, int]) -> Route:
    products: NDArray[np.int64] = np.array(list(ids), np.int64)
    return Route(name, products, np.zeros(len(products), np.int64), np.zeros(len(products), np.float32))
