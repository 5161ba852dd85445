"""What a collection takes: rows and loaded bytes as the engine tells them, and what its index type computes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from search.errors import IndexUnavailable
from search.milvus.connection import call, engine
from search.milvus.rows import count_rows

# Source of all of it: docs/scaling.md, "Memory".
SCALAR_BYTES = 200


@dataclass(frozen=True, slots=True)
class Footprint:
    """`memory_bytes` and `disk_bytes` are computed, and so an estimate; `told_bytes` is the memory that the engine states for
    the loaded segments, None where it states none (Milvus Lite, 2.3)."""

    rows: int
    memory_bytes: int
    disk_bytes: int
    told_bytes: int | None


def footprint(collection: str, *, dimension: int, index_type: str, params: Mapping[str, int]) -> Footprint:
    """What this collection takes. Raises `IndexUnavailable`."""
    rows = count_rows(collection)
    raw = 4 * dimension
    index = {
        "FLAT": raw,
        "HNSW": raw + 2 * params.get("M", 16) * 4,
        # The codes; the centroids are beside them once.
        "IVF_PQ": params.get("m", 1) * params.get("nbits", 8) // 8 + 8,
    }.get(index_type, raw)
    once = params.get("nlist", 0) * raw if index_type == "IVF_PQ" else 0
    return Footprint(
        rows=rows,
        memory_bytes=rows * (index + SCALAR_BYTES) + once,
        # Raw vectors lie in the log beside the index's own file.
        disk_bytes=rows * (raw + (index if index_type != "FLAT" else 0) + SCALAR_BYTES) + once,
        told_bytes=_told(collection),
    )


def _told(collection: str) -> int | None:
    if engine().is_lite:
        return None
    try:
        segments = call(f"asking for the segments of {collection}", "list_loaded_segments", collection)
    except IndexUnavailable:
        return None
    return sum(int(segment.mem_size) for segment in segments) or None
