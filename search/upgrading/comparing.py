"""A version beside the live one: how alike they answer, how well by judged sets, how exactly, how fast, and what they take.

`figures` of a `VersionComparison`: `overlap`, `judged` (a list, one for each judged set), `recall`, `latency_ms`, `size`;
each has `before` (the live version) and `after` where both were measured. `samples` are questions with both answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from search import milvus
from search.errors import IndexUnavailable
from search.evaluation.asking import Setup, ask, whole_answer
from search.evaluation.metrics import difference, figure
from search.evaluation.records import JudgedSetRow
from search.evaluation.report import measure
from search.evaluation.sets import InvalidQuerySet
from search.evaluation.stores import stored_set
from search.models import IndexVersion
from search.query import RowFilter
from search.result import Result
from search.routes import vector_search
from search.upgrading.sampling import Question, draw_questions, spread
from search.vectors import query_vectors

OF_EACH = 40
JUDGED_QUERIES = 200
DEPTH = 100
CUT = 10
SAMPLES = 16
SEED = 11
JUDGED_METRICS = ("NDCG@10", "Recall@10")
# Scores of equal vectors differ in the last bits between an index and numpy.
SAME_SCORE = 1e-5

OnStep = Callable[[int, int], None]
Sides = tuple[IndexVersion, IndexVersion]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question's answer by one version."""

    result: Result
    took_ms: float

    @property
    def product_ids(self) -> list[int]:
        return [hit.product.pk for hit in self.result.hits]


def compare(baseline: IndexVersion, version: IndexVersion, *, on_step: OnStep) -> tuple[dict[str, Any], list[Any]]:
    """All figures and the sample questions; `on_step` hears (done, of all) at each question.

    Raises `IndexUnavailable`, `EncoderUnavailable`: a comparison without one part would be another comparison.
    """
    sides = (baseline, version)
    questions = draw_questions(of_each=OF_EACH, seed=SEED)
    sets = list(JudgedSetRow.objects.select_related("store").order_by("store", "name"))
    steps = _Steps(2 * len(questions) + len(sets) * 2 * JUDGED_QUERIES, on_step)
    answers = _asked(sides, questions, steps)
    figures: dict[str, Any] = {
        "questions": len(questions),
        "overlap": _overlap(questions, answers),
        "latency_ms": _latency(answers),
        "recall": _recall(sides, questions, steps),
        "judged": [one for row in sets if (one := _judged(row, sides, steps)) is not None],
        "size": dict(zip(("before", "after"), map(_size, sides), strict=True)),
    }
    return figures, [_sample(questions[place], answers[place]) for place in spread(questions, SAMPLES)]


class _Steps:
    """Counts what is done, in questions."""

    def __init__(self, total: int, on_step: OnStep) -> None:
        self.done, self.total, self.on_step = 0, max(1, total), on_step

    def __call__(self, count: int = 1) -> None:
        self.done = min(self.total, self.done + count)
        self.on_step(self.done, self.total)


def _asked(sides: Sides, questions: Sequence[Question], steps: _Steps) -> list[tuple[Asked, Asked]]:
    """Each question asked of both, in turns that change, so that a busy moment hits both alike."""
    answers = []
    for question in questions[:1]:
        # The first answer of each also loads its encoder.
        for version in sides:
            _ask(question, version)
    for place, question in enumerate(questions):
        order = (0, 1) if place % 2 else (1, 0)
        found = {side: _ask(question, sides[side]) for side in order}
        answers.append((found[0], found[1]))
        steps()
    return answers


def _ask(question: Question, version: IndexVersion) -> Asked:
    started = perf_counter()
    result = whole_answer(question.query, version)
    if result.degraded:
        raise IndexUnavailable(
            f"{version.collection} answered without {', '.join(result.degraded)}, which is down: nothing can be compared."
        )
    return Asked(result, (perf_counter() - started) * 1000)


def _overlap(questions: Sequence[Question], answers: Sequence[tuple[Asked, Asked]]) -> dict[str, Any]:
    """The share of the first ten that both have, for each form; two empty answers are alike."""
    shares: dict[str, list[float]] = {}
    for question, (before, after) in zip(questions, answers, strict=True):
        first, second = set(before.product_ids[:CUT]), set(after.product_ids[:CUT])
        longest = max(len(first), len(second))
        shares.setdefault(question.form, []).append(len(first & second) / longest if longest else 1.0)
    every = [share for form in shares.values() for share in form]
    return {
        form: _rounded(asdict(figure(np.array(values, np.float64))))
        for form, values in {**shares, "all": every}.items()
        if values
    }


def _latency(answers: Sequence[tuple[Asked, Asked]]) -> dict[str, Any]:
    """p50 and p95 of whole searches and of the search in Milvus alone."""
    found: dict[str, Any] = {}
    for side, name in enumerate(("before", "after")):
        whole = [pair[side].took_ms for pair in answers]
        ann = [pair[side].result.timings_ms.get("ann", 0.0) for pair in answers]
        found[name] = {**_percentiles(whole, "whole"), **_percentiles(ann, "ann")} if answers else {}
    return found


def _percentiles(values: Sequence[float], name: str) -> dict[str, float]:
    return {f"{name}_p{cut}": round(float(np.percentile(values, cut)), 2) for cut in (50, 95)}


def _recall(sides: Sides, questions: Sequence[Question], steps: _Steps) -> dict[str, Any]:
    """How many of the exact first ten the index finds, under the store's filter alone."""
    found = {}
    for version, name in zip(sides, ("before", "after"), strict=True):
        shares: list[float] = []
        for store_id in sorted({question.store_id for question in questions}):
            own = [question for question in questions if question.store_id == store_id]
            shares += _store_recall(version, store_id, own, steps)
            steps(len(own) // 2)
        found[name] = _rounded(asdict(figure(np.array(shares, np.float64))))
    return found


def _store_recall(version: IndexVersion, store_id: int, questions: Sequence[Question], steps: _Steps) -> list[float]:
    asked = [query_vectors(question.query, version) for question in questions]
    wanted = RowFilter(store_id=store_id)
    exact = milvus.exact_search(
        version.collection,
        np.concatenate([one.vectors for one in asked]),
        wanted=wanted,
        limit=CUT,
        # It is at work all the time that it reads.
        on_page=lambda: steps(0),
    )
    shares, place = [], 0
    for one in asked:
        for hits in vector_search(one, version, wanted=wanted, limit=CUT):
            best = exact[place]
            place += 1
            if best:
                # Equal scores are equally right, whichever of them is found.
                reached = sum(hit.score >= best[-1].score - SAME_SCORE for hit in hits)
                shares.append(min(1.0, reached / len(best)))
    return shares


def _judged(row: JudgedSetRow, sides: Sides, steps: _Steps) -> dict[str, Any] | None:
    """A judged set asked of both; a set that cannot be asked says why, and counts for nothing."""
    facts = {"set": row.name, "store": row.store.slug}
    try:
        judged = stored_set(row)
        if len(judged.queries) > JUDGED_QUERIES:
            chosen = random.Random(SEED).sample(judged.queries, JUDGED_QUERIES)
            judged = replace(judged, queries=tuple(chosen))
        runs = [
            ask(row.store, judged, Setup(name, version), depth=DEPTH, on_answer=steps)
            for name, version in zip(("before", "after"), sides, strict=True)
        ]
    except InvalidQuerySet as error:
        return {**facts, "problem": str(error)}
    report = measure(runs)
    return {
        **facts,
        "queries": len(judged.queries),
        "metrics": {name: _metric(report, name) for name in JUDGED_METRICS},
    }


def _metric(report: Any, name: str) -> dict[str, Any]:
    row = report.row(name)
    changed = row.difference or difference(report.values[0][name], report.values[1][name])
    return {
        "before": _rounded(asdict(row.figures[0])),
        "after": _rounded(asdict(row.figures[1])),
        "difference": {**_rounded(asdict(changed)), "is_significant": changed.is_significant},
    }


def _size(version: IndexVersion) -> dict[str, Any]:
    return asdict(
        milvus.footprint(
            version.collection,
            dimension=version.dimension,
            index_type=version.index_type,
            params=version.index_params,
        )
    )


def _sample(question: Question, answers: tuple[Asked, Asked]) -> dict[str, Any]:
    return {
        "store": question.store_id,
        "form": question.form,
        "text": question.text,
        "image": question.image_id,
        "before": _hits(answers[0]),
        "after": _hits(answers[1]),
    }


def _hits(asked: Asked) -> list[dict[str, Any]]:
    return [
        {"product": hit.product.pk, "sku": hit.product.sku, "image": hit.matched_image_id, "score": round(hit.score, 4)}
        for hit in asked.result.hits[:CUT]
    ]


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
