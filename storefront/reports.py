"""What a visitor's page reports: which cards were seen and clicked. The page has no key; its form's token stands in for one.

Nothing waits for the answer, so it says nothing but its status. Throttled by address; a browser that asks not to be
tracked is not, though it may still say that a product is not relevant, without saying who said it.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from search.api.events import events_request
from search.errors import InvalidQuery
from search.events.records import EventKind
from storefront.security import may_report
from storefront.views import find_store

# What a browser's beacon holds at most.
MAX_BYTES = 64 * 1024
# A page can claim anything; what somebody paid is the shop's server to say.
FROM_PAGES = {EventKind.IMPRESSION, EventKind.CLICK, EventKind.ADD_TO_CART, EventKind.NOT_RELEVANT}


@require_POST
def report(request: HttpRequest, store_slug: str = "") -> HttpResponse:
    """Keep the events of the form field `events`, a JSON list as `POST /api/v1/events` takes it."""
    if not may_report(request):
        return HttpResponse(status=429, headers={"Retry-After": "60"})
    store = find_store(store_slug)
    try:
        events = kept_events(request, stated_events(request.POST.get("events", "")))
        if events:
            events_request(store, events)
    except InvalidQuery as error:
        return HttpResponse(error.message, status=400, content_type="text/plain")
    except OperationalError:
        return HttpResponse(status=503)
    return HttpResponse(status=204)


def stated_events(text: str) -> list[Any]:
    """The list that the text holds as JSON. Raises `InvalidQuery`."""
    try:
        events = json.loads(text) if len(text) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        events = None
    if not isinstance(events, list):
        raise InvalidQuery(f"events must be a JSON list of at most {MAX_BYTES:,} characters.", field="events")
    return events


def kept_events(request: HttpRequest, events: list[Any]) -> list[Any]:
    """What a page may say; from a browser that asks not to be tracked, explicit judgments without a visitor alone."""
    said = [event for event in events if isinstance(event, dict) and event.get("type") in list(FROM_PAGES)]
    if request.headers.get("DNT") != "1" and request.headers.get("Sec-GPC") != "1":
        return said
    judged = [event for event in said if event["type"] == EventKind.NOT_RELEVANT]
    return [{name: value for name, value in event.items() if name != "visitor"} for event in judged]
