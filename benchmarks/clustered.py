"""Clustered unit vectors from a seed, made chunk by chunk, and the rows, filters and exact neighbours that go with them.

Real photos' vectors lie in clusters: many products look alike. Here every `PER_CLUSTER` vectors share a centre, at a mean
cosine of 0.8 to it; inside a cluster there is no structure, which is harder for an index than photos are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from search.milvus import Row
from search.query import RowFilter

PER_CLUSTER = 100
CHUNK = 10_000
# The length of the noise added to a unit centre: the mean cosine to the centre is 1 / sqrt(1 + SPREAD^2), 0.8.
SPREAD = 0.75
PRICES = 1_000_000
# Shares of the rows that a filter lets pass.
SELECTIVITIES = (0.001, 0.01, 0.05, 0.2, 0.5, 1.0)


def chunks(count: int, *, dimension: int, seed: int, first: int = 0) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(first id, unit vectors) in chunks of `CHUNK`. The same for the same seed, wherever it begins: `first` is a multiple
    of `CHUNK`."""
    centres = _centres(count, dimension=dimension, seed=seed)
    for start in range(first, count, CHUNK):
        yield start, _around(centres, min(CHUNK, count - start), seed=(seed, 1, start))


def queries(count: int, amount: int, *, dimension: int, seed: int) -> NDArray[np.float32]:
    """`amount` unit vectors like those of `chunks(count, ...)`, none of which is among them."""
    return _around(_centres(count, dimension=dimension, seed=seed), amount, seed=(seed, 2, 0))


def _centres(count: int, *, dimension: int, seed: int) -> NDArray[np.float32]:
    chance = np.random.default_rng((seed, 0))
    return _unit(chance.standard_normal((max(1, count // PER_CLUSTER), dimension), dtype=np.float32))


def _around(centres: NDArray[np.float32], amount: int, *, seed: Sequence[int]) -> NDArray[np.float32]:
    chance = np.random.default_rng(seed)
    owners = chance.integers(len(centres), size=amount)
    noise = chance.standard_normal((amount, centres.shape[1]), dtype=np.float32)
    return _unit(centres[owners] + noise * np.float32(SPREAD / np.sqrt(centres.shape[1])))


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def prices(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """A price in 0 to `PRICES` - 1 for each id, in no order: by Fibonacci hashing."""
    return (ids.astype(np.uint64) * np.uint64(11400714819323198485) >> np.uint64(40)).astype(np.int64) % PRICES


def passing(share: float) -> RowFilter:
    """The filter that lets this share of the rows pass; all of them pass no filter at all."""
    return RowFilter(1) if share >= 1.0 else RowFilter(1, price_max=round(share * PRICES) - 1)


def rows_of(first_id: int, vectors: NDArray[np.float32]) -> list[Row]:
    """Rows of one store, one product each."""
    ids = np.arange(first_id, first_id + len(vectors), dtype=np.int64)
    return [
        Row(
            id=int(number),
            store_id=1,
            product_id=int(number),
            category_id=int(number) % 40,
            brand_id=int(number) % 300,
            kind="catalog",
            published=True,
            in_stock=True,
            price_minor=int(price),
            attributes=(int(number) % 12, 100 + int(number) % 9),
            image_revision=1,
            product_revision=1,
            embedding=vector,
        )
        for number, price, vector in zip(ids, prices(ids), vectors, strict=True)
    ]


def exact_neighbours(
    asked: NDArray[np.float32], count: int, *, dimension: int, seed: int, total: int, limit: int = 10
) -> dict[float, list[list[int]]]:
    """By selectivity, for each query the ids of its `limit` nearest among the first `count` of `chunks(total, ...)`."""
    best = {share: _Best(len(asked), limit) for share in SELECTIVITIES}
    for first_id, vectors in chunks(total, dimension=dimension, seed=seed):
        if first_id >= count:
            break
        ids = np.arange(first_id, min(first_id + len(vectors), count), dtype=np.int64)
        scores, price = asked @ vectors[: len(ids)].T, prices(ids)
        for share, found in best.items():
            kept = price < round(share * PRICES)
            found.add(ids[kept], scores[:, kept])
    return {share: found.ids() for share, found in best.items()}


class _Best:
    """The best ids so far of each query: int64 (queries, limit), with their scores."""

    def __init__(self, amount: int, limit: int) -> None:
        self._limit = limit
        self._ids: NDArray[np.int64] = np.full((amount, limit), -1, np.int64)
        self._scores = np.full((amount, limit), -np.inf, np.float32)

    def add(self, ids: NDArray[np.int64], scores: NDArray[np.float32]) -> None:
        all_scores = np.concatenate([self._scores, scores], axis=1)
        all_ids = np.concatenate([self._ids, np.broadcast_to(ids, scores.shape)], axis=1)
        order = np.argsort(-all_scores, axis=1, kind="stable")[:, : self._limit]
        self._scores = np.take_along_axis(all_scores, order, axis=1)
        self._ids = np.take_along_axis(all_ids, order, axis=1)

    def ids(self) -> list[list[int]]:
        return [[number for number in row if number >= 0] for row in self._ids.tolist()]


def recall(found: Sequence[Sequence[int]], exact: Sequence[Sequence[int]]) -> float:
    """The share of the exact neighbours that were found; a filter that passes fewer than ten asks for as many as there are."""
    wanted = sum(len(one) for one in exact)
    return sum(len(set(a) & set(b)) for a, b in zip(found, exact, strict=True)) / wanted if wanted else 1.0
