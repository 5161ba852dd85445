"""The pool of a search: its ordered products, kept in the cache for some minutes so that later pages read the same list."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np
from django.conf import settings
from django.core.cache import cache
from numpy.typing import NDArray
from redis.exceptions import RedisError

from search.choices import Mode
from search.errors import InvalidQuery
from search.query import Filters, Query
from search.result import RouteScore
from search.seldom import warn_seldom
from telemetry import metrics

logger = logging.getLogger(__name__)
_HEADER = struct.Struct("<I")
# What does not decide which products a query finds, and in which order; pixels are named by their digest.
_NOT_IDENTITY = {
    "page",
    "per_page",
    "search_id",
    "after",
    "owner",
    "facet_by",
    "explain",
    "suggests",
    "deadline_ms",
    "image",
    "stamps",
}


@dataclass(frozen=True, slots=True)
class Understood:
    """What the query was taken to mean, kept so that every page reads it the same: the words and filters that were searched,
    the products that no route may return, and (product id, 1-based place) of those that were put somewhere."""

    text: str = ""
    mode: Mode = Mode.BROWSE
    filters: Filters = field(default_factory=Filters)
    hidden: tuple[int, ...] = ()
    pinned: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Pool:
    """Products in rank order, packed: `products` and `images` are int64 (n,), `scores` float32 (n,).

    `ranks`, `route_scores` and `confidences` are (routes, n): rank from 1, 0 where the route did not find the product, and
    NaN where it is not calibrated. `signals` names the rows of `signal_values` (signals, n): what moved a product after
    fusing, NaN where it does not concern it. `variants` (n,) counts the products that each stands for. `matched` (m,) are all
    products that the first route matched; it is empty where only Postgres knows all that match.
    """

    products: NDArray[np.int64]
    images: NDArray[np.int64]
    scores: NDArray[np.float32]
    routes: tuple[str, ...]
    ranks: NDArray[np.int32]
    route_scores: NDArray[np.float32]
    confidences: NDArray[np.float32]
    signals: tuple[str, ...]
    signal_values: NDArray[np.float32]
    variants: NDArray[np.int32]
    matched: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    found: int = 0
    found_exact: bool = True
    any_word: bool = False
    degraded: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    index_version: str = ""
    left_out: int = 0
    understood: Understood = field(default_factory=Understood)
    notes: Mapping[str, Any] = field(default_factory=dict)
    # The facets that were counted for the first page (`search.facets.packing`): later ones repeat them.
    facets: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.products)

    def taken(self, order: NDArray[np.intp] | Sequence[int]) -> Pool:
        """The products at these positions, in this order; every array goes with them."""
        chosen = np.asarray(order, np.intp)
        return replace(
            self,
            products=self.products[chosen],
            images=self.images[chosen],
            scores=self.scores[chosen],
            ranks=self.ranks[:, chosen],
            route_scores=self.route_scores[:, chosen],
            confidences=self.confidences[:, chosen],
            signal_values=self.signal_values[:, chosen],
            variants=self.variants[chosen],
        )

    def with_scores(self, scores: NDArray[np.float32]) -> Pool:
        """The pool in its order with other scores (n,)."""
        return replace(self, scores=np.asarray(scores, np.float32))

    def with_signal(self, name: str, values: NDArray[np.float32]) -> Pool:
        """The pool with one more row (n,) of what moved its products, told by `explain`."""
        return replace(
            self,
            signals=(*self.signals, name),
            signal_values=np.concatenate([self.signal_values, np.asarray(values, np.float32)[None]]),
        )

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

    def signals_at(self, position: int) -> dict[str, float]:
        """What moved the product at this position, by name."""
        values = ((name, _known(self.signal_values[row, position])) for row, name in enumerate(self.signals))
        return {name: value for name, value in values if value is not None}

    def confidence_at(self, position: int) -> float | None:
        """The surest route's confidence in the product at this position; None where no route of it is calibrated."""
        known = [
            value for row in range(len(self.routes)) if (value := _known(self.confidences[row, position])) is not None
        ]
        return max(known, default=None)


def plain_pool(products: NDArray[np.int64], **facts: Any) -> Pool:
    """A pool of these products (n,) in their order, with nothing known of routes or signals."""
    count = len(products)
    return Pool(
        products=products,
        images=np.zeros(count, np.int64),
        scores=np.zeros(count, np.float32),
        routes=(),
        ranks=np.zeros((0, count), np.int32),
        route_scores=np.zeros((0, count), np.float32),
        confidences=np.zeros((0, count), np.float32),
        signals=(),
        signal_values=np.zeros((0, count), np.float32),
        variants=np.ones(count, np.int32),
        **facts,
    )


def _known(value: np.float32) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def query_digest(query: Query) -> str:
    """What must be equal for two requests to read one pool: all that decides the order, and nothing about pages."""
    return hashlib.sha256(repr(_identity(query)).encode()).hexdigest()


def _identity(value: object) -> object:
    if is_dataclass(value):
        return [
            (one.name, _identity(getattr(value, one.name))) for one in fields(value) if one.name not in _NOT_IDENTITY
        ]
    return [_identity(one) for one in value] if isinstance(value, tuple) else value


def save(query: Query, pool: Pool) -> str:
    """Keep the pool and return its new search id. Without the cache the id is good for nothing but its own answer."""
    search_id = secrets.token_urlsafe(16)
    header = {
        "digest": query_digest(query),
        **{name: getattr(pool, name) for name in _HEADER_FIELDS},
        "understood": {**_plain(pool.understood), "filters": pool.understood.filters.to_json()},
        "n": len(pool),
        "m": len(pool.matched),
    }
    text = json.dumps(header).encode()
    packed = _HEADER.pack(len(text)) + text + b"".join(getattr(pool, name).tobytes() for name, _, _ in _ARRAYS)
    try:
        cache.set(_key(query, search_id), packed, settings.SEARCH_POOL_LIFETIME_S)
    except (RedisError, OSError) as error:
        warn_seldom(logger, "The pool of a search was not kept: %s", error)
    return search_id


def load(query: Query) -> Pool | None:
    """The pool of `query.search_id`, or None when it expired or the cache is down.

    Raises `InvalidQuery` when that id belongs to another query.
    """
    try:
        packed = cache.get(_key(query, query.search_id))
    except (RedisError, OSError) as error:
        warn_seldom(logger, "The pool of a search was not read: %s", error)
        return None
    metrics.POOLS.labels(metrics.hit_or_miss(packed is not None)).inc()
    if packed is None:
        return None
    start = _HEADER.size + _HEADER.unpack_from(packed)[0]
    header = json.loads(packed[_HEADER.size : start])
    if header["digest"] != query_digest(query):
        raise InvalidQuery(
            "search_id belongs to another query: leave it out, or repeat the query that it came from.",
            field="search_id",
        )
    return _unpacked(header, memoryview(packed)[start:])


# The arrays as they are packed, with the header's list that says how many rows each has ("" for one, "m" for its own length).
_ARRAYS: tuple[tuple[str, type[np.generic], str], ...] = (
    ("products", np.int64, ""),
    ("images", np.int64, ""),
    ("scores", np.float32, ""),
    ("ranks", np.int32, "routes"),
    ("route_scores", np.float32, "routes"),
    ("confidences", np.float32, "routes"),
    ("signal_values", np.float32, "signals"),
    ("variants", np.int32, ""),
    ("matched", np.int64, "m"),
)
_HEADER_FIELDS = (
    "routes",
    "signals",
    "found",
    "found_exact",
    "any_word",
    "degraded",
    "dropped",
    "index_version",
    "left_out",
    "notes",
    "facets",
)


def _plain(understood: Understood) -> dict[str, Any]:
    return {one.name: getattr(understood, one.name) for one in fields(understood)}


def _unpacked(header: dict[str, Any], data: memoryview) -> Pool:
    count, position = int(header["n"]), 0
    own = (int(header["m"]),)
    values: dict[str, Any] = {}
    for name, dtype, rows in _ARRAYS:
        shape = own if rows == "m" else (len(header[rows]), count) if rows else (count,)
        array = np.frombuffer(data, dtype=dtype, count=int(np.prod(shape)), offset=position)
        position += array.nbytes
        values[name] = array.reshape(shape)
    stated = header["understood"]
    understood = Understood(
        text=stated["text"],
        mode=Mode(stated["mode"]),
        filters=Filters.from_json(stated["filters"]),
        hidden=tuple(stated["hidden"]),
        pinned=tuple((product_id, place) for product_id, place in stated["pinned"]),
    )
    for name in _HEADER_FIELDS:
        values[name] = tuple(header[name]) if isinstance(header[name], list) else header[name]
    return Pool(**values, understood=understood)


def remember_start(query: Query, search_id: str, *, page: int, position: int) -> None:
    """Note where in the pool this page begins, so that products that vanish in between neither repeat nor skip others."""
    try:
        cache.set(_start_key(query, search_id, page), position, settings.SEARCH_POOL_LIFETIME_S)
    except (RedisError, OSError) as error:
        warn_seldom(logger, "The start of a page was not kept: %s", error)


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
    return f"pool5:{owner}"


def _start_key(query: Query, search_id: str, page: int) -> str:
    return f"{_key(query, search_id)}:{query.per_page}:{page}"
