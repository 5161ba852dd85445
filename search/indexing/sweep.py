"""The loop: find what is out of step, mend it in batches. The table is the queue, so any number of loops may run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.db import connection
from django.utils import timezone

from search import milvus
from search.indexing.orphans import remove_orphans
from search.indexing.restored import came_back
from search.indexing.stale import has_stale, orphan_image_ids, stale_image_ids
from search.indexing.verify import has_lost_rows, resolve_doubt
from search.indexing.work import IndexReport, index_images, write_lock
from search.models import IndexVersion

# How long a transaction may stay open and still be seen by the fast sweep; the full sweep finds the rest.
OVERLAP = timedelta(seconds=30)
ORPHAN_BATCH = 1000
# New rows that Milvus Lite may keep unflushed after a fast sweep: some 50 microseconds each in every search.
FLUSH_ROWS = 200


@dataclass(slots=True)
class SweepReport:
    """What a sweep did. `is_finished` is false when its time ran out first."""

    work: IndexReport = field(default_factory=IndexReport)
    removed: int = 0
    repaired: int = 0
    is_finished: bool = True


def sweep(
    version: IndexVersion,
    *,
    is_recent_only: bool = False,
    budget_s: float = 600.0,
    threads: int = 1,
    batch_size: int | None = None,
    on_batch: Callable[[IndexReport], None] = lambda report: None,
    gives_way: Callable[[], bool] = lambda: False,
) -> SweepReport:
    """Mend all that is stale or orphaned, or only what changed lately, within the time budget.

    `gives_way` is asked before each batch (of `batch_size` images, `INDEX_BATCH_SIZE` by default): true ends the sweep.

    Raises `IndexUnavailable` or `EncoderUnavailable` at the first outage; the claims are given back by then.
    """
    report = SweepReport()
    started_at = timezone.now()
    deadline = monotonic() + budget_s
    floor = _advance_floor(version) if is_recent_only else None
    version.refresh_from_db(fields=["is_doubted"])
    if version.is_doubted or (not is_recent_only and (came_back(version) or has_lost_rows(version))):
        repaired = resolve_doubt(version)
        if repaired is not None:
            report.repaired, floor = repaired, None
    for ids in _pages(
        lambda after: orphan_image_ids(version, after_id=after, limit=ORPHAN_BATCH, is_flagged_only=floor is not None)
    ):
        report.removed += remove_orphans(version, ids)
    batches = _batches(
        lambda after: stale_image_ids(version, after_id=after, revisions_above=floor),
        size=batch_size or settings.INDEX_BATCH_SIZE,
    )
    if threads == 1:
        for batch in batches:
            if monotonic() > deadline or gives_way():
                report.is_finished = False
                break
            done = index_images(version, batch)
            report.work.add(done)
            on_batch(done)
    else:
        _in_threads(version, batches, threads=threads, report=report, on_batch=on_batch, deadline=deadline)
    if milvus.engine().scans_new_rows and (report.work.indexed >= FLUSH_ROWS or not is_recent_only):
        with write_lock():
            milvus.flush_rows(version.collection)
    if report.is_finished and floor is None:
        # All was looked at; what changed meanwhile is the next sweeps', and under constant edits something always did.
        IndexVersion.objects.filter(pk=version.pk, filled_at=None).update(filled_at=started_at)
    if report.is_finished and not has_stale(version, revisions_above=floor):
        IndexVersion.objects.filter(pk=version.pk).update(synced_at=started_at)
    return report


def waits_for_sweep(version: IndexVersion) -> bool:
    """Whether a change waits for this version's fast sweep, by an indexed look (about 1 ms); claims others hold count not."""
    floor = max(0, version.sweep_floor)
    return bool(stale_image_ids(version, limit=1, revisions_above=floor))


def _pages(read: Callable[[int], list[int]]) -> Iterator[list[int]]:
    after = 0
    while ids := read(after):
        yield ids
        after = ids[-1]


def _batches(read: Callable[[int], list[int]], *, size: int) -> Iterator[list[int]]:
    for ids in _pages(read):
        for start in range(0, len(ids), size):
            yield ids[start : start + size]


def _in_threads(
    version: IndexVersion,
    batches: Iterator[list[int]],
    *,
    threads: int,
    report: SweepReport,
    on_batch: Callable[[IndexReport], None],
    deadline: float,
) -> None:
    """Decoding and encoding release the GIL, and a write waits for the engine: threads overlap them."""

    def work(ids: list[int]) -> IndexReport:
        try:
            return index_images(version, ids)
        finally:
            connection.close()

    pending: set[Future[IndexReport]] = set()
    with ThreadPoolExecutor(threads, thread_name_prefix="index") as pool:
        for batch in batches:
            pending.add(pool.submit(work, batch))
            if len(pending) >= threads * 2:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                _collect(done, report, on_batch)
            if monotonic() > deadline:
                report.is_finished = False
                break
        _collect(pending, report, on_batch)


def _collect(done: set[Future[IndexReport]], report: SweepReport, on_batch: Callable[[IndexReport], None]) -> None:
    for future in done:
        result = future.result()
        report.work.add(result)
        on_batch(result)


def _advance_floor(version: IndexVersion) -> int:
    """The revision above which this fast sweep looks: the sequence's value of at least `OVERLAP` ago.

    Revisions are drawn before their transaction commits, hence the overlap.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM catalog_revision")
        latest = int(cursor.fetchone()[0])
    version.refresh_from_db(fields=["sweep_floor", "sweep_ceiling", "sweep_ceiling_at"])
    now = timezone.now()
    if version.sweep_ceiling_at is None or now - version.sweep_ceiling_at > OVERLAP:
        IndexVersion.objects.filter(pk=version.pk).update(
            sweep_floor=version.sweep_ceiling, sweep_ceiling=latest, sweep_ceiling_at=now
        )
        version.sweep_floor = version.sweep_ceiling
    return min(version.sweep_floor, latest)
