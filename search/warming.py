"""Loads the encoder of the version that is about to be live into this process, so that the first search after the promotion
need not wait for it, and tells in Redis that it is there. A promotion asks for it by `IndexVersion.warm_since`.

Only a process that searches does this: one that nobody asked lately loads with its first search, as after a start.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from dataclasses import dataclass

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from search.errors import EncoderUnavailable
from search.models import IndexVersion
from search.versions import encoder_of

logger = logging.getLogger(__name__)

ANNOUNCE_EVERY_S = 0.5
# A process that said nothing for this long has no searches to answer, or is gone.
SEEN_S = 5.0
_EXPIRES_S = 600
_TIMEOUT_S = 0.2

_lock = threading.Lock()
_announced_at = 0.0
# This process' state by fingerprint: loading, warm, or what went wrong.
_states: dict[str, str] = {}
_clients: dict[str, Redis] = {}
LOADING, WARM = "loading", "warm"


@dataclass(frozen=True, slots=True)
class Searcher:
    """A process that answers searches, and what it says of an encoder."""

    name: str
    state: str

    @property
    def is_warm(self) -> bool:
        return self.state == WARM


def keep_warm(version: IndexVersion) -> None:
    """Load the version's encoder in the background, once, and say so. Costs a request nothing but a look at the clock."""
    global _announced_at
    now = time.monotonic()
    with _lock:
        state = _states.get(version.fingerprint)
        if state is None:
            _states[version.fingerprint] = LOADING
            threading.Thread(target=_load, args=(version,), name="warm-encoder", daemon=True).start()
        elif now - _announced_at < ANNOUNCE_EVERY_S:
            return
        _announced_at = now
    _announce(version.fingerprint)


def searchers(fingerprint: str) -> list[Searcher]:
    """The processes that searched in the last `SEEN_S` seconds while this encoder was wanted. Raises `RedisError`."""
    told: dict[bytes, bytes] = _redis().hgetall(_key(fingerprint))  # type: ignore[assignment]
    rows = [(name.decode(), json.loads(value)) for name, value in told.items()]
    return [Searcher(name, row["state"]) for name, row in sorted(rows) if time.time() - row["at"] < SEEN_S]


def _load(version: IndexVersion) -> None:
    try:
        encoder_of(version).encode_texts(["warm"])
        state = WARM
    except EncoderUnavailable as error:
        # Said to whoever promotes; the next promotion tries anew.
        state = error.message
    with _lock:
        _states[version.fingerprint] = state
    _announce(version.fingerprint)
    if state != WARM:
        with _lock:
            del _states[version.fingerprint]


def _announce(fingerprint: str) -> None:
    name = f"{socket.gethostname()}:{os.getpid()}"
    value = json.dumps({"state": _states.get(fingerprint, LOADING), "at": time.time()})
    try:
        with _redis().pipeline(transaction=False) as pipeline:
            pipeline.hset(_key(fingerprint), name, value)
            pipeline.expire(_key(fingerprint), _EXPIRES_S)
            pipeline.execute()
    except (RedisError, OSError) as error:
        logger.warning("Whether this process is ready for %s was not told: %s", fingerprint, error)


def _key(fingerprint: str) -> str:
    return f"vitrine:warm:{fingerprint}"


def _redis() -> Redis:
    url = str(settings.CACHES["default"]["LOCATION"])
    if url not in _clients:
        _clients[url] = Redis.from_url(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)
    return _clients[url]
