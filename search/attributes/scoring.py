"""Log-probabilities of an attribute's values for photos' vectors: zero-shot, by a trained head, or both."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from search.attributes.calibration import FloatArray, log_softmax

IntArray = NDArray[np.int64]
# CLIP's own logit scale, where training ends for nearly every model of the family.
LOGIT_SCALE = np.float32(100.0)
FLOOR = np.float32(1e-6)


class Method(StrEnum):
    ZERO_SHOT = "zero-shot"
    HEAD = "head"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Head:
    """A logistic regression on unit vectors: (heads, dimension) and (heads,), with the place of each row's value."""

    weights: FloatArray
    biases: FloatArray
    places: IntArray

    def log_probabilities(self, vectors: FloatArray, *, values: int) -> FloatArray:
        """(n, values); values that the head was not trained on are all but impossible."""
        found = np.full((len(vectors), values), np.log(FLOOR), dtype=np.float32)
        found[:, self.places] = log_softmax(vectors @ self.weights.T + self.biases)
        return found


def train_head(vectors: FloatArray, truth: IntArray, *, regularisation: float) -> Head:
    """Class-balanced, so that a rare value counts as much as a common one. `truth` holds places, at least two different.

    Embeddings of one model share a large common part; without taking it off, the solver stops before it has begun.
    """
    # scikit-learn takes a second to import: only who fits pays.
    from sklearn.linear_model import LogisticRegression

    mean, spread = vectors.mean(axis=0), np.maximum(vectors.std(axis=0), FLOOR)
    model = LogisticRegression(C=regularisation, class_weight="balanced", max_iter=300, tol=1e-3)
    model.fit((vectors - mean) / spread, truth)
    weights = np.asarray(model.coef_ / spread, np.float32)
    biases = np.asarray(model.intercept_ - weights @ mean, np.float32)
    if len(model.classes_) == 2:
        # scikit-learn keeps one row for two classes; a row of zeros beside it says the same to a softmax.
        weights, biases = np.vstack([np.zeros_like(weights), weights]), np.append(np.float32(0), biases)
    return Head(weights, biases, np.asarray(model.classes_, np.int64))


def zero_shot(vectors: FloatArray, prompts: FloatArray, *, temperature: float = 1.0) -> FloatArray:
    """(n, values) from the cosines of photos and prompts."""
    return log_softmax(vectors @ prompts.T * (LOGIT_SCALE / np.float32(temperature)))


def averaged(first: FloatArray, second: FloatArray) -> FloatArray:
    """The mean of two probabilities, as a logarithm."""
    return np.asarray(np.log((np.exp(first) + np.exp(second)) / 2), dtype=np.float32)
