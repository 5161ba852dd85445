"""What the replayed searches of the last day say of the live index: recall by selectivity, and an alarm with what to do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Sum
from django.utils import timezone

from search.models import IndexVersion, VersionState
from search.recall.buckets import PROMISE, shown
from search.recall.records import RecallSample

WINDOW = timedelta(hours=24)
# Below it one unlucky search would ring the bell.
FEWEST_SEARCHES = 20
# One-sided 95 %: the share may be this many standard errors below the promise by chance.
SURE = 1.645


@dataclass(frozen=True, slots=True)
class BucketRecall:
    """Recall@10 of the searches in one bucket of selectivity."""

    selectivity: float
    searches: int
    expected: int
    found: int

    @property
    def recall(self) -> float:
        return self.found / self.expected

    @property
    def is_below_promise(self) -> bool:
        """Whether recall is below the promise by more than chance says."""
        error = math.sqrt(PROMISE * (1 - PROMISE) / self.expected)
        return self.searches >= FEWEST_SEARCHES and self.recall < PROMISE - SURE * error


@dataclass(frozen=True, slots=True)
class Alarm:
    """A bucket in which the index finds too little, and what to do about it."""

    version: IndexVersion
    bucket: BucketRecall
    advice: str

    def __str__(self) -> str:
        return (
            f"{self.version.collection} finds {self.bucket.recall:.3f} of the ten nearest where up to "
            f"{shown(self.bucket.selectivity)} of its rows pass the filter ({self.bucket.searches} searches): {self.advice}"
        )


def recall_by_selectivity(version: IndexVersion, *, since: datetime | None = None) -> list[BucketRecall]:
    """The buckets that were measured since then (the last `WINDOW`), the narrowest first."""
    start = since or timezone.now() - WINDOW
    rows = (
        RecallSample.objects.filter(version=version, asked_at__gte=start)
        .order_by("selectivity")
        .values_list("selectivity")
        .annotate(Count("pk"), Sum("expected"), Sum("found"))
    )
    return [BucketRecall(*row) for row in rows]


def current_alarms() -> list[Alarm]:
    """The alarms of the live version; none where there is none."""
    version = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    if version is None:
        return []
    low = [bucket for bucket in recall_by_selectivity(version) if bucket.is_below_promise]
    return [Alarm(version, bucket, _advice(version)) for bucket in low]


def _advice(version: IndexVersion) -> str:
    """What raises recall: other search parameters, or where these were tuned already, another index."""
    if version.tuned_at is None:
        return "run manage.py tune_index --apply."
    if version.index_type == "IVF_PQ":
        return "it was tuned already; run manage.py rebuild_index --index-type HNSW, which needs more memory."
    return "the catalogue changed since it was tuned: run manage.py tune_index --apply again."
