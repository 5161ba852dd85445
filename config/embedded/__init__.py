"""The embedded services: PostgreSQL, Redis and Milvus as ordinary processes under one data folder.

This module only says where they are to be found; it starts nothing and imports nothing heavy, because the settings
read it in every process. `config.embedded.services` makes the parts that a supervisor runs.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from config.embedded.folder import DataFolderError, make_data_dir, make_shared_dir, socket_dir

__all__ = [
    "DataFolderError",
    "Endpoints",
    "broker_url",
    "endpoints",
    "make_shared_dir",
    "recorded_milvus",
    "secret_key",
]

DATABASE_NAME = DATABASE_USER = "vitrine"
REDIS_BROKER_DB = 1
"""Celery's own Redis database, so that clearing Django's cache (database 0) never empties a queue."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the embedded services of one data folder listen, running or not."""

    database_url: str
    redis_url: str
    milvus_uri: str


@dataclass(frozen=True, slots=True)
class RecordedMilvus:
    """Which Milvus the data folder was last started with: `lite`, or `server` with the first of its ports."""

    engine: str = "lite"
    port: int = 0


def endpoints(data_dir: Path) -> Endpoints:
    """Say where the services of `data_dir` are, or will be once they are started. Reads at most one small file."""
    sockets = socket_dir(data_dir)
    milvus = recorded_milvus(data_dir)
    return Endpoints(
        # Empty host, then the socket's folder as the path: as a host, django-environ would lower its letters.
        database_url=f"postgres://{DATABASE_USER}@/{quote(str(sockets / 'postgres'))}/{DATABASE_NAME}",
        redis_url=f"unix://{sockets / 'redis.sock'}?db=0",
        milvus_uri=f"http://127.0.0.1:{milvus.port}"
        if milvus.engine == "server"
        else f"unix:{sockets / 'milvus.sock'}",
    )


def recorded_milvus(data_dir: Path) -> RecordedMilvus:
    """Read which Milvus this folder was last started with; Lite when none was."""
    try:
        return RecordedMilvus(**json.loads((data_dir / "milvus.json").read_text()))
    except FileNotFoundError:
        return RecordedMilvus()
    except (TypeError, ValueError) as error:
        raise DataFolderError(f"{data_dir / 'milvus.json'} cannot be read ({error}): delete it.") from error


def secret_key(data_dir: Path) -> str:
    """Return the folder's own random key, made once and readable by its owner alone."""
    path = data_dir / "secret_key"
    if not path.exists():
        draft = data_dir / f".secret_key.{secrets.token_hex(4)}"
        try:
            make_data_dir(data_dir)
            with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
            # A link is made whole or not at all, so two processes that start together agree on one key.
            os.link(draft, path)
        except FileExistsError:
            pass
        except OSError as error:
            raise DataFolderError(
                f"no SECRET_KEY is set and none can be kept in {data_dir} ({error.strerror}): "
                "set SECRET_KEY, or VITRINE_DATA to a folder that can be written."
            ) from error
        finally:
            draft.unlink(missing_ok=True)
    return path.read_text()


def broker_url(redis_url: str) -> str:
    """Return Celery's spelling of a Redis URL: kombu says `redis+socket://` where redis-py says `unix://`."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    password = f":{parts.password}@" if parts.password else ""
    database = int(parse_qs(parts.query).get("db", ["0"])[0]) + REDIS_BROKER_DB
    return f"redis+socket://{password}{parts.path}?virtual_host={database}"
