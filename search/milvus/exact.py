"""Exact nearest neighbours, whatever the index: all vectors that pass the filter are read and compared here.

For measuring, not for answering: it reads 4 x dimension bytes for each row that passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from search.milvus.connection import call
from search.milvus.filters import expression
from search.milvus.rows import VECTOR_PAGE_ROWS
from search.milvus.search import ImageHit
from search.query import RowFilter


def exact_search(
    collection: str,
    vectors: NDArray[np.float32],
    *,
    wanted: RowFilter,
    limit: int,
    on_page: Callable[[], None] = lambda: None,
) -> list[list[ImageHit]]:
    """For each row of `vectors` (n, dimension) the `limit` images with the highest cosine under the filter, best first.

    Equal scores go by image id. Memory is a page of rows and the best of each query so far; `on_page` is called after each
    page. Raises `IndexUnavailable`.
    """
    count = len(vectors)
    scores: NDArray[np.float32] = np.zeros((count, 0), np.float32)
    images: NDArray[np.int64] = np.zeros((count, 0), np.int64)
    products = images
    if wanted.matches_nothing or limit < 1 or not count:
        return [[] for _ in vectors]
    for ids, owners, rows in _pages(collection, expression(wanted)):
        scores = np.concatenate([scores, vectors @ rows.T], axis=1)
        images = np.concatenate([images, np.broadcast_to(ids, (count, len(ids)))], axis=1)
        products = np.concatenate([products, np.broadcast_to(owners, (count, len(ids)))], axis=1)
        best = np.lexsort((images, -scores), axis=1)[:, :limit]
        scores = np.take_along_axis(scores, best, axis=1)
        images, products = np.take_along_axis(images, best, axis=1), np.take_along_axis(products, best, axis=1)
        on_page()
    return [
        [ImageHit(int(image), int(product), float(score)) for image, product, score in zip(*row, strict=True)]
        for row in zip(images, products, scores, strict=True)
    ]


def _pages(
    collection: str, filter_expression: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """Ids (n,), product ids (n,) and vectors (n, dimension) of the rows that pass, by ranges of ids that fit a page."""
    waiting = [(0, 2**62)]
    while waiting:
        first, last = waiting.pop()
        bounds = f"id >= {first} and id <= {last}"
        page = call(
            f"reading the vectors of {collection}",
            "query",
            collection,
            filter=f"({filter_expression}) and {bounds}",
            output_fields=["id", "product_id", "embedding"],
            limit=VECTOR_PAGE_ROWS,
            consistency_level="Strong",
        )
        ids = np.array([int(row["id"]) for row in page], np.int64)
        if len(page) >= VECTOR_PAGE_ROWS and first < last:
            # The page shows where rows lie: its median halves the range by rows, not by numbers.
            middle = min(int(np.median(ids)), last - 1)
            waiting += [(first, middle), (middle + 1, last)]
            continue
        if page:
            owners = np.array([int(row["product_id"]) for row in page], np.int64)
            yield ids, owners, np.array([row["embedding"] for row in page], np.float32)
