"""All that is tied to one visitor of a store: shown to them, and erased when they ask for it.

A search says nothing of who asked; it belongs to a visitor when one of their events names it. A photo does when it was
stored with their pseudonym. What is summed up (popularity, popular words) names nobody and stays.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from catalog.models import Store
from search.events.erasure import erase_visitor
from search.events.records import SearchEvent, SearchLog
from search.events.search_log import forget_waiting, waiting_searches
from search.models import QueryImage

_EVENT_FIELDS = ("event_id", "kind", "search_id", "sku", "position", "value", "occurred_at")
_SEARCH_FIELDS = ("search_id", "mode", "words", "photo_digest", "product_id", "filters", "found", "created_at")


@dataclass(frozen=True, slots=True)
class Erased:
    """How many of each there were."""

    events: int
    searches: int
    photos: int


def export_visitor(store: Store, visitor: str) -> dict[str, Any]:
    """`events`, `searches` and `photos` of the visitor, oldest first; photos as base64 of JPEG. Plain Python values.

    Raises `RedisError` without Redis: searches may wait there to be kept.
    """
    events = _events(store, visitor)
    search_ids = set(events.exclude(search_id="").values_list("search_id", flat=True))
    searches = list(
        SearchLog.objects.filter(store=store, search_id__in=search_ids).order_by("created_at").values(*_SEARCH_FIELDS)
    )
    kept = {search["search_id"] for search in searches}
    waiting = [entry for entry in waiting_searches(store, search_ids) if entry["search_id"] not in kept]
    return {
        "visitor": visitor,
        "store": store.slug,
        "events": list(events.order_by("occurred_at", "pk").values(*_EVENT_FIELDS)),
        "searches": searches + [{name: entry[name] for name in _SEARCH_FIELDS} for entry in waiting],
        "photos": [
            {
                "id": photo.pk,
                "created_at": photo.created_at,
                "expires_at": photo.expires_at,
                "jpeg": base64.b64encode(bytes(photo.data)).decode(),
            }
            for photo in _photos(store, visitor).order_by("created_at")
        ],
    }


def erase_all(store: Store, visitor: str) -> Erased:
    """Erase what `export_visitor` shows. Safe to run twice; events, which lead to the rest, go last.

    Raises `RedisError` without Redis, before anything is erased.
    """
    search_ids = set(_events(store, visitor).exclude(search_id="").values_list("search_id", flat=True))
    waiting = forget_waiting(store, search_ids)
    searches = SearchLog.objects.filter(store=store, search_id__in=search_ids).delete()[0]
    photos = _photos(store, visitor).delete()[0]
    return Erased(events=erase_visitor(store, visitor), searches=searches + waiting, photos=photos)


def _events(store: Store, visitor: str) -> QuerySet[SearchEvent]:
    known = SearchEvent.objects.filter(store=store, visitor=visitor)
    return known if visitor and "\x00" not in visitor else known.none()


def _photos(store: Store, visitor: str) -> QuerySet[QueryImage]:
    known = QueryImage.objects.filter(store=store, visitor=visitor)
    return known if visitor and "\x00" not in visitor else known.none()
