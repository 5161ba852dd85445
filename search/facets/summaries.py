"""What a process keeps of whole catalogues (counts, totals, orders), under the store's stamp, so that it is never stale."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from telemetry import metrics

# A count of a large facet takes some ten kilobytes, a list of 2,000 products sixteen.
MAX_ENTRIES = 1000


class Summaries:
    """The last used values by key; the longest unused goes first. A key holds the stamp that its value was read under."""

    def __init__(self, size: int = MAX_ENTRIES) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, object] = OrderedDict()

    def get(self, key: Hashable) -> object | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            value = self._values.get(key)
        metrics.SUMMARIES.labels(metrics.hit_or_miss(value is not None)).inc()
        return value

    def keep(self, key: Hashable, value: object) -> None:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)


SUMMARIES = Summaries()
