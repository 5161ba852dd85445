"""The pool of a search: its ordered products, kept in the cache for some minutes so that later pages read the same list."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from django.conf import settings
from django.core.cache import cache
from numpy.typing import NDArray
from redis.exceptions import RedisError

from search.errors import InvalidQuery
from search.query import Query, RouteScore

logger = logging.getLogger(__name__)
_HEADER = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Pool:
    """Products in rank order, packed: `products` and `images` are int64 (n,), `scores` float32 (n,).

    `ranks` and `route_scores` are (routes, n): rank from 1, 0 where the route did not find the product.
    """

    products: NDArray[np.int64]
    images: NDArray[np.int64]
    scores: NDArray[np.float32]
    routes: tuple[str, ...] = ()
    ranks: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 0), np.int32))
    route_scores: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    # (routes, n), NaN where the route is not calibrated or did not find the product.
    confidences: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    found: int = 0
    found_exact: bool = True
    any_word: bool = False
    degraded: tuple[str, ...] = ()
    index_version: str = ""
    left_out: int = 0

    def route_scores_at(self, position: int) -> tuple[RouteScore, ...]:
        """Where each route that found it placed the product at this position."""
        return tuple(
            RouteScore(
                route,
                int(self.ranks[row, position]),
                float(self.route_scores[row, position]),
                _known(self.confidences[row, position]),
            )
            for row, route in enumerate(self.routes)
            if self.ranks[row, position]
        )

    def confidence_at(self, position: int) -> float | None:
        """The surest route's confidence in the product at this position; None where no route of it is calibrated."""
        known = [
            value for row in range(len(self.routes)) if (value := _known(self.confidences[row, position])) is not None
        ]
        return max(known, default=None)


def _known(value: np.float32) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def query_digest(query: Query) -> str:
    """What must be equal for two requests to read one pool: all that decides the order, and nothing about pages."""
    parts = (
        query.store_id,
        query.text,
        query.image_digest,
        query.product_id,
        query.text_weight,
        query.image_weight,
        query.rrf_constant,
        query.mode,
        repr(query.filters),
        repr(query.sort),
        query.min_confidence,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def save(query: Query, pool: Pool) -> str:
    """Keep the pool and return its new search id. Without the cache the id is good for nothing but its own answer."""
    search_id = secrets.token_urlsafe(16)
    header = {
        "digest": query_digest(query),
        "routes": pool.routes,
        "found": pool.found,
        "found_exact": pool.found_exact,
        "any_word": pool.any_word,
        "degraded": pool.degraded,
        "index_version": pool.index_version,
        "left_out": pool.left_out,
        "n": len(pool.products),
    }
    text = json.dumps(header).encode()
    arrays = (pool.products, pool.images, pool.scores, pool.ranks, pool.route_scores, pool.confidences)
    packed = _HEADER.pack(len(text)) + text + b"".join(array.tobytes() for array in arrays)
    try:
        cache.set(_key(query, search_id), packed, settings.SEARCH_POOL_LIFETIME_S)
    except (RedisError, OSError) as error:
        logger.warning("The pool of a search was not kept: %s", error)
    return search_id


def load(query: Query) -> Pool | None:
    """The pool of `query.search_id`, or None when it expired or the cache is down.

    Raises `InvalidQuery` when that id belongs to another query.
    """
    try:
        packed = cache.get(_key(query, query.search_id))
    except (RedisError, OSError) as error:
        logger.warning("The pool of a search was not read: %s", error)
        return None
    if packed is None:
        return None
    size = _HEADER.unpack_from(packed)[0]
    start = _HEADER.size + size
    header = json.loads(packed[_HEADER.size : start])
    if header["digest"] != query_digest(query):
        raise InvalidQuery(
            "search_id belongs to another query: leave it out, or repeat the query that it came from.",
            field="search_id",
        )
    return _unpacked(header, memoryview(packed)[start:])


def _unpacked(header: dict[str, object], data: memoryview) -> Pool:
    count, routes = int(str(header["n"])), tuple(_texts(header["routes"]))
    position = 0

    def take(dtype: type[np.generic], size: int) -> NDArray[np.generic]:
        nonlocal position
        array = np.frombuffer(data, dtype=dtype, count=size, offset=position)
        position += array.nbytes
        return array

    return Pool(
        products=take(np.int64, count).astype(np.int64),
        images=take(np.int64, count).astype(np.int64),
        scores=take(np.float32, count).astype(np.float32),
        ranks=take(np.int32, count * len(routes)).astype(np.int32).reshape(len(routes), count),
        route_scores=take(np.float32, count * len(routes)).astype(np.float32).reshape(len(routes), count),
        confidences=take(np.float32, count * len(routes)).astype(np.float32).reshape(len(routes), count),
        routes=routes,
        found=int(str(header["found"])),
        found_exact=bool(header["found_exact"]),
        any_word=bool(header["any_word"]),
        degraded=tuple(_texts(header["degraded"])),
        index_version=str(header["index_version"]),
        left_out=int(str(header["left_out"])),
    )


def _texts(values: object) -> Sequence[str]:
    return [str(value) for value in values] if isinstance(values, list) else []


def remember_start(query: Query, search_id: str, *, page: int, position: int) -> None:
    """Note where in the pool this page begins, so that products that vanish in between neither repeat nor skip others."""
    try:
        cache.set(_start_key(query, search_id, page), position, settings.SEARCH_POOL_LIFETIME_S)
    except (RedisError, OSError) as error:
        logger.warning("The start of a page was not kept: %s", error)


def page_start(query: Query, search_id: str) -> int | None:
    """Where this query's page begins in its pool, if the page before it was served."""
    try:
        position = cache.get(_start_key(query, search_id, query.page))
    except (RedisError, OSError):
        return None
    return None if position is None else int(position)


def _key(query: Query, search_id: str) -> str:
    """Bound to store and key, so that another store's (or key's) search id finds nothing."""
    owner = hashlib.sha256(f"{query.store_id}|{query.owner}|{search_id}".encode()).hexdigest()
    # The number is the packing's: a pool that an older release packed is not read.
    return f"pool2:{owner}"


def _start_key(query: Query, search_id: str, page: int) -> str:
    return f"{_key(query, search_id)}:{query.per_page}:{page}"
