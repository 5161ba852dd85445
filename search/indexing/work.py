"""Index one batch of images: claim, then with no transaction open read, decode, embed and upsert, then mark."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from django.core.files.storage import default_storage
from django.db import connection
from numpy.typing import NDArray

from catalog.photos import STORAGE_ERRORS
from search import milvus
from search.errors import EncoderUnavailable, IndexUnavailable, InvalidImage
from search.images import decode_image
from search.indexing.entries import Claim, Mark, claim, fail, mark, release
from search.indexing.facts import ImageFacts, read_facts
from search.indexing.verify import doubt
from search.models import IndexEntry, IndexVersion, VersionState
from search.versions import encoder_of
from telemetry import metrics, tracing

# One advisory lock for all writers to Milvus Lite, in whatever process (see Engine.writes_alone).
_WRITE_LOCK = 0x76697472
# Photos are decoded no larger than this: no CLIP-family encoder looks at more pixels.
DECODE_MAX_SIDE = 512
MISSING_FILE = "The file {file} is missing from the media storage: upload it again."
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class IndexReport:
    """Counts of one or more batches, and the seconds that each stage took (over all threads)."""

    indexed: int = 0
    embedded: int = 0
    refused: int = 0
    lost: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, other: IndexReport) -> None:
        self.indexed += other.indexed
        self.embedded += other.embedded
        self.refused += other.refused
        self.lost += other.lost
        for stage, seconds in other.seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        started = perf_counter()
        try:
            with tracing.span(f"index {stage}"):
                yield
        finally:
            spent = perf_counter() - started
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent
            metrics.INDEX_STAGE_SECONDS.labels(stage).observe(spent)


@dataclass(slots=True)
class Batch:
    """Images on their way through the steps, in the hands of whoever holds the token."""

    version: IndexVersion
    token: uuid.UUID
    claims: dict[int, Claim]
    facts: list[ImageFacts] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    # Images whose file the storage did not give: no fault of theirs, they are tried again.
    unread: set[int] = field(default_factory=set)
    # Vectors by the hash of the photo's bytes, made elsewhere by the version's encoder.
    given: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    report: IndexReport = field(default_factory=IndexReport)


def index_images(
    version: IndexVersion, image_ids: Sequence[int], *, given: Mapping[str, NDArray[np.float32]] | None = None
) -> IndexReport:
    """Bring these images' rows in step with Postgres, as far as nobody else holds them.

    `given` are unit vectors of the version's encoder by the SHA-256 of a photo's bytes, which need not be made then.
    Raises `IndexUnavailable` or `EncoderUnavailable` after giving the claims back with a back-off.
    """
    batch = take(version, image_ids)
    batch.given = given or {}
    if batch.claims:
        try:
            read(batch)
            write(batch)
        except (IndexUnavailable, EncoderUnavailable) as error:
            fail(version, batch.claims, token=batch.token)
            metrics.INDEX_RETRIES.labels("milvus" if isinstance(error, IndexUnavailable) else "encoder").inc()
            if isinstance(error, IndexUnavailable):
                doubt(version)
            raise
        finish(batch)
        for result in ("indexed", "embedded", "refused", "lost"):
            metrics.INDEX_IMAGES.labels(result).inc(getattr(batch.report, result))
    return batch.report


def take(version: IndexVersion, image_ids: Sequence[int]) -> Batch:
    """Step 1: claim the free ones of these images."""
    batch = Batch(version, uuid.uuid4(), {})
    with batch.report.timed("claim"):
        batch.claims = claim(version, image_ids, token=batch.token)
    return batch


def read(batch: Batch) -> None:
    """Step 2: read what the rows shall say, with the revisions that it belongs to."""
    with batch.report.timed("read"):
        batch.facts = read_facts(batch.claims)


def write(batch: Batch) -> None:
    """Step 3: find or make the vectors, and write the rows. Images that cannot be decoded lose theirs."""
    claims, version, report = batch.claims, batch.version, batch.report
    # Pixels that failed before fail again: the error stands until the content hash changes.
    batch.errors = {
        fact.image_id: claims[fact.image_id].error
        for fact in batch.facts
        if claims[fact.image_id].error and claims[fact.image_id].content_hash == fact.sha256
    }
    wanted = [fact for fact in batch.facts if fact.image_id not in batch.errors]
    with report.timed("copy"):
        vectors = {fact.image_id: batch.given[fact.sha256] for fact in wanted if fact.sha256 in batch.given}
        vectors.update(_known_vectors(version, claims, [fact for fact in wanted if fact.image_id not in vectors]))
    embedded = _embed(batch, [fact for fact in wanted if fact.image_id not in vectors])
    vectors.update(embedded)
    # A row's partition is its store's: an image that changed store must leave the old one first.
    moved = {f.image_id for f in batch.facts if claims[f.image_id].store_id not in (None, f.store_id)}
    rows = [fact.row(vectors[fact.image_id]) for fact in wanted if fact.image_id in vectors]
    with report.timed("upsert"), write_lock():
        milvus.delete_rows(version.collection, sorted(moved | batch.errors.keys()))
        milvus.upsert_rows(version.collection, rows)
    report.embedded += len(embedded)
    report.refused += len(batch.errors)


def finish(batch: Batch) -> None:
    """Step 4: mark what was done, and give back the claims of images that went away meanwhile."""
    marks = [
        Mark(f.image_id, f.store_id, f.image_revision, f.product_revision, f.sha256, batch.errors.get(f.image_id, ""))
        for f in batch.facts
        if f.image_id not in batch.unread
    ]
    with batch.report.timed("mark"):
        lost = mark(batch.version, marks, token=batch.token)
        fail(batch.version, batch.unread, token=batch.token)
        release(batch.version, batch.claims.keys() - batch.unread - {m.image_id for m in marks}, token=batch.token)
    batch.report.indexed += len(marks) - len(lost)
    batch.report.lost += len(lost)


def _known_vectors(
    version: IndexVersion, claims: Mapping[int, Claim], facts: Sequence[ImageFacts]
) -> dict[int, NDArray[np.float32]]:
    """Vectors that need no embedding: this version's own of unchanged pixels, else another open version's by the same encoder.

    The live version is asked first, and asks nobody: it is the first to be swept. Milvus may hold a row of another time (it lost
    its tail, or Postgres was restored), with the vector of another photo: a vector is reused only from the very image revision
    that the entry speaks of. A cleared entry speaks of none; then the row must be of the present one.
    """
    same = {
        f.image_id: f.image_revision if (known := claims[f.image_id].image_revision) is None else known
        for f in facts
        if claims[f.image_id].content_hash == f.sha256
    }
    found = dict(milvus.read_vectors(version.collection, list(same), revisions=same)) if same else {}
    rest = {f.image_id: f.sha256 for f in facts if f.image_id not in found}
    if not rest or version.state == VersionState.LIVE:
        return found
    donors = IndexVersion.objects.filter(
        state__in=(VersionState.LIVE, VersionState.STANDBY), fingerprint=version.fingerprint
    ).exclude(pk=version.pk)
    for donor in sorted(donors, key=lambda one: one.state != VersionState.LIVE):
        missing = {image_id: sha256 for image_id, sha256 in rest.items() if image_id not in found}
        entries = IndexEntry.objects.filter(
            version=donor, image_id__in=missing, error="", image_revision__isnull=False
        ).values_list("image_id", "content_hash", "image_revision")
        copied = {
            image_id: revision
            for image_id, content_hash, revision in entries
            if missing[image_id] == content_hash and revision is not None
        }
        found.update(milvus.read_vectors(donor.collection, list(copied), revisions=copied) if copied else {})
    return found


def _embed(batch: Batch, facts: Sequence[ImageFacts]) -> dict[int, NDArray[np.float32]]:
    """Decode and encode; images that cannot be decoded go into the batch's errors with the reason, those that the storage
    does not give into its unread ones."""
    if not facts:
        return {}
    images, decoded = [], []
    with batch.report.timed("decode"):
        for fact in facts:
            try:
                images.append(decode_image(_stored_bytes(fact.file), max_side=DECODE_MAX_SIDE))
            except InvalidImage as error:
                batch.errors[fact.image_id] = error.message
            except FileNotFoundError:
                batch.errors[fact.image_id] = MISSING_FILE.format(file=fact.file)
            except STORAGE_ERRORS as error:
                batch.unread.add(fact.image_id)
                logger.warning("The storage did not give %s, it is tried again: %s", fact.file, error)
            else:
                decoded.append(fact.image_id)
    if not images:
        return {}
    with batch.report.timed("encode"):
        vectors = encoder_of(batch.version).encode_images(images)
    return dict(zip(decoded, vectors, strict=True))


def _stored_bytes(name: str) -> bytes:
    with default_storage.open(name, "rb") as file:
        return bytes(file.read())


@contextmanager
def write_lock() -> Iterator[None]:
    """Hold the one writer's lock where the engine needs it. No transaction is open; the lock dies with the connection."""
    if not milvus.engine().writes_alone:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_WRITE_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_WRITE_LOCK])
