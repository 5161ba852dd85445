"""Runs parts until told to stop: in order, each restarted when it ends or hangs, all ended in the opposite order."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from config.part import Part, PartError

HEALTH_INTERVAL_S = 5.0
HUNG_AFTER_S = 60.0
"""A part that lives but has not answered for this long is restarted; a busy machine answers late, not never."""
MAX_CRASHES, CRASH_WINDOW_S = 5, 120.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. Not an Exception, so that nothing takes it for an error."""


@dataclass(slots=True)
class _Watched:
    part: Part
    healthy_at: float
    asked_at: float
    crashes: deque[float] = field(default_factory=deque)


class Supervisor:
    """Starts, watches and stops parts; every message goes through `say`."""

    def __init__(self, *, say: Callable[[str], None]) -> None:
        self._say = say
        self._watched: list[_Watched] = []

    def start(self, *parts: Part) -> None:
        """Start parts together and wait until each answers. PartError when one does not."""
        now = time.monotonic()
        for part in parts:
            self._watched.append(_Watched(part, healthy_at=now, asked_at=now))
            part.start()
        for part in parts:
            part.wait_ready()

    def run(self, step: Part) -> None:
        """Run a program to its end while the parts are watched. PartError when it fails."""
        step.start()
        try:
            while step.is_running:
                self._watch()
                time.sleep(0.1)
            if step.process is not None and step.process.returncode:
                raise PartError(f"{step.name} failed{step.ending()}")
        finally:
            step.stop()

    def watch(self) -> None:
        """Watch the parts for ever. PartError when one crashes again and again."""
        while True:
            self._watch()
            time.sleep(0.5)

    def stop(self) -> None:
        """End all parts, the last started first."""
        for watched in reversed(self._watched):
            if watched.part.is_running:
                self._say(f"stopping {watched.part.name}")
            watched.part.stop()
        self._watched.clear()

    def _watch(self) -> None:
        for watched in self._watched:
            problem = self._problem(watched)
            if problem is not None:
                self._restart(watched, problem)

    def _problem(self, watched: _Watched) -> str | None:
        now = time.monotonic()
        if not watched.part.is_running:
            return "ended"
        if now - watched.asked_at < HEALTH_INTERVAL_S:
            return None
        watched.asked_at = now
        if watched.part.is_healthy():
            watched.healthy_at = now
        elif now - watched.healthy_at > HUNG_AFTER_S:
            return f"has not answered for {HUNG_AFTER_S:.0f} s"
        return None

    def _restart(self, watched: _Watched, problem: str) -> None:
        """Start a part again after 0, 1, 2, 4 ... seconds; PartError at the fifth crash in two minutes."""
        part, crashes = watched.part, watched.crashes
        crashes.append(time.monotonic())
        while crashes[0] < crashes[-1] - CRASH_WINDOW_S:
            crashes.popleft()
        ending = part.ending()
        if len(crashes) >= MAX_CRASHES:
            raise PartError(f"{part.name} {problem} {len(crashes)} times in {CRASH_WINDOW_S:.0f} s{ending}")
        delay_s = 2.0 ** (len(crashes) - 2) if len(crashes) > 1 else 0.0
        self._say(
            f"{part.name} {problem}{ending}\nstarting {part.name} again" + (f" in {delay_s:.0f} s" if delay_s else "")
        )
        part.stop()
        time.sleep(delay_s)
        part.start()
        try:
            part.wait_ready()
        except PartError as error:
            # Counted at the next look, when the process is found ended or still mute.
            self._say(str(error))
        watched.healthy_at = watched.asked_at = time.monotonic()
        self._say(f"{part.name} runs again")


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into one StopRequested; later ones are ignored, so that the end is orderly."""

    def request(number: int, frame: FrameType | None) -> None:
        for name in _SIGNALS:
            signal.signal(name, signal.SIG_IGN)
        raise StopRequested

    before = {name: signal.signal(name, request) for name in _SIGNALS}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
