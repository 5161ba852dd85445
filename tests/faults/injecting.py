"""Does faults to a running site: signals to processes, limits on files, a full disk, an encoder that is gone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import redis

from config.embedded.folder import socket_dir
from tests.faults.site import Site

BATCH_S = 5.0
# No file of a process may grow beyond this: what it appends to is larger, so every write fails.
FULL_BYTES = 512

Undo = Callable[[], None]


class CannotInject(Exception):
    """This machine does not let us; the message says why."""


def inject(site: Site, name: str) -> Undo:
    """Begin the fault of that name and return what ends it. Raises `CannotInject`."""
    verb, _, part = name.partition(" ")
    if name in _SPECIAL:
        return _SPECIAL[name](site)
    return {"kill": _kill, "stop": _stop, "hang": _hang}[verb](site, part)


def _nothing() -> None:
    """The fault needs no end."""


def _signal(site: Site, part: str, number: int) -> None:
    with suppress(ProcessLookupError):
        if (pid := site.pid(part)) > 0:
            os.kill(pid, number)


def _kill(site: Site, part: str) -> Undo:
    _signal(site, part, signal.SIGKILL)
    return _nothing


def _stop(site: Site, part: str) -> Undo:
    _signal(site, part, signal.SIGINT if part == "postgres" else signal.SIGTERM)
    return _nothing


def _hang(site: Site, part: str) -> Undo:
    """Stop the part's processes where they are: they hold their connections and answer nothing."""
    stopped = _family(site, part)
    for process in stopped:
        with suppress(psutil.NoSuchProcess):
            process.suspend()

    def go_on() -> None:
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.resume()

    return go_on


def _family(site: Site, part: str) -> list[psutil.Process]:
    try:
        leader = psutil.Process(site.pid(part))
        return [leader, *leader.children(recursive=True)]
    except (psutil.NoSuchProcess, ValueError):
        return []


def _kill_in_batch(site: Site) -> Undo:
    """Kill the worker once it holds claims, so that it dies between the claim and the mark."""
    deadline = time.monotonic() + BATCH_S
    while time.monotonic() < deadline:
        with suppress(Exception):
            if site.rows("SELECT 1 FROM search_indexentry WHERE claim_token IS NOT NULL LIMIT 1"):
                break
        time.sleep(0.02)
    return _kill(site, "worker")


def _kill_child(site: Site) -> Undo:
    """Kill the process that does the worker's tasks; its parent lives on."""
    for child in _family(site, "worker")[1:]:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    return _nothing


def _empty_redis(site: Site) -> Undo:
    """Lose all that Redis holds: queues, pools, throttles, searches to be kept."""
    with (
        suppress(redis.RedisError),
        redis.Redis(unix_socket_path=str(socket_dir(site.data_dir) / "redis.sock")) as client,
    ):
        client.flushall()
    return _kill(site, "redis")


def _fill_media(site: Site) -> Undo:
    if not site.has_small_media:
        raise CannotInject("only root may mount a small disk")
    filler = site.media / "filler"
    with filler.open("wb") as file, suppress(OSError):
        while True:
            file.write(bytes(2**16))
            file.flush()
    return lambda: filler.unlink(missing_ok=True)


def _limit_files(part: str) -> Callable[[Site], Undo]:
    def begin(site: Site) -> Undo:
        limited: list[tuple[psutil.Process, tuple[int, int]]] = []
        for process in _family(site, part):
            try:
                before = process.rlimit(psutil.RLIMIT_FSIZE)
                process.rlimit(psutil.RLIMIT_FSIZE, (FULL_BYTES, before[1]))
            except psutil.NoSuchProcess:
                continue
            except (AttributeError, psutil.AccessDenied) as error:
                raise CannotInject(f"no limit can be put on another process ({error})") from error
            limited.append((process, before))

        def lift() -> None:
            for process, before in limited:
                with suppress(psutil.NoSuchProcess):
                    process.rlimit(psutil.RLIMIT_FSIZE, before)

        return lift

    return begin


def _lose_encoder(site: Site) -> Undo:
    """Take the weights away and end whoever has them in memory: longer than the index's first pauses."""
    away = site.encoder.with_name("encoder-away")
    site.encoder.rename(away)
    for part in ("worker", "web"):
        _kill(site, part)
    return lambda: (away.rename(site.encoder), None)[1]


_SPECIAL: dict[str, Callable[[Site], Undo]] = {
    "kill worker in a batch": _kill_in_batch,
    "kill worker's child": _kill_child,
    "empty redis": _empty_redis,
    "no disk for photos": _fill_media,
    "no disk for web": _limit_files("web"),
    "no disk for milvus": _limit_files("milvus"),
    "encoder gone": _lose_encoder,
}
