"""The quality gate: a committed baseline of figures, and which of today's have fallen below it beyond the interval."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.evaluation.metrics import Figure
from search.evaluation.report import SetReport
from search.evaluation.sets import InvalidQuerySet

# Where every query succeeds the interval has no width; a figure may always fall by what this many queries weigh.
SPARED_QUERIES = 2


@dataclass(frozen=True, slots=True)
class Drop:
    """A metric that fell below its baseline. `now` is None where it is not measured any more."""

    set_name: str
    metric: str
    baseline: Figure
    now: Figure | None

    def __str__(self) -> str:
        was = f"{self.baseline.mean:.3f} ({self.baseline.low:.3f} to {self.baseline.high:.3f})"
        now = f"{self.now.mean:.3f} ({self.now.low:.3f} to {self.now.high:.3f})" if self.now else "not measured"
        return f"{self.set_name}, {self.metric}: {now}, below the baseline's {was}"


def lowest_allowed(baseline: Figure) -> float:
    """Below this a figure has dropped: the interval's lower end, or the weight of two queries under the mean."""
    return min(baseline.low, baseline.mean - SPARED_QUERIES / max(1, baseline.queries)) - 1e-6


def drops(reports: Sequence[SetReport], baseline: Mapping[str, Mapping[str, Figure]]) -> list[Drop]:
    """The baseline's figures that the last runs of these reports do not reach; other sets and metrics are not judged."""
    found = []
    by_name = {report.name: report for report in reports}
    for set_name, figures in baseline.items():
        report = by_name.get(set_name)
        today = {row.metric: row.figures[-1] for row in report.rows} if report else {}
        for metric, expected in figures.items():
            now = today.get(metric)
            if now is None or now.mean < lowest_allowed(expected):
                found.append(Drop(set_name, metric, expected, now))
    return found


def read_baseline(path: Path) -> dict[str, dict[str, Figure]]:
    """Set name -> metric -> figure. Raises `InvalidQuerySet` for a file that is no baseline."""
    try:
        sets = json.loads(path.read_text(encoding="utf-8"))["sets"]
        return {name: {metric: Figure(**one) for metric, one in figures.items()} for name, figures in sets.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidQuerySet(f"{path} is no baseline ({error}): write one with --save-baseline.") from error


def save_baseline(path: Path, reports: Sequence[SetReport], *, made_at: str) -> None:
    """Write the last runs' figures as the baseline of later ones, with the encoder that reached them."""
    version = reports[0].runs[-1].setup.version
    record: dict[str, Any] = {
        "made_at": made_at,
        "encoder": version.model_name,
        "fingerprint": version.fingerprint,
        "sets": {report.name: {row.metric: _rounded(row.figures[-1]) for row in report.rows} for report in reports},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _rounded(one: Figure) -> dict[str, float]:
    return {"mean": round(one.mean, 4), "low": round(one.low, 4), "high": round(one.high, 4), "queries": one.queries}
