"""Near-duplicates of a store: products whose first photos are one picture in other bytes. Found by a task, kept as rows.

Two photos are twins if their vectors and their perceptual hashes both say so: the vector alone takes two shirts of one
cut for the same, the hash alone two white sheets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from catalog.models import Product, ProductImage, Store
from search.attributes.photos import Photographed, photographed
from search.errors import InvalidImage
from search.images import decode_image
from search.models import IndexVersion
from search.ranking.records import ProductTwin
from search.versions import live_version

# Measured on the fashion set (docs/evaluation.md, "Near-duplicates").
MIN_COSINE = 0.98
MAX_DISTANCE = 4
HASH_SIDE = 8
# A hash needs no more than 9 by 8 pixels; JPEGs are decoded near that.
DECODED_SIDE = 64
BLOCK = 2048

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TwinReport:
    """How many products were compared, and how many have a twin in how many groups."""

    products: int
    twins: int
    groups: int


def refresh_twins(store: Store, *, version: IndexVersion | None = None) -> TwinReport:
    """Find the store's near-duplicates anew and keep them. Raises `IndexUnavailable`."""
    rows = [row for page in photographed(store, version or live_version()) for row in page]
    pairs = twin_pairs(rows)
    groups = _components(pairs, count=len(rows))
    families = _components(np.concatenate([pairs, _style_pairs(rows)]), count=len(rows))
    is_twin = np.bincount(groups, minlength=len(rows))[groups] > 1 if len(rows) else np.zeros(0, bool)
    concerned = np.isin(families, families[is_twin])
    ids = np.array([row.product_id for row in rows], np.int64)
    group_of, family_of = _lowest(ids, groups), _lowest(ids, families)
    kept = [
        ProductTwin(
            product_id=int(ids[place]),
            group=int(group_of[place]) if is_twin[place] else None,
            family=int(family_of[place]),
        )
        for place in np.flatnonzero(concerned)
    ]
    with transaction.atomic():
        ProductTwin.objects.filter(product__store=store).delete()
        # A product may be gone since it was read.
        alive = set(Product.objects.filter(pk__in=[row.product_id for row in kept]).values_list("pk", flat=True))
        ProductTwin.objects.bulk_create([row for row in kept if row.product_id in alive], batch_size=5000)
    return TwinReport(len(rows), int(is_twin.sum()), len(np.unique(groups[is_twin])))


def refresh_all_twins() -> None:
    """The same for every store. Raises `IndexUnavailable`."""
    version = live_version()
    for store in Store.objects.all():
        refresh_twins(store, version=version)


def twin_pairs(rows: Sequence[Photographed]) -> IntArray:
    """The pairs (n, 2) of places whose photos are one picture; equal bytes are twins without looking."""
    close = close_pairs(np.stack([row.vector for row in rows])) if rows else np.zeros((0, 2), np.int64)
    hashes = _hashes([rows[place] for place in np.unique(close)])
    same = [
        rows[first].sha256 == rows[second].sha256
        or _distance(hashes.get(rows[first].image_id), hashes.get(rows[second].image_id)) <= MAX_DISTANCE
        for first, second in close.tolist()
    ]
    return close[np.array(same, bool)] if len(close) else close


def close_pairs(vectors: NDArray[np.float32]) -> IntArray:
    """The pairs (n, 2) of unit rows with a cosine of at least `MIN_COSINE`, the lower place first; in blocks."""
    found = []
    for start in range(0, len(vectors), BLOCK):
        first, second = np.nonzero(vectors[start : start + BLOCK] @ vectors[start:].T >= MIN_COSINE)
        is_above = second > first
        found.append(np.stack([first[is_above], second[is_above]], axis=1) + start)
    return np.concatenate(found).astype(np.int64) if found else np.zeros((0, 2), np.int64)


def difference_hash(image: Image.Image) -> int:
    """64 bits: whether each of 8 x 8 cells is brighter than its left neighbour (dHash, Krawetz 2013)."""
    small = image.convert("L").resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.LANCZOS)
    grey = np.asarray(small, np.int16)
    return int.from_bytes(np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes(), "big")


def _hashes(rows: Sequence[Photographed]) -> dict[int, int]:
    """The hash of each photo that can be read, by image id."""
    found = {}
    for photo in ProductImage.objects.filter(pk__in=[row.image_id for row in rows]).iterator(chunk_size=1000):
        try:
            with photo.file.open("rb") as file:
                found[photo.pk] = difference_hash(decode_image(file.read(), max_side=DECODED_SIDE))
        except (OSError, InvalidImage):
            continue
    return found


def _distance(first: int | None, second: int | None) -> int:
    """How many bits differ; all of them where a photo could not be read."""
    return HASH_SIDE * HASH_SIDE if first is None or second is None else (first ^ second).bit_count()


def _style_pairs(rows: Sequence[Photographed]) -> IntArray:
    """Each variant with the first of its style."""
    first: dict[str, int] = {}
    pairs = [(first.setdefault(row.style_code, place), place) for place, row in enumerate(rows) if row.style_code]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _lowest(ids: IntArray, labels: IntArray) -> IntArray:
    """For each place (n,) the lowest id among those with its label."""
    lowest = np.full(len(ids), np.iinfo(np.int64).max)
    np.minimum.at(lowest, labels, ids)
    return lowest[labels]


def _components(pairs: IntArray, *, count: int) -> IntArray:
    """The number (count,) of the component that each place belongs to."""
    if not count:
        return np.zeros(0, np.int64)
    links = coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)
