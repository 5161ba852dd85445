"""This process' own client of the cache's Redis, for what Django's cache has no call for: several commands in one round trip."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from redis import Redis

_clients: dict[str, Redis] = {}


def redis_client() -> Redis:
    """The client, with the cache's patience. Keys are its caller's own: `cache.make_key` gives the cache's."""
    stated: dict[str, Any] = settings.CACHES["default"]
    url = str(stated["LOCATION"])
    if url not in _clients:
        _clients[url] = Redis.from_url(url, **stated.get("OPTIONS", {}))
    return _clients[url]
