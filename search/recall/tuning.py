"""Search parameters chosen by measuring: recall and time at each selectivity for a small grid, and the cheapest that keeps the
promise everywhere."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from time import perf_counter

import numpy as np
from django.utils import timezone

from search import milvus
from search.milvus import SearchPlan
from search.models import IndexVersion
from search.recall.buckets import LIMIT, PROMISE
from search.recall.questions import Questions

EFFORTS = {"ef": (64, 128, 256, 512), "nprobe": (16, 32, 64, 128)}
OVER_FETCHES = (10, 20, 40)
# Without a count, and with one: few are compared one by one, and the engine looks further as fewer pass.
COUNTED = ((0, False), (1_000, True), (4_000, True))


@dataclass(frozen=True, slots=True)
class Measured:
    """One plan: recall@10 and the median of the milliseconds at each selectivity."""

    plan: SearchPlan
    recall: Mapping[float, float]
    p50_ms: Mapping[float, float]

    @property
    def keeps_promise(self) -> bool:
        return all(value >= PROMISE for value in self.recall.values())

    @property
    def cost_ms(self) -> float:
        """The mean over the selectivities of the medians: each counts alike."""
        return float(np.mean(list(self.p50_ms.values())))


def grid(version: IndexVersion) -> list[SearchPlan]:
    """The plans worth measuring: the present one first, then every combination for the version's index type."""
    present = milvus.search_plan(version.search_params, engine=milvus.engine())
    if not present.parameter:
        return [present]
    over_fetches = OVER_FETCHES if present.over_fetch > 1 else (1,)
    plans = [
        replace(present, effort=effort, over_fetch=over, exact_below=below, widens=widens)
        for effort, over, (below, widens) in product(EFFORTS[present.parameter], over_fetches, COUNTED)
    ]
    return [present, *(plan for plan in plans if plan != present)]


def measure(
    version: IndexVersion,
    plans: Sequence[SearchPlan],
    questions: Sequence[Questions],
    *,
    generator: random.Random,
    on_plan: Callable[[], None] = lambda: None,
) -> list[Measured]:
    """Every plan on all questions. Every query pays for its own count, which shoppers who share a filter share."""
    measured = []
    for plan in plans:
        hits: dict[float, list[float]] = {}
        times: dict[float, list[float]] = {}
        for asked in generator.sample(list(questions), len(questions)):
            for vector, nearest in zip(asked.vectors, asked.nearest, strict=True):
                milvus.forget_counts()
                started = perf_counter()
                found = milvus.search(
                    version.collection, vector[None], wanted=asked.wanted, limit=LIMIT, params=plan.to_params()
                )[0]
                times.setdefault(asked.selectivity, []).append((perf_counter() - started) * 1000)
                right = len(nearest.intersection(hit.image_id for hit in found))
                hits.setdefault(asked.selectivity, []).append(right / len(nearest))
        measured.append(
            Measured(
                plan,
                {share: float(np.mean(values)) for share, values in sorted(hits.items())},
                {share: float(np.median(values)) for share, values in sorted(times.items())},
            )
        )
        on_plan()
    return measured


def choose(measured: Sequence[Measured]) -> Measured | None:
    """The cheapest plan that keeps the promise at every selectivity; None where none does."""
    return min((one for one in measured if one.keeps_promise), key=lambda one: one.cost_ms, default=None)


def apply(version: IndexVersion, plan: SearchPlan) -> None:
    """Have searches of this version use the plan from now on, in one statement: a request reads its version's row once."""
    version.search_params, version.tuned_at = plan.to_params(), timezone.now()
    IndexVersion.objects.filter(pk=version.pk).update(search_params=version.search_params, tuned_at=version.tuned_at)
