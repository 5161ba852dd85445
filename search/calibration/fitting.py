"""From judged hits to a route's calibration: a logistic fit, checked on queries that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from search.calibration.confidence import RouteCalibration
from search.reliability import calibration_error

FloatArray = NDArray[np.float32]
# The floor keeps this share of the right hits.
KEPT = 0.95
# Below these counts a fit says more about chance than about the route.
MIN_QUERIES, MIN_RIGHT = 20, 50
# All hits of queries that the shop cannot answer weigh together as this many times all hits of those that it can.
OFF_TOPIC_WEIGHT = 0.5
BINS = 10
# Fewer queries of either kind do not tell the sides of the space apart.
MIN_OFF_TOPIC = 10
# The inverse of the penalty on the direction of some hundred unit vectors.
TOPIC_STRENGTH = 10.0


@dataclass(frozen=True, slots=True)
class JudgedHits:
    """What one query found on a route: `scores` (n,) and which of them are `right` (n,), best first; its `vector` (d,)."""

    scores: FloatArray
    right: NDArray[np.bool_]
    vector: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class RouteFit:
    """A route's calibration and what it does on queries left out of the fit (two halves, each judged by the other's fit).

    `kept` of the right hits and `off_topic_below` of all hits of off-topic queries lie above and below the floor;
    `off_topic_silent` is the share of off-topic queries with no hit at all; `calibration_error` is expected over `BINS`.
    """

    calibration: RouteCalibration
    queries: int
    hits: int
    kept: float
    wrong_below: float
    off_topic_below: float
    off_topic_silent: float
    calibration_error: float


def fit_route(judged: list[JudgedHits], off_topic: list[JudgedHits]) -> RouteFit | None:
    """Fit a route. None where there is too little to fit: fewer than `MIN_QUERIES` queries or `MIN_RIGHT` right hits."""
    right = sum(int(hits.right.sum()) for hits in judged)
    if len(judged) < MIN_QUERIES or right < MIN_RIGHT or right == sum(len(hits.right) for hits in judged):
        return None
    # Mixed by a fixed order, so that each half has queries of every sort.
    order = np.random.default_rng(0).permutation(len(judged))
    halves = [[judged[i] for i in order[start::2]] for start in (0, 1)]
    away = [off_topic[start::2] for start in (0, 1)]
    fits = [_fit(halves[i], away[i]) for i in (0, 1)]
    seen = [(fits[1 - i], halves[i], away[i]) for i in (0, 1)]
    p = np.concatenate([_confidences(fit, part) for fit, part, _ in seen])
    is_right = np.concatenate([_right(part) for _, part, _ in seen])
    floors = np.concatenate([np.full(len(_scores(part)), fit.floor) for fit, part, _ in seen])
    strange = [_confidences(fit, [hits]) < fit.floor for fit, _, part in seen for hits in part if len(hits.scores)]
    return RouteFit(
        calibration=_fit(judged, off_topic),
        queries=len(judged),
        hits=len(p),
        kept=float((p >= floors)[is_right].mean()),
        wrong_below=float((p < floors)[~is_right].mean()),
        off_topic_below=float(np.concatenate(strange).mean()) if strange else 1.0,
        off_topic_silent=float(np.mean([below.all() for below in strange])) if strange else 1.0,
        calibration_error=calibration_error(p, is_right, bins=BINS),
    )


def _fit(judged: list[JudgedHits], off_topic: list[JudgedHits]) -> RouteCalibration:
    from sklearn.linear_model import LogisticRegression  # scipy's import costs half a second: only who fits pays

    hits = [*judged, *off_topic]
    # Every query counts the same, however many hits it has.
    share = [1 / max(1, len(judged))] * len(judged) + [OFF_TOPIC_WEIGHT / max(1, len(off_topic))] * len(off_topic)
    weights = np.concatenate(
        [np.full(len(h.scores), s / max(1, len(h.scores))) for h, s in zip(hits, share, strict=True)]
    )
    topic = _fit_topic(judged, off_topic)
    features = np.stack([_scores(hits), np.repeat(topic.logits, [len(h.scores) for h in hits])], axis=1).astype(
        np.float64
    )
    mean, spread = features.mean(axis=0), np.where(features.std(axis=0) > 0, features.std(axis=0), 1.0)
    model = LogisticRegression(C=100.0)
    model.fit((features - mean) / spread, _right(hits), sample_weight=weights * len(weights))
    # Never a lower confidence for a better score, or for a query that is more the shop's own.
    slope, trust = np.maximum(0.0, model.coef_[0] / spread)
    intercept = float(model.intercept_[0]) - float(slope * mean[0] + trust * mean[1]) + float(trust) * topic.bias
    direction = tuple(round(float(x), 5) for x in trust * topic.direction) if trust else ()
    fitted = RouteCalibration(round(float(slope), 5), round(intercept, 5), 0.0, direction)
    floor = float(np.quantile(_confidences(fitted, judged)[_right(judged)], 1 - KEPT))
    return replace(fitted, floor=round(floor, 4))


@dataclass(frozen=True, slots=True)
class _Topic:
    """Which side of the space the shop's own queries lie on: `direction` (d,), `bias`, and a logit (n,) for each query,
    given by a fit that had not seen it."""

    direction: FloatArray
    bias: float
    logits: NDArray[np.float64]


def _fit_topic(judged: list[JudgedHits], off_topic: list[JudgedHits]) -> _Topic:
    """Without vectors, or with too few queries of either kind, every query's logit is 0."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    vectors = [hits.vector for hits in [*judged, *off_topic] if hits.vector is not None]
    queries = len(judged) + len(off_topic)
    if len(vectors) < queries or min(len(judged), len(off_topic)) < MIN_OFF_TOPIC:
        return _Topic(np.zeros(0, np.float32), 0.0, np.zeros(queries))
    rows, is_own = np.stack(vectors).astype(np.float64), np.arange(queries) < len(judged)
    model = LogisticRegression(C=TOPIC_STRENGTH, class_weight="balanced", max_iter=1000)
    logits = cross_val_predict(model, rows, is_own, cv=5, method="decision_function")
    model.fit(rows, is_own)
    return _Topic(np.asarray(model.coef_[0], np.float32), float(model.intercept_[0]), np.asarray(logits))


def _confidences(fit: RouteCalibration, hits: list[JudgedHits]) -> FloatArray:
    parts = [fit.confidence(h.scores, None if h.vector is None else h.vector[None, :]) for h in hits]
    return np.concatenate([np.zeros(0, np.float32), *parts])


def _scores(hits: list[JudgedHits]) -> FloatArray:
    return np.concatenate([np.zeros(0, np.float32), *(hit.scores for hit in hits)])


def _right(hits: list[JudgedHits]) -> NDArray[np.bool_]:
    return np.concatenate([np.zeros(0, np.bool_), *(hit.right for hit in hits)])
