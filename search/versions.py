"""Versions of the index as rows and collections: which is live, which follow the catalogue, and the flip from one to another.

What a version must show before it may be promoted is `search.upgrading`'s to ask.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from catalog.models.rows import rows_of
from search import milvus
from search.encoder import Encoder, encoder_of_weights, get_encoder
from search.errors import EncoderUnavailable, IndexUnavailable, VersionRefused
from search.models import IndexVersion, VersionState

logger = logging.getLogger(__name__)

# A retired collection outlives any request deadline and any pinned pool, and one that was never live any worker's task.
RETIRED_FOR = timedelta(hours=1)
NEVER_LIVE_FOR = timedelta(minutes=20)
_CREATE_LOCK = 0x76697473


def live_version() -> IndexVersion:
    """The version that answers searches. Raises `IndexUnavailable` when there is none yet."""
    return live_and_next()[0]


def live_and_next() -> tuple[IndexVersion, IndexVersion | None]:
    """The version that answers searches, and the one that is about to, whose encoder a searching process had better load.

    One statement, so that a promotion is seen whole or not at all. Raises `IndexUnavailable` when nothing is live.
    """
    # Every search reads it: written by hand it takes half of the time.
    versions = rows_of(IndexVersion, "v")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {versions.sql} FROM search_indexversion v WHERE v.state = %s OR v.warm_since IS NOT NULL",  # noqa: S608
            [VersionState.LIVE],
        )
        rows = [versions.read(values) for values in cursor.fetchall()]
    live = next((version for version in rows if version.state == VersionState.LIVE), None)
    if live is None:
        raise IndexUnavailable("There is no live index yet: run manage.py index to build the first one.")
    return live, next((version for version in rows if version.state != VersionState.LIVE), None)


def version_of_collection(name: str) -> IndexVersion | None:
    """The version with this collection, however old; None when it was dropped."""
    return IndexVersion.objects.filter(collection=name).first()


def encoder_of(version: IndexVersion) -> Encoder:
    """The encoder whose vectors the version holds. Raises `EncoderUnavailable` for changed weights: their vectors mean
    something else."""
    encoder = encoder_of_weights(version.encoder, version.fingerprint)
    if encoder is None:
        raise EncoderUnavailable(
            f"The weights of {version.encoder} changed since {version.collection} was built with them. "
            "Run manage.py rebuild_index to build a version with the new weights."
        )
    return encoder


def open_versions() -> list[IndexVersion]:
    """The versions that follow the catalogue: the live one first, then the one before it, then those being built."""
    order = (VersionState.LIVE, VersionState.STANDBY, VersionState.BUILDING)
    rows = IndexVersion.objects.filter(state__in=order)
    return sorted(rows, key=lambda version: (order.index(VersionState(version.state)), version.pk))


def whole_versions() -> list[IndexVersion]:
    """The open versions that hold the whole catalogue; one that is still being filled is not among them."""
    return [one for one in open_versions() if one.state != VersionState.BUILDING or one.filled_at is not None]


def ensure_live_version() -> IndexVersion:
    """The live version, created empty with the settings' encoder and index type if there is none.

    A live version whose collection is gone (a new or wiped Milvus) gets it again, empty, and its entries cleared.
    """
    with transaction.atomic():
        _lock_versions()
        version = IndexVersion.objects.filter(state=VersionState.LIVE).first()
        if version is None:
            version = create_version(encoder=settings.ENCODER_MODEL, index_type=settings.INDEX_TYPE)
            promote(version)
        else:
            _restore_if_lost(version)
        return version


def restore_lost_collection(version: IndexVersion, *, is_dropped_first: bool = False) -> bool:
    """Make the version's collection anew, empty, if it is gone (or dropped now). Returns whether it was made.

    Under the lock of all makers of collections, so that a worker that notices at the same moment waits.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CREATE_LOCK])
        if is_dropped_first:
            milvus.drop_collection(version.collection)
        return _restore_if_lost(version)


def _restore_if_lost(version: IndexVersion) -> bool:
    if milvus.has_collection(version.collection):
        return False
    restore_collection(version)
    return True


def making(*, encoder: str, index_type: str) -> tuple[str, str]:
    """The index type that this engine would build and the fingerprint of the encoder's present weights."""
    index = milvus.index_settings(index_type, dimension=8, engine=milvus.engine())
    return index.index_type, get_encoder(encoder).fingerprint


def is_current(*, encoder: str, index_type: str) -> bool:
    """Whether the live version is of this making; false when there is none."""
    live = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    return live is not None and (live.index_type, live.fingerprint) == making(encoder=encoder, index_type=index_type)


def create_version(
    *,
    encoder: str,
    index_type: str,
    build: Mapping[str, int] | None = None,
    search: Mapping[str, int] | None = None,
) -> IndexVersion:
    """A new, empty version in state building, with its collection in Milvus. `build` and `search` replace parameters.

    Raises `InvalidIndex`, `EncoderUnavailable` or `IndexUnavailable`, and then leaves nothing behind.
    """
    version = plan_version(encoder=encoder, index_type=index_type, build=build, search=search)
    try:
        ensure_collection(version)
    except IndexUnavailable:
        version.delete()
        raise
    return version


def plan_version(
    *,
    encoder: str,
    index_type: str,
    build: Mapping[str, int] | None = None,
    search: Mapping[str, int] | None = None,
) -> IndexVersion:
    """The row of a new version in state building; whoever builds it makes the collection (`ensure_collection`).

    Raises `InvalidIndex`, `EncoderUnavailable` or `IndexUnavailable`.
    """
    loaded = get_encoder(encoder)
    fingerprint = loaded.fingerprint
    # What a version of the same weights says spares loading them.
    known = IndexVersion.objects.filter(fingerprint=fingerprint).values_list("dimension", flat=True).first()
    dimension = known or loaded.dimension
    index = milvus.index_settings(
        index_type, dimension=dimension, engine=milvus.engine(), build=build or {}, search=search or {}
    )
    now = timezone.now()
    with transaction.atomic():
        version = IndexVersion.objects.create(
            collection=f"new-{now.timestamp()}",
            encoder=encoder,
            fingerprint=fingerprint,
            dimension=dimension,
            index_type=index.index_type,
            index_params=dict(index.build),
            search_params={**index.search, **({"rescore": 1} if index.rescore else {})},
        )
        # Another installation on the same Milvus, or a collection of a database since restored, may own a plain name.
        version.collection = f"{settings.INDEX_COLLECTION_PREFIX}_v{version.pk}_{now:%Y%m%d%H%M%S}"
        version.save(update_fields=["collection"])
    return version


def ensure_collection(version: IndexVersion) -> None:
    """Make the version's collection where it is missing: never made, or lost, and then its entries are cleared."""
    if not milvus.has_collection(version.collection):
        restore_collection(version)


def restore_collection(version: IndexVersion) -> None:
    """Make a lost collection anew under its old name, empty, and clear the version's entries so that sweeps fill it."""
    index = milvus.IndexSettings(version.index_type, build=version.index_params)
    version.entries.all().delete()
    IndexVersion.objects.filter(pk=version.pk).update(
        sweep_floor=0, sweep_ceiling=0, synced_at=None, fill_after_id=0, filled_at=None, prepared_at=None
    )
    milvus.create_collection(
        version.collection, dimension=version.dimension, index=index, fingerprint=version.fingerprint
    )
    if version.state == VersionState.LIVE:
        # It went with the collection.
        milvus.point_alias(settings.INDEX_COLLECTION_PREFIX, collection=version.collection)


def promote(version: IndexVersion, *, instead_of: int | None = None) -> None:
    """Make this version live in one transaction, without asking for anything; then move the alias for outside tools.

    The one that was live stays as the standby, which follows the catalogue; the standby before it is retired. Raises
    `VersionRefused` when another version than `instead_of` is live by now, or this one does not follow the catalogue.
    """
    with transaction.atomic():
        _lock_versions()
        now = timezone.now()
        live = IndexVersion.objects.filter(state=VersionState.LIVE).first()
        version.refresh_from_db()
        if live is not None and live.pk == version.pk:
            return
        if instead_of is not None and (live is None or live.pk != instead_of):
            raise VersionRefused(
                f"{live or 'Nothing'} is live by now, and it was another version when this was asked for: look again."
            )
        if version.state == VersionState.RETIRED:
            raise VersionRefused(
                f"{version.collection} is retired and no longer follows the catalogue: build a version anew."
            )
        before = IndexVersion.objects.filter(state=VersionState.STANDBY).exclude(pk=version.pk)
        before.update(state=VersionState.RETIRED, retired_at=now, warm_since=None)
        if live is not None:
            # The promoted one may be the standby itself, and there is one standby only.
            IndexVersion.objects.filter(pk=version.pk).update(state=VersionState.BUILDING)
            IndexVersion.objects.filter(pk=live.pk).update(state=VersionState.STANDBY, demoted_at=now, warm_since=None)
        version.state, version.promoted_at, version.demoted_at, version.warm_since = VersionState.LIVE, now, None, None
        version.save(update_fields=["state", "promoted_at", "demoted_at", "warm_since"])
        transaction.on_commit(mend_alias)


def mend_alias() -> None:
    """Point the alias for outside tools at the live collection. An engine that is down gets it with the next `tidy`."""
    live = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    if live is None:
        return
    try:
        milvus.point_alias(settings.INDEX_COLLECTION_PREFIX, collection=live.collection)
    except IndexUnavailable as error:
        logger.warning("The alias stays where it is until the next tidy: %s", error)


def standby_version() -> IndexVersion | None:
    """The version that was live before and still follows the catalogue."""
    return IndexVersion.objects.filter(state=VersionState.STANDBY).first()


def retire(version: IndexVersion) -> None:
    """Have this version follow nothing any more; it is dropped when no request can need it.

    Raises `VersionRefused` for the live one.
    """
    with transaction.atomic():
        _lock_versions()
        version.refresh_from_db()
        if version.state == VersionState.LIVE:
            raise VersionRefused(f"{version.collection} is live: promote another version or roll back first.")
        if version.state != VersionState.RETIRED:
            version.state, version.retired_at, version.warm_since = VersionState.RETIRED, timezone.now(), None
            version.save(update_fields=["state", "retired_at", "warm_since"])


def abandon(version: IndexVersion) -> None:
    """Drop a version that is not live, with its collection and entries."""
    if version.state == VersionState.LIVE:
        raise ValueError(f"{version} is live: promote another version first.")
    milvus.drop_collection(version.collection)
    version.delete()


def drop_retired() -> int:
    """Retire a standby whose time is over, and drop versions that were retired long enough ago. Returns how many."""
    now = timezone.now()
    kept_for = timedelta(hours=settings.INDEX_STANDBY_HOURS)
    for version in IndexVersion.objects.filter(state=VersionState.STANDBY, demoted_at__lt=now - kept_for):
        retire(version)
    pools_end = now - max(RETIRED_FOR, 2 * timedelta(seconds=settings.SEARCH_POOL_LIFETIME_S))
    never_live = Q(promoted_at__isnull=True, retired_at__lt=now - NEVER_LIVE_FOR)
    old = list(IndexVersion.objects.filter(Q(retired_at__lt=pools_end) | never_live, state=VersionState.RETIRED))
    for version in old:
        abandon(version)
    return len(old)


def _lock_versions() -> None:
    """One change of states at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CREATE_LOCK])
