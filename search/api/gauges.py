"""The figures that Postgres and Redis know: read when they are asked for, the same from whichever web process is asked."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from time import time
from typing import cast

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Count, Q
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from catalog.models import ImportJob, Product, ProductImage
from search import heartbeat, indexing
from search.models import IndexVersion, VersionState
from search.recall.alarms import recall_by_selectivity

logger = logging.getLogger(__name__)

QUEUES = ("index", "import", "default")
# Name -> sentence and labels. docs/observability.md has the same.
GAUGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "vitrine_products": ("Products.", ()),
    "vitrine_images": ("Product photos.", ()),
    "vitrine_images_waiting": ("Photos known by address only, which a worker has yet to fetch.", ()),
    "vitrine_import_jobs": ("Import jobs, by state.", ("state",)),
    "vitrine_index_lag_seconds": ("All that was committed this many seconds ago is searchable.", ()),
    "vitrine_index_entries": ("Photos of the live index, by state: indexed, error, retrying or stale.", ("state",)),
    "vitrine_index_versions": ("Versions of the index, by state: building, live or retired.", ("state",)),
    "vitrine_recall_at_10": (
        "Of the ten nearest by exact search, the share found in 24 hours, by the share of rows that passed the filter.",
        ("selectivity",),
    ),
    "vitrine_recall_searches": ("Searches that were asked again exactly in 24 hours.", ("selectivity",)),
    "vitrine_queue_length": ("Messages that wait in each queue.", ("queue",)),
    "vitrine_queue_oldest_seconds": (
        "Age of the message that has waited longest in each queue; 0 for an empty one.",
        ("queue",),
    ),
    "vitrine_beat_age_seconds": ("Seconds since the schedule was last seen at work.", ()),
}


def _gauge(name: str, values: Mapping[str, float] | float) -> GaugeMetricFamily:
    sentence, labels = GAUGES[name]
    if not isinstance(values, Mapping):
        return GaugeMetricFamily(name, sentence, value=values)
    family = GaugeMetricFamily(name, sentence, labels=labels)
    for label, value in values.items():
        family.add_metric([label], value)
    return family


class VitrineCollector(Collector):
    """Reads the gauges when they are asked for. A part that is down is left out, and its absence is the alarm."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            yield from _catalogue()
            yield from _index()
            yield from _recall()
        except (OperationalError, InterfaceError) as error:
            logger.warning("No figures of the index: %s", error)
        try:
            yield from _queues()
        except (RedisError, BrokerError, OSError) as error:
            logger.warning("No figures of the queues: %s", error)


def _recall() -> Iterator[GaugeMetricFamily]:
    version = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    buckets = recall_by_selectivity(version) if version else []
    yield _gauge("vitrine_recall_at_10", {f"{one.selectivity:g}": one.recall for one in buckets})
    yield _gauge("vitrine_recall_searches", {f"{one.selectivity:g}": one.searches for one in buckets})


def _catalogue() -> Iterator[GaugeMetricFamily]:
    yield _gauge("vitrine_products", Product.objects.count())
    yield _gauge("vitrine_images", ProductImage.objects.count())
    yield _gauge("vitrine_images_waiting", ProductImage.objects.filter(file="").count())
    jobs = ImportJob.objects.order_by().values_list("state").annotate(n=Count("pk"))
    yield _gauge("vitrine_import_jobs", dict(jobs))


def _index() -> Iterator[GaugeMetricFamily]:
    versions = IndexVersion.objects.order_by().values_list("state").annotate(n=Count("pk"))
    yield _gauge("vitrine_index_versions", dict(versions))
    version = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    if version is None:
        return
    if version.lag_seconds is not None:
        yield _gauge("vitrine_index_lag_seconds", version.lag_seconds)
    counts = version.entries.aggregate(
        indexed=Count("pk", filter=Q(indexed_at__isnull=False, error="")),
        error=Count("pk", filter=~Q(error="")),
        retrying=Count("pk", filter=Q(attempts__gt=0, next_attempt_at__isnull=False)),
    )
    yield _gauge("vitrine_index_entries", {**counts, "stale": indexing.count_stale(version)})


def _queues() -> Iterator[GaugeMetricFamily]:
    lengths, ages = {}, {}
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    with Connection(settings.CELERY_BROKER_URL, connect_timeout=1, transport_options=options) as broker:
        client = cast("Redis", broker.default_channel.client)  # type: ignore[attr-defined]  # of kombu's Redis transport
        for queue in QUEUES:
            lengths[queue] = float(client.llen(queue))
            # New messages are pushed on the left, and taken from the right.
            ages[queue] = _age(cast("bytes | None", client.lindex(queue, -1)))
    yield _gauge("vitrine_queue_length", lengths)
    yield _gauge("vitrine_queue_oldest_seconds", ages)
    age_s = heartbeat.beat_age_s()
    if age_s is not None:
        yield _gauge("vitrine_beat_age_seconds", age_s)


def _age(message: bytes | None) -> float:
    """Seconds since this message was sent, as its sender wrote; 0 where there is none, or it does not say."""
    if message is None:
        return 0.0
    try:
        sent_at = float(json.loads(message)["headers"]["sent_at"])
    except (ValueError, KeyError, TypeError):
        return 0.0
    return max(0.0, time() - sent_at)
