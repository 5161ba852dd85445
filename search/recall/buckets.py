"""Selectivity in buckets: what share of a collection's rows passes a filter."""

from __future__ import annotations

PROMISE = 0.99
LIMIT = 10
# The upper end of each bucket, and the selectivities that are tuned and measured.
SELECTIVITIES = (0.001, 0.01, 0.05, 0.2, 0.5, 1.0)


def bucket_of(share: float) -> float:
    """The smallest of `SELECTIVITIES` that is no smaller than this share."""
    return next((end for end in SELECTIVITIES if share <= end), SELECTIVITIES[-1])


def shown(share: float) -> str:
    """0.001 as "0.1 %"."""
    return f"{share * 100:g} %"
