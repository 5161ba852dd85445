"""Fuses the routes of a search into one order, by ranks or by how sure each route is, and keeps what each said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from search.choices import Fusion
from search.matching import Matched
from search.pools import Pool, plain_pool
from search.query import Query
from search.routes import Route

# A rule's route lends no score: what only a rule brought in comes last until it is put in its place.
PINNED, BROWSE, LEXICAL, WORDS = "pinned", "browse", "lexical", "words"
# Of routes fused by how sure they are, measured on half-remembered titles and composed queries (docs/evaluation.md): what
# words match, their vector orders only where they say the same; beside a photo both count alike.
WEIGHTS = {LEXICAL: 1.0, "text": 0.1, "image": 1.0, "composed": 1.0, WORDS: 1.0}


LEAST_POINTS = 0.1


def fused(matched: Matched, query: Query) -> Pool:
    """The routes' products by falling fused score, cut to the pool's size; ties go by the best place
    that a route gave, then to the newer product."""
    routes = matched.routes
    together = np.concatenate([route.products for route in routes])
    products = np.unique(together)
    places = [np.searchsorted(products, route.products) for route in routes]
    scores = np.zeros(len(products), np.float64)
    nearest = np.full(len(products), np.iinfo(np.int64).max)
    for route, place in zip(routes, places, strict=True):
        if route.name != PINNED:
            nearest[place] = np.minimum(nearest[place], np.arange(len(route)))
            scores[place] += _weight(route, query, count=len(routes)) * _points(route, query)
    order = np.lexsort((-products, nearest, -scores))[: _limit(matched)]
    scored = [number for number, route in enumerate(routes) if route.name not in (BROWSE, PINNED)]
    ranks = np.zeros((len(scored), len(products)), np.int32)
    route_scores = np.zeros((len(scored), len(products)), np.float32)
    confidences = np.full((len(scored), len(products)), np.nan, np.float32)
    images = np.zeros(len(products), np.int64)
    for row, number in enumerate(scored):
        route, place = routes[number], places[number]
        ranks[row, place] = np.arange(1, len(route) + 1)
        route_scores[row, place] = route.scores
        if route.confidences is not None:
            confidences[row, place] = route.confidences
        images[place] = np.where(images[place] == 0, route.images, images[place])
    pool = plain_pool(products, found=matched.found, found_exact=matched.found_exact, any_word=matched.any_word)
    whole = replace(
        pool,
        images=images,
        scores=scores.astype(np.float32),
        routes=tuple(routes[number].name for number in scored),
        ranks=ranks,
        route_scores=route_scores,
        confidences=confidences,
        left_out=matched.left_out,
        matched=np.zeros(0, np.int64) if _is_open(matched) else routes[0].products,
    )
    return whole.taken(order)


def _is_open(matched: Matched) -> bool:
    """Whether Postgres knows better than the first route what matches: it holds everything, or was cut."""
    first = matched.routes[0]
    return first.name == BROWSE or (first.name == LEXICAL and not first.is_complete)


def _points(route: Route, query: Query) -> NDArray[np.float64]:
    """What the route gives each of its products (n,): reciprocal ranks (Cormack et al. 2009, who take 60), or 0 to 1 by
    its confidence, else by its score between its worst and its best."""
    if query.fusion is Fusion.RRF or route.name == BROWSE:
        return 1.0 / (query.rrf_constant + np.arange(1, len(route) + 1))
    if route.name == WORDS:
        # The share of the words that a product holds, with less than one word for how close together they stand.
        return np.minimum(route.scores, 1.0).astype(np.float64)
    if route.confidences is not None:
        return route.confidences.astype(np.float64)
    # Never 0: a factor could not lift the last.
    return LEAST_POINTS + (1 - LEAST_POINTS) * spread(route.scores.astype(np.float64))


def spread(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores (n,) moved to 0..1 by the lowest and the highest; all 1 where they are equal."""
    if not len(scores):
        return scores
    low, high = float(scores.min()), float(scores.max())
    return np.ones_like(scores) if high <= low else (scores - low) / (high - low)


def _weight(route: Route, query: Query, *, count: int) -> float:
    asked = query.lexical_weight if route.name in (LEXICAL, WORDS) else query.vector_weight
    if asked is not None:
        return asked
    # A route that is alone keeps its scale.
    return WEIGHTS[route.name] if query.fusion is Fusion.WEIGHTED and route.name in WEIGHTS and count > 1 else 1.0


def _limit(matched: Matched) -> int:
    """Pinned products stay, however many match."""
    pinned = sum(len(route) for route in matched.routes if route.name == PINNED)
    limit: int = settings.SEARCH_POOL_SIZE
    return limit + pinned
