"""Searches remembered without slowing them: one push to a bounded list in Redis, which a worker empties into Postgres.

Without Redis a search is answered and not remembered. A list that no worker empties keeps its newest entries.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Set
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from catalog.models import Store
from search.evaluation.sets import filters_record
from search.events.masking import kept_words
from search.events.records import SearchLog
from search.feedback import is_refined
from search.query import Query
from search.redis_client import redis_client, redis_pipeline
from search.seldom import warn_seldom

logger = logging.getLogger(__name__)

WAITING, TAKEN = "vitrine:searches", "vitrine:searches:taken"
# Some 300 bytes each: 15 MB of Redis at most, an hour of 14 searches a second while no worker runs.
MAX_WAITING = 50_000
BATCH = 1000
# Who looks at an answer this long has asked it.
TYPING_S = 10.0
# Any constant of ours: one worker empties the list at a time.
_LOCK = 0x5EA2C4


@dataclass(frozen=True, slots=True)
class _Entry:
    """A search on its way to `SearchLog`; plain JSON values."""

    store_id: int
    search_id: str
    mode: str
    words: str
    photo_digest: str
    product_id: int | None
    filters: dict[str, Any]
    found: int
    index_version: str
    took_ms: int
    is_superseded: bool
    created_at: str


def remember_search(query: Query, *, search_id: str, found: int, index_version: str, took_ms: float) -> None:
    """Note a search that was answered. Costs one round trip to Redis and never raises for a Redis that is down."""
    entry = _Entry(
        store_id=query.store_id,
        search_id=search_id,
        mode=str(query.mode),
        words=kept_words(query.words),
        photo_digest=_photo_digest(query),
        product_id=query.product_id,
        filters=filters_record(query.filters),
        found=found,
        index_version=index_version,
        took_ms=round(took_ms),
        is_superseded=is_refined(query),
        created_at=timezone.now().isoformat(),
    )
    push_waiting(WAITING, json.dumps(asdict(entry)), at_most=MAX_WAITING)


def supersede_search(store: Store, search_id: str) -> None:
    """Note that the shopper typed on: a search of the last `TYPING_S` was a step on the way, and is counted nowhere."""
    if 0 < len(search_id) <= 64 and "\x00" not in search_id:
        entry = {"store_id": store.pk, "superseded": search_id, "created_at": timezone.now().isoformat()}
        push_waiting(WAITING, json.dumps(entry), at_most=MAX_WAITING)


def _photo_digest(query: Query) -> str:
    """The photo's digest; of several photos and products, one for all of them together."""
    others = [part for part in query.others if part.is_visual and part.weight >= 0]
    if not others:
        return query.image_digest
    named = [(part.image_digest, part.product_id) for part in query.parts if part.is_visual and part.weight >= 0]
    return hashlib.sha256(repr(named).encode()).hexdigest()


def push_waiting(name: str, text: str, *, at_most: int) -> None:
    """Put a text at the end of a list in Redis that keeps its newest `at_most`. Never raises for a Redis that is down."""
    try:
        with redis_pipeline() as pipeline:
            pipeline.rpush(name, text)
            pipeline.ltrim(name, -at_most, -1)
            pipeline.execute()
    except (RedisError, OSError) as error:
        warn_seldom(logger, "A search was not remembered: %s", error)


def take_waiting(name: str, at_most: int) -> list[bytes]:
    """Take up to so many of the oldest texts off such a list. Raises `RedisError` without Redis."""
    return cast("list[bytes] | None", redis_client().lpop(name, at_most)) or []


def keep_searches() -> int:
    """Empty the list into Postgres and say how many searches it held. Raises `RedisError` without Redis.

    The list is set aside first and deleted when its rows are committed: a worker that dies in between leaves it to the
    next one, and rows that are there already are left alone.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        try:
            return _keep(redis_client())
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def waiting_searches(store: Store, search_ids: Set[str]) -> list[dict[str, Any]]:
    """Those of the store's searches that wait in Redis, as they will be kept. Raises `RedisError` without Redis."""
    return [entry for _, _, entry in _waiting(store, search_ids)]


def forget_waiting(store: Store, search_ids: Set[str]) -> int:
    """Take those of the store's searches out of what waits, and say how many there were. Raises `RedisError` without Redis."""
    return sum(int(redis_client().lrem(name, 0, text)) for name, text, _ in _waiting(store, search_ids))


def _waiting(store: Store, search_ids: Set[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """(list, text, entry) of each. At most `MAX_WAITING` texts are read, and none where no search is asked for."""
    found = []
    for name in (WAITING, TAKEN) if search_ids else ():
        for text in cast("list[bytes]", redis_client().lrange(name, 0, -1)):
            entry = json.loads(text)
            if entry["store_id"] == store.pk and entry.get("search_id") in search_ids:
                found.append((name, text.decode(), entry))
    return found


def _keep(client: Redis) -> int:
    if not client.exists(TAKEN):
        if not client.exists(WAITING):
            return 0
        client.renamenx(WAITING, TAKEN)
    kept = 0
    for start in range(0, client.llen(TAKEN), BATCH):
        texts = cast("list[bytes]", client.lrange(TAKEN, start, start + BATCH - 1))
        kept += _insert([json.loads(text) for text in texts])
    client.delete(TAKEN)
    return kept


def _insert(entries: list[dict[str, Any]]) -> int:
    """Insert the searches of stores that are still there, then mark those that were typed on from."""
    for entry in entries:
        entry["created_at"] = datetime.fromisoformat(entry["created_at"])
    stores = set(Store.objects.filter(pk__in={entry["store_id"] for entry in entries}).values_list("pk", flat=True))
    rows = [SearchLog(**entry) for entry in entries if "superseded" not in entry and entry["store_id"] in stores]
    try:
        with transaction.atomic():
            SearchLog.objects.bulk_create(rows, ignore_conflicts=True)
    except (DataError, IntegrityError):
        # One row that Postgres does not take shall not hold up all others for ever.
        _insert_each(rows)
    for entry in entries:
        if "superseded" in entry:
            since = entry["created_at"] - timedelta(seconds=TYPING_S)
            step = SearchLog.objects.filter(
                store=entry["store_id"], search_id=entry["superseded"], created_at__gte=since
            )
            step.update(is_superseded=True)
    return len(rows)


def _insert_each(rows: list[SearchLog]) -> None:
    for row in rows:
        try:
            with transaction.atomic():
                SearchLog.objects.bulk_create([row], ignore_conflicts=True)
        except (DataError, IntegrityError) as error:
            logger.warning("A search is not kept: %s", error)
