"""Nearest neighbours under a filter. Approximate indexes that are poor alone are over-fetched and re-scored exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.milvus.connection import ask
from search.milvus.filters import expression
from search.milvus.rows import read_vectors
from search.query import RowFilter

MAX_RESULTS = 16_384
OVER_FETCH = 10
# Re-scoring reads raw vectors back: 2,000 of 512 float32 are 4 MB, a few milliseconds.
MAX_RESCORED = 2_000


@dataclass(frozen=True, slots=True)
class ImageHit:
    """An image found by its vector; `score` is the cosine similarity, higher is better."""

    image_id: int
    product_id: int
    score: float


def search(
    collection: str,
    vectors: NDArray[np.float32],
    *,
    wanted: RowFilter,
    limit: int,
    params: Mapping[str, int],
    rescore: bool = False,
    is_strong: bool = False,
) -> list[list[ImageHit]]:
    """For each row of `vectors` (n, dimension) the `limit` best images under the filter, best first.

    Within `MILVUS_SEARCH_TIMEOUT_S`, or what is left of the request's deadline.
    `params` are the version's search parameters; `ef` is raised to `limit`, as HNSW demands.
    """
    if wanted.matches_nothing or limit < 1 or not len(vectors):
        return [[] for _ in vectors]
    fetched = min(MAX_RESULTS, max(limit, min(limit * OVER_FETCH, MAX_RESCORED)) if rescore else limit)
    tuned = dict(params)
    if "ef" in tuned:
        tuned["ef"] = max(tuned["ef"], fetched)
    answer = ask(
        f"searching {collection}",
        "search",
        collection,
        data=[vector.tolist() for vector in vectors],
        anns_field="embedding",
        filter=expression(wanted),
        limit=fetched,
        output_fields=["product_id"],
        search_params={"metric_type": "COSINE", "params": tuned},
        consistency_level="Strong" if is_strong else "Bounded",
    )
    results = [
        [ImageHit(int(hit["id"]), int(hit["entity"]["product_id"]), float(hit["distance"])) for hit in hits]
        for hits in answer
    ]
    if rescore:
        results = [_rescored(collection, vector, hits) for vector, hits in zip(vectors, results, strict=True)]
    return [hits[:limit] for hits in results]


def _rescored(collection: str, vector: NDArray[np.float32], hits: list[ImageHit]) -> list[ImageHit]:
    """The head of the hits with exact scores, in their order; the tail behind it as the index ordered it."""
    head, tail = hits[:MAX_RESCORED], hits[MAX_RESCORED:]
    raw = read_vectors(collection, [hit.image_id for hit in head], is_strong=False)
    exact = [
        ImageHit(hit.image_id, hit.product_id, float(vector @ raw[hit.image_id])) for hit in head if hit.image_id in raw
    ]
    return sorted(exact, key=lambda hit: (-hit.score, hit.image_id)) + tail
