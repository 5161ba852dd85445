"""What an encoder can do on the fashion and home sets: words to photos, zero-shot labels, photos to photos.

Queries are held-out products and senders; the split is `search.training.data.is_held_out`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.evaluation.embedded import Embedded, Embedder
from search.evaluation.estimates import Figure, estimate
from search.evaluation.nearest import FloatArray, nearest, ranks
from search.training.captions import field_words
from search.training.data import Sample, read_fashion
from search.training.vocabulary import KINDS

# A value that fewer products have cannot fill ten places with right answers.
MIN_PRODUCTS = 10
WORDS, LABELS = "Words to photos", "Zero-shot labels"
HOME, STREET = "Photos taken at home", "Crops of street photos"


def read_products(path: Path, *, limit: int | None = None) -> list[Sample]:
    """The fashion set's products, one 60x80 photo each; with `limit` about so many of them, evenly drawn."""
    first: dict[str, Sample] = {}
    for sample in read_fashion(path):
        first.setdefault(sample.key, sample)
    products = list(first.values())
    return products if limit is None else products[:: max(1, len(products) // limit)]


def word_figures(embedder: Embedder, shop: Embedded) -> list[Figure]:
    """Held-out titles must find their own photo among all; a kind's or a colour's word must find products that have it."""
    return [*_title_figures(embedder, shop), *_value_figures(embedder, shop)]


def _title_figures(embedder: Embedder, shop: Embedded) -> list[Figure]:
    titles = [sample.title.lower() for sample in shop.samples]
    places = [int(i) for i in shop.held_out if titles[i]]
    queries = embedder.texts([shop.samples[i].title for i in places])
    own = ranks(queries, shop.vectors, [np.array([i]) for i in places])
    alike: dict[str, list[int]] = {}
    for i, title in enumerate(titles):
        alike.setdefault(title, []).append(i)
    same = ranks(queries, shop.vectors, [np.array(alike[titles[i]]) for i in places])
    ceiling = [min(1.0, 10 / len(alike[titles[i]])) for i in places]
    return [
        Figure(WORDS, "title to its own photo", "R@10", estimate(own <= 10), 0.30),
        Figure(WORDS, "title to its own photo", "MRR", estimate(1 / own)),
        Figure(WORDS, "title to any photo of that very title", "R@10", estimate(same <= 10)),
        Figure(WORDS, "title to any photo of that very title", "MRR", estimate(1 / same)),
        Figure(WORDS, "a perfect encoder, which cannot tell equal titles apart", "R@10", estimate(ceiling)),
    ]


def _value_figures(embedder: Embedder, shop: Embedded) -> list[Figure]:
    figures = []
    for field, name, target in (("kind", "articleType", 0.80), ("color", "colour", 0.75)):
        for part, where, wanted in ((shop, "all photos", target), (shop.part(shop.held_out), "held-out photos", None)):
            values = part.values(field)
            asked = frequent(values)
            if not asked:
                continue
            for is_ensemble in (False, True):
                found = nearest(embedder.prompts(field, asked, is_ensemble=is_ensemble), part.vectors, 10)
                shares = (values[found] == np.array(asked)[:, None]).mean(axis=1)
                how = "ensemble" if is_ensemble else "one word"
                figures.append(Figure(WORDS, f"{name} to product, {where}, {how}", "P@10", estimate(shares), wanted))
    return figures


def frequent(values: NDArray[np.str_]) -> list[str]:
    """The values of at least `MIN_PRODUCTS` products, in alphabetical order."""
    counts = Counter(values.tolist())
    return sorted(value for value, count in counts.items() if value and count >= MIN_PRODUCTS)


def label_figures(embedder: Embedder, shop: Embedded) -> list[Figure]:
    """Held-out products' articleType and colour among all that the set has, and the same averaged over the labels."""
    figures = []
    held_out = shop.part(shop.held_out)
    for field, name, target in (("kind", "articleType", 0.75), ("color", "colour", 0.60)):
        asked = sorted(set(shop.values(field).tolist()) - {""})
        known = held_out.part(np.flatnonzero(held_out.values(field)))
        for is_ensemble in (False, True):
            how = "ensemble" if is_ensemble else "one word"
            prompts = embedder.prompts(field, asked, is_ensemble=is_ensemble)
            right = is_right(known.vectors, prompts, asked=asked, labels=known.values(field))
            figures.append(Figure(LABELS, f"{name} of {len(asked)}, {how}", "accuracy", estimate(right), target))
            by_label = mean_by_label(right, known.values(field))
            figures.append(Figure(LABELS, f"{name} of {len(asked)}, {how}", "mean over labels", estimate(by_label)))
    return figures


def is_right(
    vectors: FloatArray, prompts: FloatArray, *, asked: Sequence[str], labels: NDArray[np.str_]
) -> NDArray[np.bool_]:
    """Whether each photo's nearest prompt is its label's."""
    return np.asarray(np.array(asked)[(vectors @ prompts.T).argmax(axis=1)] == labels)


def mean_by_label(right: NDArray[np.bool_], labels: NDArray[np.str_]) -> list[float]:
    """The share of right answers of each label, so that a rare one counts as much as a common one."""
    return [float(right[labels == label].mean()) for label in sorted(set(labels.tolist()))]


def home_labels(samples: Iterable[Sample]) -> NDArray[np.str_]:
    """The label of photos that have one only: a kind, or where the label says no more (shoes, bags) a group."""
    return np.array([sample.attributes.kind or sample.attributes.group for sample in samples], dtype=np.str_)


def home_prompts(embedder: Embedder, asked: Sequence[str], *, is_ensemble: bool) -> FloatArray:
    """One unit row for each such label."""
    fields = ["kind" if label in KINDS else "group" for label in asked]
    rows = [embedder.prompts(f, [label], is_ensemble=is_ensemble) for f, label in zip(fields, asked, strict=True)]
    return np.concatenate(rows)


def home_figures(embedder: Embedder, home: Embedded) -> list[Figure]:
    """Held-out senders' photos: their label by words, and the share of their neighbours that have the same one."""
    places = home.held_out
    senders = [home.samples[i].key for i in places]
    figures = _single_label_figures(embedder, home, section=HOME, target=0.65)
    for where, documents, target in (
        ("held-out photos of other senders", places, 0.60),
        ("training senders' photos", np.setdiff1d(np.arange(len(home.samples)), places), None),
    ):
        if len(documents) > 10:
            shares = same_label_shares(home, places, documents)
            name = f"same kind among {where}"
            figures.append(Figure(HOME, name, "P@10", estimate(shares, groups=senders), target))
    return figures


def street_figures(embedder: Embedder, street: Embedded) -> list[Figure]:
    """Crops of held-out street photos: their label by words."""
    return _single_label_figures(embedder, street, section=STREET, target=None)


def _single_label_figures(embedder: Embedder, photos: Embedded, *, section: str, target: float | None) -> list[Figure]:
    labels = home_labels(photos.samples)
    asked = sorted(set(labels.tolist()))
    places = photos.held_out
    keys = [photos.samples[i].key for i in places]
    figures = []
    for is_ensemble in (False, True):
        how = "ensemble" if is_ensemble else "one word"
        prompts = home_prompts(embedder, asked, is_ensemble=is_ensemble)
        right = is_right(photos.vectors[places], prompts, asked=asked, labels=labels[places])
        name = f"kind of {len(asked)}, zero-shot, {how}"
        figures.append(Figure(section, name, "accuracy", estimate(right, groups=keys), target))
        if len(right):
            by_label = estimate(mean_by_label(right, labels[places]))
            figures.append(Figure(section, name, "mean over labels", by_label))
    return figures


def same_label_shares(home: Embedded, queries: NDArray[np.int64], documents: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of each query's ten nearest documents with its label; its sender's own photos are left out."""
    labels = home_labels(home.samples)
    keys = np.array([sample.key for sample in home.samples])
    own = [np.flatnonzero(keys[documents] == keys[i]) for i in queries]
    found = nearest(home.vectors[queries], home.vectors[documents], 10, left_out=own)
    return np.asarray((labels[documents][found] == labels[queries][:, None]).mean(axis=1), dtype=np.float64)


def word_of(field: str, value: str) -> str:
    """The word that prompts use for a value."""
    return field_words(field, value)[0]
