"""How many queries that no shop can answer fall below the floor that keeps 95 % of the right answers.

A right answer is the best-scored product of the wanted kind among the first ten. The floor is a score below which
nothing is shown: 5 % of the right answers lie under it. A route's confidence rises with its score, so that a floor of
confidence is the same floor. Beside it, the same by a linear classifier of vectors, taught with other off-topic queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from search.calibration.off_topic import FITTING_TEXTS, off_topic_image
from search.evaluation.distortions import STRONG
from search.evaluation.embedded import Embedded, Embedder
from search.evaluation.encoder_figures import home_labels, word_of
from search.evaluation.estimates import Figure, estimate
from search.evaluation.nearest import FloatArray, best_scores, nearest
from search.evaluation.off_catalogue import drawn_images, odd_images, off_catalogue_texts
from search.training.data import Sample, open_photos

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

SECTION = "Off-catalogue queries below the floor"
KEPT = 0.95
TARGET = 0.95
# What the classifier is taught with, and how many photos of each distortion ask.
TAUGHT, TAUGHT_PICTURES, DISTORTED = 4000, 300, 70


@dataclass(frozen=True, slots=True)
class Answered:
    """Query vectors, and for each the best score of a right product among its first ten; NaN where none is right."""

    queries: FloatArray
    scores: FloatArray


def floor_figures(embedder: Embedder, shop: Embedded, home: Embedded | None, *, odd: Path | None) -> list[Figure]:
    """For words and for photos, those taken at home and the shop's own, strongly distorted."""
    texts = {name: embedder.texts(queries) for name, queries in off_catalogue_texts().items()}
    figures = _route_figures(
        "words", answered_words(embedder, shop), texts, documents=shop.vectors, judge=_words_judge(embedder, shop)
    )
    images = {"drawn pictures": embedder.images(drawn_images(120))}
    if odd is not None:
        images["odd pictures"] = embedder.images(odd_images(odd))
    judge = _photos_judge(embedder, shop, home)
    routes = {"distorted shop photo": answered_distorted(embedder, shop)}
    if home is not None:
        routes["home photo"] = answered_photos(shop, home)
    for name, answered in routes.items():
        figures += _route_figures(name, answered, images, documents=shop.vectors, judge=judge)
    return figures


def _words_judge(embedder: Embedder, shop: Embedded) -> LogisticRegression:
    """Training titles, and colours with types, against off-topic texts that are not measured."""
    known = [sample for sample in shop.samples if not sample.is_validation]
    drawn = np.random.default_rng(3).permutation(len(known))[:TAUGHT]
    inside = [known[i].title for i in drawn] + [_named(sample) for sample in _distinct(known)]
    # A text that shares a word with a measured one would teach the answer.
    measured = {word for texts in off_catalogue_texts().values() for text in texts for word in text.lower().split()}
    taught = [text for text in FITTING_TEXTS if not measured & set(text.lower().split())]
    return _judge(embedder.texts(inside), embedder.texts(taught))


def _photos_judge(embedder: Embedder, shop: Embedded, home: Embedded | None) -> LogisticRegression:
    """Training photos against noise, blocks, gradients, bands and shuffled photos."""
    known = np.setdiff1d(np.arange(len(shop.samples)), shop.held_out)
    drawn = np.random.default_rng(3).permutation(known)[:TAUGHT]
    inside = [shop.vectors[drawn]]
    if home is not None:
        inside.append(home.vectors[np.setdiff1d(np.arange(len(home.samples)), home.held_out)])
    photos = open_photos([shop.samples[i] for i in drawn[:TAUGHT_PICTURES]])
    outside = embedder.images(off_topic_image(photo, i) for i, photo in enumerate(photos))
    return _judge(np.concatenate(inside), outside)


def _judge(inside: FloatArray, outside: FloatArray) -> LogisticRegression:
    from sklearn.linear_model import LogisticRegression  # scipy's import costs half a second: only who fits pays

    is_inside = np.arange(len(inside) + len(outside)) < len(inside)
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=500)
    model.fit(np.concatenate([inside, outside]), is_inside)
    return model


def answered_words(embedder: Embedder, shop: Embedded) -> Answered:
    """Held-out titles, and colour and type in words, with what they find of the same kind (and colour)."""
    held_out = [shop.samples[i] for i in shop.held_out if shop.samples[i].title and shop.samples[i].attributes.kind]
    kinds, colors = shop.values("kind"), shop.values("color")
    named = _distinct(held_out)
    texts = [s.title for s in held_out]
    texts += [_named(s) for s in named]
    queries = embedder.texts(texts)
    found = nearest(queries, shop.vectors, 10)
    right = kinds[found] == np.array([s.attributes.kind for s in (*held_out, *named)])[:, None]
    right[len(held_out) :] &= colors[found[len(held_out) :]] == np.array([s.attributes.color for s in named])[:, None]
    return Answered(queries, _right_scores(queries, shop.vectors, found, right))


def _named(sample: Sample) -> str:
    return f"{word_of('color', sample.attributes.color)} {word_of('kind', sample.attributes.kind)}"


def _distinct(samples: Sequence[Sample]) -> list[Sample]:
    """One sample of each colour and kind that are known."""
    known = (sample for sample in samples if sample.attributes.kind and sample.attributes.color)
    return list({(sample.attributes.kind, sample.attributes.color): sample for sample in known}.values())


def answered_distorted(embedder: Embedder, shop: Embedded) -> Answered:
    """Held-out products' photos, each in one of the strong distortions."""
    kinds = shop.values("kind")
    known = [int(i) for i in np.random.default_rng(4).permutation(shop.held_out) if kinds[i]]
    parts = [known[start :: len(STRONG)][:DISTORTED] for start in range(len(STRONG))]
    queries = [
        embedder.photos([shop.samples[i] for i in part], distortion=name).vectors
        for part, name in zip(parts, STRONG, strict=True)
        if part
    ]
    own = np.array([i for part in parts for i in part])
    vectors = np.concatenate(queries)
    found = nearest(vectors, shop.vectors, 10)
    return Answered(vectors, _right_scores(vectors, shop.vectors, found, kinds[found] == kinds[own][:, None]))


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
    route: str,
    answered: Answered,
    others: Mapping[str, FloatArray],
    *,
    documents: FloatArray,
    judge: LogisticRegression,
) -> list[Figure]:
    has_answer = ~np.isnan(answered.scores)
    if not has_answer.any():
        return []
    kept = {
        "by score": answered.scores[has_answer],
        "by classifier": judge.decision_function(answered.queries[has_answer]),
    }
    figures = []
    for how, right in kept.items():
        floor = np.quantile(right, 1 - KEPT)
        marks = {
            name: best_scores(vectors, documents) if how == "by score" else judge.decision_function(vectors)
            for name, vectors in others.items()
        }
        everything = np.concatenate(list(marks.values())) < floor
        figures.append(
            Figure(SECTION, f"{route}, all", how, estimate(everything), TARGET if how == "by score" else None)
        )
        figures += [Figure(SECTION, f"{route}, {name}", how, estimate(mark < floor)) for name, mark in marks.items()]
    return figures
