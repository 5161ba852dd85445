"""A mean with its bootstrap interval, and the figures that a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

ROUNDS = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries, the 95 % bootstrap interval around it, and the number of queries."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of a report: `name` is its line and `metric` its column. `target` is what the project wants to reach."""

    section: str
    name: str
    metric: str
    estimate: Estimate
    target: float | None = None


def estimate(values: ArrayLike, *, groups: Sequence[str] | None = None, seed: int = 0) -> Estimate:
    """The mean of the values and its percentile interval over resampled queries, the same for the same seed.

    With `groups`, one name for each value, whole groups are resampled: photos of one sender are no independent draws.
    """
    array = np.asarray(values, dtype=np.float64)
    if not len(array):
        return Estimate(0.0, 0.0, 0.0, 0)
    sums, counts = _sums(array, groups)
    drawn = np.random.default_rng(seed).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=ROUNDS)
    means = (drawn @ sums) / (drawn @ counts)
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(array.mean()), float(low), float(high), len(array))


def difference(after: ArrayLike, before: ArrayLike, *, groups: Sequence[str] | None = None, seed: int = 0) -> Estimate:
    """The mean gain of the same queries and its interval: an interval without 0 is a difference."""
    return estimate(np.asarray(after, np.float64) - np.asarray(before, np.float64), groups=groups, seed=seed)


def as_markdown(figures: Sequence[Figure]) -> str:
    """One table a section in the order given: a line for each name, a column for each metric, the interval in brackets."""
    lines = []
    for section in dict.fromkeys(figure.section for figure in figures):
        cells = [figure for figure in figures if figure.section == section]
        metrics = list(dict.fromkeys(cell.metric for cell in cells))
        lines += [f"**{section}**", "", f"| | {' | '.join(metrics)} | queries | target |"]
        lines.append(f"|---|{'---:|' * (len(metrics) + 2)}")
        for name in dict.fromkeys(cell.name for cell in cells):
            own = {cell.metric: cell for cell in cells if cell.name == name}
            lines.append(f"| {name} | {' | '.join(_cell(own.get(metric)) for metric in metrics)} | {_rest(own)} |")
        lines.append("")
    return "\n".join(lines)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    e = figure.estimate
    return f"{e.value:.3f} ({e.low:.3f} to {e.high:.3f})"


def _rest(own: Mapping[str, Figure]) -> str:
    counts = dict.fromkeys(f"{cell.estimate.count:,}" for cell in own.values())
    targets = [f"{cell.metric} {cell.target:.2f}" for cell in own.values() if cell.target is not None]
    return f"{' / '.join(counts)} | {', '.join(targets)}"


def _sums(values: NDArray[np.float64], groups: Sequence[str] | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if groups is None:
        return values, np.ones(len(values))
    _, codes = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(codes, weights=values).astype(np.float64)
    return sums, np.bincount(codes).astype(np.float64)
