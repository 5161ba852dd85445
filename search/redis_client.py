"""This process' own client of the cache's Redis, for what Django's cache has no call for: several commands in one round trip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from search.breakers import PartOpen
from search.redis_cache import redis_breaker

if TYPE_CHECKING:
    from redis.client import Pipeline

_PATIENCE = ("socket_connect_timeout", "socket_timeout")
_clients: dict[str, Redis] = {}


def redis_client() -> Redis:
    """The client, with the cache's patience. Keys are its caller's own: `cache.make_key` gives the cache's."""
    stated: Any = settings.CACHES["default"]
    url = str(stated["LOCATION"])
    if url not in _clients:
        # The cache's other options are Django's own.
        patience = {name: value for name, value in stated.get("OPTIONS", {}).items() if name in _PATIENCE}
        _clients[url] = Redis.from_url(url, **patience)
    return _clients[url]


@contextmanager
def redis_pipeline() -> Iterator[Pipeline]:
    """Several commands in one round trip, through the breaker of the cache. Raises `RedisError`."""
    try:
        with (
            redis_breaker(str(settings.CACHES["default"]["LOCATION"])).calling(),
            redis_client().pipeline(transaction=False) as pipeline,
        ):
            yield pipeline
    except PartOpen as error:
        raise RedisConnectionError(str(error)) from error
