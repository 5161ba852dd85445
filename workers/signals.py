"""Nudges after a commit, so that a change need not wait for the next sweep. Not a contract: the sweeps find all."""

from __future__ import annotations

import logging
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from catalog.models import ImportJob, Product, ProductImage
from catalog.models.imports import ImportState
from catalog.signals import catalogue_written
from search import heartbeat
from search.breakers import Breaker, PartOpen, breaker_of
from workers.tasks import import_file, sweep_recent

logger = logging.getLogger(__name__)
_FAILURES: tuple[type[BaseException], ...] = (OperationalError, RedisError, OSError)
_UNSENT: tuple[type[BaseException], ...] = (*_FAILURES, PartOpen)


def connect() -> None:
    """Listen to the catalogue's saves and deletes."""
    for model in (Product, ProductImage):
        post_save.connect(_nudge_index, sender=model, dispatch_uid=f"nudge-save-{model.__name__}")
        post_delete.connect(_nudge_index, sender=model, dispatch_uid=f"nudge-delete-{model.__name__}")
    catalogue_written.connect(_nudge_index, dispatch_uid="nudge-written")
    post_save.connect(_nudge_import, sender=ImportJob, dispatch_uid="nudge-import")


def _nudge_index(**kwargs: object) -> None:
    if not _is_nudged():
        transaction.on_commit(partial(_send_sweep), robust=True)


def _is_nudged() -> bool:
    """Whether this transaction has a nudge waiting already: a thousand saves in one transaction are one sweep."""
    waiting = transaction.get_connection().run_on_commit
    return any(isinstance(entry[1], partial) and entry[1].func is _send_sweep for entry in waiting)


def _send_sweep() -> None:
    """Ask for a sweep, unless one waits already: it has not looked yet, and will see this change too."""
    try:
        with _queue().calling():
            if heartbeat.may_nudge():
                sweep_recent.apply_async(expires=heartbeat.NUDGE_EXPIRES_S, retry=False)
    except _UNSENT as error:
        logger.info("No nudge sent, the next sweep finds the change: %s", error)


def _nudge_import(instance: ImportJob, created: bool, **kwargs: object) -> None:
    if created and instance.state == ImportState.WAITING:
        transaction.on_commit(partial(_send_import, instance.pk), robust=True)


def _send_import(job_id: int) -> None:
    try:
        with _queue().calling():
            import_file.apply_async((job_id,), retry=False)
    except _UNSENT as error:
        logger.info("No nudge sent, beat finds the import: %s", error)


def _queue() -> Breaker:
    """A queue that hangs takes seconds of whoever saves something: one failure is enough to leave it alone."""
    return breaker_of("queue", settings.CELERY_BROKER_URL, failures=_FAILURES, patience=1)
