"""Fits one attribute: which way of scoring it is best, how sure it may be, and where it abstains. No I/O here.

Steps: score every labelled photo by a scorer that has not seen its product; choose the way with the best macro-F1;
calibrate it on those scores; measure the calibration crosswise; find the threshold of the wanted precision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from search.attributes.calibration import (
    Calibration,
    FloatArray,
    calibrate,
    chance_error,
    fit_temperature,
    softmax,
    threshold_for,
)
from search.attributes.scoring import Head, IntArray, Method, averaged, train_head, zero_shot
from search.reliability import Bin, calibration_error, reliability

FOLDS = 5
# Below this many labelled products no calibration error and no precision can be told, so nothing is suggested.
MIN_EXAMPLES = 30
# A value needs this many products to be learned. On the fashion set the average of words and head beat the words alone
# from 10 a value on in all five attributes; with 5 it lost on colour and gender (docs/evaluation.md, "Attributes on photos").
MIN_PER_VALUE = 10
# Rarer values are left out of macro-F1, which their one or two products would rule.
MIN_EVALUATED = 5
MAX_PER_VALUE = 2_000
REGULARISATION = 0.1
UNCALIBRATED = Calibration(1.0, np.empty(0, np.float32), np.empty(0, np.float32))


class TooFewLabels(ValueError):
    """The attribute has not enough labelled products; the message says how many."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled photos of different products: (n, dimension) unit rows, the place of each one's value, its fold."""

    vectors: FloatArray
    truth: IntArray
    folds: IntArray


@dataclass(frozen=True, slots=True)
class Fitted:
    """What tags photos with one attribute. Values are places; `value_ids` are theirs in the taxonomy.

    `heads` holds one for each fold, trained without it, and last the one trained on everything; or nothing.
    `threshold` None means that no confidence is high enough.
    """

    value_ids: tuple[int, ...]
    prompts: FloatArray
    heads: tuple[Head, ...]
    method: Method
    temperature: float
    calibration: Calibration
    threshold: float | None

    def log_probabilities(self, vectors: FloatArray, folds: IntArray, *, method: Method | None = None) -> FloatArray:
        """(n, values). A product that may have been learned from gives its fold, any other `FOLDS`."""
        method = method or self.method
        by_words = zero_shot(vectors, self.prompts, temperature=self.temperature)
        if method is Method.ZERO_SHOT:
            return by_words
        by_head = np.empty_like(by_words)
        for fold in np.unique(folds):
            inside = folds == fold
            by_head[inside] = self.heads[fold].log_probabilities(vectors[inside], values=len(self.value_ids))
        return by_head if method is Method.HEAD else averaged(by_words, by_head)

    def predict(self, vectors: FloatArray, folds: IntArray) -> tuple[IntArray, FloatArray]:
        """The place of each photo's most probable value, and how probable it is."""
        scores = self.log_probabilities(vectors, folds)
        return scores.argmax(axis=1), self.calibration.confidence(scores)

    @property
    def methods(self) -> tuple[Method, ...]:
        """The ways that there are to choose from, the simplest first."""
        return tuple(Method) if self.heads else (Method.ZERO_SHOT,)

    def is_sure(self, confidence: FloatArray) -> NDArray[np.bool_]:
        """Which of the confidences reach the threshold."""
        return confidence >= (np.inf if self.threshold is None else self.threshold)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured on products that the scorer had not seen. Shares are 0 to 1; `precision` None where it was never sure."""

    examples: int
    values: int
    learned_values: int
    macro_f1: Mapping[Method, float]
    method: Method
    accuracy: float
    error_before: float
    error_after: float
    error_by_chance: float
    threshold: float | None
    coverage: float
    precision: float | None
    curve: tuple[Bin, ...]


def fold_of(key: str) -> int:
    """A product's fold, by its style (so that variants stay together) or its own key: the same in every run."""
    return int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16) % FOLDS


def fit(
    examples: Examples, *, value_ids: Sequence[int], prompts: FloatArray, precision: float
) -> tuple[Fitted, Figures]:
    """Fit and measure crosswise. `prompts` has a unit row for each of `value_ids`. Raises `TooFewLabels`."""
    truth = examples.truth
    if len(truth) < MIN_EXAMPLES or len(np.unique(truth)) < 2:
        raise TooFewLabels(
            f"{len(truth)} labelled products with {len(np.unique(truth))} values; {MIN_EXAMPLES} with 2 are needed"
            " to tell how often a suggestion is right"
        )
    temperature = fit_temperature(zero_shot(examples.vectors, prompts), truth)
    draft = Fitted(tuple(value_ids), prompts, _heads(examples), Method.ZERO_SHOT, temperature, UNCALIBRATED, None)
    scores = {
        method: draft.log_probabilities(examples.vectors, examples.folds, method=method) for method in draft.methods
    }
    # Of equals the first, which is the simpler one, is taken.
    best = max(scores, key=lambda method: macro_f1(scores[method], truth))
    confidence = _crosswise_confidence(scores[best], examples)
    is_right = scores[best].argmax(axis=1) == truth
    fitted = replace(
        draft,
        method=best,
        calibration=calibrate(scores[best], truth),
        threshold=threshold_for(confidence, is_right, precision=precision),
    )
    return fitted, _figures(fitted, examples, confidence=confidence)


def measure(fitted: Fitted, examples: Examples) -> Figures:
    """The figures on products that no part of the fit has seen."""
    unseen = replace(examples, folds=np.full_like(examples.folds, FOLDS))
    _, confidence = fitted.predict(unseen.vectors, unseen.folds)
    return _figures(fitted, unseen, confidence=confidence)


def macro_f1(scores: FloatArray, truth: IntArray) -> float:
    """The mean F1 of the values with enough products, over all products."""
    from sklearn.metrics import f1_score  # heavy, see `calibration.calibrate`

    values, counts = np.unique(truth, return_counts=True)
    evaluated = values[counts >= MIN_EVALUATED] if (counts >= MIN_EVALUATED).any() else values
    return float(f1_score(truth, scores.argmax(axis=1), labels=evaluated, average="macro", zero_division=0.0))


def _heads(examples: Examples) -> tuple[Head, ...]:
    """A head for each fold and one for all; none where fewer than two values have products enough."""
    values, counts = np.unique(examples.truth, return_counts=True)
    learned = values[counts >= MIN_PER_VALUE]
    if len(learned) < 2:
        return ()
    # The most common values are thinned, by chance: beyond this their products add time and little else.
    order = np.random.default_rng(0).permutation(len(examples.truth))
    order = order[np.argsort(examples.truth[order], kind="stable")]
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.concatenate([np.arange(count) for count in counts])
    usable = np.isin(examples.truth, learned) & (rank < MAX_PER_VALUE)
    heads = []
    for fold in range(FOLDS + 1):
        inside = usable & (examples.folds != fold)
        if len(np.unique(examples.truth[inside])) < 2:
            return ()
        heads.append(train_head(examples.vectors[inside], examples.truth[inside], regularisation=REGULARISATION))
    return tuple(heads)


def _crosswise_confidence(scores: FloatArray, examples: Examples) -> FloatArray:
    """Each fold's confidence by a calibration fitted on the other folds."""
    confidence = np.empty(len(scores), dtype=np.float32)
    for fold in np.unique(examples.folds):
        inside = examples.folds == fold
        if inside.all():
            return calibrate(scores, examples.truth).confidence(scores)
        confidence[inside] = calibrate(scores[~inside], examples.truth[~inside]).confidence(scores[inside])
    return confidence


def _figures(fitted: Fitted, examples: Examples, *, confidence: FloatArray) -> Figures:
    truth, draft = examples.truth, replace(fitted, temperature=1.0)
    scores = {
        method: fitted.log_probabilities(examples.vectors, examples.folds, method=method) for method in fitted.methods
    }
    is_right = scores[fitted.method].argmax(axis=1) == truth
    before = draft.log_probabilities(examples.vectors, examples.folds)
    is_sure = fitted.is_sure(confidence)
    return Figures(
        examples=len(truth),
        values=len(fitted.value_ids),
        learned_values=len(fitted.heads[-1].places) if fitted.heads else 0,
        macro_f1={method: macro_f1(found, truth) for method, found in scores.items()},
        method=fitted.method,
        accuracy=float(is_right.mean()),
        error_before=calibration_error(softmax(before).max(axis=1), before.argmax(axis=1) == truth),
        error_after=calibration_error(confidence, is_right),
        error_by_chance=chance_error(confidence),
        threshold=fitted.threshold,
        coverage=float(is_sure.mean()),
        precision=float(is_right[is_sure].mean()) if is_sure.any() else None,
        curve=tuple(reliability(confidence, is_right)),
    )
