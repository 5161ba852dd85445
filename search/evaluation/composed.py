"""A photo and "but in another colour": which way of putting the two parts together finds it.

Two sets are built from attributes. *Same type*: any product of the photo's kind and gender in the wanted colour is right.
*Same title*: only products whose title is the photo's but for the colour's word are right, which few are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.evaluation.embedded import Embedded, Embedder
from search.evaluation.encoder_figures import frequent, word_of
from search.evaluation.estimates import Figure, estimate
from search.evaluation.nearest import BLOCK, FloatArray, IntArray
from search.training.captions import field_words

SECTION = "A photo, but in another colour"
MIN_RIGHT = 3
WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
STRENGTHS = (0.25, 0.5, 0.75, 1.0, 1.5)
RRF_CONSTANT = 60


@dataclass(frozen=True, slots=True)
class Wish:
    """A product's photo, the colour that it should have instead, and the products that would be right."""

    place: int
    color: str
    right: IntArray


def type_wishes(shop: Embedded, *, limit: int, seed: int = 0) -> list[Wish]:
    """Held-out products, each with one other colour that products of the same kind and gender have."""
    by_look: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for i, sample in enumerate(shop.samples):
        by_look[sample.attributes.kind, sample.attributes.gender][sample.attributes.color].append(i)
    generator = np.random.default_rng(seed)
    wishes = []
    for i in generator.permutation(shop.held_out):
        attributes = shop.samples[i].attributes
        colors = by_look[attributes.kind, attributes.gender]
        others = sorted(
            c for c, places in colors.items() if c not in ("", attributes.color) and len(places) >= MIN_RIGHT
        )
        if attributes.kind and attributes.color and others:
            color = str(generator.choice(others))
            wishes.append(Wish(int(i), color, np.array(colors[color])))
    return wishes[:limit]


def title_wishes(shop: Embedded, *, limit: int, seed: int = 0) -> list[Wish]:
    """Held-out products that the shop has in other colours under the same title."""
    by_title: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    bare = [_without_color(sample.title, sample.attributes.color) for sample in shop.samples]
    for i, sample in enumerate(shop.samples):
        if bare[i]:
            by_title[bare[i]][sample.attributes.color].append(i)
    generator = np.random.default_rng(seed)
    wishes = []
    for i in generator.permutation(shop.held_out):
        others = sorted(set(by_title.get(bare[i], {})) - {shop.samples[i].attributes.color})
        if bare[i] and others:
            color = str(generator.choice(others))
            wishes.append(Wish(int(i), color, np.array(by_title[bare[i]][color])))
    return wishes[:limit]


def _without_color(title: str, color: str) -> str:
    """The title in lower case without its colour's word; empty where it does not name its colour."""
    if not color:
        return ""
    names = "|".join(re.escape(word) for word in sorted(field_words("color", color), key=len, reverse=True))
    bare, count = re.subn(rf"\b(?:{names})\b", " ", title.lower())
    return " ".join(bare.split()) if count else ""


def composed_figures(embedder: Embedder, shop: Embedded, *, limit: int = 1000) -> list[Figure]:
    """R@10 of every way of combining, on both sets; found of min(10, number of right ones)."""
    figures = []
    for metric, wishes in (
        ("same type, R@10", type_wishes(shop, limit=limit)),
        ("same title, R@10", title_wishes(shop, limit=limit)),
    ):
        if wishes:
            figures += [
                Figure(SECTION, name, metric, estimate([recall for block in blocks for recall in block]))
                for name, blocks in _recalls(embedder, shop, wishes).items()
            ]
    return figures


@dataclass(frozen=True, slots=True)
class _Parts:
    """The vectors that wishes are made of, all (n, dimension)."""

    image: FloatArray
    new: FloatArray
    old: FloatArray
    seen: FloatArray
    named: FloatArray


def _recalls(embedder: Embedder, shop: Embedded, wishes: list[Wish]) -> dict[str, list[list[float]]]:
    recalls: dict[str, list[list[float]]] = defaultdict(list)
    parts = _parts(embedder, shop, wishes)
    for start in range(0, len(wishes), BLOCK):
        block = wishes[start : start + BLOCK]
        rows = slice(start, start + BLOCK)
        for name, scores in _ways(parts, rows, shop.vectors):
            recalls[name].append([_recall(row, wish) for row, wish in zip(scores, block, strict=True)])
    return dict(recalls)


def _recall(scores: FloatArray, wish: Wish) -> float:
    scores[wish.place] = -np.inf
    best = np.argpartition(-scores, 10)[:10]
    return len(np.intersect1d(best, wish.right)) / min(10, len(wish.right))


def _parts(embedder: Embedder, shop: Embedded, wishes: list[Wish]) -> _Parts:
    colors = sorted(set(shop.values("color").tolist()) - {""})
    vectors = embedder.prompts("color", colors)
    code = {color: i for i, color in enumerate(colors)}
    image = shop.vectors[[wish.place for wish in wishes]]
    # Who asks need not know how the shop calls the old colour: the photo's own nearest colour word stands in.
    common = np.array([code[color] for color in frequent(shop.values("color"))] or list(code.values()))
    nearest_color = common[(image @ vectors[common].T).argmax(axis=1)]
    attributes = [shop.samples[wish.place].attributes for wish in wishes]
    named = [f"{word_of('color', w.color)} {word_of('kind', a.kind)}" for w, a in zip(wishes, attributes, strict=True)]
    return _Parts(
        image=image,
        new=vectors[[code[wish.color] for wish in wishes]],
        old=vectors[[code[a.color] for a in attributes]],
        seen=vectors[nearest_color],
        named=embedder.texts(named),
    )


def _ways(parts: _Parts, rows: slice, documents: FloatArray) -> Iterator[tuple[str, FloatArray]]:
    """Each way's name and its scores of all documents (n, documents)."""
    by_image, by_new, by_named = (vectors[rows] @ documents.T for vectors in (parts.image, parts.new, parts.named))
    yield "photo alone", by_image.copy()
    yield "colour's word alone", by_new.copy()
    yield "colour and type in words alone", by_named.copy()
    for weight in WEIGHTS:
        yield f"sum, {weight:.1f} photo + {1 - weight:.1f} colour's word", weight * by_image + (1 - weight) * by_new
    for weight in WEIGHTS:
        yield f"sum, {weight:.1f} photo + {1 - weight:.1f} colour and type", weight * by_image + (1 - weight) * by_named
    for known, from_color in (("known", parts.old), ("seen in the photo", parts.seen)):
        turn = by_new - from_color[rows] @ documents.T
        for strength in STRENGTHS:
            name = f"direction, photo + {strength:g} (new - old), old colour {known}"
            yield name, np.asarray(by_image + np.float32(strength) * turn)
    yield "late fusion (RRF) of photo and colour's word", _fused(by_image, by_new)
    yield "late fusion (RRF) of photo and colour and type", _fused(by_image, by_named)


def _fused(first: FloatArray, second: FloatArray) -> FloatArray:
    """Reciprocal ranks added, every document ranked by both."""
    return np.asarray(_reciprocal(first) + _reciprocal(second), dtype=np.float32)


def _reciprocal(scores: FloatArray) -> NDArray[np.float64]:
    places = np.argsort(np.argsort(-scores, axis=1), axis=1)
    return np.asarray(1.0 / (RRF_CONSTANT + 1 + places))
