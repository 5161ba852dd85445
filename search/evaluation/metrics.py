"""Metrics per query (ir-measures, over trec_eval), bootstrap intervals over queries, and a paired test between two runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import ir_measures
import numpy as np
from numpy.typing import NDArray

from search.evaluation.asking import Run

FloatArray = NDArray[np.float64]

# As people say them -> as ir-measures does. Recall and precision count each product with a gain above 0 as right.
CUTS = (1, 10)
RESAMPLES = 2000
PERMUTATIONS = 5000
CONFIDENCE = 0.95
# Resampling is seeded: the same answers always give the same interval.
SEED = 7


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric's mean over queries with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float
    queries: int


@dataclass(frozen=True, slots=True)
class Difference:
    """The second run's mean less the first's, with its interval; `p` is two-sided, from paired randomisation."""

    mean: float
    low: float
    high: float
    p: float

    @property
    def is_significant(self) -> bool:
        return self.p < 1 - CONFIDENCE

    @property
    def shown_mean(self) -> str:
        """With its sign and three digits; what rounds to nothing has no sign to lose."""
        return f"{round(self.mean, 3) + 0.0:+.3f}"

    @property
    def shown_p(self) -> str:
        return "p < 0.001" if self.p < 0.001 else f"p = {self.p:.3f}"


def metric_names(depth: int) -> dict[str, str]:
    """What is measured: our name -> ir-measures' name. mAP and MRR look at the whole depth."""
    names: dict[str, str] = {}
    for cut in (*CUTS, *((100,) if depth >= 100 else ())):
        names[f"Recall@{cut}"] = f"R@{cut}"
    names |= {"Precision@10": "P@10", "Hit@1": "Success@1", "Hit@10": "Success@10"}
    return names | {"MRR": f"RR@{depth}", "mAP": f"AP@{depth}", "NDCG@10": "nDCG@10"}


def values_per_query(run: Run) -> dict[str, FloatArray]:
    """Each metric's value for each query of the run, in the run's order; 0 where nothing was found."""
    names = metric_names(run.depth)
    measures = {ir_measures.parse_measure(theirs): ours for ours, theirs in names.items()}
    places = {answer.query.id: place for place, answer in enumerate(run.answers)}
    values = {name: np.zeros(len(run.answers)) for name in names}
    qrels = {answer.query.id: dict(answer.query.judgments) for answer in run.answers}
    # Ranks instead of scores: trec_eval orders ties by name.
    ranked = {
        answer.query.id: {sku: float(-rank) for rank, sku in enumerate(answer.skus)}
        for answer in run.answers
        if answer.skus
    }
    for metric in ir_measures.iter_calc(list(measures), qrels, ranked):
        values[measures[metric.measure]][places[metric.query_id]] = metric.value
    return values


def figure(values: FloatArray) -> Figure:
    """The mean of these queries' values, and its percentile bootstrap interval over queries."""
    if not len(values):
        return Figure(0.0, 0.0, 0.0, 0)
    low, high = _interval(values)
    return Figure(float(values.mean()), low, high, len(values))


def difference(first: FloatArray, second: FloatArray) -> Difference:
    """How the second run differs from the first over the same queries.

    p: the share of random sign flips of the queries' differences whose mean is at least as far from 0 (Fisher's
    randomisation test, which Smucker et al. 2007 recommend over Wilcoxon's for retrieval).
    """
    change = second - first
    if not len(change) or not change.any():
        return Difference(0.0, 0.0, 0.0, 1.0)
    generator = np.random.default_rng(SEED)
    observed = abs(change.mean()) - 1e-12
    reached = 0
    for count in _parts(PERMUTATIONS, width=len(change)):
        signs = generator.integers(0, 2, (count, len(change)), np.int8) * 2 - 1
        reached += int((np.abs((signs * change).mean(axis=1)) >= observed).sum())
    low, high = _interval(change)
    return Difference(float(change.mean()), low, high, (reached + 1) / (PERMUTATIONS + 1))


def _interval(values: FloatArray) -> tuple[float, float]:
    generator = np.random.default_rng(SEED)
    means = [
        values[generator.integers(0, len(values), (count, len(values)))].mean(axis=1)
        for count in _parts(RESAMPLES, width=len(values))
    ]
    outside = (1 - CONFIDENCE) / 2 * 100
    low, high = np.percentile(np.concatenate(means), [outside, 100 - outside])
    return float(low), float(high)


def _parts(total: int, *, width: int) -> Iterable[int]:
    """The total in parts that take some tens of megabytes each, however many queries there are."""
    size = max(1, min(total, 4_000_000 // width))
    return (min(size, total - start) for start in range(0, total, size))


def sliced(run: Run, name: str) -> Mapping[str, Sequence[int]]:
    """The places of the run's queries by their value of a slice; queries without it are left out."""
    places: dict[str, list[int]] = {}
    for place, answer in enumerate(run.answers):
        if value := answer.query.slices.get(name):
            places.setdefault(value, []).append(place)
    return dict(sorted(places.items(), key=lambda item: (-len(item[1]), item[0])))
