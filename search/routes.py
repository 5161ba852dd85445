"""The routes of a search: words in Postgres, vectors in Milvus. Each gives products in order, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from search import milvus
from search.calibration.confidence import RouteCalibration
from search.choices import Match
from search.errors import EncoderMismatch
from search.milvus import ImageHit
from search.models import IndexVersion
from search.query import RowFilter
from search.recall.noting import note_search
from search.vectors import VectorQuery, product_vectors


@dataclass(frozen=True, slots=True)
class Route:
    """One route's products, best first, each once: int64 (n,), with the image that matched (0 for words) and its score (n,).

    `unseen` is the highest score that anything beyond the route may have; None where the route holds all there is.
    `confidences` (n,) and `unseen_confidence` are None where the route is not calibrated.
    """

    name: str
    products: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    images: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    scores: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    unseen: float | None = None
    confidences: NDArray[np.float32] | None = None
    unseen_confidence: float | None = None

    def __len__(self) -> int:
        return len(self.products)

    @property
    def is_complete(self) -> bool:
        """Whether nothing lies beyond the route."""
        return self.unseen is None

    def only(self, product_ids: NDArray[np.int64]) -> Route:
        """The route without all other products."""
        return self._kept(np.isin(self.products, product_ids))

    def calibrated(
        self, known: RouteCalibration | None, *, queries: NDArray[np.float32] | None = None, per_word: int = 1
    ) -> Route:
        """The route with a confidence for each product; `queries` (m, d) found them, `per_word` divides scores of words."""
        if known is None:
            return self
        unseen = None
        if self.unseen is not None:
            unseen = float(known.confidence(np.array([self.unseen / max(1, per_word)], np.float32), queries)[0])
        confidences = known.confidence(self.scores / np.float32(max(1, per_word)), queries)
        return replace(self, confidences=confidences, unseen_confidence=unseen)

    def above(self, floor: float) -> Route:
        """The route without what is less sure. It is complete if all that lies beyond it is less sure too."""
        if self.confidences is None:
            return self
        kept = self._kept(self.confidences >= floor)
        if self.unseen_confidence is not None and self.unseen_confidence < floor:
            kept = replace(kept, unseen=None, unseen_confidence=None)
        return kept

    def _kept(self, chosen: NDArray[np.bool_]) -> Route:
        return replace(
            self,
            products=self.products[chosen],
            images=self.images[chosen],
            scores=self.scores[chosen],
            confidences=None if self.confidences is None else self.confidences[chosen],
        )


def words_route(products: NDArray[np.int64], scores: NDArray[np.float32]) -> Route:
    """The route of the products (n,) that hold the words, best first with their scores (n,), up to the pool's size."""
    limit = settings.SEARCH_POOL_SIZE
    scores = scores[:limit]
    return Route(
        "lexical",
        products=products[:limit],
        images=np.zeros(len(scores), np.int64),
        scores=scores,
        unseen=float(scores[-1]) if len(scores) >= limit else None,
    )


def vector_search(asked: VectorQuery, version: IndexVersion, *, wanted: RowFilter, limit: int) -> list[list[ImageHit]]:
    """The `limit` images nearest to each of the query's vectors, best first, by the version's own search parameters.

    Raises `EncoderMismatch` for a query of another model than the version's: it is never answered with what happens to be near.
    """
    if asked.fingerprint != version.fingerprint:
        raise EncoderMismatch(
            f"The query was encoded by the model {asked.fingerprint}, and {version.collection} holds vectors of"
            f" {version.fingerprint}: encode it for the version that is asked."
        )
    return milvus.search(
        version.collection,
        asked.vectors,
        wanted=wanted,
        limit=limit,
        params=version.search_params,
    )


def vector_route(asked: VectorQuery, version: IndexVersion, *, wanted: RowFilter, limit: int) -> Route:
    """The images nearest to the query's vectors, collapsed to products: the best image of a product stands for it.

    Matching any, a product is as near as the nearest of all vectors says; matching all, its score is the weighted mean over
    the groups of vectors, each group's best.
    """
    found = vector_search(asked, version, wanted=wanted, limit=limit)
    note_search(version, asked.vectors, wanted=wanted, found=found)
    if asked.match is Match.ALL and len(asked.groups) > 1:
        return _of_all(asked, found, version, limit=limit)
    # All rows that pass the filter are in any list that was not cut; what is in no list scores below each list's end.
    ends = [hits[-1].score for hits in found if len(hits) >= limit]
    unseen = max(ends) if found and len(ends) == len(found) else None
    return _collapsed(asked.name, [hit for hits in found for hit in hits], unseen=unseen)


def _collapsed(name: str, hits: Sequence[ImageHit], *, unseen: float | None) -> Route:
    """Hits of images as products, the best image first; equal scores go by image id."""
    if not hits:
        return Route(name, unseen=unseen)
    images = np.array([hit.image_id for hit in hits], np.int64)
    products = np.array([hit.product_id for hit in hits], np.int64)
    scores = np.array([hit.score for hit in hits], np.float32)
    order = np.lexsort((images, -scores))
    _, first = np.unique(products[order], return_index=True)
    chosen = order[np.sort(first)]
    return Route(name, products=products[chosen], images=images[chosen], scores=scores[chosen], unseen=unseen)


def _of_all(asked: VectorQuery, found: list[list[ImageHit]], version: IndexVersion, *, limit: int) -> Route:
    """Products by the weighted mean of each group's best similarity, computed exactly for whatever any group found."""
    ids = np.unique([hit.product_id for hits in found for hit in hits]).astype(np.int64)
    weights = np.array(asked.weights, np.float32) / sum(asked.weights)
    ends, position = [], 0
    for group in asked.groups:
        lists = found[position : position + len(group)]
        position += len(group)
        ends.append(max((hits[-1].score for hits in lists if hits), default=-1.0))
    is_cut = all(len(hits) >= limit for hits in found)
    unseen = float(weights @ np.array(ends, np.float32)) if is_cut else None
    if not len(ids):
        return Route(asked.name, unseen=unseen)
    owners, images, vectors = product_vectors(version, ids.tolist())
    # (group, image): the best similarity of an image to any vector of the group.
    near = np.stack([(group @ vectors.T).max(axis=0) for group in asked.groups])
    products, starts = np.unique(owners, return_index=True)
    best = np.maximum.reduceat(near, starts, axis=1)
    scores = np.asarray(weights @ best, np.float32)
    overall = weights @ near
    edges = [*starts.tolist(), len(owners)]
    tops = np.array([start + int(overall[start:end].argmax()) for start, end in pairwise(edges)])
    order = np.lexsort((products, -scores))
    return Route(asked.name, products=products[order], images=images[tops][order], scores=scores[order], unseen=unseen)
