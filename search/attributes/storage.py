"""A fitted attribute as a database row: JSON for numbers, npz bytes for arrays, and no pickle anywhere."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from search.attributes.calibration import Calibration
from search.attributes.fitting import Fitted
from search.attributes.scoring import Head, Method


def parameters_of(fitted: Fitted) -> dict[str, Any]:
    """What JSON can hold of it."""
    return {
        "value_ids": list(fitted.value_ids),
        "method": str(fitted.method),
        "zero_shot_temperature": fitted.temperature,
        "calibration_temperature": fitted.calibration.temperature,
        "threshold": fitted.threshold,
        "heads": len(fitted.heads),
    }


def arrays_of(fitted: Fitted) -> bytes:
    """The arrays as npz bytes."""
    arrays: dict[str, Any] = {
        "prompts": fitted.prompts,
        "curve_from": fitted.calibration.curve_from,
        "curve_to": fitted.calibration.curve_to,
    }
    for number, head in enumerate(fitted.heads):
        arrays |= {
            f"weights_{number}": head.weights,
            f"biases_{number}": head.biases,
            f"places_{number}": head.places,
        }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def fitted_from(parameters: dict[str, Any], arrays: bytes) -> Fitted:
    """The same again; an npz that would need unpickling raises `ValueError`."""
    with np.load(io.BytesIO(arrays), allow_pickle=False) as stored:
        heads = tuple(
            Head(stored[f"weights_{number}"], stored[f"biases_{number}"], stored[f"places_{number}"])
            for number in range(parameters["heads"])
        )
        return Fitted(
            value_ids=tuple(parameters["value_ids"]),
            prompts=stored["prompts"],
            heads=heads,
            method=Method(parameters["method"]),
            temperature=parameters["zero_shot_temperature"],
            calibration=Calibration(parameters["calibration_temperature"], stored["curve_from"], stored["curve_to"]),
            threshold=parameters["threshold"],
        )
