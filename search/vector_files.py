"""Vectors in a Parquet file, and the only importer of pyarrow: what a file says of itself, and its rows in batches.

Columns: `image_id` (int64), `sha256` (of the photo's bytes, hex), `vector` (float32, unit length). The encoder's
fingerprint, its name and the dimension are the file's key-value metadata.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.errors import InvalidVectors

BATCH_ROWS = 1000
_PREFIX = "vitrine."
# Of the length of a unit vector; a file of another making may hold float16.
_TOLERANCE = 1e-2
MAX_DIMENSION = 32_768


@dataclass(frozen=True, slots=True)
class Making:
    """Whose vectors they are."""

    fingerprint: str
    dimension: int
    encoder: str = ""


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """Some rows: image ids (n,), the photos' hashes (n), unit vectors (n, dimension)."""

    image_ids: NDArray[np.int64]
    hashes: tuple[str, ...]
    vectors: NDArray[np.float32]


def write_vectors(path: Path, making: Making, batches: Iterable[VectorBatch]) -> int:
    """Write the file, whole or not at all, and return how many rows. Raises `OSError` where it cannot be written."""
    arrow, parquet = _arrow()
    schema = arrow.schema(
        [
            ("image_id", arrow.int64()),
            ("sha256", arrow.string()),
            ("vector", arrow.list_(arrow.float32(), making.dimension)),
        ],
        metadata={
            f"{_PREFIX}fingerprint": making.fingerprint,
            f"{_PREFIX}dimension": str(making.dimension),
            f"{_PREFIX}encoder": making.encoder,
        },
    )
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    written = 0
    try:
        with draft.open("wb") as file:
            with parquet.ParquetWriter(file, schema, compression="zstd", use_dictionary=False) as writer:
                for batch in batches:
                    flat = arrow.array(np.ascontiguousarray(batch.vectors, np.float32).reshape(-1))
                    columns = [
                        arrow.array(batch.image_ids),
                        arrow.array(batch.hashes, arrow.string()),
                        arrow.FixedSizeListArray.from_arrays(flat, making.dimension),
                    ]
                    writer.write_table(arrow.Table.from_arrays(columns, schema=schema))
                    written += len(batch.hashes)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return written


def read_making(path: Path) -> Making:
    """Whose vectors the file holds. Raises `InvalidVectors` for a file that is none of ours."""
    with _opened(path) as file:
        stated = {key.decode(): value.decode() for key, value in (file.schema_arrow.metadata or {}).items()}
        missing = [name for name in ("image_id", "sha256", "vector") if name not in file.schema_arrow.names]
    fingerprint, dimension = stated.get(f"{_PREFIX}fingerprint", ""), stated.get(f"{_PREFIX}dimension", "")
    if missing or not fingerprint or not dimension.isdecimal() or not 1 <= int(dimension) <= MAX_DIMENSION:
        raise InvalidVectors(
            f"{path} holds no vectors of Vitrine: write it with manage.py export_vectors."
            + (f" (It has no column {missing[0]}.)" if missing else "")
        )
    return Making(fingerprint, int(dimension), stated.get(f"{_PREFIX}encoder", ""))


def read_vectors(path: Path, making: Making) -> Iterator[VectorBatch]:
    """The file's rows in batches. Raises `InvalidVectors` for a row that is no unit vector of the file's dimension."""
    arrow, _ = _arrow()
    with _opened(path) as file:
        try:
            for batch in file.iter_batches(BATCH_ROWS, columns=["image_id", "sha256", "vector"]):
                yield _checked(path, making, batch)
        except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise InvalidVectors(f"{path} is damaged: {error}") from error


def _checked(path: Path, making: Making, batch: Any) -> VectorBatch:
    lists = batch.column("vector")
    flat = np.asarray(lists.flatten().to_numpy(zero_copy_only=False), np.float32)
    ids = batch.column("image_id").to_numpy(zero_copy_only=False)
    if len(flat) != batch.num_rows * making.dimension or ids.dtype != np.int64:
        raise InvalidVectors(f"{path} has rows without an id or without {making.dimension} numbers: export it again.")
    vectors = flat.reshape(batch.num_rows, making.dimension)
    wrong = ~(np.abs(np.linalg.norm(vectors, axis=1) - 1.0) < _TOLERANCE)
    if wrong.any():
        raise InvalidVectors(
            f"{path}: the vector of image {ids[int(wrong.argmax())]} has not the length 1: export it again."
        )
    return VectorBatch(ids, tuple(str(digest) for digest in batch.column("sha256").to_pylist()), vectors)


def _opened(path: Path) -> Any:
    arrow, parquet = _arrow()
    try:
        return parquet.ParquetFile(path)
    except FileNotFoundError as error:
        raise InvalidVectors(f"There is no file {path}.") from error
    except (arrow.ArrowException, OSError) as error:
        raise InvalidVectors(f"{path} cannot be read as Parquet: {error}") from error


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow  # an extra: only these two commands need it
        import pyarrow.parquet
    except ImportError as error:
        raise InvalidVectors(
            "Vectors are exported and imported with pyarrow, which is not installed: "
            "run pip install -c constraints.txt '.[parquet]'."
        ) from error
    return pyarrow, pyarrow.parquet
