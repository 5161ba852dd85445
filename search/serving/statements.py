"""How long Postgres may work for a web request: no statement outlives whoever waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.backends.signals import connection_created

from search.deadlines import bounded_s


def bound_in_time() -> None:
    """Give every connection of this process, from now on, the web's statement time-out. Workers are not bound by it."""
    connection_created.connect(_bound, dispatch_uid="search.serving.statements")


def _bound(connection: Any, **kwargs: object) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # A session's setting, once for a connection: as a start option a pooler before Postgres would refuse it.
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [_milliseconds(_limit_s())])


def _limit_s() -> float:
    return float(settings.DATABASE_STATEMENT_TIMEOUT_S)


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))


@contextmanager
def statements_in_time(limit_s: float | None = None) -> Iterator[None]:
    """Bound each statement inside by what is left of the deadline (and by `limit_s`), where that is less than the web's own
    time-out: two round trips, so only for whoever has little time. Postgres then raises `QueryCanceled`, which Django gives as
    `OperationalError`."""
    seconds = bounded_s(_limit_s() if limit_s is None else limit_s)
    if seconds >= _limit_s():
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [_milliseconds(seconds)])
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, false)", [_milliseconds(_limit_s())])
        except DatabaseError:
            # A failed transaction takes the setting back as it ends; a lost connection is gone with it.
            if not connection.in_atomic_block:
                connection.close()
