"""Vitrine's own programs as parts: the web server, the Celery worker, and one step of `manage.py`."""

from __future__ import annotations

import http
import http.client
import socket
import sys
from pathlib import Path

from django.conf import settings

from config.part import Part

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"


def step(data_dir: Path, *arguments: str) -> Part:
    """`manage.py` with these arguments, in the foreground."""
    return Part(
        name=f"manage.py {arguments[0]}",
        argv=[sys.executable, str(ROOT / "manage.py"), *arguments],
        data_dir=data_dir,
        cwd=ROOT,
        is_in_foreground=True,
    )


def worker(data_dir: Path) -> Part:
    """A Celery worker for every queue.

    One process: each that embeds holds 0.7 GB, and the demo is to fit into 2.5 GB in all (2.1 GB measured, without beat).
    """
    return Part(
        name="worker",
        argv=[
            *(sys.executable, "-m", "celery", "-A", "workers", "worker", "--loglevel", "INFO"),
            *("-Q", "index,import,default", "--concurrency", "1", "--without-gossip", "--without-mingle"),
        ],
        data_dir=data_dir,
        cwd=ROOT,
    )


def beat(data_dir: Path) -> Part:
    """Celery beat, which sends the schedule: one only, however many workers.

    A part of its own: inside a worker (`--beat`) it can die alone, and nothing starts it again. It holds 0.24 GB.
    """
    return Part(
        name="beat",
        argv=[
            *(sys.executable, "-m", "celery", "-A", "workers", "beat", "--loglevel", "INFO"),
            *("--schedule", str(data_dir / "celerybeat-schedule"), "--pidfile="),
        ],
        data_dir=data_dir,
        cwd=ROOT,
    )


def web(data_dir: Path, *, port: int) -> Part:
    """The web server: granian over WSGI, one process, threads that share one encoder."""
    return Part(
        name="web",
        argv=[sys.executable, "-m", "config.serve", "--host", HOST, "--port", str(port)],
        data_dir=data_dir,
        is_healthy=lambda: get(port, "/health/live") is not None,
        cwd=ROOT,
        stop_timeout_s=settings.WEB_DRAIN_S + settings.WEB_STOP_TIMEOUT_S + 5,
    )


def get(port: int, path: str, *, headers: dict[str, str] | None = None, timeout_s: float = 5.0) -> bytes | None:
    """The body of a page of our own web server, or None when it does not answer with a 200."""
    # Django refuses a Host that ALLOWED_HOSTS lacks, even from this machine: "*" allows any, ".shop.example" its own.
    host = next((name.removeprefix(".") for name in settings.ALLOWED_HOSTS if name != "*"), HOST)
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={"Host": host, **(headers or {})})
        response = connection.getresponse()
        body = response.read()
    except (http.client.HTTPException, OSError):
        return None
    finally:
        connection.close()
    return body if response.status == http.HTTPStatus.OK else None


def is_port_free(port: int) -> bool:
    """Whether nothing listens on this port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
