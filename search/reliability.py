"""How well confidences mean what they say: the reliability curve and the expected calibration error (Guo et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Equal-width bins over the confidence.
BINS = 15


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of like confidence: how sure they were on average, and how many were right."""

    count: int
    confidence: float
    accuracy: float


def reliability(confidence: NDArray[np.float32], is_right: NDArray[np.bool_], *, bins: int = BINS) -> list[Bin]:
    """The reliability curve: the bins that are not empty, in order."""
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        Bin(int(inside.sum()), float(confidence[inside].mean()), float(is_right[inside].mean()))
        for place in range(bins)
        if (inside := places == place).any()
    ]


def calibration_error(confidence: NDArray[np.float32], is_right: NDArray[np.bool_], *, bins: int = BINS) -> float:
    """Expected calibration error: the mean gap between confidence and accuracy, weighted by the bins' sizes."""
    curve = reliability(confidence, is_right, bins=bins)
    return sum(b.count * abs(b.confidence - b.accuracy) for b in curve) / max(1, len(confidence))
