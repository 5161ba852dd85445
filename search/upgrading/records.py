"""What was asked of index versions and what came of it. A worker takes waiting rows; a lease makes a killed one's free again."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class JobState(models.TextChoices):
    WAITING = "waiting", "waiting"
    RUNNING = "running", "running"
    DONE = "done", "done"
    REFUSED = "refused", "refused"
    FAILED = "failed", "failed"


class Job(models.Model):
    """Work on a version that takes longer than a request. `asked_by` names a person, a key or a command line."""

    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.WAITING)
    asked_by = models.CharField(max_length=200)
    claimed_until = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["-id"]


class VersionComparison(Job):
    """A version measured beside the one that was live. `figures` and `samples` are as `search.upgrading.comparing` says.

    The baseline's name stays when its row is gone.
    """

    version = models.ForeignKey("IndexVersion", on_delete=models.CASCADE, related_name="comparisons")
    baseline = models.ForeignKey("IndexVersion", on_delete=models.SET_NULL, null=True, related_name="+")
    baseline_name = models.CharField(max_length=120)
    steps_done = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0)
    figures = models.JSONField(default=dict)
    samples = models.JSONField(default=list)

    class Meta(Job.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=Q(state__in=("waiting", "running")), name="one_open_comparison"
            )
        ]

    def __str__(self) -> str:
        return f"{self.version_id} against {self.baseline_name} ({self.state})"


class ChangeKind(models.TextChoices):
    BUILD = "build", "build"
    PROMOTE = "promote", "promote"
    ROLLBACK = "rollback", "roll back"
    RETIRE = "retire", "retire"


class VersionChange(Job):
    """What was done with a version, by whom and why. `gates` are the gates as they stood (name, passed, detail, fix)."""

    version = models.ForeignKey("IndexVersion", on_delete=models.SET_NULL, null=True, related_name="changes")
    version_name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=ChangeKind.choices)
    # Which version was live when it was asked for: another one since then was not what the person saw.
    live = models.ForeignKey("IndexVersion", on_delete=models.SET_NULL, null=True, related_name="+")
    is_forced = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    gates = models.JSONField(default=list)

    class Meta(Job.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["version", "kind"], condition=Q(state__in=("waiting", "running")), name="one_open_change"
            ),
            models.CheckConstraint(condition=Q(is_forced=False) | ~Q(reason=""), name="forced_with_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version_name} ({self.state})"
