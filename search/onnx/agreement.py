"""Whether an export ranks like its source: overlap of the first ten, rank correlation, and the judged figure (MRR).

Each is taken over three indexes: of the source's vectors, of the export's own, and of both mixed, since an index that
torch built is searched and filled up by the export.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOP = 10
RESAMPLES = 1000
Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least that an export must reach, over every index and both kinds of query."""

    overlap: float
    correlation: float


# fp32 differs from torch by rounding alone. int8 moves near neighbours about: 0.99 over 1,000 shop photos for a ViT (the
# worst of the three indexes, docs/evaluation.md), less over more photos, which lie closer together.
BOUNDS = {"fp32": Bounds(overlap=0.99, correlation=0.999), "int8": Bounds(overlap=0.95, correlation=0.99)}


@dataclass(frozen=True, slots=True)
class Vectors:
    """One encoder's unit rows of the same texts, query photos and indexed photos."""

    texts: Rows
    queries: Rows
    photos: Rows


@dataclass(frozen=True, slots=True)
class Figures:
    """One kind of query over one index. Means over the queries; `interval` is torch's 95 % bootstrap interval of its MRR."""

    query: str
    index: str
    overlap: float
    correlation: float
    cosine: float
    mrr: float
    mrr_source: float
    interval: tuple[float, float]

    def refusal(self, bounds: Bounds) -> str:
        """Why these figures are not enough, or ""."""
        if self.overlap < bounds.overlap:
            return f"overlap@{TOP} {self.overlap:.4f} is below {bounds.overlap}"
        if self.correlation < bounds.correlation:
            return f"rank correlation {self.correlation:.4f} is below {bounds.correlation}"
        low, high = self.interval
        if not low <= self.mrr <= high:
            return f"MRR {self.mrr:.4f} is outside of torch's interval {low:.4f} to {high:.4f}"
        return ""

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def compare(source: Vectors, export: Vectors, *, answers: Sequence[frozenset[int]]) -> list[Figures]:
    """The figures of text and photo queries over the three indexes.

    `answers` holds for each text the indexed photos that answer it; photo query i is answered by photo i.
    """
    mixed = source.photos.copy()
    mixed[::2] = export.photos[::2]
    own = [frozenset([i]) for i in range(len(source.queries))]
    found = []
    for index, photos in (("torch", source.photos), ("onnx", export.photos), ("mixed", mixed)):
        for query, ours, theirs, right in (
            ("text", export.texts, source.texts, answers),
            ("photo", export.queries, source.queries, own),
        ):
            found.append(_figures((query, index), ours @ photos.T, theirs @ source.photos.T, right, ours, theirs))
    return found


def _figures(
    name: tuple[str, str], ours: Rows, theirs: Rows, right: Sequence[frozenset[int]], left: Rows, other: Rows
) -> Figures:
    our_order, their_order = (np.argsort(-scores, axis=1, kind="stable") for scores in (ours, theirs))
    mrr, mrr_source = (_reciprocal_ranks(order, right) for order in (our_order, their_order))
    return Figures(
        *name,
        overlap=float(np.mean([_overlap(a, b) for a, b in zip(our_order, their_order, strict=True)])),
        correlation=float(np.mean([_correlation(a, b) for a, b in zip(our_order, their_order, strict=True)])),
        cosine=float((left * other).sum(axis=1).min()),
        mrr=float(mrr.mean()),
        mrr_source=float(mrr_source.mean()),
        interval=_interval(mrr_source),
    )


def _overlap(ours: NDArray[np.intp], theirs: NDArray[np.intp]) -> float:
    top = min(TOP, len(theirs))
    return len(set(ours[:top].tolist()) & set(theirs[:top].tolist())) / top


def _correlation(ours: NDArray[np.intp], theirs: NDArray[np.intp]) -> float:
    """Spearman's, over the whole ranking."""
    return float(np.corrcoef(np.argsort(ours), np.argsort(theirs))[0, 1])


def _reciprocal_ranks(order: NDArray[np.intp], right: Sequence[frozenset[int]]) -> NDArray[np.float64]:
    firsts = [
        next(i for i, photo in enumerate(row.tolist()) if photo in some) for row, some in zip(order, right, strict=True)
    ]
    return 1.0 / (1.0 + np.asarray(firsts, dtype=np.float64))


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    chance = np.random.default_rng(0)
    means = values[chance.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
