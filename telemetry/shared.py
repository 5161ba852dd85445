"""The figures of all processes that share one folder, in Prometheus' text format.

A web server has several processes and a Celery worker forks: each keeps its counts in a file of its own, and whoever is
asked adds them up (the multi-process mode of prometheus_client). Files of processes that ended are added to one, so that
restarts cost no counts and the folder stays small. Processes share a folder only where they see each other's pids.
"""

from __future__ import annotations

import fcntl
import hmac
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import psutil
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

# No process has this pid: the file of all that ended.
ENDED = "0"


def shared_figures(folder: str) -> bytes:
    """What all processes of the folder counted; without a folder, what this one did."""
    if not folder:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    with _alone(Path(folder)):
        _fold_ended(Path(folder))
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One reader at a time: between adding a file to that of the ended and deleting it, it would be counted twice."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fold_ended(folder: Path) -> None:
    for path in sorted(folder.glob("*_*.db")):
        kind, pid = path.stem.split("_")[0], path.stem.rsplit("_", 1)[1]
        if pid == ENDED or not pid.isdigit() or psutil.pid_exists(int(pid)):
            continue
        # A gauge of a process that is gone says nothing; counts do.
        if kind in ("counter", "histogram"):
            _add_to(folder / f"{kind}_{ENDED}.db", path)
        path.unlink()


def _add_to(target: Path, path: Path) -> None:
    sums = MmapedDict(str(target))  # type: ignore[no-untyped-call]
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):  # type: ignore[no-untyped-call]
            known, _ = sums.read_value(key)  # type: ignore[no-untyped-call]
            sums.write_value(key, known + value, 0.0)  # type: ignore[no-untyped-call]
    finally:
        sums.close()  # type: ignore[no-untyped-call]


def is_bearer(header: str, token: str) -> bool:
    """Whether an Authorization header holds this token as a bearer, compared in constant time."""
    scheme, _, given = header.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a scrape each few seconds is no news."""


def serve_figures(address: str, *, folder: str, token: str) -> WSGIServer:
    """Answer GET /metrics at `host:port` from a thread of this process, for a worker that no web server stands beside.

    With a token only to its bearer. Raises `OSError` where the address is taken.
    """
    host, _, port = address.rpartition(":")

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if token and not is_bearer(environ.get("HTTP_AUTHORIZATION", ""), token):
            start("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"Send METRICS_TOKEN as a bearer.\n"]
        if environ.get("PATH_INFO") != "/metrics":
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"There is only /metrics.\n"]
        start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
        return [shared_figures(folder)]

    server = make_server(host or "127.0.0.1", int(port), answer, _Server, _Silent)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
