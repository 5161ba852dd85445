"""A store's published products as columns of numbers in this process' memory: what facets, filters and boosts are counted by.

A copy is kept under the store's stamp of products, read before it: none is older than the request that uses it. A stamp is
worth a copy when it is asked for a second time, so a catalogue that changes with every request is counted in Postgres
(`search.facets.statement`), and so is one that is too large.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from search.facets.records import term_of
from search.id_lists import PACKED, unpacked
from search.query import Filters, RowFilter

# Of all stores together; 41,000 products take 5 MB and are read in 0.1 s.
MAX_PRODUCTS = 500_000
# A store whose products change is read again no sooner than this many times what the last reading took.
PAUSE_FACTOR = 10.0
TOO_LARGE_PAUSE_S = 60.0
NO_ID = 0
NO_PRICE = int(np.iinfo(np.int64).min)
# Above every price and far inside an int64.
_MOST = 2**62
_MILLI_DIGITS = 3
FIELDS = frozenset({"category", "brand", "price", "in_stock"})
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]

_READ = f"""
WITH facts AS MATERIALIZED (
    SELECT f.product_id, coalesce(f.category_id, {NO_ID}) AS category, coalesce(f.brand_id, {NO_ID}) AS brand,
        coalesce(f.price_milli, {NO_PRICE}) AS price, f.is_in_stock::int::bigint AS stock, f.terms,
        (extract(epoch FROM product.created_at) * 1000000)::bigint AS created
    FROM search_productfacts f JOIN catalog_product product ON product.id = f.product_id
    WHERE f.store_id = %s AND f.is_published
)
SELECT NOT EXISTS (
        SELECT FROM search_productfacts other WHERE other.store_id <> %s
        AND other.product_id BETWEEN (SELECT min(product_id) FROM facts) AND (SELECT max(product_id) FROM facts)
    ),
    {", ".join(PACKED.format(column=name) for name in ("product_id", "category", "brand", "price", "stock", "created"))},
    (SELECT {PACKED.format(column="product_id")} FROM facts CROSS JOIN LATERAL unnest(terms) AS term),
    (SELECT {PACKED.format(column="term")} FROM facts CROSS JOIN LATERAL unnest(terms) AS term)
FROM facts
"""  # noqa: S608  (nothing but our own names)


@dataclass(frozen=True, slots=True)
class Columns:
    """The published products (n,) by ascending id, each with its numbers: `NO_ID` and `NO_PRICE` where it has none.

    `prices` are in thousandths, `created` in microseconds. Term number `terms[i]` (ascending) of `vocabulary` (ascending) is
    one of the product at place `owners[i]`; those of number `t` are from `starts[t]` to before `starts[t + 1]`. `is_alone` says
    that no other store has a product with an id between the first and the last.
    """

    products: IntArray
    categories: IntArray
    brands: IntArray
    prices: IntArray
    in_stock: Mask
    created: IntArray
    owners: IntArray
    terms: IntArray
    vocabulary: IntArray
    starts: IntArray
    is_alone: bool

    def __len__(self) -> int:
        return len(self.products)

    def places(self, ids: Iterable[int] | IntArray) -> tuple[IntArray, Mask]:
        """For each id its place, and whether it is here at all (m,); the place of what is not means nothing."""
        asked = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids), np.int64)
        if not len(self):
            return np.zeros(len(asked), np.int64), np.zeros(len(asked), np.bool_)
        places = np.minimum(np.searchsorted(self.products, asked), len(self) - 1)
        return places, self.products[places] == asked

    def among(self, ids: Iterable[int] | IntArray) -> Mask:
        """Which products (n,) are one of these."""
        places, is_here = self.places(ids)
        chosen = np.zeros(len(self), np.bool_)
        chosen[places[is_here]] = True
        return chosen

    def having(self, terms: Iterable[int]) -> Mask:
        """Which products (n,) have any of these terms."""
        chosen = np.zeros(len(self), np.bool_)
        for term in terms:
            place = int(np.searchsorted(self.vocabulary, term))
            if place < len(self.vocabulary) and self.vocabulary[place] == term:
                chosen[self.owners[self.starts[place] : self.starts[place + 1]]] = True
        return chosen

    def passing(self, filters: Filters, wanted: RowFilter, *, minor_unit_digits: int) -> Mask:
        """Which products (n,) pass the filters, `wanted` being what they resolve to. Colours are not known here."""
        chosen = np.ones(len(self), np.bool_)
        if wanted.category_ids is not None:
            chosen &= np.isin(self.categories, np.array(wanted.category_ids, np.int64))
        if wanted.brand_ids is not None:
            chosen &= np.isin(self.brands, np.array(wanted.brand_ids, np.int64))
        scale = 10 ** (_MILLI_DIGITS - minor_unit_digits)
        if wanted.price_min is not None or wanted.price_max is not None:
            chosen &= self.prices != NO_PRICE
        if wanted.price_min is not None:
            chosen &= self.prices >= bounded(wanted.price_min * scale)
        if wanted.price_max is not None:
            chosen &= self.prices <= bounded(wanted.price_max * scale)
        if wanted.in_stock is not None:
            chosen &= self.in_stock == wanted.in_stock
        for code, names in filters.attributes:
            chosen &= self.having(term_of(code, name) for name in names)
        return chosen


def bounded(amount: int) -> int:
    """The amount within what the columns can be compared with; no price reaches the bounds."""
    return max(-_MOST, min(_MOST, amount))


def are_columns_enough(filters: Filters) -> bool:
    """Whether these filters ask for nothing but what columns know."""
    return not filters.fields - FIELDS - {code for code, _ in filters.attributes}


def read_columns_of(store_id: int) -> Columns:
    """The store's columns as they are now, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [store_id, store_id])
        is_alone, *packed = cursor.fetchone()
    products, categories, brands, prices, stock, created, owners, terms = map(unpacked, packed)
    order = np.argsort(products)
    products = products[order]
    vocabulary, numbers = np.unique(terms, return_inverse=True)
    by_term = np.argsort(numbers, kind="stable")
    return Columns(
        products=products,
        categories=categories[order],
        brands=brands[order],
        prices=prices[order],
        in_stock=stock[order].astype(np.bool_),
        created=created[order],
        owners=np.searchsorted(products, owners)[by_term].astype(np.int64),
        terms=numbers[by_term].astype(np.int64),
        vocabulary=vocabulary,
        is_alone=is_alone,
        starts=np.searchsorted(numbers[by_term], np.arange(len(vocabulary) + 1)).astype(np.int64),
    )


@dataclass(slots=True)
class _Kept:
    """What is known of a store: the stamp that was asked for last, and the copy with its own stamp."""

    asked: int | None = None
    stamp: int | None = None
    columns: Columns | None = None
    # On the monotonic clock: not read again before.
    pause_until: float = 0.0


class KeptColumns:
    """The copies of a process, the longest unused going first. A thread that would wait for another's reading has none."""

    def __init__(self, size: int = MAX_PRODUCTS) -> None:
        self._size = size
        self._stores: OrderedDict[int, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._reading = threading.Lock()

    def of(self, store_id: int, stamp: int) -> Columns | None:
        """The store's columns under this stamp of its products, or None: Postgres has to be asked then."""
        with self._lock:
            kept = self._stores.setdefault(store_id, _Kept())
            self._stores.move_to_end(store_id)
            if kept.columns is not None and kept.stamp == stamp:
                return kept.columns
            is_first = kept.asked != stamp
            kept.asked = stamp
        if is_first or monotonic() < kept.pause_until or not self._reading.acquire(blocking=False):
            return None
        try:
            return self._read(store_id, stamp, kept)
        finally:
            self._reading.release()

    def _read(self, store_id: int, stamp: int, kept: _Kept) -> Columns | None:
        started = monotonic()
        if _count(store_id) > self._size:
            kept.pause_until = started + TOO_LARGE_PAUSE_S
            return None
        columns = read_columns_of(store_id)
        kept.pause_until = monotonic() + PAUSE_FACTOR * (monotonic() - started)
        with self._lock:
            kept.stamp, kept.columns = stamp, columns
            self._make_room()
        return columns

    def _make_room(self) -> None:
        held = sum(len(kept.columns) for kept in self._stores.values() if kept.columns is not None)
        while held > self._size:
            _, gone = self._stores.popitem(last=False)
            held -= len(gone.columns) if gone.columns is not None else 0


def _count(store_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM search_productfacts WHERE store_id = %s AND is_published", [store_id])
        found: int = cursor.fetchone()[0]
    return found


COLUMNS = KeptColumns()
