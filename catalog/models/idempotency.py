"""What was answered to a creating request, kept for a day so that a repeated one is answered and not done again."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone

from catalog.models.keys import ApiKey

LIFETIME = timedelta(hours=24)


class IdempotencyRecordQuerySet(models.QuerySet["IdempotencyRecord"]):
    def expired(self) -> IdempotencyRecordQuerySet:
        """Those whose day is over: a request with their key is a new one."""
        return self.filter(created_at__lt=timezone.now() - LIFETIME)


class IdempotencyRecord(models.Model):
    """The answer to one `Idempotency-Key` of an API key. It commits together with what the request wrote.

    `fingerprint` says what was sent; `body` is the answer's JSON as text, because JSONB keeps neither order nor NUL.
    """

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects = IdempotencyRecordQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["api_key", "key"], name="idempotency_key_unique")]

    def __str__(self) -> str:
        return f"{self.key} of {self.api_key_id}"
