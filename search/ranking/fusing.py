"""Fuses the routes of a search into one order by reciprocal ranks, and keeps what each route said of each product."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from django.conf import settings

from search.matching import Matched
from search.pools import Pool, plain_pool


def fused(matched: Matched, *, constant: int) -> Pool:
    """Reciprocal rank fusion (Cormack et al. 2009, who take 60), cut to the pool's size; ties go to the newer product.

    The route `pinned` lends no score: what only a rule brought in comes last until it is put in its place.
    """
    routes = matched.routes
    together = np.concatenate([route.products for route in routes])
    products = np.unique(together)
    scores = np.zeros(len(products), np.float64)
    places = [np.searchsorted(products, route.products) for route in routes]
    for route, place in zip(routes, places, strict=True):
        if route.name != "pinned":
            scores[place] += 1.0 / (constant + np.arange(1, len(route) + 1))
    order = np.lexsort((-products, -scores))[: _limit(matched)]
    scored = [number for number, route in enumerate(routes) if route.name not in ("browse", "pinned")]
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
    return first.name == "browse" or (first.name == "lexical" and not first.is_complete)


def _limit(matched: Matched) -> int:
    """Pinned products stay, however many match."""
    pinned = sum(len(route) for route in matched.routes if route.name == "pinned")
    limit: int = settings.SEARCH_POOL_SIZE
    return limit + pinned
