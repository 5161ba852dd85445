"""Many vectors on a real Milvus server: time to load and to build, memory, disk, recall and latency at each size.

    python benchmarks/scale.py --data FOLDER [--sizes 100000 1000000] [--dimension 512] [--seed 7] [--queries 100]

Starts a Milvus 2.3.5 server of its own in FOLDER (the extra `server`) and stops it. A run that was cut off goes on where it
was: what each size showed is in FOLDER/scale.jsonl, and rows that are there are not loaded again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import psutil
from numpy.typing import NDArray

import benchmarks.configured  # noqa: F401
from benchmarks import clustered, engines
from benchmarks.machine import describe
from search import milvus

COLLECTION = "scale"
WARM_UP = 5


@dataclass(slots=True)
class Point:
    """What was seen at one size. Seconds and bytes add up from the empty server on; `load_1m` is the machine's load."""

    rows: int
    dimension: int
    index_type: str
    load_s: float = 0.0
    build_s: float = 0.0
    milvus_cpu_s: float = 0.0
    empty_bytes: int = 0
    resident_bytes: int = 0
    peak_bytes: int = 0
    disk_bytes: int = 0
    recall: dict[str, float] = field(default_factory=dict)
    p50_ms: dict[str, float] = field(default_factory=dict)
    p95_ms: dict[str, float] = field(default_factory=dict)
    load_1m: float = 0.0


class Watch:
    """The server's memory and processor time, looked at each half second."""

    def __init__(self, process: psutil.Process) -> None:
        self._process, self.peak = process, 0
        self._ended = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while not self._ended.wait(0.5):
            try:
                self.peak = max(self.peak, self.resident())
            except psutil.NoSuchProcess:
                return

    def resident(self) -> int:
        return int(self._process.memory_info().rss)

    def cpu_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def stop(self) -> None:
        self._ended.set()


def measure(
    point: Point, asked: NDArray[np.float32], exact: Mapping[float, list[list[int]]], params: Mapping[str, int]
) -> None:
    """Recall and latency at every selectivity, the queries in one order, the selectivities in turn."""
    times: dict[float, list[float]] = {share: [] for share in exact}
    found: dict[float, list[list[int]]] = {share: [] for share in exact}
    for number, vector in enumerate(asked):
        for share in exact:
            began = time.perf_counter()
            hits = milvus.search(COLLECTION, vector[None, :], wanted=clustered.passing(share), limit=10, params=params)[
                0
            ]
            if number >= WARM_UP:
                times[share].append((time.perf_counter() - began) * 1000)
            found[share].append([hit.image_id for hit in hits])
    for share in exact:
        point.recall[f"{share:g}"] = clustered.recall(found[share], exact[share])
        point.p50_ms[f"{share:g}"] = float(np.percentile(times[share], 50))
        point.p95_ms[f"{share:g}"] = float(np.percentile(times[share], 95))


def disk_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def run(data_dir: Path, sizes: list[int], *, dimension: int, seed: int, amount: int) -> list[Point]:
    """Every size in turn on one collection. Seconds of a size hold those of the sizes before it."""
    record, total = data_dir / "scale.jsonl", max(sizes)
    data_dir.mkdir(parents=True, exist_ok=True)
    points = [Point(**json.loads(line)) for line in record.read_text().splitlines()] if record.exists() else []
    asked = clustered.queries(total, amount, dimension=dimension, seed=seed)
    with engines.engine(data_dir, "server") as process:
        watch = Watch(process)
        empty = watch.resident()
        index = milvus.index_settings("HNSW", dimension=dimension, engine=milvus.engine())
        if not milvus.has_collection(COLLECTION):
            milvus.create_collection(COLLECTION, dimension=dimension, index=index)
        for rows in sorted(set(sizes) - {point.rows for point in points}):
            last = points[-1] if points else Point(0, dimension, index.index_type)
            point = Point(rows, dimension, index.index_type, load_s=last.load_s, build_s=last.build_s)
            point.empty_bytes = last.empty_bytes or empty
            point.load_s += engines.fill(COLLECTION, rows, total=total, dimension=dimension, seed=seed)
            point.build_s += engines.wait_built(COLLECTION)
            point.milvus_cpu_s, point.peak_bytes = watch.cpu_s(), watch.peak
            point.resident_bytes, point.disk_bytes = watch.resident(), disk_bytes(data_dir)
            exact = clustered.exact_neighbours(asked, rows, dimension=dimension, seed=seed, total=total)
            measure(point, asked, exact, index.search)
            point.load_1m = os.getloadavg()[0]
            points.append(point)
            with record.open("a") as file:
                file.write(json.dumps(asdict(point)) + "\n")
            engines.log(f"{rows:,} rows done")
        watch.stop()
        report(points)
    return points


def report(points: list[Point]) -> None:
    """Print the sizes as two markdown tables."""
    head = ["rows", "load s", "build s", "Milvus' processor s", "resident GB", "peak GB", "bytes a row", "disk GB"]
    print(f"| {' | '.join(head)} |\n|{'---:|' * len(head)}")
    for one in points:
        grown = (one.resident_bytes - one.empty_bytes) / one.rows
        print(
            f"| {one.rows:,} | {one.load_s:.0f} | {one.build_s:.0f} | {one.milvus_cpu_s:.0f} | {one.resident_bytes / 1e9:.2f} "
            f"| {one.peak_bytes / 1e9:.2f} | {grown:,.0f} | {one.disk_bytes / 1e9:.2f} |"
        )
    print(f"\n| rows | {' | '.join(f'{share:.1%} pass' for share in clustered.SELECTIVITIES)} | load |")
    print(f"|---:|{'---:|' * len(clustered.SELECTIVITIES)}---:|")
    for one in points:
        cells = [f"{one.recall[key]:.3f} / {one.p50_ms[key]:.1f} / {one.p95_ms[key]:.1f}" for key in one.recall]
        print(f"| {one.rows:,} | {' | '.join(cells)} | {one.load_1m:.1f} |")
    print("\nRecall@10 / p50 ms / p95 ms.\n")
    print(describe({"dimension": points[0].dimension, "index": points[0].index_type}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, required=True, help="a folder with 20 GB free, for the server and the record"
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--queries", type=int, default=100)
    options = parser.parse_args()
    run(options.data.resolve(), options.sizes, dimension=options.dimension, seed=options.seed, amount=options.queries)


if __name__ == "__main__":
    main()
