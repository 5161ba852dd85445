"""Around every request: its id, its span, and one line in the access log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from telemetry import tracing
from telemetry.work import Work, request_id, working

logger = logging.getLogger("vitrine.access")

HEADER = "X-Request-ID"
# Asked every few seconds by machines: no line each, and no trace.
QUIET = ("/health/", "/metrics", "/static/")


class WorkMiddleware:
    """The first of all middleware, so that whatever answers has an id.

    The log says the route and not the path: paths and query strings hold what callers wrote, keys among it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = perf_counter()
        is_quiet = request.path.startswith(QUIET)
        carrier = {"traceparent": request.headers.get("traceparent", "")} if settings.TRACING_ACCEPT_PARENT else {}
        span = tracing.unrecorded() if is_quiet else tracing.server_span(f"{request.method}", carrier)
        with working(Work(request_id(request.headers.get(HEADER, "")))) as work:
            with span as current:
                response = self.get_response(request)
                route = _route(request)
                current.update_name(f"{request.method} {route}")
                current.set_attribute("http.route", route)
                current.set_attribute("http.response.status_code", response.status_code)
                current.set_attribute("vitrine.request_id", work.request_id)
            response[HEADER] = work.request_id
            took_ms = round((perf_counter() - started) * 1000, 1)
            level = logging.DEBUG if is_quiet and response.status_code < 500 else logging.INFO
            logger.log(
                level,
                "%s %s %d in %.1f ms",
                request.method,
                route,
                response.status_code,
                took_ms,
                extra={"method": request.method, "route": route, "status": response.status_code, "took_ms": took_ms},
            )
        return response


def _route(request: HttpRequest) -> str:
    """The pattern that the path matched, such as `/api/v1/products/<path:sku>`."""
    match = request.resolver_match
    return f"/{match.route}" if match else "(no route)"
