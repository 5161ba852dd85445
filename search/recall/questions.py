"""What an index is measured with: queries as shoppers ask them, the catalogue's own filters at each selectivity, exact answers."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Count
from numpy.typing import NDArray

from catalog.models import Product, Store
from search import milvus
from search.errors import InvalidIndex
from search.filters import to_minor
from search.models import IndexEntry, IndexVersion
from search.query import RowFilter
from search.recall.buckets import LIMIT, SELECTIVITIES
from search.versions import encoder_of

# The length of noise added to a photo's unit vector: a cosine of 0.9 to it, as another photo of the thing.
NOISE = 0.5
# A list of ids that an engine still answers quickly.
MAX_IDS = 4_000
# A category or a brand stands for a selectivity when its share is within this factor of it.
NEAR = 2.0


@dataclass(frozen=True, slots=True)
class Questions:
    """Queries (n, dimension) under one filter. `share` of the collection's rows pass it, `nearest` has each query's images."""

    selectivity: float
    wanted: RowFilter
    share: float
    vectors: NDArray[np.float32]
    nearest: list[frozenset[int]]


def make_questions(
    version: IndexVersion,
    store: Store,
    *,
    amount: int,
    generator: random.Random,
    on_filter: Callable[[], None] = lambda: None,
) -> list[Questions]:
    """`amount` queries at each selectivity that the store has filters for, with exact answers.

    Reads every passing row of each filter. Raises `InvalidIndex` for a store without indexed photos, `IndexUnavailable` or
    `EncoderUnavailable`.
    """
    vectors = draw_vectors(version, store, amount, generator)
    total = milvus.count_rows(version.collection)
    made = []
    for selectivity in SELECTIVITIES:
        filters = draw_filters(store, selectivity, total=total, generator=generator)
        # Each filter gets its part of the queries, so that every selectivity is asked as often.
        for wanted, own in zip(filters, np.array_split(vectors, len(filters) or 1), strict=False):
            exact = milvus.scan_nearest(version.collection, own, wanted=wanted, limit=LIMIT)
            nearest = [frozenset(hit.image_id for hit in hits) for hits in exact.hits]
            if exact.rows:
                made.append(Questions(selectivity, wanted, exact.rows / max(1, total), own, nearest))
            on_filter()
    return made


def draw_vectors(version: IndexVersion, store: Store, amount: int, generator: random.Random) -> NDArray[np.float32]:
    """Unit vectors (amount, dimension): titles as words, and indexed photos with noise, in turn. Words lie elsewhere than
    photos do, and are the harder question for an index that was built of photos."""
    entries = IndexEntry.objects.filter(version=version, store_id=store.pk, error="", indexed_at__isnull=False)
    ids = list(entries.values_list("image_id", flat=True)[:100_000])
    known = milvus.read_vectors(version.collection, generator.sample(ids, min(amount, len(ids))))
    if not known:
        raise InvalidIndex(
            f"{version.collection} holds no photo of the store {store.slug!r}: run manage.py index first."
        )
    photos = np.stack([known[generator.choice(sorted(known))] for _ in range(amount - amount // 2)])
    chance = np.random.default_rng(generator.getrandbits(32))
    noise = chance.standard_normal(photos.shape).astype(np.float32)
    photos += NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    photos /= np.linalg.norm(photos, axis=1, keepdims=True)
    titles = list(Product.objects.filter(store=store, is_published=True).values_list("title", flat=True)[:100_000])
    drawn = [generator.choice(titles) for _ in range(amount // 2)] if titles else []
    words = encoder_of(version).encode_texts(drawn) if drawn else photos[:0]
    mixed = np.concatenate([photos, words])
    return np.asarray(mixed[chance.permutation(len(mixed))], np.float32)


def draw_filters(store: Store, selectivity: float, *, total: int, generator: random.Random) -> list[RowFilter]:
    """Filters that about this share of `total` rows pass: a range of prices (what passes has nothing to do with how it
    looks), and a category or a brand (what passes lies close together). None where the store has no such filter."""
    products = Product.objects.filter(store=store, is_published=True)
    count = products.count()
    own = _share(store, total)
    if selectivity >= 1.0 or not count or not own:
        return [RowFilter(store.pk)] if selectivity >= 1.0 else []
    wanted = max(1, round(selectivity / own * count))
    if wanted >= count:
        return []
    return [*_by_price(store, wanted, generator), *_by_group(store, wanted)][:2]


def _share(store: Store, total: int) -> float:
    """The share of the collection's rows that are this store's products, about."""
    photos = Product.objects.filter(store=store, is_published=True, images__kind="catalog").count()
    return min(1.0, photos / total) if total else 0.0


def _by_price(store: Store, wanted: int, generator: random.Random) -> Sequence[RowFilter]:
    """Somewhere in the order of prices, as many products as wanted; a list of products where they have no prices."""
    products = Product.objects.filter(store=store, is_published=True)
    rows = products.filter(price__isnull=False).order_by("price").values_list("price", flat=True)
    prices = [price for price in rows if price is not None]
    if len(prices) >= wanted and prices[0] != prices[-1]:
        start = generator.randrange(len(prices) - wanted + 1)
        low, high = prices[start], prices[start + wanted - 1]
        return [RowFilter(store.pk, price_min=to_minor(low, store), price_max=to_minor(high, store))]
    if wanted > MAX_IDS:
        return []
    drawn = generator.sample(list(products.values_list("pk", flat=True)), wanted)
    return [RowFilter(store.pk, product_ids=tuple(sorted(drawn)))]


def _by_group(store: Store, wanted: int) -> Sequence[RowFilter]:
    """The category or brand whose number of products is nearest to what is wanted."""
    products = Product.objects.filter(store=store, is_published=True)
    found: list[tuple[float, RowFilter]] = []
    for field in ("category_id", "brand_id"):
        groups = products.exclude(**{field: None}).order_by().values_list(field).annotate(n=Count("pk"))
        for pk, amount in groups:
            factor = max(amount / wanted, wanted / amount)
            if factor <= NEAR:
                is_category = field == "category_id"
                one = RowFilter(store.pk, category_ids=(pk,)) if is_category else RowFilter(store.pk, brand_ids=(pk,))
                found.append((factor, one))
    return [min(found, key=lambda pair: pair[0])[1]] if found else []
