"""This process' own client of the cache's Redis, for what Django's cache has no call for: several commands in one round trip."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from redis import Redis

_clients: dict[str, Redis] = {}


def redis_client() -> Redis:
    """The client, with the cache's patience. Keys are its caller's own: `cache.make_key` gives the cache's."""
    url = redis_address()
    if url not in _clients:
        stated: Any = settings.CACHES["default"]
        _clients[url] = Redis.from_url(url, **stated.get("OPTIONS", {}))
    return _clients[url]


def redis_address() -> str:
    """The address by which its breaker is known too (`search.redis_cache.redis_breaker`)."""
    return str(settings.CACHES["default"]["LOCATION"])
