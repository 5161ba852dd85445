"""Milvus engines of a benchmark's own, in folders of their own, and collections that stay there for the next run."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from django.conf import settings

from benchmarks import clustered
from config import embedded
from config.embedded.services import make_services, running
from search import milvus
from search.milvus.connection import client

BATCH = 2_000
FREE_BYTES = 5 * 2**30
STEADY_S = 30.0


@contextmanager
def engine(data_dir: Path, kind: str) -> Iterator[psutil.Process]:
    """A Milvus of that kind (`lite` or `server`) on this folder; the settings point to it meanwhile."""
    parts = make_services(data_dir, ["milvus"], milvus_engine=kind)
    # On a busy machine a server that is not scheduled for five seconds takes itself for lost, and ends.
    parts[0].environment["COMMON_SESSION_TTL"] = "120"
    parts[0].start_timeout_s = 600
    names = ("MILVUS_URI", "MILVUS_TIMEOUT_S", "MILVUS_SEARCH_TIMEOUT_S", "MILVUS_BUILD_TIMEOUT_S")
    before = {name: getattr(settings, name) for name in names}
    with running(data_dir, parts, free_bytes=FREE_BYTES):
        settings.MILVUS_URI, settings.MILVUS_TIMEOUT_S = embedded.endpoints(data_dir).milvus_uri, 600.0
        settings.MILVUS_SEARCH_TIMEOUT_S = settings.MILVUS_BUILD_TIMEOUT_S = 600.0
        milvus.close_client()
        assert parts[0].process is not None
        yield psutil.Process(parts[0].process.pid)
        milvus.close_client()
    for name, value in before.items():
        setattr(settings, name, value)
    milvus.close_client()


def fill(collection: str, rows: int, *, total: int, dimension: int, seed: int) -> float:
    """Write the rows of `clustered.chunks` that are missing up to this many, and flush. Returns the seconds of the writes."""
    present, spent = milvus.count_rows(collection), 0.0
    first = present // clustered.CHUNK * clustered.CHUNK
    if present >= rows:
        return spent
    for first_id, vectors in clustered.chunks(total, dimension=dimension, seed=seed, first=first):
        if first_id >= rows:
            break
        for start in range(0, min(len(vectors), rows - first_id), BATCH):
            part = vectors[start : min(start + BATCH, rows - first_id)]
            batch = clustered.rows_of(first_id + start, part)
            began = time.perf_counter()
            milvus.upsert_rows(collection, batch)
            spent += time.perf_counter() - began
        log(f"{collection}: {min(first_id + len(vectors), rows):,} rows, {spent:.0f} s of writes")
    began = time.perf_counter()
    milvus.flush_rows(collection)
    return spent + time.perf_counter() - began


def wait_built(collection: str) -> float:
    """Wait until all is indexed and the loaded segments stay as they are. Returns the seconds until they did."""
    began = steady_since = time.perf_counter()
    segments = ""
    while time.perf_counter() - steady_since < STEADY_S:
        pending = int(client().describe_index(collection, "embedding").get("pending_index_rows", 0))
        loaded = client().list_loaded_segments(collection)
        now = " ".join(sorted(f"{one.segment_id}:{one.num_rows}:{one.index_name}" for one in loaded))
        if pending or now != segments:
            segments, steady_since = now, time.perf_counter()
        time.sleep(1)
    log(f"{collection}: built {steady_since - began:.0f} s after the last write; segments {segments}")
    return steady_since - began


def log(text: str) -> None:
    """A line of progress; tables go to the other stream."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
