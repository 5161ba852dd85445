"""The routes of a search: words in Postgres, vectors in Milvus. Each gives products in order, best first."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from itertools import compress
from time import monotonic

import numpy as np
from django.conf import settings
from django.db.models import QuerySet
from numpy.typing import NDArray

from catalog.models import Product, ProductImage
from catalog.models.product import ImageKind
from search import lexical, milvus, query_cache
from search.calibration.confidence import RouteCalibration
from search.errors import InvalidQuery
from search.lexical import Words
from search.models import IndexVersion
from search.photo_care import photo_views
from search.query import Query, RowFilter
from search.versions import encoder_of

# Images of one product that stand for it in "more like this": a product rarely looks like more than four things.
MAX_PRODUCT_VECTORS = 4
# A dead engine may cost a search this long, then the other routes answer without it.
SEARCH_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product on a route. `image_id` is the image that matched, 0 for words."""

    product_id: int
    image_id: int
    score: float


@dataclass(frozen=True, slots=True)
class Route:
    """One route's candidates, best first, each product once. `is_complete` is false when the route was cut at its cap.

    `confidences` (n,) go with the candidates; None where the route is not calibrated.
    """

    name: str
    candidates: tuple[Candidate, ...]
    is_complete: bool
    confidences: NDArray[np.float32] | None = None

    def only(self, product_ids: Set[int]) -> Route:
        """The route without all other products."""
        return self._kept([candidate.product_id in product_ids for candidate in self.candidates])

    def calibrated(
        self, known: RouteCalibration | None, *, queries: NDArray[np.float32] | None = None, per_word: int = 1
    ) -> Route:
        """The route with a confidence for each candidate; `queries` (m, d) found them, `per_word` divides scores of words."""
        if known is None:
            return self
        scores = np.array([candidate.score / max(1, per_word) for candidate in self.candidates], np.float32)
        return replace(self, confidences=known.confidence(scores, queries))

    def above(self, floor: float) -> Route:
        """The route without what is less sure. It is complete if anything was: what lies beyond its cap is less sure still."""
        if self.confidences is None:
            return self
        sure = self.confidences >= floor
        return replace(self._kept(sure.tolist()), is_complete=self.is_complete or not sure.all())

    def _kept(self, chosen: Sequence[bool]) -> Route:
        return replace(
            self,
            candidates=tuple(compress(self.candidates, chosen)),
            confidences=None if self.confidences is None else self.confidences[np.array(chosen, bool)],
        )


def words_route(products: QuerySet[Product], words: Words, *, any_word: bool) -> Route:
    """The products of this queryset that match the words, ranked, up to the pool's size."""
    limit = settings.SEARCH_POOL_SIZE
    hits = lexical.ranked(products, words, any_word=any_word, limit=limit)
    return Route("lexical", tuple(Candidate(h.product_id, 0, h.score) for h in hits), len(hits) < limit)


def query_vectors(query: Query, version: IndexVersion) -> tuple[str, NDArray[np.float32]]:
    """The route's name and its unit vectors (n, dimension); several vectors are alternatives, the best counts.

    With words and a photo the vector is the weighted sum of both: its inner product with a product's vector is the
    weighted sum of the two similarities, so one search ranks the whole collection by both.
    """
    photo = _photo_vectors(query, version)
    if not query.text:
        return "image", photo
    words = query_cache.text_vector(encoder_of(version), query.text)
    if not len(photo):
        return "text", words
    return "composed", unit(query.image_weight * photo + query.text_weight * words)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows scaled to length 1; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def _photo_vectors(query: Query, version: IndexVersion) -> NDArray[np.float32]:
    if query.image is not None:
        encoder = encoder_of(version)
        views = photo_views(query.image, crops=settings.QUERY_PHOTO_CROPS, is_cut=settings.QUERY_PHOTO_CUT)
        return np.concatenate([query_cache.photo_vector(encoder, view) for view in views])
    if query.product_id is None:
        return np.zeros((0, version.dimension), np.float32)
    ids = list(
        ProductImage.objects.filter(
            product_id=query.product_id, product__store_id=query.store_id, kind=ImageKind.CATALOG
        ).values_list("pk", flat=True)[:MAX_PRODUCT_VECTORS]
    )
    known = milvus.read_vectors(version.collection, ids, is_strong=False) if ids else {}
    if not known:
        raise InvalidQuery(
            "This product has no indexed catalogue photo yet: give it one, or try again in a moment.", field="image"
        )
    return np.stack([known[image_id] for image_id in ids if image_id in known])


def vector_route(
    name: str, vectors: NDArray[np.float32], version: IndexVersion, *, wanted: RowFilter, limit: int, deadline: float
) -> Route:
    """The images nearest to any of the vectors, collapsed to products: the best image of a product stands for it.

    `deadline` is on `time.monotonic`'s clock.
    """
    params = dict(version.search_params)
    rescore = bool(params.pop("rescore", 0))
    results = milvus.search(
        version.collection,
        vectors,
        wanted=wanted,
        limit=limit,
        params=params,
        rescore=rescore,
        timeout_s=max(0.05, min(SEARCH_TIMEOUT_S, deadline - monotonic())),
    )
    best: dict[int, Candidate] = {}
    for hit in sorted((hit for hits in results for hit in hits), key=lambda hit: (-hit.score, hit.image_id)):
        best.setdefault(hit.product_id, Candidate(hit.product_id, hit.image_id, hit.score))
    return Route(name, tuple(best.values()), all(len(hits) < limit for hits in results))


def fuse(routes: Sequence[Route], *, constant: int) -> list[tuple[int, float]]:
    """Reciprocal rank fusion (Cormack et al. 2009, who take 60): products with their fused score, best first."""
    scores: dict[int, float] = {}
    for route in routes:
        for rank, candidate in enumerate(route.candidates, start=1):
            scores[candidate.product_id] = scores.get(candidate.product_id, 0.0) + 1.0 / (constant + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], -item[0]))
