"""CORS by key: a browser's page may call the API when some publishable key allows its origin.

A preflight carries no key, so it is answered from the set of all origins; `HasStore` then holds each key to its own.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from time import monotonic
from typing import Any

from corsheaders.signals import check_request_enabled
from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest
from django.utils import timezone

from catalog.models import ApiKey
from catalog.models.keys import KeyKind

logger = logging.getLogger(__name__)

# One short query in this time, per process; a new key's origin works at once where it was saved, elsewhere after it.
LIFETIME_S = 30.0


@dataclass(frozen=True, slots=True)
class AllowedOrigins:
    """What all usable publishable keys allow together."""

    origins: frozenset[str]
    is_any: bool
    read_at: float

    def allow(self, origin: str) -> bool:
        return self.is_any or origin in self.origins


_known: AllowedOrigins | None = None


def connect() -> None:
    """Let django-cors-headers ask us, and forget the known origins when a key changes."""
    check_request_enabled.connect(allows_request, dispatch_uid="search.api.origins")
    post_save.connect(forget, sender=ApiKey, dispatch_uid="search.api.origins")
    post_delete.connect(forget, sender=ApiKey, dispatch_uid="search.api.origins")


def allows_request(sender: object, request: HttpRequest, **kwargs: Any) -> bool:
    """Whether a page of the request's origin may read the API's answer. Nothing outside /api/ and /1/ is ever allowed."""
    origin = request.headers.get("Origin", "")
    if not origin or not request.path_info.startswith(("/api/", "/1/")):
        return False
    try:
        return allowed_origins().allow(origin)
    except (OperationalError, InterfaceError) as error:
        logger.warning("The origins of the API keys could not be read: %s", error)
        return False


def allowed_origins() -> AllowedOrigins:
    """The origins of all usable publishable keys, at most `LIFETIME_S` old."""
    global _known
    if _known is None or monotonic() - _known.read_at > LIFETIME_S:
        keys = ApiKey.objects.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()), kind=KeyKind.PUBLISHABLE, is_active=True
        )
        lists = list(keys.values_list("origins", flat=True))
        _known = AllowedOrigins(
            frozenset(origin for origins in lists for origin in origins), is_any=[] in lists, read_at=monotonic()
        )
    return _known


def forget(**kwargs: Any) -> None:
    """Read the origins again at the next request."""
    global _known
    _known = None
