"""Why an answer is what it is, for whoever asks with `explain`: the routes, what the query was taken to mean, and for each
hit how near its matched photo is to every part of the query. What the routes and signals said of a hit is in the pool."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from search import milvus
from search.errors import EncoderUnavailable, IndexUnavailable
from search.pools import Pool
from search.query import Part
from search.result import Explanation, Hit, PartFacts, PartScore, RouteFacts
from search.run import Run
from search.vectors import part_vectors

logger = logging.getLogger(__name__)


def explanation(run: Run, pool: Pool) -> Explanation:
    """The facts of this search as a whole."""
    query = run.query
    return Explanation(
        routes=tuple(_route(run, pool, row) for row in range(len(pool.routes))),
        parts=tuple(_part(part) for part in query.parts),
        text=query.text,
        words=tuple(group.words for group in run.words.groups),
        filters=query.filters,
        pool_size=len(pool),
        hidden_count=len(run.hidden),
        pinned_count=len(run.pinned),
        fusion=query.fusion,
        rrf_constant=query.rrf_constant,
        collapse=query.collapse,
        diversity=query.diversity,
    )


def with_parts(run: Run, hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The hits with how near each one's matched photo is to each part, where there are several; as they are while a part is
    down."""
    images = [hit.matched_image_id for hit in hits if hit.matched_image_id]
    if len(run.query.parts) < 2 or not images or run.version is None:
        return hits
    try:
        asked = part_vectors(run.query, run.version)
        known = milvus.read_vectors(run.version.collection, images, is_strong=False)
    except (IndexUnavailable, EncoderUnavailable) as error:
        logger.info("Parts are not explained: %s", error)
        return hits
    visual = {place for place, part in enumerate(run.query.parts) if part.is_visual and part.weight > 0}
    explained = []
    for hit in hits:
        vector = known.get(hit.matched_image_id or 0)
        if vector is not None:
            near = {place: round(float(np.max(rows @ vector)), 4) for place, rows in asked.items()}
            best = max(visual & near.keys(), key=lambda place: near[place], default=None)
            hit = replace(hit, parts=tuple(PartScore(*pair) for pair in near.items()), matched_part=best)
        explained.append(hit)
    return tuple(explained)


def _route(run: Run, pool: Pool, row: int) -> RouteFacts:
    name = pool.routes[row]
    calibration = run.calibration.routes.get(name)
    floor = calibration.floor if calibration and name != "lexical" else None
    asked = run.query.min_confidence
    return RouteFacts(
        route=name,
        size=int(np.count_nonzero(pool.ranks[row])),
        is_calibrated=calibration is not None,
        # Where words match, meaning orders them and nothing is cut.
        floor=None if floor is None or "lexical" in pool.routes else floor if asked is None else asked,
    )


def _part(part: Part) -> PartFacts:
    kind = "text" if part.text else "image" if part.image is not None else "product"
    return PartFacts(kind=kind, text=part.text, weight=part.weight)
