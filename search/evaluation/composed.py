"""A photo and "but in another colour": which way of putting the two parts together finds it.

Two sets are built from attributes. *Same type*: any product of the photo's kind and gender in the wanted colour is right.
*Same title*: only products whose title is the photo's but for the colour's word are right, which few are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
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
WEIGHTS = (0.3, 0.4, 0.5, 0.6)
STRENGTHS = (0.5, 0.75, 1.0)
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
    """The vectors that wishes are made of, all (n, dimension).

    `new` and `old` are colours' words; `named` says the new colour and the type in words. What is `seen` names the type,
    and the old colour too, that the photo itself is nearest to: nobody has to say them.
    """

    image: FloatArray
    new: FloatArray
    old: FloatArray
    old_seen: FloatArray
    named: FloatArray
    named_seen: FloatArray
    old_named_seen: FloatArray


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
    image = shop.vectors[[wish.place for wish in wishes]]
    attributes = [shop.samples[wish.place].attributes for wish in wishes]
    old_seen, kinds_seen = (_seen(embedder, shop, field, image) for field in ("color", "kind"))
    new = [wish.color for wish in wishes]
    return _Parts(
        image=image,
        new=embedder.prompts("color", new),
        old=embedder.prompts("color", [known.color for known in attributes]),
        old_seen=embedder.prompts("color", old_seen),
        named=_named(embedder, new, [known.kind for known in attributes]),
        named_seen=_named(embedder, new, kinds_seen),
        old_named_seen=_named(embedder, old_seen, kinds_seen),
    )


def _seen(embedder: Embedder, shop: Embedded, field: str, image: FloatArray) -> list[str]:
    """Each photo's nearest value, of those that the shop has often."""
    common = frequent(shop.values(field)) or sorted(set(shop.values(field).tolist()) - {""})
    return [common[i] for i in (image @ embedder.prompts(field, common).T).argmax(axis=1)]


def _named(embedder: Embedder, colors: Sequence[str], kinds: Sequence[str]) -> FloatArray:
    pairs = zip(colors, kinds, strict=True)
    return embedder.texts([f"{word_of('color', color)} {word_of('kind', kind)}" for color, kind in pairs])


def _ways(parts: _Parts, rows: slice, documents: FloatArray) -> Iterator[tuple[str, FloatArray]]:
    """Each way's name and its scores of all documents (n, documents)."""
    photo, new, named, named_seen = (
        vectors[rows] @ documents.T for vectors in (parts.image, parts.new, parts.named, parts.named_seen)
    )
    yield "photo alone", photo.copy()
    yield "colour's word alone", new.copy()
    yield "colour and type in words alone", named.copy()
    for words, name in ((new, "colour's word"), (named, "colour and type"), (named_seen, "colour and type seen")):
        for weight in WEIGHTS:
            yield f"sum, {weight:.1f} photo + {1 - weight:.1f} {name}", weight * photo + (1 - weight) * words
    for after, before, name in (
        (new, parts.old, "old colour known"),
        (new, parts.old_seen, "old colour seen"),
        (named_seen, parts.old_named_seen, "old colour and type seen"),
    ):
        turn = after - before[rows] @ documents.T
        for strength in STRENGTHS:
            yield (
                f"direction, photo + {strength:g} (new - old), {name}",
                np.asarray(photo + np.float32(strength) * turn),
            )
    yield "late fusion (RRF) of photo and colour's word", _fused(photo, new)
    yield "late fusion (RRF) of photo and colour and type", _fused(photo, named)


def _fused(first: FloatArray, second: FloatArray) -> FloatArray:
    """Reciprocal ranks added, every document ranked by both."""
    return np.asarray(_reciprocal(first) + _reciprocal(second), dtype=np.float32)


def _reciprocal(scores: FloatArray) -> NDArray[np.float64]:
    places = np.argsort(np.argsort(-scores, axis=1), axis=1)
    return np.asarray(1.0 / (RRF_CONSTANT + 1 + places))
