"""Whether this process lives, and which parts answer. Only a broken Postgres makes it unready: all else degrades."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from search import milvus
from search.encoder import get_encoder
from search.errors import EncoderUnavailable, IndexUnavailable
from search.models import IndexVersion
from search.versions import live_version


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
    """Each part by name; 503 only where a search cannot be answered at all."""
    parts = check_parts()
    degraded = [part.name for part in parts if not part.is_up]
    is_ready = "postgres" not in degraded
    body = {
        "status": "unavailable" if not is_ready else "degraded" if degraded else "ok",
        "parts": {
            part.name: {"status": "up" if part.is_up else "down", **({"detail": part.detail} if part.detail else {})}
            for part in parts
        },
        "degraded": degraded,
    }
    return JsonResponse(body, status=200 if is_ready else 503, headers={"Cache-Control": "no-store"})


def check_parts() -> list[PartHealth]:
    """Postgres, Redis, Milvus, the encoder and the live index, each asked now."""
    postgres = _postgres()
    parts = [postgres, _redis(), _milvus()]
    if not postgres.is_up:
        unknown = "Not known without Postgres."
        return [*parts, PartHealth("encoder", False, unknown), PartHealth("index", False, unknown)]
    try:
        version = live_version()
    except IndexUnavailable as error:
        return [*parts, _encoder(None), PartHealth("index", False, error.message)]
    return [*parts, _encoder(version), PartHealth("index", True, version.collection)]


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
