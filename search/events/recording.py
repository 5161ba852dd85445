"""Events into Postgres: one statement for a whole batch, bounded in time, the same event twice is one row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from catalog.models import Product, Store

# An app that was offline sends what it kept; what is older says nothing of today's shop.
MAX_AGE = timedelta(hours=48)
# Clocks differ: what claims to come from a near future happened now.
MAX_AHEAD = timedelta(minutes=10)
# An insert of a batch takes milliseconds: a Postgres that takes longer is stuck, and no shop page shall wait for it.
STATEMENT_TIMEOUT_MS = 1500

_INSERT = """
INSERT INTO search_searchevent
    (store_id, event_id, kind, search_id, sku, position, visitor, value, occurred_at)
SELECT %s, event_id, kind, search_id, sku, position, visitor, value, occurred_at
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[], %s::numeric[], %s::timestamptz[])
    AS stated (event_id, kind, search_id, sku, position, visitor, value, occurred_at)
ORDER BY event_id
ON CONFLICT (store_id, event_id) DO NOTHING
RETURNING event_id
"""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One event, its shape checked. `occurred_at` None: now."""

    event_id: str
    kind: str
    sku: str
    search_id: str = ""
    position: int | None = None
    visitor: str = ""
    value: Decimal | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an event: `status` is accepted, duplicate or refused; `field` and `message` say why it was refused."""

    event_id: str
    status: str
    field: str = ""
    message: str = ""


def record_events(store: Store, events: Sequence[NewEvent], *, known: QuerySet[Product]) -> list[Recorded]:
    """Keep the store's events and say of each, in order, what became of it.

    Refused are times that are too long ago or to come, and skus that are not of the `known` products. Raises Django's
    `OperationalError` where Postgres is down or takes longer than `STATEMENT_TIMEOUT_MS`.
    """
    now = timezone.now()
    if not events:
        return []
    with bounded_statements():
        skus = set(known.filter(sku__in={event.sku for event in events}).values_list("sku", flat=True))
        refused = {place: why for place, event in enumerate(events) if (why := _refusal(event, skus, now))}
        rows = [event for place, event in enumerate(events) if place not in refused]
        fresh = _insert(store, rows, now) if rows else set()
    results = []
    for place, event in enumerate(events):
        if place in refused:
            results.append(refused[place])
            continue
        results.append(Recorded(event.event_id, "accepted" if event.event_id in fresh else "duplicate"))
        # The second of two equal ids in one batch.
        fresh.discard(event.event_id)
    return results


@contextmanager
def bounded_statements() -> Iterator[None]:
    """A transaction whose statements end after `STATEMENT_TIMEOUT_MS`, waiting for locks included."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(STATEMENT_TIMEOUT_MS)])
        yield
        cursor.execute("SET LOCAL statement_timeout TO DEFAULT")


def _refusal(event: NewEvent, skus: set[str], now: datetime) -> Recorded | None:
    if event.sku not in skus:
        return Recorded(event.event_id, "refused", "product", f"There is no product {event.sku[:60]!r} in this store.")
    at = event.occurred_at
    if at is not None and not now - MAX_AGE <= at <= now + MAX_AHEAD:
        hours = int(MAX_AGE.total_seconds() // 3600)
        message = f"{at.isoformat()} is not within the last {hours} hours: send events when they happen."
        return Recorded(event.event_id, "refused", "occurred_at", message)
    return None


def _insert(store: Store, events: Sequence[NewEvent], now: datetime) -> set[str]:
    """The ids of those that were not there yet. Rows go in by id, so that two equal batches never wait for each other."""
    columns: list[list[Any]] = [
        [event.event_id for event in events],
        [event.kind for event in events],
        [event.search_id for event in events],
        [event.sku for event in events],
        [event.position for event in events],
        [event.visitor for event in events],
        [event.value for event in events],
        [min(event.occurred_at or now, now) for event in events],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [store.pk, *columns])
        return {row[0] for row in cursor.fetchall()}
