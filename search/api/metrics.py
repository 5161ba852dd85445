"""`/metrics` for Prometheus: what every process here counted (telemetry.metrics), and gauges of what Vitrine knows."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from search.api.gauges import VitrineCollector
from telemetry.shared import is_bearer, shared_figures


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Everything in the text format. With `METRICS_TOKEN` to its bearer only, else to this machine (the demo: to all)."""
    if not may_read(request):
        return HttpResponse("Set METRICS_TOKEN and send it as a bearer.\n", status=403, content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(VitrineCollector())
    return HttpResponse(
        shared_figures(settings.METRICS_DIR) + generate_latest(registry), content_type=CONTENT_TYPE_LATEST
    )


def may_read(request: HttpRequest) -> bool:
    """Whether this request may see the figures. A proxied request is never taken for one of this machine."""
    token: str = settings.METRICS_TOKEN
    if token:
        return is_bearer(request.headers.get("Authorization", ""), token)
    if settings.DEMO:
        return True
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        # Empty on a unix socket, where the client is on this machine or behind a proxy that says so.
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
