"""The file, folder or zip that an import reads: one data file, and the photos that its rows name.

Nothing is ever unpacked to disk, and a name leads nowhere outside the folder or the archive.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from django.conf import settings

from catalog.importing.records import UnreadableFile
from catalog.photos import InvalidPhoto

DATA_SUFFIXES = {".csv", ".tsv", ".ndjson", ".jsonl"}
MAX_MEMBERS = 5_000_000
MAX_DATA_BYTES = 8 * 2**30
MAX_PHOTO_BYTES_IN_ALL = 1024 * 2**30
MAX_EXTRA_BYTES = 16 * 2**20
# Deflate reaches 1,032; tables of products stay under 50. Small members may be anything.
MAX_RATIO = 200
MIN_SUSPICIOUS_BYTES = 2**20
# What zipfile raises for members that are damaged, encrypted or packed in a way it does not know.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


class Source(Protocol):
    """What the readers need of a folder or an archive."""

    data_name: str
    data_size: int

    def open_data(self) -> IO[bytes]: ...

    def read_beside(self, name: str, max_bytes: int) -> bytes | None:
        """The bytes of a file named from where the data file lies; None when there is none."""


@contextmanager
def open_source(path: Path, member: str = "") -> Iterator[Source]:
    """Open a data file, a folder or a zip. `member` names the data file inside. Raises `UnreadableFile`."""
    if path.is_dir():
        yield Folder(path, _choose(_names_in(path), member, path.name))
    elif not path.is_file():
        raise UnreadableFile(f"there is no file {path.name}")
    elif zipfile.is_zipfile(path):
        try:
            archive = zipfile.ZipFile(path)
        except DAMAGED as error:
            raise UnreadableFile(f"{path.name} is not a zip that can be read: {error}") from error
        with archive:
            yield Archive(archive, member, path.name)
    else:
        yield Folder(path.parent, path.name)


def read_photo(source: Source, name: str) -> bytes:
    """A photo that a row names. Raises `InvalidPhoto` when it is missing, unreadable or too large."""
    try:
        data = source.read_beside(name, settings.IMAGE_MAX_BYTES)
    except DAMAGED as error:
        raise InvalidPhoto(f"the photo {name} cannot be read: {error}") from error
    if data is None:
        raise InvalidPhoto(f"there is no file {name}")
    return data


class Folder:
    """A folder on disk; links that lead out of it are not followed."""

    def __init__(self, root: Path, data_name: str) -> None:
        self._root = root.resolve()
        self._data = self._root / data_name
        if not self._data.is_file():
            raise UnreadableFile(f"there is no file {data_name} in {root.name}")
        self.data_name = data_name
        self.data_size = self._data.stat().st_size

    def open_data(self) -> IO[bytes]:
        return self._data.open("rb")

    def read_beside(self, name: str, max_bytes: int) -> bytes | None:
        relative = _relative(PurePosixPath(self.data_name).parent, name)
        path = (self._root / relative).resolve() if relative else None
        if path is None or not path.is_relative_to(self._root) or not path.is_file():
            return None
        with path.open("rb") as file:
            return _read_at_most(file, max_bytes)


class Archive:
    """A zip. Members are read by name, within limits of size and of how far they unpack."""

    def __init__(self, archive: zipfile.ZipFile, member: str, name: str) -> None:
        infos = archive.infolist()
        if len(infos) > MAX_MEMBERS:
            raise UnreadableFile(f"{name} holds {len(infos):,} files; at most {MAX_MEMBERS:,}")
        self._archive = archive
        self._infos = {info.filename.replace("\\", "/"): info for info in infos if not info.is_dir()}
        if "xl/workbook.xml" in self._infos:
            raise UnreadableFile(f"{name} is an Excel workbook; save its sheet as CSV")
        self.data_name = _choose(self._infos, member.replace("\\", "/"), name)
        info = self._infos.get(self.data_name)
        if info is None:
            raise UnreadableFile(f"there is no file {member} in {name}")
        problem = _problem(info, MAX_DATA_BYTES)
        if problem:
            raise UnreadableFile(problem)
        self.data_size = info.file_size
        self._photo_bytes_left = MAX_PHOTO_BYTES_IN_ALL

    def open_data(self) -> IO[bytes]:
        try:
            return self._archive.open(self._infos[self.data_name])
        except DAMAGED as error:
            raise UnreadableFile(f"{self.data_name} cannot be unpacked: {error}") from error

    def read_beside(self, name: str, max_bytes: int) -> bytes | None:
        relative = _relative(PurePosixPath(self.data_name).parent, name)
        info = self._infos.get(relative)
        if info is None:
            return None
        problem = _problem(info, max_bytes)
        if problem:
            raise InvalidPhoto(problem)
        self._photo_bytes_left -= info.file_size
        if self._photo_bytes_left < 0:
            raise InvalidPhoto(f"the photos unpack to more than {MAX_PHOTO_BYTES_IN_ALL:,} bytes")
        with self._archive.open(info) as file:
            return _read_at_most(file, max_bytes)


class Counted(io.RawIOBase):
    """A file that knows how many bytes were read of it, for the progress bar."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


def _relative(folder: PurePosixPath, name: str) -> str:
    """A name from the data file's folder as a path inside the root; empty when it leads out."""
    bare = name.replace("\\", "/")
    path = posixpath.normpath(posixpath.join(str(folder), bare))
    if bare.startswith("/") or ":" in bare.split("/")[0] or path.startswith(("../", "/")) or path in ("..", "."):
        return ""
    return path if "\x00" not in path else ""


def _names_in(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder)) for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.is_file()
    )


def _choose(names: Iterable[str], member: str, where: str) -> str:
    """The data file: the one told, the only one, or the one that is called products."""
    if member:
        return member
    found = [
        name
        for name in names
        if PurePosixPath(name).suffix.lower() in DATA_SUFFIXES
        and not any(part.startswith((".", "__")) for part in PurePosixPath(name).parts)
    ]
    named = [name for name in found if PurePosixPath(name).stem.lower() == "products"]
    if len(found) == 1 or len(named) == 1:
        return (named or found)[0]
    if not found:
        raise UnreadableFile(f"{where} holds no CSV and no NDJSON file")
    shown = ", ".join(sorted(found)[:10])
    raise UnreadableFile(f"{where} holds {len(found)} data files; name one of them as the member: {shown}")


def _problem(info: zipfile.ZipInfo, max_bytes: int) -> str:
    """Why a member is not to be unpacked, or an empty string."""
    if info.file_size > max_bytes:
        return f"{info.filename} has {info.file_size:,} bytes; at most {max_bytes:,}"
    if info.file_size > MIN_SUSPICIOUS_BYTES and info.file_size > MAX_RATIO * max(1, info.compress_size):
        return f"{info.filename} unpacks to more than {MAX_RATIO} times its size"
    return ""


def _read_at_most(file: IO[bytes], max_bytes: int) -> bytes:
    data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise InvalidPhoto(f"the file has more than {max_bytes:,} bytes")
    return data
