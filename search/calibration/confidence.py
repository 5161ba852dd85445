"""A route's scores as probabilities, and where an installation's calibration is found: the store's own, else the encoder's."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.models import IndexVersion, StoreCalibration

# The file that lies beside an encoder's weights; no part of its fingerprint.
FILE_NAME = "calibration.json"
# How long a process believes what it read: a new calibration is seen by all workers after that.
BELIEVED_S = 30.0


@dataclass(frozen=True, slots=True)
class RouteCalibration:
    """P(right) = 1 / (1 + exp(-(slope * score + direction . query + intercept))), and the confidence that most right hits reach.

    Platt's scaling (1999) of the score, and how far the query's vector lies on the side of what the shop has: a query
    about something else may score as high as a good one. Both are one number for a query, so that the order of its
    hits never changes. `direction` (d,) is empty for a route without vectors.
    """

    slope: float
    intercept: float
    floor: float
    direction: tuple[float, ...] = ()

    def confidence(
        self, scores: NDArray[np.float32], queries: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Probabilities (n,) in 0..1 of these scores (n,), each in the route's own scale; `queries` (m, d) found them."""
        logits = self.slope * scores + self.intercept
        if self.direction and queries is not None:
            logits = logits + float((queries @ np.array(self.direction, np.float32)).mean())
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


@dataclass(frozen=True, slots=True)
class Calibration:
    """One store's or one encoder's routes by name: `text`, `image`, `composed`, `lexical`. A missing one is not calibrated."""

    routes: Mapping[str, RouteCalibration]

    def to_json(self) -> dict[str, Any]:
        return {name: asdict(route) for name, route in self.routes.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Mapping[str, Any]]) -> Calibration:
        """Raises TypeError or KeyError for anything but what `to_json` gives."""
        return cls(
            {
                route: RouteCalibration(
                    slope=float(numbers["slope"]),
                    intercept=float(numbers["intercept"]),
                    floor=float(numbers["floor"]),
                    direction=tuple(float(x) for x in numbers.get("direction", ())),
                )
                for route, numbers in data.items()
            }
        )


NOTHING = Calibration({})
_believed: dict[tuple[int, str], tuple[float, Calibration]] = {}


def find_calibration(store_id: int, version: IndexVersion) -> Calibration:
    """The store's calibration for the version's encoder, else the one that came with the encoder, else an empty one."""
    key = (store_id, version.fingerprint)
    read_at, known = _believed.get(key, (-BELIEVED_S, NOTHING))
    if time.monotonic() - read_at < BELIEVED_S:
        return known
    row = StoreCalibration.objects.filter(store_id=store_id, fingerprint=version.fingerprint).first()
    found = Calibration.from_json(row.routes) if row else _of_encoder(version.encoder)
    _believed[key] = (time.monotonic(), found)
    return found


def forget_calibrations() -> None:
    """Read them anew with the next search of this process."""
    _believed.clear()


def _of_encoder(name: str) -> Calibration:
    path = Path(name) / FILE_NAME
    return Calibration.from_json(json.loads(path.read_text(encoding="utf-8"))["routes"]) if path.is_file() else NOTHING
