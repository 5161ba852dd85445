"""Index one batch of images: claim, then with no transaction open read, decode, embed and upsert, then mark."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from django.core.files.storage import default_storage
from django.db import connection
from numpy.typing import NDArray

from search import milvus
from search.encoder import get_encoder
from search.errors import EncoderUnavailable, IndexUnavailable, InvalidImage
from search.images import decode_image
from search.indexing.entries import Claim, Mark, claim, fail, mark, release
from search.indexing.facts import ImageFacts, read_facts
from search.models import IndexEntry, IndexVersion, VersionState

# One advisory lock for all writers to Milvus Lite, in whatever process (see Engine.writes_alone).
_WRITE_LOCK = 0x76697472
# Photos are decoded no larger than this: no CLIP-family encoder looks at more pixels.
DECODE_MAX_SIDE = 512


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
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + perf_counter() - started


def index_images(version: IndexVersion, image_ids: Sequence[int]) -> IndexReport:
    """Bring these images' rows in step with Postgres, as far as nobody else holds them.

    Raises `IndexUnavailable` or `EncoderUnavailable` after giving the claims back with a back-off.
    """
    report = IndexReport()
    token = uuid.uuid4()
    with report.timed("claim"):
        claims = claim(version, image_ids, token=token)
    if not claims:
        return report
    try:
        marks = _write_rows(version, claims, report)
    except (IndexUnavailable, EncoderUnavailable):
        fail(version, claims, token=token)
        raise
    with report.timed("mark"):
        lost = mark(version, marks, token=token)
        release(version, claims.keys() - {m.image_id for m in marks}, token=token)
    report.indexed = len(marks) - len(lost)
    report.lost = len(lost)
    return report


def _write_rows(version: IndexVersion, claims: Mapping[int, Claim], report: IndexReport) -> list[Mark]:
    with report.timed("read"):
        facts = {fact.image_id: fact for fact in read_facts(claims)}
    errors = {
        image_id: claims[image_id].error
        for image_id, fact in facts.items()
        if claims[image_id].error and claims[image_id].content_hash == fact.sha256
    }
    wanted = [fact for image_id, fact in facts.items() if image_id not in errors]
    with report.timed("copy"):
        vectors = _known_vectors(version, claims, wanted)
    embedded = _embed(version, [fact for fact in wanted if fact.image_id not in vectors], errors, report)
    vectors.update(embedded)
    with report.timed("upsert"), write_lock():
        # A row's partition is its store's: an image that changed store must leave the old one first.
        moved = [i for i, fact in facts.items() if claims[i].store_id not in (None, fact.store_id)]
        milvus.delete_rows(version.collection, [*moved, *(i for i in errors if i not in moved)])
        rows = [fact.row(vectors[fact.image_id]) for fact in wanted if fact.image_id in vectors]
        milvus.upsert_rows(version.collection, rows)
    report.embedded += len(embedded)
    report.refused += len(errors)
    return [
        Mark(f.image_id, f.store_id, f.image_revision, f.product_revision, f.sha256, errors.get(f.image_id, ""))
        for f in facts.values()
    ]


def _known_vectors(
    version: IndexVersion, claims: Mapping[int, Claim], facts: Sequence[ImageFacts]
) -> dict[int, NDArray[np.float32]]:
    """Vectors that need no embedding: this version's own of unchanged pixels, else the live version's by the same encoder."""
    same = [f.image_id for f in facts if claims[f.image_id].content_hash == f.sha256]
    found = dict(milvus.read_vectors(version.collection, same)) if same else {}
    rest = {f.image_id: f.sha256 for f in facts if f.image_id not in found}
    if not rest or version.state == VersionState.LIVE:
        return found
    donor = IndexVersion.objects.filter(state=VersionState.LIVE, fingerprint=version.fingerprint).first()
    if donor is not None:
        entries = IndexEntry.objects.filter(version=donor, image_id__in=rest, error="").values_list(
            "image_id", "content_hash"
        )
        copied = [image_id for image_id, content_hash in entries if rest[image_id] == content_hash]
        found.update(milvus.read_vectors(donor.collection, copied) if copied else {})
    return found


def _embed(
    version: IndexVersion, facts: Sequence[ImageFacts], errors: dict[int, str], report: IndexReport
) -> dict[int, NDArray[np.float32]]:
    """Decode and encode; images that cannot be decoded go into `errors` with the reason."""
    if not facts:
        return {}
    images, decoded = [], []
    with report.timed("decode"):
        for fact in facts:
            try:
                images.append(decode_image(_stored_bytes(fact.file), max_side=DECODE_MAX_SIDE))
            except InvalidImage as error:
                errors[fact.image_id] = error.message
            except FileNotFoundError:
                errors[fact.image_id] = f"The file {fact.file} is missing from the media storage: upload it again."
            else:
                decoded.append(fact.image_id)
    with report.timed("encode"):
        encoder = get_encoder(version.encoder)
        if encoder.fingerprint != version.fingerprint:
            raise EncoderUnavailable(
                f"The weights of {version.encoder} changed since {version.collection} was built with them. "
                "Run manage.py rebuild_index to build a version with the new weights."
            )
        vectors = encoder.encode_images(images)
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
