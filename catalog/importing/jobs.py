"""Import jobs: rows that say what to import. A worker claims one, runs it, and writes the counts as it goes."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from catalog.importing.records import ImportReport, Progress, UnreadableFile
from catalog.importing.run import import_file
from catalog.models import ImportJob, Store
from catalog.models.imports import ImportState
from catalog.photos import STORAGE_ERRORS, StorageUnavailable

logger = logging.getLogger(__name__)

# Short, because a killed worker's import waits so long; renewed while we live, since photos of a batch may take minutes.
LEASE = timedelta(seconds=30)
RENEW_S = 8.0
MAX_KEPT = 200


class _ClaimLost(Exception):
    """Another worker took the job after the lease ran out."""


def waiting_job_ids() -> list[int]:
    """Jobs that nobody works on: those waiting, and those whose worker let its lease run out. The oldest first."""
    return list(ImportJob.objects.filter(_is_free()).order_by("pk").values_list("pk", flat=True))


def run_import_job(job_id: int) -> None:
    """Claim the job and import its file. A job that is gone, done, or another worker's is no work.

    An import that was interrupted runs again from the start, and finds what it wrote unchanged.
    """
    claimed_until = timezone.now() + LEASE
    taken = ImportJob.objects.filter(_is_free(), pk=job_id).update(
        state=ImportState.RUNNING, claimed_until=claimed_until
    )
    job = ImportJob.objects.select_related("store").filter(pk=job_id).first() if taken else None
    if job is None:
        return
    claim = _Claim(job_id, claimed_until)
    try:
        with claim.kept(), _local_file(job) as path:
            report = import_file(
                store=job.store,
                source=path,
                mapping=job.mapping,
                member=job.member,
                on_progress=claim.renew,
            )
    except _ClaimLost:
        logger.warning("Import job %d went on too slowly and was taken by another worker", job_id)
    except (UnreadableFile, FileNotFoundError, Store.DoesNotExist) as error:
        claim.finish(state=ImportState.FAILED, error=str(error), finished_at=timezone.now())
    except (StorageUnavailable, *STORAGE_ERRORS) as error:
        logger.warning("Import job %d waits for the storage: %s", job_id, error)
        claim.finish(state=ImportState.WAITING)
    else:
        claim.finish(state=ImportState.DONE, finished_at=timezone.now(), **_counts(report))
    _forget_file(job)


def _forget_file(job: ImportJob) -> None:
    """Delete the file of a job that has ended: its photos still say where they were taken. Its name stays in the row."""
    has_ended = ImportJob.objects.filter(pk=job.pk, state__in=(ImportState.DONE, ImportState.FAILED)).exists()
    if has_ended and job.file.name and not ImportJob.objects.filter(file=job.file.name).exclude(pk=job.pk).exists():
        default_storage.delete(job.file.name)


class _Claim:
    """The worker's hold on a job: the lease it wrote last, by which it knows that the job is still its own."""

    def __init__(self, job_id: int, until: datetime) -> None:
        self._job_id = job_id
        self._until = until
        self._lock = threading.Lock()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the lease from a thread for as long as the block lasts."""
        done = threading.Event()
        thread = threading.Thread(target=self._keep, args=(done,), name="import-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _keep(self, done: threading.Event) -> None:
        while not done.wait(RENEW_S):
            try:
                if not self._extend():
                    # The batch under way finds out by itself.
                    return
            except OperationalError as error:
                logger.warning("The lease of import job %d is not renewed: %s", self._job_id, error)
            finally:
                connection.close()

    def renew(self, progress: Progress) -> None:
        """Write the counts so far and a new lease. Raises `_ClaimLost`."""
        if not self._extend(**_counts(progress.report)):
            raise _ClaimLost

    def finish(self, **facts: object) -> None:
        """Write the end and give the job back."""
        with self._lock:
            self._row().update(claimed_until=None, **facts)

    def _extend(self, **facts: object) -> bool:
        with self._lock:
            until = timezone.now() + LEASE
            is_ours = bool(self._row().update(claimed_until=until, **facts))
            if is_ours:
                self._until = until
        return is_ours

    def _row(self) -> QuerySet[ImportJob]:
        return ImportJob.objects.filter(pk=self._job_id, claimed_until=self._until)


def _is_free() -> Q:
    is_forgotten = Q(state=ImportState.RUNNING, claimed_until__lt=timezone.now())
    return Q(state=ImportState.WAITING) | is_forgotten


def _counts(report: ImportReport) -> dict[str, object]:
    refused = [
        {"line": row.line, "sku": row.sku, "reason": row.reason} for row in (*report.refused, *report.refused_images)
    ]
    return {
        "created_count": report.created,
        "updated_count": report.updated,
        "unchanged_count": report.unchanged,
        "refused_count": report.refused_count,
        "results": refused[:MAX_KEPT],
    }


@contextmanager
def _local_file(job: ImportJob) -> Iterator[Path]:
    """The job's file in a folder of its own: rows cannot name a stored file of somebody else as a photo."""
    with tempfile.TemporaryDirectory(prefix="vitrine-import-") as folder:
        path = Path(folder) / PurePosixPath(job.file.name or "file").name
        with job.file.open("rb") as stored, path.open("wb") as copy:
            shutil.copyfileobj(stored, copy)
        yield path
