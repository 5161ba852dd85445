"""Whether this process lives, and which parts answer. Only a broken Postgres, or its own end, makes it unready: all else
degrades."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from search import milvus
from search.breakers import open_parts
from search.deadlines import deadline_in
from search.encoder import get_encoder
from search.errors import EncoderUnavailable, IndexUnavailable
from search.models import IndexVersion
from search.serving import draining, gate
from search.versions import live_version

# Whoever asks has little patience; a balancer's own is some seconds.
HEALTH_DEADLINE_S = 3.0


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part. `detail` is empty, or says what is wrong, or which index is live."""

    name: str
    is_up: bool
    detail: str = ""


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """This process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Each part by name; 503 where a search cannot be answered at all, or this process is about to stop. At most
    `HEALTH_LIFETIME_S` old, so that asking often costs nothing."""
    body = {**_READINESS.body(), "web": {"status": _web()}}
    is_ready = body["status"] != "unavailable" and not draining.is_draining()
    status = "unavailable" if not is_ready else "shedding" if _web() == "shedding" else body["status"]
    return JsonResponse(
        {**body, "status": status}, status=200 if is_ready else 503, headers={"Cache-Control": "no-store"}
    )


def _web() -> str:
    """What this process itself does: a balancer sends nothing to one that stops, and may send less to one that sheds."""
    if draining.is_draining():
        return "stopping"
    return "shedding" if gate.is_shedding() else "up"


class _Readiness:
    """The last answer of the parts. One request asks them; whoever comes meanwhile gets the answer before."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._known: tuple[float, dict[str, Any]] | None = None

    def body(self) -> dict[str, Any]:
        known = self._known
        if known is not None and monotonic() - known[0] < settings.HEALTH_LIFETIME_S:
            return known[1]
        if not self._asking.acquire(blocking=known is None):
            # Somebody asks, and perhaps waits for a part that hangs.
            return known[1] if known is not None else {}
        try:
            with deadline_in(HEALTH_DEADLINE_S):
                found = _asked()
            self._known = (monotonic(), found)
            return found
        finally:
            self._asking.release()


_READINESS = _Readiness()


def _asked() -> dict[str, Any]:
    parts = check_parts()
    down = [part.name for part in parts if not part.is_up]
    return {
        "status": "unavailable" if "postgres" in down else "degraded" if down else "ok",
        "parts": {
            part.name: {"status": "up" if part.is_up else "down", **({"detail": part.detail} if part.detail else {})}
            for part in parts
        },
        "degraded": down,
        # What failed a moment ago is not asked until a trial finds it well, even if it is up again.
        "left_alone": open_parts(),
    }


def check_parts() -> list[PartHealth]:
    """Postgres, Redis, Milvus, the encoder and the live index, each asked now."""
    postgres = _postgres()
    vectors = _milvus()
    parts = [postgres, _redis(), vectors]
    if not postgres.is_up:
        unknown = "Not known without Postgres."
        return [*parts, PartHealth("encoder", False, unknown), PartHealth("index", False, unknown)]
    try:
        version = live_version()
    except IndexUnavailable as error:
        return [*parts, _encoder(None), PartHealth("index", False, error.message)]
    return [*parts, _encoder(version), _index(version, is_milvus_up=vectors.is_up)]


def _index(version: IndexVersion, *, is_milvus_up: bool) -> PartHealth:
    if not is_milvus_up:
        return PartHealth("index", True, version.collection)
    try:
        is_there = milvus.has_collection(version.collection)
    except IndexUnavailable as error:
        return PartHealth("index", False, error.message)
    if is_there:
        return PartHealth("index", True, version.collection)
    detail = f"Milvus has no collection {version.collection}: a worker makes it anew and fills it; words answer alone."
    return PartHealth("index", False, detail)


def _postgres() -> PartHealth:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (OperationalError, InterfaceError):
        return PartHealth("postgres", False, "The database does not answer.")
    return PartHealth("postgres", True)


def _redis() -> PartHealth:
    try:
        cache.get("health")
    except (RedisError, OSError):
        return PartHealth("redis", False, "Redis does not answer: nothing is cached, counted or queued.")
    return PartHealth("redis", True)


def _milvus() -> PartHealth:
    if milvus.is_answering():
        return PartHealth("milvus", True)
    return PartHealth("milvus", False, "Milvus does not answer: words are searched alone.")


def _encoder(version: IndexVersion | None) -> PartHealth:
    """Whether the live index's model (or the configured one) lies ready; it is not loaded for this."""
    try:
        encoder = get_encoder(version.encoder if version else None)
    except EncoderUnavailable as error:
        return PartHealth("encoder", False, error.message)
    if encoder.is_ready:
        return PartHealth("encoder", True)
    return PartHealth("encoder", False, "The model's weights are not on this machine.")
