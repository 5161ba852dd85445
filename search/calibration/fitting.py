"""From judged hits to a route's calibration: a logistic fit, checked on queries that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.calibration.confidence import RouteCalibration

FloatArray = NDArray[np.float32]
# The floor keeps this share of the right hits.
KEPT = 0.95
# Below these counts a fit says more about chance than about the route.
MIN_QUERIES, MIN_RIGHT = 20, 50
# All hits of queries that the shop cannot answer weigh together as this many times all hits of those that it can.
OFF_TOPIC_WEIGHT = 0.5
BINS = 10


@dataclass(frozen=True, slots=True)
class JudgedHits:
    """What one query found on a route: `scores` (n,) and which of them are `right` (n,), best first."""

    scores: FloatArray
    right: NDArray[np.bool_]


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
    p = np.concatenate([fit.confidence(_scores(part)) for fit, part, _ in seen])
    is_right = np.concatenate([_right(part) for _, part, _ in seen])
    floors = np.concatenate([np.full(len(_scores(part)), fit.floor) for fit, part, _ in seen])
    strange = [(fit.confidence(hits.scores) < fit.floor) for fit, _, part in seen for hits in part if len(hits.scores)]
    return RouteFit(
        calibration=_fit(judged, off_topic),
        queries=len(judged),
        hits=len(p),
        kept=float((p >= floors)[is_right].mean()),
        wrong_below=float((p < floors)[~is_right].mean()),
        off_topic_below=float(np.concatenate(strange).mean()) if strange else 1.0,
        off_topic_silent=float(np.mean([below.all() for below in strange])) if strange else 1.0,
        calibration_error=expected_error(p, is_right),
    )


def _fit(judged: list[JudgedHits], off_topic: list[JudgedHits]) -> RouteCalibration:
    from sklearn.linear_model import LogisticRegression  # scipy's import costs half a second: only who fits pays

    hits = [*judged, *off_topic]
    # Every query counts the same, however many hits it has.
    share = [1 / max(1, len(judged))] * len(judged) + [OFF_TOPIC_WEIGHT / max(1, len(off_topic))] * len(off_topic)
    weights = np.concatenate(
        [np.full(len(h.scores), s / max(1, len(h.scores))) for h, s in zip(hits, share, strict=True)]
    )
    scores, right = _scores(hits).astype(np.float64), _right(hits)
    mean, spread = float(scores.mean()), float(scores.std()) or 1.0
    model = LogisticRegression(C=100.0)
    model.fit(((scores - mean) / spread)[:, None], right, sample_weight=weights * len(weights))
    slope = max(0.0, float(model.coef_[0, 0]) / spread)  # never a lower confidence for a better score
    intercept = float(model.intercept_[0]) - slope * mean
    fitted = RouteCalibration(slope, intercept, 0.0)
    floor = float(np.quantile(fitted.confidence(_scores(judged))[_right(judged)], 1 - KEPT))
    return RouteCalibration(round(slope, 5), round(intercept, 5), round(floor, 4))


def expected_error(confidence: FloatArray, is_right: NDArray[np.bool_]) -> float:
    """Expected calibration error over `BINS` bins of equal width (Guo et al. 2017)."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [
        abs(float(confidence[bins == b].mean()) - float(is_right[bins == b].mean())) * float((bins == b).mean())
        for b in range(BINS)
        if (bins == b).any()
    ]
    return float(sum(gaps))


def _scores(hits: list[JudgedHits]) -> FloatArray:
    return np.concatenate([np.zeros(0, np.float32), *(hit.scores for hit in hits)])


def _right(hits: list[JudgedHits]) -> NDArray[np.bool_]:
    return np.concatenate([np.zeros(0, np.bool_), *(hit.right for hit in hits)])
