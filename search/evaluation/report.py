"""What an evaluation says: figures with intervals, slices, differences and each query's values; as JSON for CI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from search.evaluation.asking import Run
from search.evaluation.metrics import Difference, Figure, FloatArray, difference, figure, sliced, values_per_query
from search.evaluation.sets import record_of, slice_names

# By what a query is called bad, and what the slices' plot shows.
HEADLINE = "NDCG@10"
SHOWN_HITS = 10
# Only where two runs are compared.
OVERLAP = "overlap@10"


@dataclass(frozen=True, slots=True)
class Row:
    """One metric over some queries: a figure for each run, and the difference of the second from the first."""

    metric: str
    figures: tuple[Figure, ...]
    difference: Difference | None = None


@dataclass(frozen=True, slots=True)
class SetReport:
    """All that was measured on one set. `values` has, for each run, each metric's value per query, in the set's order."""

    runs: tuple[Run, ...]
    values: tuple[Mapping[str, FloatArray], ...]
    rows: tuple[Row, ...]
    slices: Mapping[str, Mapping[str, tuple[Row, ...]]]

    @property
    def name(self) -> str:
        return self.runs[0].judged.name

    def row(self, metric: str) -> Row:
        return next(row for row in self.rows if row.metric == metric)

    def worst(self, count: int) -> list[int]:
        """The places of the queries with the lowest headline value, of the last run; ties as the set has them."""
        return [int(place) for place in np.argsort(self.values[-1][HEADLINE], kind="stable")[:count]]

    def most_changed(self, count: int) -> list[int]:
        """The places of the queries whose headline value differs most between two runs; those that differ at all."""
        if len(self.runs) < 2:
            return []
        change = np.abs(self.values[1][HEADLINE] - self.values[0][HEADLINE])
        return [int(place) for place in np.argsort(-change, kind="stable")[:count] if change[place] > 0]


def measure(runs: Sequence[Run]) -> SetReport:
    """The report of one set's run, or of two runs that asked it the same queries."""
    values = tuple(values_per_query(run) for run in runs)
    if len(runs) == 2:
        same = _overlaps(*runs)
        values = ({**values[0], OVERLAP: np.ones_like(same)}, {**values[1], OVERLAP: same})
    everything = range(len(runs[0].answers))
    slices: dict[str, dict[str, tuple[Row, ...]]] = {}
    for name in slice_names(runs[0].judged.queries):
        by_value = sliced(runs[0], name)
        if len(by_value) > 1:
            slices[name] = {value: _rows(values, places) for value, places in by_value.items()}
    return SetReport(tuple(runs), values, _rows(values, everything), slices)


def _overlaps(first: Run, second: Run) -> FloatArray:
    """The share of each query's ten best of the first run that the second has among its ten; 1 where both found nothing."""
    shares = []
    for one, other in zip(first.answers, second.answers, strict=True):
        best = set(one.skus[:SHOWN_HITS])
        shares.append(len(best & set(other.skus[:SHOWN_HITS])) / len(best) if best else float(not other.skus))
    return np.asarray(shares, dtype=np.float64)


def _rows(values: Sequence[Mapping[str, FloatArray]], places: Sequence[int]) -> tuple[Row, ...]:
    chosen = np.asarray(places, dtype=np.int64)
    rows = []
    for metric in values[0]:
        columns = [run[metric][chosen] for run in values]
        change = difference(columns[0], columns[1]) if len(columns) == 2 else None
        rows.append(Row(metric, tuple(figure(column) for column in columns), change))
    return tuple(rows)


def took_ms(run: Run, percentile: int) -> float:
    """How long the search of one query took at this percentile; the first answers also load the encoder."""
    return float(np.percentile([answer.took_ms for answer in run.answers], percentile))


def as_json(reports: Sequence[SetReport], *, store: str, made_at: str) -> dict[str, Any]:
    """The whole evaluation as plain values: `sets` -> `metrics`, `slices` and `queries`."""
    runs = reports[0].runs
    return {
        "store": store,
        "made_at": made_at,
        "depth": runs[0].depth,
        "runs": [
            {
                "name": run.setup.name,
                "index_version": run.setup.version.collection,
                "index_type": run.setup.version.index_type,
                "encoder": run.setup.version.model_name,
                "fingerprint": run.setup.version.fingerprint,
                "fields": {name: str(value) for name, value in run.setup.fields.items()},
            }
            for run in runs
        ],
        "sets": {report.name: _set_json(report) for report in reports},
    }


def _set_json(report: SetReport) -> dict[str, Any]:
    return {
        "query_count": len(report.runs[0].answers),
        "took_ms": [{"p50": round(took_ms(run, 50), 1), "p95": round(took_ms(run, 95), 1)} for run in report.runs],
        "metrics": _rows_json(report.rows),
        "slices": {
            name: {value: _rows_json(rows) for value, rows in by_value.items()}
            for name, by_value in report.slices.items()
        },
        "queries": [_query_json(report, place) for place in range(len(report.runs[0].answers))],
    }


def _rows_json(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        row.metric: {"runs": [_rounded(asdict(one)) for one in row.figures]}
        | ({"difference": _rounded(asdict(row.difference))} if row.difference else {})
        for row in rows
    }


def _query_json(report: SetReport, place: int) -> dict[str, Any]:
    record = record_of(report.runs[0].answers[place].query)
    record.pop("judgments")
    return record | {
        "values": {
            metric: [round(float(run[metric][place]), 4) for run in report.values] for metric in report.values[0]
        },
        "found": [list(run.answers[place].skus[:SHOWN_HITS]) for run in report.runs],
    }


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
