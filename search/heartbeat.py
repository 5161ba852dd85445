"""When the schedule was last seen at work, in Redis: a task that only beat sends writes it every few seconds."""

from __future__ import annotations

from time import time

from django.core.cache import cache

_KEY = "beat-seen-at"
# Longer than anybody would leave a dead schedule unnoticed; then it is not known at all.
_KEPT_S = 7 * 24 * 3600


def note_beat() -> None:
    """Say that a task of the schedule runs now. Raises `RedisError` where Redis is down."""
    cache.set(_KEY, time(), _KEPT_S)


def beat_age_s() -> float | None:
    """Seconds since then; None where it was never seen. Raises `RedisError` where Redis is down."""
    seen_at = cache.get(_KEY)
    return None if seen_at is None else max(0.0, time() - float(seen_at))
