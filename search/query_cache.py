"""Vectors of queries that were asked before, in the cache: words and photos are encoded once an hour, not once a request.

The key holds the encoder's fingerprint, so other weights find nothing. Without Redis every query is encoded.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import numpy as np
from django.conf import settings
from django.core.cache import cache
from numpy.typing import NDArray
from PIL import Image
from redis.exceptions import RedisError

from search.encoder import Encoder
from search.encoding import encoding
from search.seldom import warn_seldom
from telemetry.metrics import QUERY_VECTORS

logger = logging.getLogger(__name__)

_Input = TypeVar("_Input", str, Image.Image)

# Vectors by cache key that the searches of one request share, whatever the cache does.
_shared: ContextVar[dict[str, NDArray[np.float32]] | None] = ContextVar("shared query vectors", default=None)


def text_vector(encoder: Encoder, text: str) -> NDArray[np.float32]:
    """(1, dimension): the text's unit vector."""
    return _cached(encoder, _text_key(encoder, text), "text", encode=lambda: encoder.encode_texts([text]))


def photo_vector(encoder: Encoder, photo: Image.Image) -> NDArray[np.float32]:
    """(1, dimension): the RGB photo's unit vector; the same pixels are the same photo."""
    return _cached(encoder, _photo_key(encoder, photo), "photo", encode=lambda: encoder.encode_images([photo]))


@contextmanager
def encoded_together(encoder: Encoder, *, texts: Sequence[str], photos: Sequence[Image.Image]) -> Iterator[None]:
    """Have these vectors ready for the searches inside: what the cache does not hold is encoded in one batch of texts and
    one of photos. Raises what the encoder raises."""
    by_text = {_text_key(encoder, text): text for text in texts}
    shared = _batch(encoder, "text", by_text, encode=encoder.encode_texts)
    by_photo = {_photo_key(encoder, photo): photo for photo in photos}
    shared |= _batch(encoder, "photo", by_photo, encode=encoder.encode_images)
    token = _shared.set(shared)
    try:
        yield
    finally:
        _shared.reset(token)


def _batch(
    encoder: Encoder, kind: str, asked: dict[str, _Input], *, encode: Callable[[list[_Input]], NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    known = _read(list(asked), kind)
    missing = [key for key in asked if key not in known]
    if missing:
        with encoding(kind, encoder.name):
            rows = encode([asked[key] for key in missing])
        made = {key: rows[place : place + 1] for place, key in enumerate(missing)}
        _keep(made)
        known |= made
    return known


def _text_key(encoder: Encoder, text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"query-vector:{encoder.fingerprint}:text:{digest}"


def _photo_key(encoder: Encoder, photo: Image.Image) -> str:
    digest = hashlib.sha256(f"{photo.mode} {photo.width} {photo.height} ".encode())
    digest.update(photo.tobytes())
    return f"query-vector:{encoder.fingerprint}:photo:{digest.hexdigest()}"


def _cached(encoder: Encoder, key: str, kind: str, *, encode: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
    known = (_shared.get() or {}).get(key)
    if known is None:
        known = _read([key], kind).get(key)
    if known is None:
        with encoding(kind, encoder.name):
            known = encode()
        _keep({key: known})
    return known


def _read(keys: list[str], kind: str) -> dict[str, NDArray[np.float32]]:
    """What the cache holds under these keys, asked for at once; each is counted as a hit or a miss."""
    if not settings.QUERY_VECTOR_LIFETIME_S or not keys:
        return {}
    try:
        held: dict[str, bytes] = cache.get_many(keys)
    except (RedisError, OSError) as error:
        warn_seldom(logger, "Queries' vectors were not read: %s", error)
        held = {}
    QUERY_VECTORS.labels(kind, "hit").inc(len(held))
    QUERY_VECTORS.labels(kind, "miss").inc(len(keys) - len(held))
    return {key: np.frombuffer(data, dtype="<f4").astype(np.float32).reshape(1, -1) for key, data in held.items()}


def _keep(vectors: dict[str, NDArray[np.float32]]) -> None:
    if not settings.QUERY_VECTOR_LIFETIME_S:
        return
    try:
        cache.set_many(
            {key: rows.astype("<f4").tobytes() for key, rows in vectors.items()}, settings.QUERY_VECTOR_LIFETIME_S
        )
    except (RedisError, OSError) as error:
        warn_seldom(logger, "Queries' vectors were not kept: %s", error)
