"""The second stage: the best candidates once more, by what is too dear to compute for all, with learned weights.

There is no default: without weights that `manage.py tune_ranking` found better on held-out judged queries of the store, for
the encoder of the index, nothing is re-ranked.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from catalog.models import Store
from search.choices import Mode
from search.pools import Pool
from search.ranking.features import FEATURES, features_of
from search.ranking.records import RankingWeights
from search.run import Run

HEAD = 200


def reranked(run: Run, pool: Pool) -> Pool:
    """The pool with its head in the order of the store's learned weights, where there are some and the query asks for it."""
    if not run.query.rerank or run.version is None or run.query.mode is Mode.BROWSE or len(pool) < 2:
        return pool
    weights = run.kept("weights", lambda: learned_weights(run.store)).get(run.version.fingerprint)
    if weights is None:
        return pool
    head = pool.taken(np.arange(min(HEAD, len(pool))))
    return by_worth(pool, features_of(run, head) @ vector_of(weights))


def learned_weights(store: Store) -> dict[str, Mapping[str, float]]:
    """The store's learned weights by the encoder's fingerprint."""
    return dict(RankingWeights.objects.filter(store=store).values_list("fingerprint", "weights"))


def by_worth(pool: Pool, worth: NDArray[np.float64]) -> Pool:
    """The pool with its first products by falling worth (k,). Places keep their scores, so that later stages see one scale."""
    count = len(worth)
    values = np.full(len(pool), np.nan, np.float32)
    values[:count] = worth
    order = np.concatenate([np.argsort(-worth, kind="stable"), np.arange(count, len(pool))])
    scores = np.concatenate([np.sort(pool.scores[:count])[::-1], pool.scores[count:]])
    return pool.with_signal("rerank", values).taken(order).with_scores(scores)


def vector_of(weights: Mapping[str, float]) -> NDArray[np.float64]:
    """The weights in the features' order; a feature that was not learned counts nothing."""
    return np.array([float(weights.get(name, 0.0)) for name in FEATURES])
