"""How long Postgres may work for whoever waits, and one more try where the connection to it broke."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.backends.signals import connection_created
from psycopg import errors
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random

from search.deadlines import bounded_s, left_s

# A statement that a search cannot do without is given this long, however little the deadline leaves.
ESSENTIAL_S = 2.0
TRIES = 2
RETRY_WAIT_S = (0.02, 0.1)
RETRY_LEAST_S = 0.5

Read = TypeVar("Read")

# In seconds; None: whatever the server allows.
_process_limit: float | None = None
_limit: ContextVar[float | None] = ContextVar("statement limit", default=None)


def bound_in_time() -> None:
    """Give every connection that this process opens from now on the web's statement time-out. Workers are not bound by it."""
    global _process_limit
    _process_limit = settings.DATABASE_STATEMENT_TIMEOUT_S
    connection_created.connect(_bound, dispatch_uid="search.serving.statements")


def _bound(connection: Any, **kwargs: object) -> None:
    # A session's setting, once for a connection: as a start option a pooler before Postgres would refuse it.
    with connection.cursor() as cursor:
        _set(cursor, _process_limit)


@contextmanager
def statements_in_time(*, least_s: float = 0.0) -> Iterator[None]:
    """Bound each statement inside by what is left of the deadline, but not below `least_s`; it costs two round trips, so only
    whoever has less than half of the web's time-out left is bound. What takes longer is cancelled: `was_cancelled`."""
    limit_s: float = settings.DATABASE_STATEMENT_TIMEOUT_S
    seconds = max(least_s, bounded_s(limit_s))
    outer = _limit.get()
    if seconds >= limit_s / 2 or (outer is not None and outer <= seconds):
        yield
        return
    token = _limit.set(seconds)
    try:
        with connection.cursor() as cursor:
            _set(cursor, seconds)
        yield
    finally:
        _limit.reset(token)
        _restore(_process_limit if outer is None else outer)


def _restore(seconds: float | None) -> None:
    try:
        with connection.cursor() as cursor:
            _set(cursor, seconds)
    except DatabaseError:
        # A failed transaction takes the setting back as it ends; nobody else shall get a connection with a short time-out.
        if not connection.in_atomic_block:
            connection.close()


def _set(cursor: Any, seconds: float | None) -> None:
    value = "0" if seconds is None else str(max(1, round(seconds * 1000)))
    cursor.execute("SELECT set_config('statement_timeout', %s, false)", [value])


def was_cancelled(error: BaseException) -> bool:
    """Whether Postgres ended the statement because it took too long."""
    return isinstance(error.__cause__, errors.QueryCanceled)


def reading(read: Callable[[], Read]) -> Read:
    """What `read` gives; once more, a moment later, where the connection to Postgres broke under it. Only for what writes
    nothing. In a transaction there is one try: its statements before are lost with the connection."""
    attempts = Retrying(
        retry=retry_if_exception(_is_worth_another_try),
        stop=stop_after_attempt(TRIES),
        wait=wait_random(*RETRY_WAIT_S),
        before_sleep=_close,
        reraise=True,
    )
    return attempts(read)


def _is_worth_another_try(error: BaseException) -> bool:
    if not isinstance(error, OperationalError | InterfaceError) or connection.in_atomic_block:
        return False
    left, current = left_s(), connection.connection
    # None: there was no connection to lose, Postgres is down.
    return current is not None and bool(current.broken or current.closed) and (left is None or left > RETRY_LEAST_S)


def _close(state: RetryCallState) -> None:
    connection.close()
