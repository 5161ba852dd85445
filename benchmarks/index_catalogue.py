"""Images a second of indexing: each stage alone, then the whole, on the same images in one run, beside what is possible.

    python benchmarks/index_catalogue.py --store S [--images N] [--threads T] [--rounds R]

Works on two collections of its own and drops them again; the catalogue and the live index are only read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray
from PIL import Image

import benchmarks.configured  # noqa: F401
from benchmarks.machine import Cost, Meter, core_count, describe, peak_memory
from catalog.models import ProductImage
from search import milvus, versions
from search.encoder import get_encoder
from search.errors import InvalidImage, SearchError
from search.images import decode_image
from search.indexing import sweep
from search.indexing.facts import read_facts
from search.indexing.work import DECODE_MAX_SIDE, finish, read, take, write_lock
from search.models import IndexEntry, IndexVersion, VersionState

WITHOUT_LIMIT_S = 7 * 86400.0
MIB = 2**20
Decoded = list[tuple[int, Image.Image]]
Vectors = list[tuple[int, NDArray[np.float32]]]
T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class Figures:
    """What was measured. `decode`, `encode`, `upsert` and `bookkeeping` (claim, read, mark) ran alone."""

    decode: Cost = field(default_factory=Cost)
    encode: Cost = field(default_factory=Cost)
    upsert: Cost = field(default_factory=Cost)
    bookkeeping: Cost = field(default_factory=Cost)
    whole: Cost = field(default_factory=Cost)
    peak_bytes: int = 0
    undecodable: int = 0
    seconds_inside: dict[str, float] = field(default_factory=dict)

    @property
    def slowest(self) -> tuple[str, float]:
        """The slowest stage alone, and its images a second."""
        name = min(self.alone, key=lambda stage: self.alone[stage].images_per_s)
        return name, self.alone[name].images_per_s

    def by_cores(self, cores: int) -> float:
        """Images a second that the cores allow, by what an image costs over all stages."""
        return cores / sum(cost.cpu_per_image() for cost in self.alone.values())

    @property
    def alone(self) -> dict[str, Cost]:
        return {
            "decode": self.decode,
            "encode": self.encode,
            "upsert": self.upsert,
            "claim, read, mark": self.bookkeeping,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True, help="the slug of a store whose catalogue is imported")
    parser.add_argument("--images", type=int, default=0, help="how many of its images (0: all)")
    parser.add_argument("--threads", type=int, default=core_count(), help="batches in work at once (cores)")
    parser.add_argument("--rounds", type=int, default=4, help="parts that are measured in turn, against drift")
    options = parser.parse_args()
    ids = image_ids(options.store, options.images)
    if len(ids) < options.rounds:
        sys.exit(f"The store {options.store!r} has {len(ids)} images with a file: import a catalogue first.")
    threads = max(1, options.threads)
    try:
        meter = Meter()
        figures = measure(ids, meter, threads=threads, rounds=max(1, options.rounds))
        report(figures, meter, threads=threads)
    except SearchError as error:
        sys.exit(error.message)


def image_ids(store: str, limit: int) -> list[int]:
    """The store's images that have a file, in the order of their ids."""
    rows = ProductImage.objects.filter(product__store__slug=store).exclude(file="").order_by("pk")
    ids = rows.values_list("pk", flat=True)
    return list(ids[:limit] if limit else ids)


def measure(ids: Sequence[int], meter: Meter, *, threads: int, rounds: int) -> Figures:
    """Measure each part of the images in turn: the whole first, then its stages alone."""
    figures = Figures()
    encoder = get_encoder()
    encoder.encode_images([Image.new("RGB", (224, 224))])
    _warm(ids)
    with scratch_version() as swept, scratch_version() as staged:
        _set_aside(swept)
        for number, part in enumerate(np.array_split(np.array(ids), rounds), start=1):
            print(f"round {number} of {rounds}: {len(part)} images", file=sys.stderr, flush=True)
            chosen = [int(image_id) for image_id in part]
            _whole(swept, chosen, threads=threads, meter=meter, figures=figures)
            _stages(staged, chosen, threads=threads, meter=meter, figures=figures)
    return figures


def _warm(ids: Sequence[int]) -> None:
    """Read every file once, so that no stage alone profits from what the whole brought into the page cache."""
    for name in ProductImage.objects.filter(pk__in=list(ids)).values_list("file", flat=True):
        _stored(name)


@contextmanager
def scratch_version() -> Iterator[IndexVersion]:
    """A version with a collection of its own that no worker touches, dropped at the end."""
    live = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    version = versions.create_version(
        encoder=settings.ENCODER_MODEL, index_type=live.index_type if live else settings.INDEX_TYPE
    )
    # Retired: no worker follows it. If this command is killed, `tidy` drops it a day later.
    IndexVersion.objects.filter(pk=version.pk).update(
        state=VersionState.RETIRED, retired_at=timezone.now() + timedelta(days=1)
    )
    # In memory it counts as live, because others copy vectors from the live version instead of encoding.
    version.state = VersionState.LIVE
    try:
        yield version
    finally:
        versions.abandon(IndexVersion.objects.get(pk=version.pk))


def _set_aside(version: IndexVersion) -> None:
    """Enter every image as refused, which is in step without a row, so that a sweep finds only what a round clears."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO search_indexentry
                (version_id, image_id, store_id, image_revision, product_revision, content_hash, attempts, error,
                 is_orphaned)
            SELECT %s, i.id, p.store_id, i.revision, p.revision, '', 0, 'set aside by a benchmark', false
            FROM catalog_productimage i JOIN catalog_product p ON p.id = i.product_id
            """,
            [version.pk],
        )
        cursor.execute("ANALYZE search_indexentry")


def _whole(version: IndexVersion, ids: list[int], *, threads: int, meter: Meter, figures: Figures) -> None:
    IndexEntry.objects.filter(version=version, image_id__in=ids).delete()

    def keep(peak: int) -> None:
        figures.peak_bytes = max(figures.peak_bytes, peak)

    with peak_memory(keep), meter.measured(figures.whole, len(ids)):
        swept = sweep(version, threads=threads, budget_s=WITHOUT_LIMIT_S).work
    if swept.embedded + swept.refused != len(ids):
        sys.exit(
            f"{swept.embedded} of {len(ids)} images were embedded: something else changes the catalogue meanwhile."
        )
    for stage, seconds in swept.seconds.items():
        figures.seconds_inside[stage] = figures.seconds_inside.get(stage, 0.0) + seconds


def _stages(version: IndexVersion, ids: list[int], *, threads: int, meter: Meter, figures: Figures) -> None:
    """Each stage alone, batch by batch in as many threads as the whole has."""
    size = settings.INDEX_BATCH_SIZE
    batches = [ids[start : start + size] for start in range(0, len(ids), size)]
    encoder = get_encoder()
    vectors: list[Vectors] = []

    def encode(batch: Decoded) -> Vectors:
        rows = encoder.encode_images([image for _, image in batch])
        return [(image_id, row) for (image_id, _), row in zip(batch, rows, strict=True)]

    def upsert(batch: list[milvus.Row]) -> None:
        with write_lock():
            milvus.upsert_rows(version.collection, batch)
        connection.close()

    def keep_books(batch: list[int]) -> None:
        taken = take(version, batch)
        read(taken)
        finish(taken)
        connection.close()

    # A few batches at a time, as the whole has them: a catalogue of decoded photos does not fit in memory.
    for start in range(0, len(batches), threads * 2):
        group = batches[start : start + threads * 2]
        with meter.measured(figures.decode, sum(map(len, group))):
            decoded = in_threads(_decode, group, threads)
        figures.undecodable += sum(map(len, group)) - sum(map(len, decoded))
        with meter.measured(figures.encode, sum(map(len, decoded))):
            vectors.extend(in_threads(encode, decoded, threads))
    rows = [_rows(dict(found)) for found in vectors]
    with meter.measured(figures.upsert, sum(map(len, rows))):
        in_threads(upsert, rows, threads)
        if milvus.engine().scans_new_rows:
            # What a sweep ends with on Milvus Lite.
            milvus.flush_rows(version.collection)
    with meter.measured(figures.bookkeeping, len(ids)):
        in_threads(keep_books, batches, threads)


def _rows(vectors: Mapping[int, NDArray[np.float32]]) -> list[milvus.Row]:
    return [fact.row(vectors[fact.image_id]) for fact in read_facts(vectors)]


def in_threads(work: Callable[[T], R], batches: Sequence[T], threads: int) -> list[R]:
    """The results of the batches, in their order."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, batches))


def _decode(ids: list[int]) -> Decoded:
    decoded: Decoded = []
    for image_id, name in ProductImage.objects.filter(pk__in=ids).order_by("pk").values_list("pk", "file"):
        try:
            decoded.append((image_id, decode_image(_stored(name), max_side=DECODE_MAX_SIDE)))
        except InvalidImage:
            continue
    connection.close()
    return decoded


def _stored(name: str) -> bytes:
    with default_storage.open(name, "rb") as file:
        return bytes(file.read())


def report(figures: Figures, meter: Meter, *, threads: int) -> None:
    """Print the figures as markdown."""
    cores, whole = core_count(), figures.whole
    print(table({**{f"{name} alone": cost for name, cost in figures.alone.items()}, "the whole": whole}, meter.names))
    slowest, slowest_rate = figures.slowest
    by_cores = figures.by_cores(cores)
    possible = min(slowest_rate, by_cores)
    cpu_per_image = sum(cost.cpu_per_image() for cost in figures.alone.values())
    inside = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in figures.seconds_inside.items())
    lines = [
        f"- slowest stage alone: {slowest}, {slowest_rate:.1f} images/s",
        f"- {cores} cores / {cpu_per_image * 1000:.2f} ms of processor an image over all stages: {by_cores:.1f} images/s",
        f"- possible, the smaller of the two: {possible:.1f} images/s",
        f"- the whole: {whole.images_per_s:.1f} images/s, {whole.images_per_s / possible:.0%} of what is possible",
        f"- seconds inside the whole, summed over its {threads} threads: {inside}",
        f"- peak memory of this process while indexing: {figures.peak_bytes / MIB:.0f} MiB",
        f"- other processes took {whole.others_cpu_s / whole.wall_s / cores:.0%} of the cores during the whole",
    ]
    if figures.undecodable:
        lines.append(f"- {figures.undecodable} images cannot be decoded and were refused")
    if meter.unseen:
        lines.append(
            f"- not counted, because they run elsewhere: {', '.join(meter.unseen)}; the limit is too high by that"
        )
    encoder = get_encoder()
    facts = {
        "encoder": f"{Path(encoder.name).name} ({encoder.dimension} numbers, torch threads {settings.ENCODER_THREADS})",
        "threads": threads,
        "batch": settings.INDEX_BATCH_SIZE,
        "images": whole.images,
    }
    print("\n" + "\n".join([*lines, "", describe(facts)]))


def table(rows: Mapping[str, Cost], processes: Sequence[str]) -> str:
    """A markdown table: images a second, and milliseconds of processor time an image by process."""
    head = ["stage", "images/s", *(f"{name}, ms/image" for name in processes), "processor in all, ms/image"]
    lines = [f"| {' | '.join(head)} |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for name, cost in rows.items():
        spent = [cost.cpu_per_image(process) * 1000 for process in processes]
        cells = [name, f"{cost.images_per_s:,.1f}", *(f"{ms:.2f}" for ms in (*spent, cost.cpu_per_image() * 1000))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
