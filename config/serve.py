"""The web server: `python -m config.serve [--host H] [--port P]` runs granian as the settings say, and stops it in order.

On SIGTERM or SIGINT the workers first learn that they are draining: readiness says 503, answers end their connections, and for
`WEB_DRAIN_S` everybody is still answered. Then nothing new is accepted, what is at work is finished, and the process ends.
"""

from __future__ import annotations

import argparse
import os
import threading
from contextlib import suppress
from typing import Any

import django
from django.conf import settings
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from config.programs import HOST

# Beside those that work or wait in a lane: for health, metrics, files, and to say no.
SPARE_THREADS = 8
# A client that drips its headers is cut off.
HEADER_TIMEOUT_MS = 10_000


class DrainingServer(Server):  # type: ignore[misc, valid-type]  # the library has no types
    """Granian with a time between being told to stop and stopping."""

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Tell the workers, and stop `WEB_DRAIN_S` later; a second signal stops at once."""
        from search.serving import draining

        is_first = not draining.is_draining()
        draining.begin()
        if is_first:
            for worker in self.wrks:
                with suppress(ProcessLookupError):
                    os.kill(worker.inner.pid, draining.SIGNAL)
        if is_first and settings.WEB_DRAIN_S > 0:
            timer = threading.Timer(settings.WEB_DRAIN_S, super().signal_handler_interrupt)
            timer.daemon = True
            timer.start()
        else:
            super().signal_handler_interrupt()


def threads() -> int:
    """Threads of a process: one for each request that may be at work or wait, and some for what goes by the lanes."""
    from search.serving.gate import process_lanes

    return sum(lane.pace.most + lane.queue for lane in process_lanes().values()) + SPARE_THREADS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default=HOST, help="the address to listen on")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup(set_prefix=False)
    DrainingServer(
        "config.wsgi:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=settings.WEB_PROCESSES,
        blocking_threads=threads(),
        backpressure=settings.WEB_MAX_CONNECTIONS,
        respawn_failed_workers=True,
        workers_kill_timeout=settings.WEB_STOP_TIMEOUT_S,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
    ).serve()


if __name__ == "__main__":
    main()
