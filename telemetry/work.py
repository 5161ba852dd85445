"""What this thread works on now, a request or a task: log lines, traces and errors name it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

# What a caller may name its request: it goes into logs and headers as it is.
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,127}")


@dataclass(slots=True)
class Work:
    """One request or task. `store` is a slug, `key` an API key's public prefix: never the key itself."""

    request_id: str
    store: str = ""
    key: str = ""
    task: str = ""


_current: ContextVar[Work | None] = ContextVar("current work", default=None)


def current_work() -> Work | None:
    """What is worked on here, or None."""
    return _current.get()


def request_id(stated: str = "") -> str:
    """The caller's own id where it is 8 to 128 letters, digits and `. _ : -` of ASCII; else a new random one."""
    return stated if _SANE.fullmatch(stated) else uuid.uuid4().hex


@contextmanager
def working(work: Work) -> Iterator[Work]:
    """Whatever is said inside is said of this work."""
    token = _current.set(work)
    try:
        yield work
    finally:
        _current.reset(token)


def note_caller(*, store: str, key: str) -> None:
    """Say for whom the present request is answered: the store's slug and the API key's prefix."""
    work = _current.get()
    if work is not None:
        work.store, work.key = store, key
