"""What replayed searches showed, as rows. Django finds the model through `search.models`."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q


class RecallSample(models.Model):
    """One answered vector search, asked again exactly: of `expected` nearest images `found` were among the first it gave.

    Images that changed in between count on neither side. `passing` of `total` rows passed its filter; `selectivity` is the
    bucket of that share (search.recall.buckets).
    """

    version = models.ForeignKey(
        "search.IndexVersion", on_delete=models.CASCADE, db_index=False, related_name="recall_samples"
    )
    passing = models.PositiveBigIntegerField()
    total = models.PositiveBigIntegerField()
    selectivity = models.FloatField()
    expected = models.PositiveSmallIntegerField()
    found = models.PositiveSmallIntegerField()
    asked_at = models.DateTimeField()

    class Meta:
        verbose_name = "recall sample"
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(condition=Q(found__lte=models.F("expected")), name="recall_found_at_most_expected"),
        ]
        indexes = [
            models.Index(fields=["version", "asked_at"], name="recall_version_time"),
            BrinIndex(fields=["asked_at"], autosummarize=True, name="recall_time"),
        ]

    def __str__(self) -> str:
        return f"{self.found} of {self.expected} at {self.selectivity:g}"
