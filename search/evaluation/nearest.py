"""Exact search over unit rows in memory, in blocks: the yardstick, with no index between an encoder and its figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
BLOCK = 256


def nearest(
    queries: FloatArray, documents: FloatArray, k: int, *, left_out: Sequence[IntArray] | None = None
) -> IntArray:
    """(n, k) documents by falling dot product; `left_out[i]` are the documents that query i must not see."""
    k = min(k, len(documents))
    found = np.empty((len(queries), k), dtype=np.int64)
    for start in range(0, len(queries), BLOCK):
        scores = queries[start : start + BLOCK] @ documents.T
        for row, hidden in enumerate(left_out[start : start + BLOCK] if left_out is not None else ()):
            scores[row, hidden] = -np.inf
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        found[start : start + BLOCK] = np.take_along_axis(best, order, axis=1)
    return found


def ranks(queries: FloatArray, documents: FloatArray, targets: Sequence[IntArray] | IntArray) -> IntArray:
    """1-based rank of the best of each query's target documents; ties with other documents count against us."""
    result = np.empty(len(queries), dtype=np.int64)
    for start in range(0, len(queries), BLOCK):
        scores = queries[start : start + BLOCK] @ documents.T
        for row, own in enumerate(targets[start : start + BLOCK]):
            better = scores[row] >= scores[row, own].max()
            better[own] = False
            result[start + row] = 1 + int(better.sum())
    return result


def best_scores(queries: FloatArray, documents: FloatArray) -> FloatArray:
    """The score of each query's nearest document."""
    blocks = [(queries[start : start + BLOCK] @ documents.T).max(axis=1) for start in range(0, len(queries), BLOCK)]
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
