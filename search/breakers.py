"""A circuit breaker for each part that a request can do without: after some failures in a row the part is left alone for a
while, and then one request tries it again. Per process: what one process sees of a part is what it may rely on.

pybreaker keeps the states. Its own `call` holds a lock while the part works, and it lets everybody through at once when the time
is over; here calls run side by side, and one alone is the trial.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pybreaker
from django.conf import settings
from prometheus_client import Counter, Gauge

logger = logging.getLogger(__name__)

IS_OPEN = Gauge(
    "vitrine_breaker_open",
    "1 while the part is left alone because it failed, else 0.",
    ["part"],
    multiprocess_mode="livemax",
)
OPENED = Counter("vitrine_breaker_opened", "How often a part was found to fail and left alone.", ["part"])
REFUSED = Counter("vitrine_breaker_refused", "Calls that were not made because the part is left alone.", ["part"])


class PartOpen(Exception):
    """The part failed a moment ago and is left alone; nothing was tried."""


class _Listener(pybreaker.CircuitBreakerListener):
    """Tells the log and the metrics; a state is told once, not at every request."""

    def __init__(self, part: str) -> None:
        self._part = part

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        IS_OPEN.labels(self._part).set(new_state.name != pybreaker.STATE_CLOSED)
        if new_state.name == pybreaker.STATE_OPEN and old_state is not None:
            OPENED.labels(self._part).inc()
            if old_state.name == pybreaker.STATE_CLOSED:
                logger.warning("%s fails and is left alone, tried every %g s", self._part, settings.BREAKER_RESET_S)
        elif new_state.name == pybreaker.STATE_CLOSED:
            logger.warning("%s answers again", self._part)


class Breaker:
    """One part at one address. `failures` are the errors that speak against the part, except those of `unless`, which do so
    at a trial only; all others are its answer."""

    def __init__(
        self,
        part: str,
        *,
        failures: tuple[type[BaseException], ...],
        unless: tuple[type[BaseException], ...] = (),
        patience: int | None = None,
    ) -> None:
        self.part = part
        self._failures, self._unless = failures, unless
        self._trial = threading.Lock()
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=patience or settings.BREAKER_FAILURES,
            reset_timeout=settings.BREAKER_RESET_S,
            exclude=[self._is_answer],
            listeners=[_Listener(part)],
            throw_new_error_on_trip=False,
        )
        IS_OPEN.labels(part).set(0)

    @property
    def is_open(self) -> bool:
        """Whether the part is left alone, or on trial."""
        return bool(self._breaker.current_state != pybreaker.STATE_CLOSED)

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Call the part inside. Raises `PartOpen` without a try while it is left alone or somebody else tries."""
        is_trial = self.is_open
        if is_trial and not self._trial.acquire(blocking=False):
            raise self._refused()
        try:
            try:
                with self._breaker.calling():
                    yield
            except pybreaker.CircuitBreakerError as error:
                raise self._refused() from error
        finally:
            if is_trial:
                self._trial.release()

    def _is_answer(self, error: BaseException) -> bool:
        return not isinstance(error, self._failures) or (isinstance(error, self._unless) and not self.is_open)

    def _refused(self) -> PartOpen:
        REFUSED.labels(self.part).inc()
        return PartOpen(f"{self.part} failed a moment ago and is left alone for {settings.BREAKER_RESET_S:g} s")


_breakers: dict[tuple[str, str], Breaker] = {}
_lock = threading.Lock()


def breaker_of(
    part: str,
    address: str,
    *,
    failures: tuple[type[BaseException], ...],
    unless: tuple[type[BaseException], ...] = (),
    patience: int | None = None,
) -> Breaker:
    """This process' breaker of that part at that address, closed at first. `patience` failures in a row open it
    (`BREAKER_FAILURES`)."""
    with _lock:
        found = _breakers.get((part, address))
        if found is None:
            found = _breakers[(part, address)] = Breaker(part, failures=failures, unless=unless, patience=patience)
        return found


def open_parts() -> list[str]:
    """The parts that this process leaves alone now."""
    with _lock:
        return sorted({part for (part, _), breaker in _breakers.items() if breaker.is_open})


def forget() -> None:
    """Begin anew with closed breakers: another set of addresses, or a test's end."""
    with _lock:
        _breakers.clear()
