"""Comparisons and promotions as work that is asked for in one place and done in another: a worker, or the command itself.

A row is taken by a lease, which its work keeps renewing; a killed worker's row is free again when it ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from search import versions
from search.errors import SearchError, VersionRefused
from search.models import IndexVersion, VersionState
from search.upgrading.comparing import compare
from search.upgrading.promotion import decide
from search.upgrading.records import ChangeKind, Job, JobState, VersionChange, VersionComparison

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
RENEW_S = 2.0
# A row that took a worker down with it this often is not tried again.
MAX_ATTEMPTS = 5
_OPEN = (JobState.WAITING, JobState.RUNNING)
_Row = TypeVar("_Row", VersionComparison, VersionChange)


def ask_comparison(version: IndexVersion, *, by: str) -> VersionComparison:
    """Ask for a comparison with the live version; the open one where one is. Raises `VersionRefused`, `IndexUnavailable`."""
    live = versions.live_version()
    if version.pk == live.pk:
        raise VersionRefused(f"{version.collection} is live itself: name another version to compare it with.")
    if version.state == VersionState.RETIRED:
        raise VersionRefused(f"{version.collection} is retired: it no longer follows the catalogue.")
    open_one = version.comparisons.filter(state__in=_OPEN).first()
    if open_one is not None:
        return open_one
    try:
        with transaction.atomic():
            return VersionComparison.objects.create(
                version=version, baseline=live, baseline_name=live.collection, asked_by=by
            )
    except IntegrityError:
        return version.comparisons.get(state__in=_OPEN)


def ask_promotion(version: IndexVersion, *, by: str, reason: str = "", is_forced: bool = False) -> VersionChange:
    """Ask for a promotion; the open one where one is. Raises `VersionRefused`, `IndexUnavailable`."""
    live = versions.live_version()
    if version.pk == live.pk:
        raise VersionRefused(f"{version.collection} is live already.")
    if version.state == VersionState.RETIRED:
        raise VersionRefused(f"{version.collection} is retired and no longer follows the catalogue: build one anew.")
    if is_forced and not reason.strip():
        raise VersionRefused("A promotion past its gates needs a reason: say why.")
    try:
        with transaction.atomic():
            return VersionChange.objects.create(
                version=version,
                version_name=version.collection,
                kind=ChangeKind.PROMOTE,
                live=live,
                asked_by=by,
                reason=reason.strip(),
                is_forced=is_forced,
            )
    except IntegrityError:
        raise VersionRefused(f"{version.collection} is being promoted already: look at how it goes.") from None


def is_any_asked() -> bool:
    """Whether a promotion or a comparison waits for somebody to do it."""
    return bool(_free(VersionChange) or _free(VersionComparison))


def run_asked() -> int:
    """Do what waits: promotions, then comparisons. Returns how many rows were worked on."""
    changed = [run_change(pk) for pk in _free(VersionChange)]
    return sum([*changed, *(run_comparison(pk) for pk in _free(VersionComparison))])


def run_comparison(pk: int) -> bool:
    """Do this comparison unless somebody else does; whether it was done here."""
    row = _taken(VersionComparison, pk)
    if row is None:
        return False
    live = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    if live is None or row.baseline_id != live.pk:
        _finish(row, JobState.REFUSED, f"{row.baseline_name} is not live any more: compare again.")
        return True
    renew = _renewing(row, ["steps_done", "steps", "claimed_until"])

    def on_step(done: int, total: int) -> None:
        row.steps_done, row.steps = done, total
        renew()

    def work() -> None:
        row.figures, row.samples = compare(live, row.version, on_step=on_step)
        _finish(row, JobState.DONE)

    _guarded(row, work)
    return True


def run_change(pk: int) -> bool:
    """Do this promotion unless somebody else does; whether it was done here."""
    row = _taken(VersionChange, pk)
    if row is None:
        return False

    def work() -> None:
        if row.version is None:
            raise VersionRefused(f"{row.version_name} was dropped meanwhile.")
        gates, refusal = decide(
            row.version, instead_of=row.live_id, is_forced=row.is_forced, alive=_renewing(row, ["claimed_until"])
        )
        row.gates = [gate.to_json() for gate in gates]
        _finish(row, JobState.REFUSED if refusal else JobState.DONE, refusal)

    _guarded(row, work)
    # Whatever came of it, nobody waits for the encoder to be in memory any more.
    if row.version is not None:
        IndexVersion.objects.filter(pk=row.version.pk).update(warm_since=None)
    return True


def _guarded(row: Job, work: Callable[[], None]) -> None:
    """Run the work; what it raises on purpose becomes the row's message, and anything else its failure too."""
    try:
        work()
    except VersionRefused as error:
        _finish(row, JobState.REFUSED, error.message)
    except SearchError as error:
        logger.warning("%s failed: %s", row, error.message)
        _finish(row, JobState.FAILED, f"{error.message} Ask again when it is mended.")


def _free(model: type[_Row]) -> list[int]:
    rows = model.objects.filter(Q(state=JobState.WAITING) | Q(state=JobState.RUNNING, claimed_until__lt=timezone.now()))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _taken(model: type[_Row], pk: int) -> _Row | None:
    """The row with a fresh lease; None where somebody else has it, or it is done or gone."""
    with transaction.atomic():
        row = model.objects.select_for_update(skip_locked=True).filter(pk=pk, state__in=_OPEN).first()
        if row is None or (row.claimed_until is not None and row.claimed_until > timezone.now()):
            return None
        if row.attempts >= MAX_ATTEMPTS:
            _finish(row, JobState.FAILED, f"It was begun {row.attempts} times and never ended: see the worker's log.")
            return None
        row.state, row.claimed_until, row.attempts = JobState.RUNNING, timezone.now() + LEASE, row.attempts + 1
        row.save(update_fields=["state", "claimed_until", "attempts"])
        return row


def _renewing(row: Job, fields: list[str]) -> Callable[[], None]:
    """Writes these fields of the row and a new lease, at most every `RENEW_S`."""
    written_at = 0.0

    def renew() -> None:
        nonlocal written_at
        if monotonic() - written_at >= RENEW_S:
            written_at = monotonic()
            row.claimed_until = timezone.now() + LEASE
            row.save(update_fields=fields)

    return renew


def _finish(row: Job, state: JobState, message: str = "") -> None:
    row.state, row.message, row.claimed_until, row.finished_at = state, message, None, timezone.now()
    row.save()
