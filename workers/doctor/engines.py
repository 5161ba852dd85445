"""Milvus, the live index, and the encoder."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Q

from catalog.models import ProductImage, Store
from search import indexing, milvus
from search.calibration.stores import MIN_PRODUCTS
from search.encoder import get_encoder
from search.models import IndexVersion, StoreCalibration, VersionState
from search.versions import live_version
from workers.doctor.findings import Finding, fine, problem, warning

# A flat scan on Milvus Lite takes some 70 ms at twice as many.
MANY_FOR_LITE = 20_000
LATE_S = 60.0


def check_milvus() -> Iterator[Finding]:
    """The engine, and what is known to go wrong with it."""
    engine = milvus.engine()
    yield fine("milvus", f"version {engine.version}")
    if engine.is_lite:
        count = ProductImage.objects.count()
        if count > MANY_FOR_LITE:
            yield warning(
                "milvus",
                f"Milvus Lite holds {count:,} photos: it scans them, one search at a time",
                "Run a Milvus server and set MILVUS_URI, then manage.py rebuild_index.",
            )
    elif not engine.has_partition_key:
        yield warning(
            "milvus",
            "before 2.4 an upsert misplaces rows under a partition key, so stores are told apart by a filter alone",
            "Use Milvus 2.6 or newer.",
        )


def check_index() -> Iterator[Finding]:
    """The live version: its collection, its counts, and how far it is behind."""
    version = live_version()
    if not milvus.has_collection(version.collection):
        yield problem(
            "index",
            f"the collection {version.collection} is not in Milvus",
            "A worker makes it again and fills it; without one: manage.py index.",
        )
        return
    counts = version.entries.aggregate(
        indexed=Count("pk", filter=Q(indexed_at__isnull=False, error="")), refused=Count("pk", filter=~Q(error=""))
    )
    rows = milvus.count_rows(version.collection)
    if rows != counts["indexed"]:
        yield warning(
            "index",
            f"{version.collection} holds {rows:,} rows, and {counts['indexed']:,} photos are said to be indexed",
            "While photos are being indexed this is so for a moment; else manage.py verify_index --repair",
        )
    else:
        yield fine("index", f"{version.collection} holds {rows:,} photos, as many as it should")
    if counts["refused"]:
        yield warning(
            "index", f"{counts['refused']:,} photos could not be read", 'The admin\'s "Index entries" says why.'
        )
    yield _lag(version)
    for one in IndexVersion.objects.filter(state=VersionState.BUILDING):
        yield fine("index", f"{one.collection} is being built")


def _lag(version: IndexVersion) -> Finding:
    lag_s, stale = version.lag_seconds, indexing.count_stale(version)
    if version.is_doubted:
        return warning(
            "index",
            "Milvus failed under a write: its rows will be compared",
            "The next sweep does it, if a worker runs.",
        )
    if lag_s is None or lag_s > LATE_S:
        behind = "was never complete" if lag_s is None else f"is {lag_s:.0f} s behind"
        return problem(
            "index",
            f"it {behind}, with {stale:,} photos to do",
            "Start a worker on the queue index and beat; if both run, their log says what stops them.",
        )
    return fine("index", f"all that was committed {lag_s:.1f} s ago is searchable")


def check_encoder() -> Iterator[Finding]:
    """Whether the live version's weights are here, and are those that it was built with."""
    version = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    encoder = get_encoder(version.encoder if version else None)
    if not encoder.is_ready:
        yield problem("encoder", f"the weights of {encoder.name} are not here", "Fetch them, or set ENCODER_MODEL.")
        return
    fingerprint = encoder.fingerprint
    if version is not None and fingerprint != version.fingerprint:
        yield problem(
            "encoder",
            f"the weights of {encoder.name} ({fingerprint}) are not those of {version.collection} ({version.fingerprint})",
            "Put the old weights back, or manage.py rebuild_index",
        )
        return
    yield fine("encoder", f"weights {fingerprint}, as the live index has them")


def check_calibration() -> Iterator[Finding]:
    """Stores whose hits have no confidence yet."""
    version = live_version()
    known = StoreCalibration.objects.filter(fingerprint=version.fingerprint).values("store_id")
    waiting = list(
        Store.objects.exclude(pk__in=known)
        .annotate(n=Count("products", filter=Q(products__is_published=True)))
        .filter(n__gte=MIN_PRODUCTS)
        .values_list("slug", flat=True)
    )
    if waiting:
        yield warning(
            "calibration",
            f"{len(waiting)} stores have no floor, so photos find whatever passes the filters: {', '.join(waiting[:5])}",
            "The worker does it within a quarter of an hour; at once: manage.py calibrate --store S",
        )
    else:
        yield fine("calibration", "every store that is large enough is calibrated")
