"""Vectors of queries that were asked before, in the cache: words and photos are encoded once an hour, not once a request.

The key holds the encoder's fingerprint, so other weights find nothing. Without Redis every query is encoded.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable

import numpy as np
from django.conf import settings
from django.core.cache import cache
from numpy.typing import NDArray
from PIL import Image
from prometheus_client import Counter
from redis.exceptions import RedisError

from search.encoder import Encoder

logger = logging.getLogger(__name__)

LOOKUPS = Counter(
    "vitrine_query_vectors", "Query vectors asked of the cache, by kind and whether it had them.", ["kind", "result"]
)


def text_vector(encoder: Encoder, text: str) -> NDArray[np.float32]:
    """(1, dimension): the text's unit vector."""
    key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return _cached(encoder, "text", key, encode=lambda: encoder.encode_texts([text]))


def photo_vector(encoder: Encoder, photo: Image.Image) -> NDArray[np.float32]:
    """(1, dimension): the RGB photo's unit vector; the same pixels are the same photo."""
    digest = hashlib.sha256(f"{photo.mode} {photo.width} {photo.height} ".encode())
    digest.update(photo.tobytes())
    return _cached(encoder, "photo", digest.hexdigest(), encode=lambda: encoder.encode_images([photo]))


def _cached(
    encoder: Encoder, kind: str, digest: str, *, encode: Callable[[], NDArray[np.float32]]
) -> NDArray[np.float32]:
    if not settings.QUERY_VECTOR_LIFETIME_S:
        return encode()
    key = f"query-vector:{encoder.fingerprint}:{kind}:{digest}"
    known = _read(key)
    LOOKUPS.labels(kind, "miss" if known is None else "hit").inc()
    if known is not None:
        return known
    vectors = encode()
    _keep(key, vectors)
    return vectors


def _read(key: str) -> NDArray[np.float32] | None:
    try:
        data = cache.get(key)
    except (RedisError, OSError) as error:
        logger.warning("A query's vector was not read: %s", error)
        return None
    return None if data is None else np.frombuffer(data, dtype="<f4").astype(np.float32).reshape(1, -1)


def _keep(key: str, vectors: NDArray[np.float32]) -> None:
    try:
        cache.set(key, vectors.astype("<f4").tobytes(), settings.QUERY_VECTOR_LIFETIME_S)
    except (RedisError, OSError) as error:
        logger.warning("A query's vector was not kept: %s", error)
