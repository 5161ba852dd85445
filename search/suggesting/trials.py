"""Searches that are tried for their counts: bounded in number and time, and none made twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from search.pools import Pool, query_digest
from search.query import Query
from search.result import Suggestion
from search.run import Run

# A query of seven words under five filters needs about so many; each takes as long as the search itself.
MAX_TRIALS = 12

Compute = Callable[[Run], Pool]


class TimeIsOver(Exception):
    """No more searches are tried."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Another search than the one asked, and what it finds."""

    run: Run
    pool: Pool


@dataclass(slots=True)
class Trials:
    """The search that was asked, what it found, and the others that were tried instead."""

    run: Run
    pool: Pool
    compute: Compute
    made: dict[str, Trial] = field(default_factory=dict)

    @property
    def asked(self) -> Query:
        return self.run.asked

    def try_out(self, **changes: Any) -> Trial:
        """The asked search with these fields of `Query` changed. Raises `TimeIsOver`, and whatever a search raises."""
        query = replace(self.asked, search_id="", facet_by=(), **changes)
        digest = query_digest(query)
        if digest not in self.made:
            if len(self.made) >= MAX_TRIALS or self.run.left_s < self.asked.deadline_ms / 2000:
                raise TimeIsOver
            self.made[digest] = self._searched(query)
        return self.made[digest]

    def suggestion(self, kind: str, label: str, *, details: Mapping[str, Any], **changes: Any) -> Suggestion | None:
        """The suggestion of that change, if it finds more than what was asked."""
        pool = self.try_out(**changes).pool
        if pool.found <= self.pool.found:
            return None
        known = {name: value for name, value in changes.items() if name in ("filters", "text", "min_confidence")}
        return Suggestion(
            kind=kind,
            label=label,
            count=pool.found,
            count_exact=pool.found_exact,
            details=details,
            is_without_photo=self.asked.has_photo and "image" in changes,
            **known,
        )

    def _searched(self, query: Query) -> Trial:
        run = Run(
            query,
            query,
            self.run.store,
            self.run.deadline,
            version=self.run.version,
            is_kept=False,
            calibration=self.run.calibration,
            stamps=self.run.stamps,
        )
        found = self.compute(run)
        # What a trial takes beside its own work is the encoder's and the engine's, as of the search itself.
        for stage in ("encode", "ann"):
            if stage in run.timings_ms:
                self.run.timings_ms[stage] = round(self.run.timings_ms.get(stage, 0.0) + run.timings_ms[stage], 3)
        return Trial(run, found)
