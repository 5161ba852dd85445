"""Whether this process is about to stop. It still answers whoever asks; readiness says no, so that nobody is sent here."""

from __future__ import annotations

import signal
from types import FrameType

# The server's main process sends it to its workers some time before it stops them (config.serve).
SIGNAL = signal.SIGUSR1

_is_draining = False


def is_draining() -> bool:
    return _is_draining


def begin(number: int = SIGNAL, frame: FrameType | None = None) -> None:
    """Say from now on that this process stops. Also a signal's handler."""
    global _is_draining
    _is_draining = True


def listen() -> None:
    """Begin to drain at `SIGNAL`. To be called in the process' main thread."""
    signal.signal(SIGNAL, begin)
