"""How many queries that no shop can answer fall below the floor that keeps 95 % of the right answers.

A right answer is the best-scored product of the wanted kind among the first ten. The floor is a score below which
nothing is shown: 5 % of the right answers lie under it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.evaluation.embedded import Embedded, Embedder
from search.evaluation.encoder_figures import home_labels, word_of
from search.evaluation.estimates import Figure, estimate
from search.evaluation.nearest import FloatArray, nearest
from search.evaluation.off_catalogue import drawn_images, odd_images, off_catalogue_texts
from search.training.data import Sample

SECTION = "Off-catalogue queries below the floor"
KEPT = 0.95
TARGET = 0.95


@dataclass(frozen=True, slots=True)
class Answered:
    """Query vectors, and for each the best score of a right product among its first ten; NaN where none is right."""

    queries: FloatArray
    scores: FloatArray


def floor_figures(embedder: Embedder, shop: Embedded, home: Embedded | None, *, odd: Path | None) -> list[Figure]:
    """For words and for photos: by the best score, and by how far it stands out among the query's own scores."""
    texts = {name: embedder.texts(queries) for name, queries in off_catalogue_texts().items()}
    figures = _route_figures("words", answered_words(embedder, shop), texts, shop.vectors)
    if home is not None:
        images = {"drawn pictures": embedder.images(drawn_images(120))}
        if odd is not None:
            images["odd pictures"] = embedder.images(odd_images(odd))
        figures += _route_figures("photo", answered_photos(shop, home), images, shop.vectors)
    return figures


def answered_words(embedder: Embedder, shop: Embedded) -> Answered:
    """Held-out titles, and colour and type in words, with what they find of the same kind (and colour)."""
    held_out = [shop.samples[i] for i in shop.held_out if shop.samples[i].title and shop.samples[i].attributes.kind]
    kinds, colors = shop.values("kind"), shop.values("color")
    named = _distinct([s for s in held_out if s.attributes.color])
    texts = [s.title for s in held_out]
    texts += [f"{word_of('color', s.attributes.color)} {word_of('kind', s.attributes.kind)}" for s in named]
    queries = embedder.texts(texts)
    found = nearest(queries, shop.vectors, 10)
    right = kinds[found] == np.array([s.attributes.kind for s in (*held_out, *named)])[:, None]
    right[len(held_out) :] &= colors[found[len(held_out) :]] == np.array([s.attributes.color for s in named])[:, None]
    return Answered(queries, _right_scores(queries, shop.vectors, found, right))


def _distinct(samples: Sequence[Sample]) -> list[Sample]:
    """One sample of each colour and kind."""
    return list({(sample.attributes.kind, sample.attributes.color): sample for sample in samples}.values())


def answered_photos(shop: Embedded, home: Embedded) -> Answered:
    """Held-out photos taken at home of kinds that the shop has."""
    labels, kinds, groups = home_labels(home.samples), shop.values("kind"), shop.values("group")
    sold = set(kinds.tolist()) | {"shoes"}
    places = np.array([i for i in home.held_out if labels[i] in sold], dtype=np.int64)
    queries = home.vectors[places]
    found = nearest(queries, shop.vectors, 10)
    wanted = labels[places][:, None]
    right = (kinds[found] == wanted) | ((wanted == "shoes") & (groups[found] == "shoes"))
    return Answered(queries, _right_scores(queries, shop.vectors, found, right))


def _right_scores(
    queries: FloatArray, documents: FloatArray, found: NDArray[np.int64], right: NDArray[np.bool_]
) -> FloatArray:
    scores = np.einsum("nd,nkd->nk", queries, documents[found])
    best = np.where(right, scores, -np.inf).max(axis=1)
    return np.asarray(np.where(right.any(axis=1), best, np.nan), dtype=np.float32)


def _route_figures(
    route: str, answered: Answered, others: Mapping[str, FloatArray], documents: FloatArray
) -> list[Figure]:
    has_answer = ~np.isnan(answered.scores)
    queries, right = answered.queries[has_answer], answered.scores[has_answer]
    if not len(right):
        return []
    level, spread = _own_scale(queries, documents)
    floors = {
        "score": np.quantile(right, 1 - KEPT),
        "deviations above the query's own mean": np.quantile((right - level) / spread, 1 - KEPT),
    }
    figures = []
    for how, floor in floors.items():
        below = {name: _best(vectors, documents, is_scaled=how != "score") < floor for name, vectors in others.items()}
        everything = np.concatenate(list(below.values()))
        figures.append(Figure(SECTION, f"{route}, all", f"by {how}", estimate(everything), TARGET))
        figures += [Figure(SECTION, f"{route}, {name}", f"by {how}", estimate(share)) for name, share in below.items()]
    return figures


def _best(queries: FloatArray, documents: FloatArray, *, is_scaled: bool) -> FloatArray:
    best = (queries @ documents.T).max(axis=1)
    if not is_scaled:
        return np.asarray(best, dtype=np.float32)
    level, spread = _own_scale(queries, documents)
    return np.asarray((best - level) / spread, dtype=np.float32)


def _own_scale(queries: FloatArray, documents: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation of each query's scores over all documents, from their first two moments."""
    mean = documents.mean(axis=0)
    second = documents.T @ documents / len(documents)
    level = queries @ mean
    variance = np.einsum("nd,de,ne->n", queries, second, queries) - level**2
    return np.asarray(level, np.float32), np.asarray(np.sqrt(np.maximum(variance, 1e-12)), np.float32)
