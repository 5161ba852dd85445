"""Nearest neighbours under a filter, by a plan that finds the ten nearest whatever share of the rows passes it.

Engines lose neighbours where few rows pass (a graph is walked past its end, a list of cells holds too few of them), and
compressed vectors are poor alone. So the plan looks further as fewer pass, re-scores what it found by the raw vectors, and
where very few pass compares each of them. `docs/scaling.md` has the measurements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.milvus.connection import ask, engine
from search.milvus.counts import passing_rows
from search.milvus.filters import expression
from search.milvus.indexes import MAX_EFFORT, SearchPlan, search_plan
from search.milvus.rows import read_vectors
from search.query import RowFilter

MAX_RESULTS = 16_384
# Re-scoring reads raw vectors back: 2,000 of 512 float32 are 4 MB, a few milliseconds.
MAX_RESCORED = 2_000
# Where an index found fewer than pass, so many are compared at most: 16 MB at 512 numbers.
MAX_COMPARED = 8_000


@dataclass(frozen=True, slots=True)
class ImageHit:
    """An image found by its vector; `score` is the cosine similarity, higher is better."""

    image_id: int
    product_id: int
    score: float


@dataclass(frozen=True, slots=True)
class _Asked:
    """One call: where, under which condition, and how fresh."""

    collection: str
    condition: str
    limit: int
    consistency: str


def search(
    collection: str,
    vectors: NDArray[np.float32],
    *,
    wanted: RowFilter,
    limit: int,
    params: Mapping[str, int],
    is_strong: bool = False,
) -> list[list[ImageHit]]:
    """For each row of `vectors` (n, dimension) the `limit` best images under the filter, best first.

    Each call within `MILVUS_SEARCH_TIMEOUT_S`, or what is left of the request's deadline.
    `params` are the version's `search_params`. Counts the passing rows where its plan depends on them, and then compares each
    of few, or asks the engine to look as far as that share needs. `ef` is never below `limit`, as HNSW demands.
    """
    if wanted.matches_nothing or limit < 1 or not len(vectors):
        return [[] for _ in vectors]
    plan = search_plan(params, engine=engine())
    asked = _Asked(collection, expression(wanted), limit, "Strong" if is_strong else "Bounded")
    fetched = min(MAX_RESULTS, max(limit, min(limit * plan.over_fetch, MAX_RESCORED)))
    if not plan.is_counted:
        return [hits[:limit] for hits in _approximate(asked, vectors, plan, fetched=fetched, effort=plan.effort)]
    count = passing_rows(collection, asked.condition, is_fresh=is_strong)
    if count <= plan.exact_below and (compared := _compared(asked, vectors, at_most=plan.exact_below)) is not None:
        return compared
    effort = plan.effort
    if plan.widens:
        total = passing_rows(collection, "", is_fresh=is_strong)
        effort = min(MAX_EFFORT[plan.parameter], round(effort * max(1.0, total / max(1, count))))
    found = _approximate(asked, vectors, plan, fetched=fetched, effort=effort)
    # Fewer than there are: the index did not look far enough after all.
    is_short = count <= MAX_COMPARED and min(map(len, found)) < min(fetched, count)
    if is_short and (compared := _compared(asked, vectors, at_most=MAX_COMPARED)) is not None:
        return compared
    return [hits[:limit] for hits in found]


def _approximate(
    asked: _Asked, vectors: NDArray[np.float32], plan: SearchPlan, *, fetched: int, effort: int
) -> list[list[ImageHit]]:
    """`fetched` hits as the index finds them, re-scored where the plan says so."""
    if plan.parameter == "ef":
        effort = max(effort, fetched)
    answer = ask(
        f"searching {asked.collection}",
        "search",
        asked.collection,
        data=list(vectors),
        anns_field="embedding",
        filter=asked.condition,
        limit=fetched,
        output_fields=["product_id"],
        search_params={"metric_type": "COSINE", "params": {plan.parameter: effort} if plan.parameter else {}},
        consistency_level=asked.consistency,
    )
    results = [[ImageHit(hit["id"], hit["entity"]["product_id"], hit["distance"]) for hit in hits] for hits in answer]
    if plan.over_fetch > 1:
        results = [_rescored(asked.collection, vector, hits) for vector, hits in zip(vectors, results, strict=True)]
    return results


def _rescored(collection: str, vector: NDArray[np.float32], hits: list[ImageHit]) -> list[ImageHit]:
    """The head of the hits with exact scores, in their order; the tail behind it as the index ordered it."""
    head, tail = hits[:MAX_RESCORED], hits[MAX_RESCORED:]
    raw = read_vectors(collection, [hit.image_id for hit in head], is_strong=False)
    exact = [
        ImageHit(hit.image_id, hit.product_id, float(vector @ raw[hit.image_id])) for hit in head if hit.image_id in raw
    ]
    return sorted(exact, key=lambda hit: (-hit.score, hit.image_id)) + tail


def _compared(asked: _Asked, vectors: NDArray[np.float32], *, at_most: int) -> list[list[ImageHit]] | None:
    """The best of all rows that pass, each compared; None where more than `at_most` pass by now."""
    rows: Sequence[Mapping[str, Any]] = ask(
        f"reading the rows of {asked.collection} that pass a filter",
        "query",
        asked.collection,
        filter=asked.condition,
        output_fields=["id", "product_id", "embedding"],
        limit=at_most + 1,
        consistency_level=asked.consistency,
    )
    if len(rows) > at_most:
        return None
    if not rows:
        return [[] for _ in vectors]
    ids = np.array([row["id"] for row in rows], np.int64)
    scores = vectors @ np.array([row["embedding"] for row in rows], np.float32).T
    # Equal scores go by id, as everywhere.
    orders = np.lexsort((np.broadcast_to(ids, scores.shape), -scores), axis=1)[:, : asked.limit]
    return [
        [ImageHit(int(ids[place]), int(rows[place]["product_id"]), float(own[place])) for place in order]
        for own, order in zip(scores, orders, strict=True)
    ]
