"""What a search leaves in the figures and in the trace. Evaluations, which keep no pool, are traced and not counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Concatenate, ParamSpec

from search.errors import InvalidQuery, SearchError
from search.query import Query
from search.result import Result
from telemetry import metrics, tracing

Rest = ParamSpec("Rest")


def observed(search: Callable[Concatenate[Query, Rest], Result]) -> Callable[Concatenate[Query, Rest], Result]:
    """The search function with a span around it, its outcome counted and its stages timed."""

    @wraps(search)
    def watched(query: Query, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Result:
        is_counted = bool(kwargs.get("is_kept", True))
        mode = str(query.mode)
        started = perf_counter()
        with tracing.span("search", mode=mode):
            try:
                result = search(query, *args, **kwargs)
            except SearchError as error:
                if is_counted:
                    outcome = "refused" if isinstance(error, InvalidQuery) else "failed"
                    metrics.SEARCHES.labels(mode, outcome).inc()
                raise
        if is_counted:
            _count(result, mode, perf_counter() - started)
        return result

    return watched


def _count(result: Result, mode: str, spent_s: float) -> None:
    outcome = "degraded" if result.degraded else "late" if result.dropped else "full"
    metrics.SEARCHES.labels(mode, outcome).inc()
    metrics.SEARCH_SECONDS.labels(mode).observe(spent_s)
    if result.found == 0:
        metrics.SEARCH_EMPTY.labels(mode).inc()
    for stage, spent_ms in result.timings_ms.items():
        metrics.SEARCH_STAGE_SECONDS.labels(stage, mode).observe(spent_ms / 1000)
    for part in result.degraded:
        metrics.SEARCH_DEGRADED.labels(part).inc()
    for stage in result.dropped:
        metrics.SEARCH_DROPPED.labels(stage).inc()
