"""Until when the work in hand may take: one deadline that every call to another program is bounded by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

# On `time.monotonic`'s clock; None where nobody waits (a worker, a command).
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
# A call that begins late still gets this long: long enough for an answer of a healthy part.
LEAST_S = 0.05


@contextmanager
def deadline_in(seconds: float) -> Iterator[None]:
    """What is done inside ends in so many seconds, or when what it is part of does."""
    now, outer = monotonic(), _deadline.get()
    token = _deadline.set(now + seconds if outer is None else min(outer, now + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def left_s() -> float | None:
    """Seconds until the deadline, negative when it is over; None where there is none."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - monotonic()


def bounded_s(limit_s: float) -> float:
    """The longest that a call may wait: its own limit, or what is left of the deadline where that is less."""
    left = left_s()
    return limit_s if left is None else max(LEAST_S, min(limit_s, left))
