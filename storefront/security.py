"""What the shop page lets a browser load and whom it lets upload."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec
from urllib.parse import urlsplit

from django.core.cache import cache
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from redis.exceptions import RedisError

from search.api.addresses import client_address
from search.seldom import warn_seldom

logger = logging.getLogger(__name__)
# A person who tries photo after photo stays below this; each costs a decode and an encode.
UPLOADS_PER_MINUTE = 30
# A page reports what was seen every few seconds while somebody scrolls.
REPORTS_PER_MINUTE = 120

Parts = ParamSpec("Parts")


@lru_cache(maxsize=1)
def content_security_policy() -> str:
    """Everything from this site alone, but photos from where the media storage serves them, if that is elsewhere."""
    media = urlsplit(default_storage.url("photo"))
    images = f"'self' {media.scheme}://{media.netloc}" if media.netloc else "'self'"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {images}",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def shop_page(view: Callable[Parts, HttpResponse]) -> Callable[Parts, HttpResponse]:
    """Give a view's pages their policy, and keep a cache from mixing whole pages with the parts that htmx asks for."""

    @wraps(view)
    def wrapped(*args: Parts.args, **kwargs: Parts.kwargs) -> HttpResponse:
        response = view(*args, **kwargs)
        response["Content-Security-Policy"] = content_security_policy()
        response["Referrer-Policy"] = "same-origin"
        patch_vary_headers(response, ["HX-Request"])
        return response

    return wrapped


def may_upload(request: HttpRequest) -> bool:
    """Whether this address has uploads left in this minute. Counts it. With Redis down everybody may."""
    return _is_within(request, "shop-uploads", UPLOADS_PER_MINUTE)


def may_report(request: HttpRequest) -> bool:
    """Whether this address may report what it saw in this minute. Counts it. With Redis down everybody may."""
    return _is_within(request, "shop-reports", REPORTS_PER_MINUTE)


def _is_within(request: HttpRequest, counter: str, per_minute: int) -> bool:
    key = f"{counter}:{client_address(request)}"
    try:
        cache.add(key, 0, timeout=60)
        return cache.incr(key) <= per_minute
    except ValueError:
        # The minute ended between the two calls.
        return True
    except (RedisError, OSError) as error:
        warn_seldom(logger, "%s are not counted: %s", counter, error)
        return True
