"""Filling a version beside the live one, a slice at a time. All that a slice has done is in Postgres, so any worker goes on
where a killed one stopped: entries say what is in, `fill_after_id` where to look next."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.db import IntegrityError, connection
from django.utils import timezone

from catalog.models import ProductImage
from search import indexing, versions
from search.errors import EncoderUnavailable, IndexUnavailable, VersionRefused
from search.indexing import IndexReport
from search.models import IndexEntry, IndexVersion, VersionState
from search.upgrading.pace import adjusted_share, rest_after
from search.upgrading.readiness import prepare

logger = logging.getLogger(__name__)

# One open version more costs the memory of all its vectors, and its share of the workers' time.
MAX_BUILDING = 2
# Builders at a time, by slots of this advisory lock.
_SLOTS = 0x76697475
LIVE_BUDGET_S = 2.0
_RATE_OVER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a version is: photos in step of all, photos a second over the last minute, and seconds left at that rate."""

    images: int
    done: int
    errors: int
    per_s: float
    left_s: float | None

    @property
    def share(self) -> float:
        return self.done / self.images if self.images else 1.0


def progress_of(version: IndexVersion) -> Progress:
    """Counts the version's photos now: one look over images and entries, a second for a million."""
    images = ProductImage.objects.exclude(file="").count()
    waiting = indexing.count_stale(version)
    entries = IndexEntry.objects.filter(version=version)
    errors = entries.exclude(error="").count()
    recent = entries.filter(indexed_at__gt=timezone.now() - _RATE_OVER).count()
    per_s = recent / _RATE_OVER.total_seconds()
    left_s = 0.0 if not waiting else waiting / per_s if per_s else None
    return Progress(images, images - waiting, errors, per_s, left_s)


def start_build(
    *, encoder: str, index_type: str, build: dict[str, int] | None = None, search: dict[str, int] | None = None
) -> IndexVersion:
    """Plan a version; workers build it. Raises `VersionRefused` for one too many, and what `plan_version` raises."""
    open_ones = [str(one) for one in IndexVersion.objects.filter(state=VersionState.BUILDING)]
    if len(open_ones) >= MAX_BUILDING:
        raise VersionRefused(
            f"{len(open_ones)} versions are being built already ({', '.join(open_ones)}): promote or retire one first."
        )
    return versions.plan_version(encoder=encoder, index_type=index_type, build=build, search=search)


def is_building() -> bool:
    """Whether a version is being built."""
    return IndexVersion.objects.filter(state=VersionState.BUILDING).exists()


def go_on(*, budget_s: float) -> None:
    """Go on for some seconds with the versions being built, if no other builder is at it: those that hold the whole catalogue
    follow it, then the oldest of the others is filled.

    Raises `IndexUnavailable` or `EncoderUnavailable` at an outage.
    """
    until = monotonic() + budget_s
    rows = list(IndexVersion.objects.filter(state=VersionState.BUILDING).order_by("pk"))
    whole, others = [one for one in rows if one.filled_at], [one for one in rows if not one.filled_at]
    if not rows:
        return
    with _slot() as is_free:
        for version in [*whole, *others[:1]] if is_free else []:
            try:
                versions.ensure_collection(version)
                version.refresh_from_db()
                slice_of(version, until=until)
            except (IntegrityError, IndexVersion.DoesNotExist):
                # An evaluation drops the version that it made, whoever is at it.
                if IndexVersion.objects.filter(pk=version.pk).exists():
                    raise


def slice_of(version: IndexVersion, *, until: float) -> None:
    """Fill the version or, once it holds the whole catalogue, follow the changes."""
    share = adjusted_share(version)
    started, batches = monotonic(), 0

    def rest(report: IndexReport | None = None) -> None:
        nonlocal started, batches
        batches += 1
        rest_after(monotonic() - started, share=share, until=until)
        started = monotonic()

    def gives_way() -> bool:
        # One batch in any case, however short the time. Who waits for this one keeps the live index fresh meanwhile.
        return batches > 0 and monotonic() > until

    if version.filled_at is None:
        fill(version, rest=rest, gives_way=gives_way)
    else:
        indexing.sweep(
            version,
            is_recent_only=True,
            batch_size=settings.INDEX_BUILD_BATCH_SIZE,
            on_batch=rest,
            gives_way=gives_way,
        )


def fill(version: IndexVersion, *, rest: Callable[[], None], gives_way: Callable[[], bool]) -> None:
    """Index what the version lacks, by rising ids from where the last slice stopped; a sweep over all ends it."""
    while True:
        after = version.fill_after_id
        ids = indexing.stale_image_ids(version, after_id=after, limit=settings.INDEX_BUILD_BATCH_SIZE)
        if not ids:
            break
        indexing.index_images(version, ids)
        # Only forwards: another builder may have come further.
        IndexVersion.objects.filter(pk=version.pk, fill_after_id=after).update(fill_after_id=ids[-1])
        version.refresh_from_db(fields=["fill_after_id", "state"])
        if version.state != VersionState.BUILDING:
            return
        rest()
        if gives_way():
            return
    report = indexing.sweep(
        version, batch_size=settings.INDEX_BUILD_BATCH_SIZE, on_batch=lambda report: rest(), gives_way=gives_way
    )
    version.refresh_from_db()
    if report.is_finished and version.filled_at is not None:
        logger.info("%s holds the whole catalogue", version.collection)


def make_ready(version: IndexVersion) -> list[str]:
    """Fit what the version's encoder lacks of what the live one's has, once; what could not be fitted, in words."""
    failed = prepare(version)
    IndexVersion.objects.filter(pk=version.pk).update(prepared_at=timezone.now())
    for reason in failed:
        logger.warning("Not ready for %s: %s", version.collection, reason)
    return failed


def unprepared_versions() -> list[IndexVersion]:
    """The versions being built that hold the whole catalogue, and whose encoder was not made ready yet."""
    rows = IndexVersion.objects.filter(state=VersionState.BUILDING, filled_at__isnull=False, prepared_at=None)
    return list(rows.order_by("pk"))


def live_waits() -> bool:
    """Whether a change waits for the live index, which comes before any build."""
    live = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    return live is not None and indexing.waits_for_sweep(live)


def gives_way_after_a_batch() -> Callable[[], bool]:
    """What ends the sweep of a version that is not live: a change that waits for the live one, but not before one batch was
    done, since under constant edits some change always waits."""
    asked = 0

    def gives_way() -> bool:
        nonlocal asked
        asked += 1
        return asked > 1 and live_waits()

    return gives_way


def keep_live_fresh() -> None:
    """Bring what waits into the live index, where the worker that would do it is busy with another version."""
    live = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    if live is None or not indexing.waits_for_sweep(live):
        return
    try:
        indexing.sweep(live, is_recent_only=True, budget_s=LIVE_BUDGET_S)
    except (IndexUnavailable, EncoderUnavailable) as error:
        logger.warning("A change waits for the live index: %s", error)


@contextmanager
def _slot() -> Iterator[bool]:
    """Hold one of the `INDEX_BUILD_WORKERS` places; the place is free again when the connection ends, however it ends."""
    with connection.cursor() as cursor:
        taken = None
        for number in range(settings.INDEX_BUILD_WORKERS):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_SLOTS, number])
            if cursor.fetchone()[0]:
                taken = number
                break
    try:
        yield taken is not None
    finally:
        if taken is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_SLOTS, taken])
