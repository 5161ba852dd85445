"""Django's Redis cache behind a breaker: a Redis that is down costs a request microseconds, whatever it does to sockets.

While the breaker is open every call raises redis' own `ConnectionError`, which callers treat like any other failure of Redis.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from search.breakers import Breaker, PartOpen, breaker_of

# Not `ResponseError`: a Redis that says no is there.
FAILURES: tuple[type[BaseException], ...] = (RedisConnectionError, RedisTimeoutError, OSError)


def redis_breaker(address: str) -> Breaker:
    """The breaker of the Redis at this address, shared by whoever calls it."""
    return breaker_of("redis", address, failures=FAILURES)


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def guarded(self: GuardedClient, *args: Any, **kwargs: Any) -> Any:
        try:
            with redis_breaker(self.address).calling():
                return method(self, *args, **kwargs)
        except PartOpen as error:
            raise RedisConnectionError(str(error)) from error

    return guarded


class GuardedClient(RedisCacheClient):
    """Each call through the breaker."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, **options)
        self.address = ",".join(servers)

    add = _guarded(RedisCacheClient.add)
    get = _guarded(RedisCacheClient.get)
    set = _guarded(RedisCacheClient.set)
    touch = _guarded(RedisCacheClient.touch)
    delete = _guarded(RedisCacheClient.delete)
    get_many = _guarded(RedisCacheClient.get_many)
    has_key = _guarded(RedisCacheClient.has_key)
    incr = _guarded(RedisCacheClient.incr)
    set_many = _guarded(RedisCacheClient.set_many)
    delete_many = _guarded(RedisCacheClient.delete_many)
    clear = _guarded(RedisCacheClient.clear)


class GuardedRedisCache(RedisCache):
    """`CACHES["default"]`."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = GuardedClient
