"""From the parts of a query to the vectors that are searched, and from products to the vectors that the index holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image

from catalog.models import Product, ProductImage
from catalog.models.product import ImageKind
from search import milvus, query_cache
from search.choices import Match, Mode
from search.errors import InvalidQuery
from search.models import IndexVersion
from search.photo_care import photo_views
from search.query import Part, Query
from search.versions import encoder_of
from search.words.syntax import meant

# Images of one product that stand for it in "more like this": a product rarely looks like more than four things.
MAX_PRODUCT_VECTORS = 4
# What pushes away may weigh this much of what is asked for, whatever the weights say: a query that is mostly a "not" is
# near to nothing in particular. Rocchio's gamma is customarily a fifth of beta (Manning et al. 2008, 9.1.1 has 0.15 / 0.75).
MAX_PUSH = 0.75


@dataclass(frozen=True, slots=True)
class VectorQuery:
    """What is asked of Milvus. Each group (n, dimension) holds unit rows that are alternatives for one part of the query.

    `name` is the route's: `text`, `image` or `composed`. `weights` go with the groups and are positive. `fingerprint` is that
    of the encoder whose space the rows lie in: no index of another one may be asked.
    """

    name: str
    groups: tuple[NDArray[np.float32], ...]
    weights: tuple[float, ...]
    fingerprint: str
    match: Match = Match.ANY

    @property
    def vectors(self) -> NDArray[np.float32]:
        """All rows of all groups."""
        return np.concatenate(self.groups)


def query_vectors(query: Query, version: IndexVersion) -> VectorQuery:
    """The vectors of a query: one group for each photo or product that it asks for, moved by its words and by what it
    pushes away; words alone are one group.

    With words and a photo the vector is the weighted sum of both: its inner product with a product's vector is the
    weighted sum of the two similarities, so one search ranks the whole collection by both.
    Raises `InvalidQuery` where nothing is asked for, or the parts cancel out.
    """
    wanted = [part for part in query.parts if part.weight > 0]
    photos = [part for part in wanted if part.is_visual]
    texts = [part for part in wanted if part.text]
    if not (photos or texts):
        raise InvalidQuery("Nothing is asked for: give a part with a weight above 0.", field="parts")
    nothing = np.zeros((1, version.dimension), np.float32)
    pulled, pushed = nothing.copy(), nothing.copy()
    for part in texts:
        pulled += part.weight * _rows(part, version, store_id=query.store_id)
    for weight, rows in _pushing(query, version):
        pushed -= weight * unit(rows.mean(axis=0, keepdims=True))
    if not photos:
        return VectorQuery("text", (_composed(pulled, pushed),), (1.0,), version.fingerprint)
    groups = tuple(
        _composed(part.weight * _rows(part, version, store_id=query.store_id) + pulled, pushed) for part in photos
    )
    weights = tuple(part.weight for part in photos)
    name = "composed" if texts else "image"
    return VectorQuery(name, groups, weights, version.fingerprint, query.match)


def _pushing(query: Query, version: IndexVersion) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """The weights (below 0) and unit rows of what the query pushes away. Products are read all at once; one without an
    indexed photo pushes nothing, and is left out of the answer all the same."""
    unlike: dict[int, float] = {}
    for part in query.parts:
        if part.weight < 0 and part.product_id is not None:
            unlike[part.product_id] = unlike.get(part.product_id, 0.0) + part.weight
        elif part.weight < 0:
            yield part.weight, _rows(part, version, store_id=query.store_id)
    if unlike:
        own = Product.objects.filter(store_id=query.store_id, pk__in=unlike).values_list("pk", flat=True)
        products, _, rows = product_vectors(version, list(own))
        for product_id in np.unique(products).tolist():
            yield unlike[product_id], rows[products == product_id][:MAX_PRODUCT_VECTORS]


def part_vectors(query: Query, version: IndexVersion) -> dict[int, NDArray[np.float32]]:
    """By the place of each part of the query its own unit rows (n, dimension), which `query_vectors` weighs together.

    A product without an indexed photo has none.
    """
    rows: dict[int, NDArray[np.float32]] = {}
    for place, part in enumerate(query.parts):
        try:
            rows[place] = _rows(part, version, store_id=query.store_id)
        except InvalidQuery:
            continue
    return rows


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows scaled to length 1; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def product_vectors(
    version: IndexVersion, product_ids: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The products' indexed catalogue photos, in order of product and image: products (n,), images (n,), unit rows (n, d)."""
    pairs = list(
        ProductImage.objects.filter(product_id__in=product_ids, kind=ImageKind.CATALOG)
        .order_by("product_id", "pk")
        .values_list("product_id", "pk")
    )
    known = milvus.read_vectors(version.collection, [image_id for _, image_id in pairs], is_strong=False)
    held = [(product_id, image_id) for product_id, image_id in pairs if image_id in known]
    rows = [known[image_id] for _, image_id in held]
    return (
        np.array([product_id for product_id, _ in held], np.int64),
        np.array([image_id for _, image_id in held], np.int64),
        np.stack(rows) if rows else np.zeros((0, version.dimension), np.float32),
    )


def _composed(wanted: NDArray[np.float32], pushed: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit rows of `wanted` (n, d) minus `pushed` (1, d), which is shortened to `MAX_PUSH` of each row's length."""
    lengths = np.linalg.norm(wanted, axis=1, keepdims=True)
    push = float(np.linalg.norm(pushed))
    if push == 0.0:
        return unit(wanted)
    return unit(wanted - pushed * np.minimum(1.0, MAX_PUSH * lengths / push))


def encoder_inputs(queries: Iterable[Query]) -> tuple[list[str], list[Image.Image]]:
    """The texts and photos that these queries need vectors of, as `query_vectors` will ask for them."""
    parts = [
        part
        for query in queries
        if query.mode not in (Mode.BROWSE, Mode.LEXICAL)
        for part in query.parts
        if part.weight
    ]
    texts = [part.text for part in parts if part.text]
    return texts, [view for part in parts if part.image is not None for view in _views(part.image)]


def _views(photo: Image.Image) -> list[Image.Image]:
    return list(photo_views(photo, crops=settings.QUERY_PHOTO_CROPS, is_cut=settings.QUERY_PHOTO_CUT))


def _rows(part: Part, version: IndexVersion, *, store_id: int) -> NDArray[np.float32]:
    """Unit rows (n, dimension): the words, the views of a photo, or the indexed photos of a product of the store."""
    if part.text:
        return query_cache.text_vector(encoder_of(version), meant(part.text))
    if part.image is not None:
        encoder = encoder_of(version)
        return np.concatenate([query_cache.photo_vector(encoder, view) for view in _views(part.image)])
    ids = list(
        ProductImage.objects.filter(
            product_id=part.product_id or 0, product__store_id=store_id, kind=ImageKind.CATALOG
        ).values_list("pk", flat=True)[:MAX_PRODUCT_VECTORS]
    )
    known = milvus.read_vectors(version.collection, ids, is_strong=False) if ids else {}
    if not known:
        raise InvalidQuery(
            "This product has no indexed catalogue photo yet: give it one, or try again in a moment.", field="image"
        )
    return np.stack([known[image_id] for image_id in ids if image_id in known])
