"""Learns the second stage's weights from judged queries: coordinate ascent on NDCG@10, believed only on held-out ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from catalog.models import Product, Store
from search.evaluation.asking import query_for
from search.evaluation.metrics import Difference, difference
from search.evaluation.sets import JudgedSet
from search.matching import match
from search.models import IndexVersion
from search.ranking.features import FEATURES, features_of
from search.ranking.fusing import fused
from search.ranking.modifier_checks import modifiers_checked
from search.ranking.records import RankingWeights
from search.ranking.rerank import HEAD
from search.retrieval import begun
from search.understanding import understand

Array = NDArray[np.float64]

CUT = 10
ROUNDS = 3
# What one weight is tried at; `fused` stays 1, which sets the scale.
STEPS = (-1.0, -0.5, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0)
# Weights that gain less than this on the learning half are noise, and 0 is simpler.
MIN_STEP_GAIN = 1e-4
MIN_QUERIES = 40


@dataclass(frozen=True, slots=True)
class Example:
    """A query's candidates: features (n, features) in the first stage's order, gains (n,), and the best possible DCG."""

    key: str
    features: Array
    gains: Array
    ideal: float


@dataclass(frozen=True, slots=True)
class Tuned:
    """Weights by feature, and NDCG@10 on the held-out half without and with them."""

    weights: dict[str, float]
    before: float
    after: float
    change: Difference
    learned_from: int
    held_out: int

    @property
    def is_better(self) -> bool:
        return self.change.mean > 0 and self.change.is_significant

    def figures(self) -> dict[str, object]:
        return {
            "before": round(self.before, 4),
            "after": round(self.after, 4),
            "change": asdict(self.change),
            "learned_from": self.learned_from,
            "held_out": self.held_out,
        }


def examples_of(
    store: Store, judged: JudgedSet, version: IndexVersion, *, on_query: Callable[[], None] = lambda: None
) -> list[Example]:
    """The set's queries with what the first stage finds for them; one that finds nothing teaches nothing."""
    found = []
    for asked in judged.queries:
        run = begun(query_for(store, judged, asked, fields={}, depth=CUT), version, is_kept=False, clock=monotonic)
        understand(run)
        pool = modifiers_checked(run, fused(match(run), run.query))
        on_query()
        if not len(pool):
            continue
        head = pool.taken(np.arange(min(HEAD, len(pool))))
        skus = dict(Product.objects.filter(pk__in=head.products.tolist()).values_list("pk", "sku"))
        gains = np.array([asked.judgments.get(skus.get(pk, ""), 0) for pk in head.products.tolist()], np.float64)
        best = np.sort(np.array(list(asked.judgments.values()), np.float64))[::-1][:CUT]
        found.append(
            Example(f"{judged.name} {asked.id}", features_of(run, head), gains, float(best @ _discounts(len(best))))
        )
    return found


def tune(examples: Sequence[Example]) -> Tuned:
    """Weights learned from one half of the examples and measured on the other. Halves go by a hash of the query's key.

    Raises ValueError for fewer than `MIN_QUERIES` examples.
    """
    if len(examples) < MIN_QUERIES:
        raise ValueError(
            f"{len(examples)} judged queries find something; at least {MIN_QUERIES} are needed to learn from."
        )
    is_held = [hashlib.sha256(one.key.encode()).digest()[0] % 2 == 1 for one in examples]
    learning = _packed([one for one, held in zip(examples, is_held, strict=True) if not held])
    held_out = _packed([one for one, held in zip(examples, is_held, strict=True) if held])
    weights = learned_weights(*learning)
    plain = np.eye(1, len(FEATURES))[0]
    before, after = (ndcg(*held_out, one) for one in (plain, weights))
    return Tuned(
        {name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True) if weight},
        float(before.mean()),
        float(after.mean()),
        difference(before, after),
        len(learning[0]),
        len(held_out[0]),
    )


def learned_weights(features: Array, gains: Array, ideals: Array) -> Array:
    """Coordinate ascent (Metzler and Croft 2007) from the first stage's own order."""
    weights = np.eye(1, len(FEATURES))[0]
    best = float(ndcg(features, gains, ideals, weights).mean())
    for _ in range(ROUNDS):
        started = best
        for place in range(1, len(FEATURES)):
            for step in STEPS:
                tried = weights.copy()
                tried[place] = step
                reached = float(ndcg(features, gains, ideals, tried).mean())
                if reached > best + MIN_STEP_GAIN:
                    best, weights = reached, tried
        if best == started:
            break
    return np.asarray(weights, np.float64)


def ndcg(features: Array, gains: Array, ideals: Array, weights: Array) -> Array:
    """NDCG@10 (q,) of padded candidates (q, n, features) in the order of these weights; equal ones stay as they stood."""
    worth = np.where(np.isnan(gains), -np.inf, features @ weights)
    order = np.argsort(-worth, axis=1, kind="stable")[:, :CUT]
    top = np.nan_to_num(np.take_along_axis(gains, order, axis=1))
    return np.asarray(top @ _discounts(top.shape[1]) / ideals, np.float64)


def save_weights(store: Store, version: IndexVersion, tuned: Tuned, *, sets: Sequence[str]) -> RankingWeights:
    """Keep the weights for the store and the version's encoder; searches use them from now on."""
    row, _ = RankingWeights.objects.update_or_create(
        store=store,
        fingerprint=version.fingerprint,
        defaults={"weights": tuned.weights, "figures": {**tuned.figures(), "sets": list(sets)}},
    )
    return row


def _packed(examples: Sequence[Example]) -> tuple[Array, Array, Array]:
    """Padded to one length: features with zeros, gains with NaN."""
    longest = max((len(one.gains) for one in examples), default=0)
    features = np.zeros((len(examples), longest, len(FEATURES)))
    gains = np.full((len(examples), longest), np.nan)
    for row, one in enumerate(examples):
        features[row, : len(one.gains)] = one.features
        gains[row, : len(one.gains)] = one.gains
    return features, gains, np.array([one.ideal for one in examples])


def _discounts(count: int) -> Array:
    return np.asarray(1 / np.log2(np.arange(2, count + 2)), np.float64)
