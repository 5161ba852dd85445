"""What the second stage sees of each of the best candidates: numbers of 0 to 1, the higher the likelier it is right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from search.choices import Mode
from search.errors import IndexUnavailable
from search.pools import Pool
from search.ranking.facts import read_columns
from search.ranking.fusing import LEXICAL, WORDS, spread
from search.ranking.modifier_checks import SIGNAL, named_values, stated_values
from search.run import Run
from search.vectors import product_vectors, query_vectors

Array = NDArray[np.float64]

# `fused`: the first stage's score. `vector`: exact similarity. `title`: how much of the words the title holds, spelt about
# so; `rare`: the same with rare words counting more; `covered`: how much of the title is said; `phrase`: neighbours that are
# neighbours in the title. `attributes`: words among its values and category. `look`: values that the nearest photos agree on.
# `modifier`: whether it states what the words name.
FEATURES = ("fused", "vector", "title", "rare", "covered", "phrase", "attributes", "look", "modifier")
# Two words are one with a typo from here on (rapidfuzz's ratio): one wrong letter in five gives 80.
ALIKE = 75.0
VOTERS = 10
_WORD = re.compile(r"\w+")
_FACTS = """
SELECT product.id, product.title, product.attributes::text, coalesce(category.slug, '')
FROM catalog_product product LEFT JOIN catalog_category category ON category.id = product.category_id
WHERE product.id = ANY(%s)
"""
_CODE = re.compile(r"\"((?:[^\"\\\\]|\\\\.)*)\"")


def features_of(run: Run, pool: Pool) -> Array:
    """(n, features) for the products of this pool, in its order; a column is 0 where the query has nothing of the kind."""
    rows = read_columns(_FACTS, pool.products)
    facts = [row or ("", "{}", "") for row in rows]
    said = list(dict.fromkeys(_WORD.findall(run.query.words.lower())))
    values = [_values(attributes, category) for _, attributes, category in facts]
    titles = [_WORD.findall(title.lower()) for title, _, _ in facts]
    columns = (
        spread(pool.scores.astype(np.float64)),
        vector_feature(run, pool),
        *title_features(said, titles),
        attribute_feature(said, values),
        look_feature(run, pool, values),
        _modifier_feature(run, pool),
    )
    return np.stack(columns, axis=1)


def vector_feature(run: Run, pool: Pool) -> Array:
    """The similarity to the query's vectors, spread over the pool; read from the index where a route did not say it."""
    row = next((row for row, name in enumerate(pool.routes) if name not in (LEXICAL, WORDS)), None)
    scores = np.full(len(pool), np.nan)
    if row is not None:
        scores = np.where(pool.ranks[row] > 0, pool.route_scores[row], np.nan).astype(np.float64)
    missing = np.isnan(scores)
    if missing.any() and run.version is not None and run.query.mode not in (Mode.BROWSE, Mode.LEXICAL):
        try:
            asked = query_vectors(run.query, run.version)
            owners, _, vectors = product_vectors(run.version, pool.products[missing].tolist())
        except IndexUnavailable:
            owners = np.zeros(0, np.int64)
        for place in np.flatnonzero(missing):
            own = owners == pool.products[place]
            if own.any():
                scores[place] = float((vectors[own] @ asked.vectors.T).max())
    known = ~np.isnan(scores)
    found = np.zeros(len(pool))
    if known.any() and np.ptp(scores[known]) > 0:
        found[known] = spread(scores[known])
    return found


def title_features(said: Sequence[str], titles: Sequence[Sequence[str]]) -> tuple[Array, Array, Array, Array]:
    """`title`, `rare`, `covered` and `phrase` (n,) of these titles in words."""
    vocabulary = sorted({word for title in titles for word in title})
    if not said or not vocabulary:
        nothing = np.zeros(len(titles))
        return nothing, nothing, nothing, nothing
    places = {word: place for place, word in enumerate(vocabulary)}
    holds = np.zeros((len(titles), len(vocabulary)), bool)
    for row, title in enumerate(titles):
        holds[row, [places[word] for word in title]] = True
    near = process.cdist(said, vocabulary, scorer=fuzz.ratio, score_cutoff=ALIKE, dtype=np.float32) / 100
    # (titles, said): the likeness of the title's word that comes nearest.
    best = np.stack([(holds * row).max(axis=1) for row in near], axis=1).astype(np.float64)
    rarity = np.log((len(titles) + 1) / ((best > 0).sum(axis=0) + 0.5))
    covered = (holds & (near.max(axis=0) > 0)).sum(axis=1) / np.maximum(1, holds.sum(axis=1))
    neighbours = [set(pairwise(title)) for title in titles]
    pairs = list(pairwise(said))
    phrase = np.array([sum(pair in own for pair in pairs) / max(1, len(pairs)) for own in neighbours])
    return best.mean(axis=1), best @ rarity / max(1e-9, float(rarity.sum())), covered, phrase


def attribute_feature(said: Sequence[str], values: Sequence[frozenset[str]]) -> Array:
    """The share of the words that some candidate's values or category name which this one's name."""
    tokens = [frozenset(_stem(word) for value in own for word in _WORD.findall(value)) for own in values]
    named = {_stem(word) for word in said} & frozenset().union(*tokens)
    return np.array([len(named & own) / len(named) if named else 0.0 for own in tokens])


def look_feature(run: Run, pool: Pool, values: Sequence[frozenset[str]]) -> Array:
    """How much the candidate's values are those of the nearest by the photo; 0 without a photo."""
    row = next((row for row, name in enumerate(pool.routes) if name in ("image", "composed")), None)
    if row is None or run.query.mode not in (Mode.IMAGE, Mode.COMPOSED):
        return np.zeros(len(pool))
    near = np.argsort(np.where(pool.ranks[row] > 0, pool.ranks[row], np.iinfo(np.int32).max), kind="stable")[:VOTERS]
    votes = Counter(value for place in near.tolist() for value in values[place])
    total = sum(votes.values())
    return spread(np.array([sum(votes[value] for value in own) / max(1, total) for own in values]))


def _modifier_feature(run: Run, pool: Pool) -> Array:
    """1 where it states all that the words name, 0 where it states something else, between where it says nothing."""
    if run.query.mode is not Mode.COMPOSED:
        return np.zeros(len(pool))
    if SIGNAL in pool.signals:
        return np.asarray(pool.signal_values[pool.signals.index(SIGNAL)] == 1, np.float64)
    named = named_values(run.store.pk, run.query.words)
    if not named:
        return np.zeros(len(pool))
    return np.asarray(np.nan_to_num(stated_values(pool.products, named), nan=0.5).mean(axis=1), np.float64)


def _values(attributes: str, category: str) -> frozenset[str]:
    """An attribute's codes and values as one bag of texts, and the category's slug."""
    return frozenset([*(text.lower() for text in _CODE.findall(attributes)), *([category.lower()] if category else [])])


def _stem(word: str) -> str:
    """Without a plural's s: the values of a catalogue are in either number."""
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
