"""Exact neighbours with the revisions of their rows and how many rows passed: what a replay compares answers with."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.milvus.connection import client, milvus_errors
from search.milvus.filters import expression
from search.milvus.rows import VECTOR_PAGE_ROWS
from search.query import RowFilter

_FIELDS = ["id", "image_revision", "product_revision", "embedding"]
# Ids alone: the most that an engine gives in one answer is 16,384.
_ID_PAGE_ROWS = 16_000


@dataclass(frozen=True, slots=True)
class ExactHit:
    """An image by its exact cosine similarity, and the revisions that its row was written from."""

    image_id: int
    score: float
    image_revision: int
    product_revision: int


@dataclass(frozen=True, slots=True)
class Exact:
    """How many rows passed, and for each vector its nearest among them, best first."""

    rows: int
    hits: list[list[ExactHit]]


def scan_nearest(
    collection: str,
    vectors: NDArray[np.float32],
    *,
    wanted: RowFilter,
    limit: int,
    after_page: Callable[[int], None] = lambda rows: None,
) -> Exact:
    """For each row of `vectors` (n, dimension) the `limit` nearest images that pass the filter, at Strong consistency.

    Reads every passing vector once: 2 KB each at 512 numbers. `after_page` is called with the rows of each page, and may wait.
    Raises `IndexUnavailable`.
    """
    if wanted.matches_nothing:
        return Exact(0, [[] for _ in vectors])
    best: list[list[tuple[float, int, int, int]]] = [[] for _ in vectors]
    count = 0
    for ids, revisions, page in _pages(collection, expression(wanted)):
        count += len(ids)
        scores = vectors @ page.T
        for own, kept in zip(scores, best, strict=True):
            nearest = np.argsort(-own, kind="stable")[:limit]
            # A smaller id goes first among equals, so it is the larger one in the heap.
            found = [(float(own[n]), -int(ids[n]), int(revisions[n, 0]), int(revisions[n, 1])) for n in nearest]
            kept[:] = heapq.nlargest(limit, [*kept, *found])
        after_page(len(ids))
    return Exact(count, [[ExactHit(-negated, score, *revisions) for score, negated, *revisions in one] for one in best])


def _pages(
    collection: str, condition: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """Ids (n,), revisions (n, 2) and vectors (n, dimension) of all passing rows, in the order of their ids."""
    ids = sorted(_ids(collection, condition, first_id=0, last_id=2**62))
    for start in range(0, len(ids), VECTOR_PAGE_ROWS):
        page = ids[start : start + VECTOR_PAGE_ROWS]
        # A range says the same as a list of ids, which engines are slow with.
        rows = _query(collection, f"{condition} and id >= {page[0]} and id <= {page[-1]}", _FIELDS, len(page))
        if rows:
            yield (
                np.array([row["id"] for row in rows], np.int64),
                np.array([[row["image_revision"], row["product_revision"]] for row in rows], np.int64),
                np.array([row["embedding"] for row in rows], np.float32),
            )


def _ids(collection: str, condition: str, *, first_id: int, last_id: int) -> Iterator[int]:
    """The ids of all passing rows of a range, which is cut at the median of what it gave where that was a whole page."""
    within = f"{condition} and id >= {first_id} and id <= {last_id}"
    ids = [int(row["id"]) for row in _query(collection, within, ["id"], _ID_PAGE_ROWS)]
    if len(ids) < _ID_PAGE_ROWS:
        yield from ids
        return
    middle = min(sorted(ids)[len(ids) // 2], last_id - 1)
    yield from _ids(collection, condition, first_id=first_id, last_id=middle)
    yield from _ids(collection, condition, first_id=middle + 1, last_id=last_id)


def _query(collection: str, condition: str, fields: list[str], limit: int) -> list[dict[str, Any]]:
    with milvus_errors(f"reading rows of {collection}"):
        return list(
            client().query(collection, filter=condition, output_fields=fields, limit=limit, consistency_level="Strong")
        )
