"""Two short notes in Redis: when the schedule was last seen at work, and whether a nudged sweep waits to begin."""

from __future__ import annotations

from time import time

from django.core.cache import cache

_KEY = "beat-seen-at"
# Longer than anybody would leave a dead schedule unnoticed; then it is not known at all.
_KEPT_S = 7 * 24 * 3600
_NUDGE = "nudge-waits"
# A message that waited longer than this says nothing that a later sweep does not see.
NUDGE_EXPIRES_S = 10


def note_beat() -> None:
    """Say that a task of the schedule runs now. Raises `RedisError` where Redis is down."""
    cache.set(_KEY, time(), _KEPT_S)


def beat_age_s() -> float | None:
    """Seconds since then; None where it was never seen. Raises `RedisError` where Redis is down."""
    seen_at = cache.get(_KEY)
    return None if seen_at is None else max(0.0, time() - float(seen_at))


def may_nudge() -> bool:
    """Whether no nudge waits; true for one asker only, until `nudge_begins` or the nudge is too old. Raises `RedisError`.

    A hundred edits a second are one sweep after the other, not a hundred in the queue.
    """
    return bool(cache.add(_NUDGE, 1, NUDGE_EXPIRES_S))


def nudge_begins() -> None:
    """Say that a sweep begins to look: what is committed from now on needs another nudge. Raises `RedisError`."""
    cache.delete(_NUDGE)
