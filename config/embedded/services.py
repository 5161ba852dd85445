"""The embedded services as parts, in the order in which they start; they stop in the opposite order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded.folder import locked, open_data_dir
from config.embedded.milvus import milvus
from config.embedded.postgres import postgres
from config.embedded.redis import redis
from config.part import Part

SERVICES = ("postgres", "redis", "milvus")


def make_services(
    data_dir: Path, names: Iterable[str] = SERVICES, *, milvus_engine: str = "lite", is_durable: bool = True
) -> list[Part]:
    """Make the named services' parts for one data folder; DataFolderError when an engine cannot run here."""
    makers = {
        "postgres": lambda: postgres(data_dir, is_durable=is_durable),
        "redis": lambda: redis(data_dir, is_durable=is_durable),
        "milvus": lambda: milvus(data_dir, engine=milvus_engine),
    }
    return [makers[name]() for name in SERVICES if name in set(names)]


@contextmanager
def running(data_dir: Path, parts: list[Part], *, free_bytes: int) -> Iterator[None]:
    """Run parts on a locked data folder for as long as the block lasts, all started together."""
    open_data_dir(data_dir, free_bytes=free_bytes)
    with locked(data_dir):
        try:
            for part in parts:
                part.start()
            for part in parts:
                part.wait_ready()
            yield
        finally:
            for part in reversed(parts):
                part.stop()
