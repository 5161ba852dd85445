"""A file to import, as a row: whoever finds it after the commit does the work, so none is forgotten."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from catalog.models.store import Store


class ImportState(models.TextChoices):
    WAITING = "waiting", "waiting"
    RUNNING = "running", "running"
    DONE = "done", "done"
    FAILED = "failed", "failed"


class ImportJob(models.Model):
    """One import of a stored file, with its counts and the rows that were refused."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="import_jobs")
    file = models.FileField(upload_to="imports", max_length=300)
    member = models.CharField(
        max_length=300, blank=True, help_text="The data file inside a zip that holds several, such as apparel.csv."
    )
    mapping = models.JSONField(
        default=dict, blank=True, help_text='Our field: the file\'s column, as in {"title": "product_name"}.'
    )
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.WAITING, editable=False)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_count = models.PositiveIntegerField(default=0, editable=False)
    updated_count = models.PositiveIntegerField(default=0, editable=False)
    unchanged_count = models.PositiveIntegerField(default=0, editable=False)
    refused_count = models.PositiveIntegerField(default=0, editable=False)
    results = models.JSONField(
        default=list, blank=True, editable=False, help_text="The first refused rows with reasons."
    )
    error = models.TextField(blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = "import"

    def __str__(self) -> str:
        return f"{self.file.name} -> {self.store} ({self.state})"
