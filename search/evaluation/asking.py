"""Asks a set's queries of `search.retrieval.search`, which the API calls too, and keeps the ranked skus."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from django.core.files.storage import default_storage
from PIL import Image

from catalog.models import Product, Store
from catalog.models.product import ImageKind
from search.choices import Mode
from search.encoder import Encoder, get_encoder
from search.errors import EncoderUnavailable, IndexUnavailable, InvalidImage, InvalidQuery
from search.evaluation.attacks import attacked
from search.evaluation.distortions import distort
from search.evaluation.sets import InvalidQuerySet, JudgedQuery, JudgedSet
from search.images import decode_image
from search.models import IndexVersion
from search.query import Query
from search.query_images import MAX_SIDE
from search.result import Result
from search.retrieval import search

DEFAULT_DEPTH = 100
# Nobody waits for an evaluation; a route that ran out of time would be a wrong figure.
DEADLINE_MS = 120_000
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Setup:
    """One way to search: an index version, fields of `Query` that are set for all queries, and what befalls their photos."""

    name: str
    version: IndexVersion
    fields: Mapping[str, Any] = field(default_factory=dict)
    attack: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one query found: skus and the ids of the photos that matched (0 for words), best first."""

    query: JudgedQuery
    skus: tuple[str, ...]
    image_ids: tuple[int, ...]
    took_ms: float


@dataclass(frozen=True, slots=True)
class Run:
    """All answers of one setup to one set, in the set's order. `depth` is how many hits were asked for."""

    setup: Setup
    judged: JudgedSet
    answers: tuple[Answer, ...]
    depth: int


def ask(
    store: Store,
    judged: JudgedSet,
    setup: Setup,
    *,
    depth: int = DEFAULT_DEPTH,
    on_answer: Callable[[], None] = lambda: None,
) -> Run:
    """Ask every query of the set for its `depth` best products.

    Raises `InvalidQuerySet` for a query that this store cannot be asked, and whatever `search` raises. An answer that
    lacks a route because a part is down raises `InvalidQuerySet` too: its figures would be another search's.
    """
    answers = []
    for query in judged.queries:
        asked = query_for(store, judged, query, fields=setup.fields, depth=depth)
        if setup.attack and asked.image is not None:
            asked = _under_attack(asked, setup, seed=query.id)
        started = perf_counter()
        try:
            result = whole_answer(asked, setup.version)
        except InvalidQuery as error:
            raise InvalidQuerySet(f"{judged.name}, query {query.id!r}: {error.message}") from error
        took_ms = (perf_counter() - started) * 1000
        if result.degraded:
            raise InvalidQuerySet(
                f"{judged.name}, query {query.id!r}: answered without {', '.join(result.degraded)}, which is down."
                " Start it and evaluate again."
            )
        answers.append(_answer(query, result, took_ms))
        on_answer()
    return Run(setup, judged, tuple(answers), depth)


def _under_attack(query: Query, setup: Setup, *, seed: str) -> Query:
    encoder = get_encoder(setup.version.encoder)
    if not isinstance(encoder, Encoder):
        raise InvalidQuerySet("An attack needs the encoder's gradients: evaluate with ENCODER_BACKEND=torch.")
    assert query.image is not None  # noqa: S101  (the caller looked)
    image = attacked(query.image, setup.attack, encoder=encoder, seed=int(_digest_of(seed), 16))
    return replace(query, image=image, image_digest=_digest(image))


def whole_answer(query: Query, version: IndexVersion) -> Result:
    """The answer, asked again where a part did not answer in a shopper's time: a busy machine is no fault of the search."""
    for _ in range(ATTEMPTS - 1):
        try:
            result = search(query, version=version, is_kept=False)
        except (IndexUnavailable, EncoderUnavailable):
            continue
        if not result.degraded:
            return result
    return search(query, version=version, is_kept=False)


def _answer(query: JudgedQuery, result: Result, took_ms: float) -> Answer:
    return Answer(
        query,
        tuple(hit.product.sku for hit in result.hits),
        tuple(hit.matched_image_id or 0 for hit in result.hits),
        took_ms,
    )


def query_for(store: Store, judged: JudgedSet, query: JudgedQuery, *, fields: Mapping[str, Any], depth: int) -> Query:
    """The `Query` that the API would build for this judged query, on one long page."""
    image = photo_for(store, judged, query) if query.photo_of or query.image else None
    asked = Query(
        store.pk,
        text=query.text,
        image=image,
        image_digest=_digest(image) if image else "",
        product_id=_product(store, judged, query).pk if query.product else None,
        text_weight=query.text_weight,
        image_weight=query.image_weight,
        mode=Mode(query.mode) if query.mode else _mode(query),
        filters=query.filters,
        per_page=depth,
        deadline_ms=DEADLINE_MS,
        suggests=False,
    )
    # A mode of words alone is no mode for a photo: it is set where it can be.
    settable = {name: value for name, value in fields.items() if name != "mode" or not query.has_photo}
    return replace(asked, **settable)


def _mode(query: JudgedQuery) -> Mode:
    if query.has_photo:
        return Mode.COMPOSED if query.text else Mode.IMAGE
    return Mode.WORDS if query.text else Mode.BROWSE


def photo_for(store: Store, judged: JudgedSet, query: JudgedQuery) -> Image.Image:
    """The pixels that the query shows: decoded as the API does, distorted, then cut to its region.

    Raises `InvalidQuerySet` where there are none.
    """
    try:
        data = _read(judged.folder, query.image) if query.image else _photo_bytes(_product(store, judged, query))
        image = decode_image(data, max_side=MAX_SIDE)
    except (OSError, InvalidImage) as error:
        named = query.image or f"of {query.photo_of}"
        raise InvalidQuerySet(
            f"{judged.name}, query {query.id!r}: the photo {named} is not readable: {error}"
        ) from error
    if query.distortion:
        image = distort(image, query.distortion, seed=query.seed)
    if query.region:
        left, top, right, bottom = query.region
        width, height = image.size
        image = image.crop((int(left * width), int(top * height), round(right * width), round(bottom * height)))
    return image


def _read(folder: Path | None, name: str) -> bytes:
    if folder is not None:
        return (folder / name).read_bytes()
    with default_storage.open(name) as file:
        return bytes(file.read())


def _product(store: Store, judged: JudgedSet, query: JudgedQuery) -> Product:
    sku = query.product or query.photo_of
    product = Product.objects.filter(store=store, sku=sku).first()
    if product is None:
        raise InvalidQuerySet(
            f"{judged.name}, query {query.id!r}: the store {store.slug} has no product {sku!r}."
            " Build the set from this store (manage.py build_query_set), or name another --store."
        )
    return product


def _photo_bytes(product: Product) -> bytes:
    photo = product.images.filter(kind=ImageKind.CATALOG).exclude(file="").first()
    if photo is None:
        raise FileNotFoundError("the product has no catalogue photo")
    with photo.file.open("rb") as file:
        return bytes(file.read())


def _digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _digest(image: Image.Image) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()


def missing_skus(store: Store, judged: Sequence[JudgedSet]) -> list[str]:
    """The skus that are judged right but that the store does not publish: they can never be found."""
    wanted = {sku for one in judged for query in one.queries for sku, gain in query.judgments.items() if gain > 0}
    known: set[str] = set()
    listed = sorted(wanted)
    for start in range(0, len(listed), 5000):
        rows = Product.objects.filter(store=store, is_published=True, sku__in=listed[start : start + 5000])
        known.update(rows.values_list("sku", flat=True))
    return sorted(wanted - known)
