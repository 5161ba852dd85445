"""The pool of a search: its ordered products, kept in the cache for some minutes so that later pages read the same list."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from django.conf import settings
from django.core.cache import cache
from numpy.typing import NDArray
from redis.exceptions import RedisError

from search.choices import Mode
from search.errors import InvalidQuery
from search.identity import query_digest
from search.query import Filters, Query
from search.result import RouteScore
from search.seldom import warn_seldom
from search.words import packing
from search.words.reading import NO_WORDS, Words
from telemetry import metrics

logger = logging.getLogger(__name__)
_HEADER = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Understood:
    """What the query was taken to mean, kept so that every page reads it the same: the words and filters that were searched,
    the products that no route may return, and (product id, 1-based place) of those that were put somewhere."""

    text: str = ""
    mode: Mode = Mode.BROWSE
    filters: Filters = field(default_factory=Filters)
    hidden: tuple[int, ...] = ()
    pinned: tuple[tuple[int, int], ...] = ()
    words: Words = NO_WORDS
    # Texts in the words that are encoded for them.
    canonical: tuple[tuple[str, str], ...] = ()


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


@dataclass(frozen=True, slots=True)
class Starts:
    """Where in its pool the asked page begins, and the one after it; None where they begin where their numbers say."""

    asked: int | None = None
    following: int | None = None


NO_STARTS = Starts()


def new_search_id() -> str:
    """Without the cache an id is good for nothing but its own answer."""
    return secrets.token_urlsafe(16)


def keep(query: Query, search_id: str, pool: Pool | None, *, starts: Starts, next_start: int | None) -> None:
    """Keep the pool, where it is a new one, and where in it the query's next page begins, so that products that vanish in
    between neither repeat nor skip others: where that is not where `starts`, or its number, says it does."""
    kept: dict[str, Any] = {} if pool is None else {_key(query, search_id): _packed(query, pool)}
    known = query.page * query.per_page if starts.following is None else starts.following
    if next_start not in (None, known):
        kept[_start_key(query, search_id, query.page + 1)] = next_start
    if not kept:
        return
    try:
        cache.set_many(kept, settings.SEARCH_POOL_LIFETIME_S)
    except (RedisError, OSError) as error:
        warn_seldom(logger, "The pool of a search was not kept: %s", error)


def _packed(query: Query, pool: Pool) -> bytes:
    header = {
        "digest": query_digest(query),
        **{name: getattr(pool, name) for name in _HEADER_FIELDS},
        "understood": _plain(pool.understood),
        "n": len(pool),
        "m": len(pool.matched),
    }
    text = json.dumps(header).encode()
    return _HEADER.pack(len(text)) + text + b"".join(getattr(pool, name).tobytes() for name, _, _ in _ARRAYS)


def load(query: Query) -> tuple[Pool | None, Starts]:
    """The pool of `query.search_id`, or None when it expired or the cache is down; and what is known of its pages' starts.
    Raises `InvalidQuery` when that id belongs to another query."""
    try:
        keys = [_start_key(query, query.search_id, page) for page in (query.page, query.page + 1)]
        found = cache.get_many([_key(query, query.search_id), *keys])
    except (RedisError, OSError) as error:
        warn_seldom(logger, "The pool of a search was not read: %s", error)
        return None, NO_STARTS
    packed = found.get(_key(query, query.search_id))
    metrics.POOLS.labels(metrics.hit_or_miss(packed is not None)).inc()
    if packed is None:
        return None, NO_STARTS
    size = _HEADER.unpack_from(packed)[0]
    begin = _HEADER.size + size
    header = json.loads(packed[_HEADER.size : begin])
    if header["digest"] != query_digest(query):
        raise InvalidQuery(
            "search_id belongs to another query: leave it out, or repeat the query that it came from.",
            field="search_id",
        )
    return _unpacked(header, memoryview(packed)[begin:]), Starts(*map(found.get, keys))


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
    stated = {one.name: getattr(understood, one.name) for one in fields(understood)}
    return {**stated, "filters": understood.filters.to_json(), "words": packing.to_json(understood.words)}


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
        words=packing.from_json(stated["words"]),
        canonical=tuple((text, encoded) for text, encoded in stated["canonical"]),
    )
    for name in _HEADER_FIELDS:
        values[name] = tuple(header[name]) if isinstance(header[name], list) else header[name]
    return Pool(**values, understood=understood)


def _key(query: Query, search_id: str) -> str:
    """Bound to store and key, so that another store's (or key's) search id finds nothing."""
    owner = hashlib.sha256(f"{query.store_id}|{query.owner}|{search_id}".encode()).hexdigest()
    # The number is the packing's: a pool that an older release packed is not read.
    return f"pool6:{owner}"


def _start_key(query: Query, search_id: str, page: int) -> str:
    return f"{_key(query, search_id)}:{query.per_page}:{page}"
