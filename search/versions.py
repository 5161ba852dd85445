"""Versions of the index: which collection is live, building another beside it, and promoting it in one statement."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from search import milvus
from search.encoder import Encoder, get_encoder
from search.errors import EncoderUnavailable, IndexUnavailable
from search.models import IndexVersion, VersionState

# A retired collection outlives any request deadline and any pinned pool.
RETIRED_FOR = timedelta(hours=24)
_CREATE_LOCK = 0x76697473


def live_version() -> IndexVersion:
    """The version that answers searches. Raises `IndexUnavailable` when there is none yet."""
    version = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    if version is None:
        raise IndexUnavailable("There is no live index yet: run manage.py index to build the first one.")
    return version


def encoder_of(version: IndexVersion) -> Encoder:
    """The encoder whose vectors the version holds. Raises `EncoderUnavailable` for changed weights: their vectors mean
    something else."""
    encoder = get_encoder(version.encoder)
    if encoder.fingerprint != version.fingerprint:
        raise EncoderUnavailable(
            f"The weights of {version.encoder} changed since {version.collection} was built with them. "
            "Run manage.py rebuild_index to build a version with the new weights."
        )
    return encoder


def open_versions() -> list[IndexVersion]:
    """The versions that follow the catalogue: the live one first, then those being built."""
    states = (VersionState.LIVE, VersionState.BUILDING)
    return sorted(IndexVersion.objects.filter(state__in=states), key=lambda v: (v.state != VersionState.LIVE, v.pk))


def ensure_live_version() -> IndexVersion:
    """The live version, created empty with the settings' encoder and index type if there is none.

    A live version whose collection is gone (a new or wiped Milvus) gets it again, empty, and its entries cleared.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CREATE_LOCK])
        version = IndexVersion.objects.filter(state=VersionState.LIVE).first()
        if version is None:
            version = create_version(encoder=settings.ENCODER_MODEL, index_type=settings.INDEX_TYPE)
            promote(version)
        elif not milvus.has_collection(version.collection):
            restore_collection(version)
        return version


def making(*, encoder: str, index_type: str) -> tuple[str, str]:
    """The index type that this engine would build and the fingerprint of the encoder's present weights."""
    index = milvus.index_settings(index_type, dimension=8, engine=milvus.engine())
    return index.index_type, get_encoder(encoder).fingerprint


def is_current(*, encoder: str, index_type: str) -> bool:
    """Whether the live version is of this making; false when there is none."""
    live = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    return live is not None and (live.index_type, live.fingerprint) == making(encoder=encoder, index_type=index_type)


def create_version(*, encoder: str, index_type: str) -> IndexVersion:
    """A new, empty version in state building, with its collection in Milvus.

    Raises `InvalidIndex`, `EncoderUnavailable` or `IndexUnavailable`, and then leaves nothing behind.
    """
    loaded = get_encoder(encoder)
    index = milvus.index_settings(index_type, dimension=loaded.dimension, engine=milvus.engine())
    with transaction.atomic():
        version = IndexVersion.objects.create(
            collection=f"new-{timezone.now().timestamp()}",
            encoder=encoder,
            fingerprint=loaded.fingerprint,
            dimension=loaded.dimension,
            index_type=index.index_type,
            index_params=dict(index.build),
            search_params=index.plan.to_params(),
        )
        # Another installation on the same Milvus, or a collection of a database since restored, may own a plain name.
        version.collection = f"{settings.INDEX_COLLECTION_PREFIX}_v{version.pk}_{timezone.now():%Y%m%d%H%M%S}"
        version.save(update_fields=["collection"])
        milvus.create_collection(version.collection, dimension=version.dimension, index=index)
    return version


def restore_collection(version: IndexVersion) -> None:
    """Make a lost collection anew under its old name, empty, and clear the version's entries so that sweeps fill it."""
    index = milvus.IndexSettings(version.index_type, build=version.index_params)
    version.entries.all().delete()
    IndexVersion.objects.filter(pk=version.pk).update(sweep_floor=0, sweep_ceiling=0, synced_at=None)
    milvus.create_collection(version.collection, dimension=version.dimension, index=index)


@transaction.atomic
def promote(version: IndexVersion) -> None:
    """Make this version live and retire the one before it, in one transaction; then move the alias for outside tools."""
    now = timezone.now()
    IndexVersion.objects.filter(state=VersionState.LIVE).exclude(pk=version.pk).update(
        state=VersionState.RETIRED, retired_at=now
    )
    version.state = VersionState.LIVE
    version.promoted_at = now
    version.save(update_fields=["state", "promoted_at"])
    transaction.on_commit(lambda: milvus.point_alias(settings.INDEX_COLLECTION_PREFIX, collection=version.collection))


def abandon(version: IndexVersion) -> None:
    """Drop a version that is not live, with its collection and entries."""
    if version.state == VersionState.LIVE:
        raise ValueError(f"{version} is live: promote another version first.")
    milvus.drop_collection(version.collection)
    version.delete()


def drop_retired() -> int:
    """Drop versions that were retired long enough ago. Returns how many."""
    old = list(IndexVersion.objects.filter(state=VersionState.RETIRED, retired_at__lt=timezone.now() - RETIRED_FOR))
    for version in old:
        abandon(version)
    return len(old)
