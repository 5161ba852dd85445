"""`/metrics` for Prometheus: django-prometheus' counters, and gauges of what only Vitrine knows."""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Iterator
from typing import cast

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from catalog.models import ImportJob, Product, ProductImage
from search import indexing
from search.models import IndexVersion, VersionState
from search.recall.alarms import recall_by_selectivity

logger = logging.getLogger(__name__)

QUEUES = ("index", "import", "default")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Everything in the text format. With `METRICS_TOKEN` to its bearer only, else to this machine (the demo: to all)."""
    if not may_read(request):
        return HttpResponse("Set METRICS_TOKEN and send it as a bearer.\n", status=403, content_type="text/plain")
    shared: HttpResponse = ExportToDjangoView(request)
    registry = CollectorRegistry()
    registry.register(VitrineCollector())
    shared.content += generate_latest(registry)
    return shared


def may_read(request: HttpRequest) -> bool:
    """Whether this request may see the figures. A proxied request is never taken for one of this machine."""
    token: str = settings.METRICS_TOKEN
    if token:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
    if settings.DEMO:
        return True
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        # Empty on a unix socket, where the client is on this machine or behind a proxy that says so.
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


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


def _catalogue() -> Iterator[GaugeMetricFamily]:
    yield GaugeMetricFamily("vitrine_products", "Products.", value=Product.objects.count())
    yield GaugeMetricFamily("vitrine_images", "Product photos.", value=ProductImage.objects.count())
    jobs = GaugeMetricFamily("vitrine_import_jobs", "Import jobs by state.", labels=["state"])
    for state, count in ImportJob.objects.order_by().values_list("state").annotate(n=Count("pk")):
        jobs.add_metric([state], count)
    yield jobs


def _index() -> Iterator[GaugeMetricFamily]:
    version = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    if version is None:
        return
    if version.lag_seconds is not None:
        yield GaugeMetricFamily(
            "vitrine_index_lag_seconds", "All committed this long ago is searchable.", value=version.lag_seconds
        )
    counts = version.entries.aggregate(
        indexed=Count("pk", filter=Q(indexed_at__isnull=False, error="")),
        error=Count("pk", filter=~Q(error="")),
        retrying=Count("pk", filter=Q(attempts__gt=0, next_attempt_at__isnull=False)),
    )
    entries = GaugeMetricFamily("vitrine_index_entries", "Photos of the live index by state.", labels=["state"])
    for state, count in {**counts, "stale": indexing.count_stale(version)}.items():
        entries.add_metric([state], count)
    yield entries


def _recall() -> Iterator[GaugeMetricFamily]:
    version = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    if version is None:
        return
    recall = GaugeMetricFamily(
        "vitrine_recall_at_10",
        "Of the ten nearest by exact search, the share found in the last 24 hours, by the share of rows that passed the filter.",
        labels=["selectivity"],
    )
    searches = GaugeMetricFamily(
        "vitrine_recall_searches",
        "Searches that were asked again exactly in the last 24 hours.",
        labels=["selectivity"],
    )
    for bucket in recall_by_selectivity(version):
        recall.add_metric([f"{bucket.selectivity:g}"], bucket.recall)
        searches.add_metric([f"{bucket.selectivity:g}"], bucket.searches)
    yield recall
    yield searches


def _queues() -> Iterator[GaugeMetricFamily]:
    lengths = GaugeMetricFamily("vitrine_queue_length", "Messages that wait in each queue.", labels=["queue"])
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    with Connection(settings.CELERY_BROKER_URL, connect_timeout=1, transport_options=options) as broker:
        client = cast("Redis", broker.default_channel.client)  # type: ignore[attr-defined]  # of kombu's Redis transport
        for queue in QUEUES:
            lengths.add_metric([queue], client.llen(queue))
    yield lengths
