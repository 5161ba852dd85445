"""Warnings that would come with every request while a part is down: one a minute says it."""

from __future__ import annotations

import logging
from time import monotonic

EVERY_S = 60.0

_said_at: dict[tuple[str, str], float] = {}


def warn_seldom(logger: logging.Logger, message: str, *values: object) -> None:
    """`logger.warning`, but the same message (before its values are filled in) at most once in `EVERY_S`."""
    key, now = (logger.name, message), monotonic()
    if now - _said_at.get(key, float("-inf")) >= EVERY_S:
        _said_at[key] = now
        logger.warning(message, *values)


def forget() -> None:
    """Say everything anew: a test's beginning."""
    _said_at.clear()
