"""The WSGI application's door: each request goes through the lane of its kind, and is refused there before anything of it is
read. What watches the process, and plain files, go by.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeAlias

from django.conf import settings
from django.http import StreamingHttpResponse

from search.deadlines import deadline_in
from search.serving import draining
from search.serving.lanes import Lane
from search.serving.pace import Pace

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Any]
Application: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

# Answered whatever else goes on: who watches must see an overload, and files cost next to nothing.
FREE_PATHS = ("/health/", "/metrics", "/static/", "/media/")
SEARCH, CATALOGUE, ADMIN = "search", "catalogue", "admin"
# Who waits for seconds holds a thread as long.
STAFF_QUEUE = 4
# Posts that change nothing of the shop, or come from shoppers' pages.
_SHOPPERS_POSTS = (
    "/api/v1/search",
    "/api/v1/multi_search",
    "/api/v1/images",
    "/api/v1/events",
    "/1/",
)
# A search of more bytes than these holds a photo.
LARGE_BYTES = 4096
# Clients that come back at once come back together.
RETRY_AFTER_S = (1, 2, 3)
_DETAIL = "More is asked of this server than it can answer in time. Try again in a moment."
_PROBLEM = json.dumps(
    {
        "type": "urn:vitrine:error:overloaded",
        "title": "Service Unavailable",
        "status": 503,
        "detail": _DETAIL,
        "code": "overloaded",
    }
).encode()
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Busy</title>'
    f"<h1>Too many visitors at once</h1><p>{_DETAIL}</p></html>"
).encode()


@cache
def process_lanes() -> dict[str, Lane]:
    """This process' lanes by name, as the settings have them: shoppers, the catalogue's changes, and the admin do not share
    room."""
    most = settings.WEB_SEARCH_SLOTS
    least = min(2, most)
    shoppers = Lane(
        SEARCH,
        pace=Pace(least=least, most=most, start=min(4, most), slower=settings.WEB_SLOWER),
        queue=settings.WEB_QUEUE_LENGTH,
        burst_s=settings.WEB_BURST_WAIT_MS / 1000,
        standing_s=settings.WEB_STANDING_WAIT_MS / 1000,
    )
    return {
        SEARCH: shoppers,
        CATALOGUE: _staff_lane(CATALOGUE, settings.WEB_CATALOGUE_SLOTS),
        ADMIN: _staff_lane(ADMIN, settings.WEB_ADMIN_SLOTS),
    }


def _staff_lane(name: str, slots: int) -> Lane:
    """Staff and feeds wait rather than fail: their work is not a shopper's glance."""
    wait_s: float = settings.WEB_STAFF_WAIT_S
    pace = Pace(least=slots, most=slots, start=slots, slower=settings.WEB_SLOWER)
    return Lane(name, pace=pace, queue=STAFF_QUEUE, burst_s=wait_s, standing_s=wait_s)


def lane_of(method: str, path: str) -> str:
    """The name of the lane of such a request; empty where it goes by all of them."""
    if path.startswith(FREE_PATHS) or method == "OPTIONS":
        return ""
    if path.startswith("/admin/"):
        return ADMIN
    is_change = method not in ("GET", "HEAD") and path.startswith("/api/") and not path.startswith(_SHOPPERS_POSTS)
    return CATALOGUE if is_change else SEARCH


def kind_of(environ: Environ) -> str:
    """What of a request decides how long it takes, as far as one knows without reading it."""
    length = str(environ.get("CONTENT_LENGTH") or "0")
    size = "large" if length.isdecimal() and int(length[:18]) > LARGE_BYTES else "small"
    return f"{environ['REQUEST_METHOD']} {'/'.join(environ['PATH_INFO'].split('/', 4)[:4])} {size}"


def is_shedding() -> bool:
    """Whether this process refused a shopper a moment ago."""
    return process_lanes()[SEARCH].is_shedding


class Gate:
    """Wraps the application. `lanes` by name; by default those of the settings."""

    def __init__(self, application: Application, *, lanes: dict[str, Lane] | None = None) -> None:
        self._application = application
        self._lanes = process_lanes() if lanes is None else lanes

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        name = lane_of(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if not name:
            return self._application(environ, _closing(start_response))
        lane = self._lanes[name]
        place = lane.enter()
        if place is None:
            return _refuse(environ, start_response)
        try:
            with deadline_in(settings.WEB_REQUEST_TIMEOUT_S):
                response = self._application(environ, _closing(start_response))
                return response if isinstance(response, StreamingHttpResponse) else _read(response)
        finally:
            lane.leave(place, kind_of(environ))


def _read(response: Iterable[bytes]) -> list[bytes]:
    """The body, read and closed in the thread that made it: Django ends the request there, its connections included."""
    try:
        return [b"".join(response)]
    finally:
        if hasattr(response, "close"):
            response.close()


def _closing(start_response: StartResponse) -> StartResponse:
    """While the process drains, every answer ends its connection, so that the client's next request goes elsewhere."""
    if not draining.is_draining():
        return start_response

    def start(status: str, headers: Sequence[tuple[str, str]], *rest: Any) -> Any:
        return start_response(status, [*headers, ("Connection", "close")], *rest)

    return start


def _refuse(environ: Environ, start_response: StartResponse) -> list[bytes]:
    """503 at once: the body, perhaps a photo of megabytes, was not looked at."""
    is_page = "text/html" in environ.get("HTTP_ACCEPT", "") and not environ["PATH_INFO"].startswith(("/api/", "/1/"))
    body = _PAGE if is_page else _PROBLEM
    headers = [
        ("Content-Type", "text/html; charset=utf-8" if is_page else "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Retry-After", str(random.choice(RETRY_AFTER_S))),
        ("Cache-Control", "no-store"),
        # A page of another origin may read why: it says nothing of anybody.
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Expose-Headers", "Retry-After"),
    ]
    start_response("503 Service Unavailable", headers)
    return [body]
