"""What is forgotten: a visitor's events when they ask for it, and everything when its time is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from catalog.models import Store
from search.events.records import SearchEvent

# Each batch is a short transaction of its own: recording never waits for a long one.
BATCH = 5000
MAX_BATCHES = 40


def erase_visitor(store: Store, visitor: str) -> int:
    """Delete all events of this visitor in the store, and say how many there were. What was summed up stays: it names nobody."""
    if not visitor or "\x00" in visitor:
        return 0
    return SearchEvent.objects.filter(store=store, visitor=visitor).delete()[0]


def delete_old(*, now: datetime | None = None) -> int:
    """Delete events and searches older than `EVENT_RETENTION_DAYS`, in batches; what is left over waits for the next run."""
    cutoff = (now or timezone.now()) - timedelta(days=settings.EVENT_RETENTION_DAYS)
    recall_cutoff = (now or timezone.now()) - timedelta(days=settings.RECALL_RETENTION_DAYS)
    return (
        _delete_before("search_searchevent", "occurred_at", cutoff)
        + _delete_before("search_searchlog", "created_at", cutoff)
        + _delete_before("search_recallsample", "asked_at", recall_cutoff)
    )


def _delete_before(table: str, column: str, cutoff: datetime) -> int:
    deleted = 0
    for _ in range(MAX_BATCHES):
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {column} < %s LIMIT {BATCH})",  # noqa: S608
                [cutoff],
            )
            deleted += cursor.rowcount
            if cursor.rowcount < BATCH:
                break
    return deleted
