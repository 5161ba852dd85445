"""Promote through the gates, take it back in one step, retire. Each is recorded with who asked and why."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from search import versions
from search.encoder import Encoder
from search.errors import VersionRefused
from search.events.records import PopularQuery
from search.models import IndexVersion, VersionState
from search.query_cache import encoded_together
from search.upgrading.gates import Gate, quick_gates, slow_gates
from search.upgrading.records import ChangeKind, JobState, VersionChange
from search.versions import encoder_of
from search.words.syntax import meant

logger = logging.getLogger(__name__)

# A standby further behind than this has stopped following; going back to it would bring the past back.
MAX_STANDBY_LAG = timedelta(minutes=10)
POPULAR_TEXTS = 500


def decide(
    version: IndexVersion, *, instead_of: int | None, is_forced: bool, alive: Callable[[], None] = lambda: None
) -> tuple[list[Gate], str]:
    """Ask every gate and, if all hold or it is forced, make the version live. The gates, and why it was refused ("": it was
    not). `alive` is called while it goes on.

    Raises `VersionRefused` when another version became live meanwhile; `IndexUnavailable`, `EncoderUnavailable`.
    """
    live = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    gates = quick_gates(version, live)
    if is_forced or all(gate.is_passed for gate in gates):
        gates += slow_gates(version, alive=alive)
    failed = [gate for gate in gates if not gate.is_passed]
    if failed and not is_forced:
        lines = "\n".join(f"- {gate.name}: {gate.detail}. {gate.fix}" for gate in failed)
        return gates, f"{version.collection} was not promoted:\n{lines}"
    _encode_popular(version)
    versions.promote(version, instead_of=instead_of)
    logger.info("%s is live instead of %s", version.collection, live)
    return gates, ""


def rollback(version: IndexVersion, *, by: str, reason: str = "", is_forced: bool = False) -> IndexVersion:
    """Leave this live version for the one before it, which has followed the catalogue all along; returns that one.

    Raises `VersionRefused` where `version` is not live (a second press of the button), nothing stands by, or it has fallen behind.
    """
    version.refresh_from_db()
    standby = versions.standby_version()
    if version.state != VersionState.LIVE:
        raise VersionRefused(f"{version.collection} is not live: there is nothing to roll back from.")
    if standby is None:
        raise VersionRefused(
            "No earlier version follows the catalogue any more: build one with its encoder"
            " (manage.py index_versions build --encoder NAME) and promote it."
        )
    behind = standby.lag_seconds
    is_behind = standby.is_doubted or behind is None or behind > MAX_STANDBY_LAG.total_seconds()
    if is_behind and not is_forced:
        told = "was never whole" if behind is None else f"is {behind:,.0f} s behind"
        raise VersionRefused(
            f"{standby.collection} {told} or in doubt: let the workers catch up, or force it to go back all the same."
        )
    with transaction.atomic():
        versions.promote(standby, instead_of=version.pk)
        _record(
            standby, ChangeKind.ROLLBACK, by=by, reason=reason or f"away from {version.collection}", forced=is_forced
        )
    return standby


def retire(version: IndexVersion, *, by: str, reason: str = "") -> None:
    """Have the version follow nothing any more; it is dropped later. Raises `VersionRefused` for the live one."""
    with transaction.atomic():
        versions.retire(version)
        _record(version, ChangeKind.RETIRE, by=by, reason=reason)


def record_build(version: IndexVersion, *, by: str) -> None:
    """Note who asked for this version."""
    _record(version, ChangeKind.BUILD, by=by)


def _record(version: IndexVersion, kind: ChangeKind, *, by: str, reason: str = "", forced: bool = False) -> None:
    VersionChange.objects.create(
        version=version,
        version_name=version.collection,
        kind=kind,
        asked_by=by,
        reason=reason,
        is_forced=forced,
        state=JobState.DONE,
        finished_at=timezone.now(),
    )


def _encode_popular(version: IndexVersion) -> None:
    """Have the vectors of what is asked most in the cache before the first shopper asks."""
    texts = list(PopularQuery.objects.order_by("-count").values_list("text", flat=True)[:POPULAR_TEXTS])
    if not texts:
        return
    encoder: Encoder = encoder_of(version)
    with encoded_together(encoder, texts=list(dict.fromkeys(map(meant, texts))), photos=[]):
        logger.info("%d popular texts are encoded for %s", len(texts), version.collection)
