"""A lane: as many requests at work at once as its pace says, a short queue before them, and a quick "no" for the rest.

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

from search.serving.pace import Pace

SHED = Counter("vitrine_requests_shed", "Requests refused with 503 because there was no room for them.", ["lane"])
AT_WORK = Gauge("vitrine_requests_at_work", "Requests being worked on now.", ["lane"], multiprocess_mode="livesum")
WAITED = Histogram(
    "vitrine_request_wait_seconds",
    "How long requests waited for room before they were taken or refused.",
    ["lane"],
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25),
)
# A lane that refused somebody this short a time ago says that it sheds.
SHEDS_FOR_S = 2.0


LIMIT = Gauge(
    "vitrine_requests_limit", "How many requests may be worked on at once now.", ["lane"], multiprocess_mode="livesum"
)


@dataclass(slots=True)
class Place:
    """A request's place in a lane, from when it came. Its lock is held until the place is given."""

    came_at: float
    turn: threading.Lock = field(default_factory=threading.Lock)
    is_given: bool = False
    began_at: float = 0.0
    # The number of places given before this one; None where others were at work as it began.
    began_alone: int | None = None


class Lane:
    """`pace.limit` requests at once; `queue` more wait, `burst_s` at most, and `standing_s` while the queue does not empty.

    While the queue stands the newest waiter goes first: the oldest has the least time left to be of use.
    """

    def __init__(
        self,
        name: str,
        *,
        pace: Pace,
        queue: int,
        burst_s: float,
        standing_s: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.name, self.pace, self.queue = name, pace, queue
        self._burst_s, self._standing_s, self._clock = burst_s, standing_s, clock
        self._lock = threading.Lock()
        self._at_work = self._given = 0
        self._waiters: deque[Place] = deque()
        self._empty_at = self._refused_at = float("-inf")
        self._shed, self._working, self._waited = SHED.labels(name), AT_WORK.labels(name), WAITED.labels(name)
        LIMIT.labels(name).set_function(lambda: pace.limit)

    @property
    def at_work(self) -> int:
        return self._at_work

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    @property
    def is_shedding(self) -> bool:
        """Whether a request was refused a moment ago."""
        return self._clock() - self._refused_at < SHEDS_FOR_S

    def enter(self) -> Place | None:
        """Take a place, waiting as long as the queue allows. None: refused. Whoever entered must `leave`."""
        place = Place(self._clock())
        with self._lock:
            if self._at_work < self.pace.limit and not self._waiters:
                self._empty_at = place.came_at
                return self._give(place)
            if len(self._waiters) >= self.queue:
                self._refuse(place)
                return None
            patience_s = self._standing_s if self._stands(place.came_at) else self._burst_s
            place.turn.acquire()
            self._waiters.append(place)
        if not place.turn.acquire(timeout=patience_s):
            with self._lock:
                # Else its turn came in the moment in which it gave up.
                if not place.is_given:
                    self._waiters.remove(place)
                    self._refuse(place)
                    return None
        self._waited.observe(self._clock() - place.came_at)
        return place

    def leave(self, place: Place, kind: str) -> None:
        """Give the place back and, as far as there is room, to those who wait. `kind` is the request's, for the pace."""
        with self._lock:
            now = self._clock()
            self._at_work -= 1
            was_alone = place.began_alone == self._given
            self.pace.note(kind, now - place.began_at, was_alone=was_alone, is_wanted=bool(self._waiters))
            while self._waiters and self._at_work < self.pace.limit:
                waiter = self._waiters.pop() if self._stands(now) else self._waiters.popleft()
                self._give(waiter)
                waiter.turn.release()
            if not self._waiters:
                self._empty_at = now
            self._working.set(self._at_work)

    def _give(self, place: Place) -> Place:
        self._given += 1
        place.is_given, place.began_at = True, self._clock()
        place.began_alone = self._given if not self._at_work else None
        self._at_work += 1
        self._working.set(self._at_work)
        return place

    def _stands(self, now: float) -> bool:
        """Whether the queue has not been empty for as long as a burst may last; refusals empty it too, and are no relief."""
        return now - self._empty_at > self._burst_s or now - self._refused_at < self._burst_s

    def _refuse(self, place: Place) -> None:
        self._refused_at = self._clock()
        self._shed.inc()
        self._waited.observe(self._refused_at - place.came_at)
