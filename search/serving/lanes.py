"""A lane: so many requests at work at once, a short queue before them, and a quick "no" for the rest.

How long a request may wait follows controlled delay (Nichols and Jacobson 2012) as servers use it (Maurer, "Fail at Scale",
ACM Queue 2015): while the queue was empty a moment ago it may wait out a burst; a queue that stands is more work than there is
room for, and there a wait only makes every answer late.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from prometheus_client import Counter, Gauge, Histogram

SHED = Counter("vitrine_requests_shed", "Requests refused with 503 because there was no room for them.", ["lane"])
AT_WORK = Gauge("vitrine_requests_at_work", "Requests being worked on now.", ["lane"])
WAITED = Histogram(
    "vitrine_request_wait_seconds",
    "How long requests waited for room before they were taken or refused.",
    ["lane"],
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25),
)
# A lane that refused somebody this short a time ago says that it sheds.
SHEDS_FOR_S = 2.0


@dataclass(slots=True)
class _Waiter:
    """A request in the queue. Its lock is held until it gets a place."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    is_taken: bool = False


class Lane:
    """`slots` requests at once; `queue` more wait, `burst_s` at most, and `standing_s` while the queue does not empty.

    While the queue stands the newest waiter goes first: the oldest has the least time left to be of use.
    """

    def __init__(
        self,
        name: str,
        *,
        slots: int,
        queue: int,
        burst_s: float,
        standing_s: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.name, self.slots, self.queue = name, slots, queue
        self._burst_s, self._standing_s, self._clock = burst_s, standing_s, clock
        self._lock = threading.Lock()
        self._at_work = 0
        self._waiters: deque[_Waiter] = deque()
        self._empty_at = self._refused_at = float("-inf")
        self._metrics = (SHED.labels(name), AT_WORK.labels(name), WAITED.labels(name))

    @property
    def at_work(self) -> int:
        return self._at_work

    @property
    def is_shedding(self) -> bool:
        """Whether a request was refused a moment ago."""
        return self._clock() - self._refused_at < SHEDS_FOR_S

    def enter(self) -> bool:
        """Take a place, waiting as long as the queue allows. False: refused. Whoever entered must `leave`."""
        came_at = self._clock()
        with self._lock:
            if self._at_work < self.slots and not self._waiters:
                self._at_work += 1
                self._empty_at = came_at
                self._metrics[1].set(self._at_work)
                return True
            if len(self._waiters) >= self.queue:
                return self._refused(came_at)
            patience_s = self._standing_s if self._stands(came_at) else self._burst_s
            waiter = _Waiter()
            waiter.turn.acquire()
            self._waiters.append(waiter)
        if waiter.turn.acquire(timeout=patience_s):
            self._metrics[2].observe(self._clock() - came_at)
            return True
        with self._lock:
            if waiter.is_taken:
                # Its turn came in the moment in which it gave up.
                return True
            self._waiters.remove(waiter)
            return self._refused(came_at)

    def leave(self) -> None:
        """Give the place to who waits, or back."""
        with self._lock:
            if self._waiters:
                waiter = self._waiters.pop() if self._stands(self._clock()) else self._waiters.popleft()
                waiter.is_taken = True
                waiter.turn.release()
            else:
                self._at_work -= 1
                self._metrics[1].set(self._at_work)
            if not self._waiters:
                self._empty_at = self._clock()

    def _stands(self, now: float) -> bool:
        """Whether the queue has not been empty for as long as a burst may last."""
        return now - self._empty_at > self._burst_s

    def _refused(self, came_at: float) -> bool:
        self._refused_at = self._clock()
        self._metrics[0].inc()
        self._metrics[2].observe(self._refused_at - came_at)
        return False
