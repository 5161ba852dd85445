"""Takes a version's vectors out to a file and into another installation, so that photos need not be encoded again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catalog.models import ProductImage
from search import milvus
from search.errors import InvalidVectors
from search.indexing.stale import count_stale, stale_among
from search.indexing.work import index_images
from search.models import IndexEntry, IndexVersion
from search.vector_files import BATCH_ROWS, Making, VectorBatch, read_making, read_vectors, write_vectors

# How many vectors are taken into one claim: each is a row of Milvus, and nothing is encoded.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Carried:
    """`read` rows of the file; `written` images by their vectors; `left` for the sweep to encode."""

    read: int
    written: int
    left: int


def export_vectors(version: IndexVersion, path: Path, *, on_rows: Callable[[int], None] = lambda count: None) -> int:
    """Write the vectors of all images in step to a Parquet file, in the order of image ids. Returns how many.

    A row of Milvus that is not of its entry's image revision is left out. Raises `IndexUnavailable`, `InvalidVectors`, and
    `OSError` where the file cannot be written; then there is none.
    """
    making = Making(version.fingerprint, version.dimension, version.encoder)

    def batches() -> Iterator[VectorBatch]:
        for batch in _batches(version):
            on_rows(len(batch.hashes))
            yield batch

    return write_vectors(path, making, batches())


def import_vectors(
    version: IndexVersion, path: Path, *, on_rows: Callable[[int], None] = lambda count: None
) -> Carried:
    """Index every image that is out of step and whose photo has a vector in the file, by the hash of its bytes.

    Photos are told by their bytes and not by ids, which differ between installations. Raises `InvalidVectors` for a file of
    another encoder or dimension, or a damaged one (what was read before the damage stays), and `IndexUnavailable`.
    """
    making = read_making(path)
    if (making.fingerprint, making.dimension) != (version.fingerprint, version.dimension):
        raise InvalidVectors(
            f"{path} holds vectors of {making.encoder or 'an encoder'} with fingerprint {making.fingerprint} and dimension "
            f"{making.dimension}; the live index {version.collection} needs fingerprint {version.fingerprint} "
            f"({version.encoder}) and dimension {version.dimension}. Export from an index of the same encoder."
        )
    read = written = 0
    for batch in read_vectors(path, making):
        given = dict(zip(batch.hashes, batch.vectors, strict=True))
        images = list(
            ProductImage.objects.filter(sha256__in=given.keys() - {""}).order_by("pk").values_list("pk", flat=True)
        )
        wanted = stale_among(version, images)
        for start in range(0, len(wanted), _AT_ONCE):
            done = index_images(version, wanted[start : start + _AT_ONCE], given=given)
            written += done.indexed - done.refused
        read += len(batch.hashes)
        on_rows(len(batch.hashes))
    return Carried(read, written, count_stale(version))


def _batches(version: IndexVersion) -> Iterator[VectorBatch]:
    after = 0
    entries = IndexEntry.objects.filter(version=version, error="", image_revision__isnull=False).exclude(
        content_hash=""
    )
    while True:
        page = list(
            entries.filter(image_id__gt=after)
            .order_by("image_id")
            .values_list("image_id", "content_hash", "image_revision")[:BATCH_ROWS]
        )
        if not page:
            return
        after = page[-1][0]
        revisions = {image_id: revision for image_id, _, revision in page if revision is not None}
        vectors = milvus.read_vectors(version.collection, list(revisions), revisions=revisions)
        held = [(image_id, digest) for image_id, digest, _ in page if image_id in vectors]
        if held:
            yield VectorBatch(
                np.array([image_id for image_id, _ in held], np.int64),
                tuple(digest for _, digest in held),
                np.stack([vectors[image_id] for image_id, _ in held]),
            )
