"""How many rows pass a filter, remembered for some seconds: an estimate to choose a way of searching by, never an answer."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from time import monotonic

from django.conf import settings

from search.milvus.connection import ask

LIFETIME_S = 30.0
# Some 300 bytes each, and long lists of ids a few kilobytes.
MAX_KEPT = 2_000

_lock = threading.Lock()
_kept: OrderedDict[tuple[int, str, str, str], tuple[float, int]] = OrderedDict()


def passing_rows(collection: str, filter_expression: str, *, is_fresh: bool = False) -> int:
    """About how many rows of the collection pass the expression, by a look that is at most `LIFETIME_S` old.

    `is_fresh` asks anew, at Strong consistency. Raises `IndexUnavailable`.
    """
    key = (os.getpid(), settings.MILVUS_URI, collection, filter_expression)
    with _lock:
        known = _kept.get(key)
        if known is not None and known[0] > monotonic() and not is_fresh:
            _kept.move_to_end(key)
            return known[1]
    answer = ask(
        f"counting rows of {collection}",
        "query",
        collection,
        filter=filter_expression,
        output_fields=["count(*)"],
        consistency_level="Strong" if is_fresh else "Bounded",
    )
    count = int(answer[0]["count(*)"])
    with _lock:
        _kept[key] = (monotonic() + LIFETIME_S, count)
        _kept.move_to_end(key)
        while len(_kept) > MAX_KEPT:
            _kept.popitem(last=False)
    return count


def forget_counts() -> None:
    """Count anew from now on."""
    with _lock:
        _kept.clear()
