"""How often a key may ask: a fixed window of a minute, counted in Redis, told in `RateLimit-*` headers."""

from __future__ import annotations

import logging
from time import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled
from rest_framework.throttling import BaseThrottle

from catalog.models import ApiKey
from catalog.models.keys import KeyKind
from search.redis_client import redis_pipeline
from search.seldom import warn_seldom

if TYPE_CHECKING:
    # These read the settings, which name this module.
    from rest_framework.request import Request
    from rest_framework.views import APIView

logger = logging.getLogger(__name__)

WINDOW_S = 60


def limit_per_minute(key: ApiKey) -> int:
    """The key's own rate, else the installation's for its kind."""
    if key.rate_per_minute is not None:
        return key.rate_per_minute
    is_secret = key.kind == KeyKind.SECRET
    rate: int = settings.THROTTLE_SECRET_PER_MINUTE if is_secret else settings.THROTTLE_PUBLISHABLE_PER_MINUTE
    return rate


class KeyRateThrottle(BaseThrottle):
    """Counts a key's requests. While Redis is down everything is allowed: a search answers without it."""

    # What is counted together.
    counter = "rate"
    _wait_s: int | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiKey):
            return True
        self._wait_s = _over(request.auth, view, counter=self.counter, times=1)
        return self._wait_s is None

    def wait(self) -> float | None:
        return self._wait_s


class EventRateThrottle(KeyRateThrottle):
    """Counts a key's events apart: what a page reports shall not use up what it may search."""

    counter = "event-rate"


def count_more(key: ApiKey, view: APIView, *, times: int) -> None:
    """Count further requests of the key, for a call that is worth several. Raises `Throttled` where it may not."""
    if times > 0:
        wait_s = _over(key, view, counter=KeyRateThrottle.counter, times=times)
        if wait_s is not None:
            raise Throttled(wait_s)


def _over(key: ApiKey, view: APIView, *, counter: str, times: int) -> int | None:
    """Seconds to wait if so many more requests are too many, else None. Notes in the view's headers where the key stands."""
    limit = limit_per_minute(key)
    now = time()
    count = _count(f"{counter}:{key.pk}:{int(now // WINDOW_S)}", times=times)
    if count is None:
        return None
    reset_s = WINDOW_S - int(now % WINDOW_S)
    # DRF copies `headers` to whatever the view answers, an error included.
    view.headers["RateLimit-Limit"] = str(limit)
    view.headers["RateLimit-Remaining"] = str(max(0, limit - count))
    view.headers["RateLimit-Reset"] = str(reset_s)
    return reset_s if count > limit else None


def _count(name: str, *, times: int) -> int | None:
    """So many more for this window, and how many that makes; None while Redis does not answer."""
    try:
        key = cache.make_key(name)
        with redis_pipeline() as pipeline:
            pipeline.incrby(key, times)
            pipeline.expire(key, 2 * WINDOW_S)
            return int(pipeline.execute()[0])
    except (RedisError, OSError) as error:
        warn_seldom(logger, "Requests are not counted while Redis is down: %s", error)
        return None
