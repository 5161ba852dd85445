"""Probabilities that mean what they say: temperature and isotonic calibration, reliability, and when to abstain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.reliability import calibration_error

FloatArray = NDArray[np.float32]
# scikit-learn's user guide: isotonic calibration overfits with much fewer samples than this.
ISOTONIC_FROM = 1000
# A precision measured on fewer predictions than this says little.
MIN_SURE = 20
CHANCE_TRIALS = 50
TEMPERATURES = (0.02, 50.0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Log-probabilities are divided by `temperature`; then the first choice's follows the curve, where there is one."""

    temperature: float
    curve_from: FloatArray
    curve_to: FloatArray

    def confidence(self, log_probabilities: FloatArray) -> FloatArray:
        """(n, values) -> (n,): how probably each row's first choice is right."""
        top: FloatArray = softmax(log_probabilities / self.temperature).max(axis=1)
        if not len(self.curve_from):
            return top
        return np.asarray(np.interp(top, self.curve_from, self.curve_to), dtype=np.float32)


def calibrate(log_probabilities: FloatArray, truth: NDArray[np.int64]) -> Calibration:
    """Fit on rows whose scorer has not seen them: always a temperature, a curve where there are rows enough."""
    # scikit-learn and scipy take a second to import: only who fits pays.
    from sklearn.isotonic import IsotonicRegression

    temperature = fit_temperature(log_probabilities, truth)
    nothing = np.empty(0, dtype=np.float32)
    if len(truth) < ISOTONIC_FROM:
        return Calibration(temperature, nothing, nothing)
    top = softmax(log_probabilities / temperature).max(axis=1)
    right = log_probabilities.argmax(axis=1) == truth
    curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(top, right)
    return Calibration(temperature, _float32(curve.X_thresholds_), _float32(curve.y_thresholds_))


def fit_temperature(logits: FloatArray, truth: NDArray[np.int64]) -> float:
    """The divisor of the logits that gives the truth the highest likelihood."""

    from scipy.optimize import minimize_scalar  # heavy, see `calibrate`

    def loss(log_temperature: float) -> float:
        scaled = logits / np.float32(np.exp(log_temperature))
        return float(-log_softmax(scaled)[np.arange(len(truth)), truth].mean())

    found = minimize_scalar(loss, bounds=tuple(np.log(TEMPERATURES)), method="bounded", options={"xatol": 0.01})
    return float(np.exp(found.x))


def chance_error(confidence: FloatArray) -> float:
    """The calibration error that as many perfectly calibrated predictions show on average: what few rows cannot undercut."""
    generator = np.random.default_rng(0)
    trials = [
        calibration_error(confidence, generator.random(len(confidence)) < confidence) for _ in range(CHANCE_TRIALS)
    ]
    return float(np.mean(trials))


def threshold_for(confidence: FloatArray, is_right: NDArray[np.bool_], *, precision: float) -> float | None:
    """The lowest confidence from which on the predictions are right this often; None where that is never so."""
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    share = np.cumsum(is_right[order]) / np.arange(1, len(order) + 1)
    # Equal confidences stand or fall together: only the last of each may be the limit.
    is_limit = np.append(ranked[1:] < ranked[:-1], True) if len(ranked) else np.empty(0, dtype=bool)
    good = np.flatnonzero(is_limit & (share >= precision) & (np.arange(1, len(order) + 1) >= MIN_SURE))
    return float(ranked[good[-1]]) if len(good) else None


def log_softmax(logits: FloatArray) -> FloatArray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), dtype=np.float32)


def softmax(logits: FloatArray) -> FloatArray:
    return np.asarray(np.exp(log_softmax(logits)), dtype=np.float32)


def _float32(values: object) -> FloatArray:
    return np.asarray(values, dtype=np.float32)
