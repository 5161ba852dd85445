"""How many requests at once a process does well: as many as leave each about as quick as it may be, by measurement.

Each kind of request has its own time, learned from those that nobody else ran beside. A request's slowness is its time over its
kind's; the mean over some requests says whether there are too many at once or room for one more (additive increase and
decrease, as in TCP Vegas and Netflix's concurrency-limits). What one process can do follows from its lock, the cores, and where
its database is: no setting knows that.
"""

from __future__ import annotations

from dataclasses import dataclass

# Requests that one decision is made of.
WINDOW = 16
# A kind whose time was learned from fewer says nothing yet.
LEAST_ALONE = 5
# How much one request moves its kind's time.
LEARNING = 0.05
# More kinds than these are one.
MOST_KINDS = 64
OTHER = "other"


@dataclass(slots=True)
class _Alone:
    """Requests of a kind that ran alone: their number, and their time, a mean that forgets."""

    count: int = 0
    seconds: float = 0.0

    def learn(self, took_s: float) -> None:
        self.count += 1
        # A plain mean at first, so that the first one alone does not decide.
        self.seconds += (took_s - self.seconds) * max(LEARNING, 1 / self.count)


class Pace:
    """`limit` requests at once, between `least` and `most`: so many that the mean slowness stays below `slower`. Not locked:
    whoever holds the lane's lock calls it."""

    def __init__(self, *, least: int, most: int, start: int, slower: float) -> None:
        self.limit, self.most = start, most
        self._least, self._slower = least, slower
        self._alone: dict[str, _Alone] = {}
        self._slowness: list[float] = []
        self._is_wanted = False

    def note(self, kind: str, took_s: float, *, was_alone: bool, is_wanted: bool) -> None:
        """A request ended. `is_wanted`: others waited meanwhile, so that more at once would be of use."""
        if kind not in self._alone and len(self._alone) >= MOST_KINDS:
            kind = OTHER
        known = self._alone.setdefault(kind, _Alone())
        if was_alone:
            known.learn(took_s)
        if known.count >= LEAST_ALONE:
            self._is_wanted |= is_wanted
            self._slowness.append(took_s / max(known.seconds, 1e-6))
        if len(self._slowness) >= WINDOW:
            self._decide()

    def _decide(self) -> None:
        mean = sum(self._slowness) / len(self._slowness)
        if mean > self._slower:
            self.limit = max(self._least, self.limit - 1)
        elif self._is_wanted and mean < 0.75 * self._slower:
            self.limit = min(self.most, self.limit + 1)
        self._slowness.clear()
        self._is_wanted = False
