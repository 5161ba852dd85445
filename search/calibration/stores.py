"""Calibrates a store: asks its own catalogue questions whose answers are known, fits every route, keeps the row."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.models import Product, ProductImage, Store
from search import lexical
from search.calibration.confidence import Calibration, forget_calibrations
from search.calibration.fitting import JudgedHits, RouteFit, fit_route
from search.calibration.off_topic import FITTING_TEXTS, off_topic_image
from search.calibration.samples import (
    Question,
    Sample,
    composed_questions,
    draw_sample,
    photo_questions,
    text_questions,
)
from search.evaluation.distortions import DISTORTIONS, distort
from search.images import decode_image
from search.models import IndexVersion, StoreCalibration
from search.vectors import unit
from search.versions import encoder_of, live_version

logger = logging.getLogger(__name__)

TEXTS, PHOTOS, COMPOSED, STRANGE_PHOTOS = 300, 200, 200, 60
# The best hits of each query are judged: what a first page or two shows.
JUDGED = 20
MIN_PRODUCTS = 60


class CalibrationFailed(Exception):
    """The store cannot be calibrated now; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class StoreFit:
    """What was fitted, by route; a route that had too little to fit is missing."""

    fingerprint: str
    products: int
    routes: dict[str, RouteFit]


def calibrate_store(store: Store, *, version: IndexVersion | None = None, seed: int = 0) -> StoreFit:
    """Fit the store's routes for the live (or the given) index and keep them.

    Raises `CalibrationFailed`, `IndexUnavailable`, `EncoderUnavailable`.
    """
    version = version or live_version()
    generator = random.Random(seed)
    sample = draw_sample(store, version, generator)
    if len(sample.products) < MIN_PRODUCTS:
        raise CalibrationFailed(
            f"{store} has {len(sample.products)} published products with a category and an indexed photo;"
            f" a calibration needs {MIN_PRODUCTS}."
        )
    fits = _fits(store, version, sample, generator)
    if not fits:
        raise CalibrationFailed(
            f"{store} has too few right answers to fit any route: its categories need several products each."
        )
    calibration = Calibration({name: fit.calibration for name, fit in fits.items()})
    StoreCalibration.objects.update_or_create(
        store=store,
        fingerprint=version.fingerprint,
        defaults={"routes": calibration.to_json(), "figures": {name: _figures(fit) for name, fit in fits.items()}},
    )
    forget_calibrations()
    return StoreFit(version.fingerprint, len(sample.products), fits)


def calibrate_missing() -> list[Store]:
    """Calibrate every store that has no row for the live index yet, where it can be; returns those that now have one."""
    version = live_version()
    known = StoreCalibration.objects.filter(fingerprint=version.fingerprint).values_list("store_id", flat=True)
    done = []
    for store in Store.objects.exclude(pk__in=known):
        try:
            calibrate_store(store, version=version)
        except CalibrationFailed as error:
            logger.info("Not calibrated: %s", error)
        else:
            done.append(store)
    return done


def _figures(fit: RouteFit) -> dict[str, Any]:
    figures = asdict(fit)
    del figures["calibration"]
    return {name: round(value, 4) for name, value in figures.items()}


def _fits(store: Store, version: IndexVersion, sample: Sample, generator: random.Random) -> dict[str, RouteFit]:
    encoder = encoder_of(version)
    texts = text_questions(sample, generator, limit=TEXTS)
    photos = photo_questions(sample, generator, limit=PHOTOS)
    composed = composed_questions(sample, generator, limit=COMPOSED)
    strange_texts = encoder.encode_texts(FITTING_TEXTS)
    rows = generator.sample(range(len(sample.products)), min(STRANGE_PHOTOS, len(sample.products)))
    strange_photos = encoder.encode_images([off_topic_image(p, i) for i, p in enumerate(_photos(sample, rows))])
    worded = encoder.encode_texts([question.text for question in texts])
    pictured = encoder.encode_images(_changed(_photos(sample, _rows(photos)), generator))
    both = unit(
        encoder.encode_images(_photos(sample, _rows(composed))) + encoder.encode_texts([q.text for q in composed])
    )
    strange_both = unit(strange_photos + strange_texts[np.arange(len(strange_photos)) % len(strange_texts)])
    fits = {
        "text": fit_route(_judged(sample, worded, texts), _judged(sample, strange_texts, None)),
        "image": fit_route(_judged(sample, pictured, photos), _judged(sample, strange_photos, None)),
        "composed": fit_route(_judged(sample, both, composed), _judged(sample, strange_both, None)),
        "lexical": fit_route(
            [_by_words(store, sample, question.text, question.right) for question in texts],
            [_by_words(store, sample, text, np.zeros(len(sample.products), bool)) for text in FITTING_TEXTS],
        ),
    }
    return {name: fit for name, fit in fits.items() if fit is not None}


def _rows(questions: Sequence[Question]) -> list[int]:
    return [question.photo_of for question in questions if question.photo_of is not None]


def _photos(sample: Sample, rows: Sequence[int]) -> list[Image.Image]:
    """The sampled products' photos, small; they are indexed, so they decode."""
    images = ProductImage.objects.in_bulk([sample.products[row].image_id for row in rows])
    photos = []
    for row in rows:
        with images[sample.products[row].image_id].file.open("rb") as file:
            photos.append(decode_image(file.read(), max_side=256))
    return photos


def _changed(photos: list[Image.Image], generator: random.Random) -> list[Image.Image]:
    names = list(DISTORTIONS)
    return [distort(photo, generator.choice(names), seed=i) for i, photo in enumerate(photos)]


def _judged(sample: Sample, vectors: NDArray[np.float32], questions: Sequence[Question] | None) -> list[JudgedHits]:
    """The best `JUDGED` of the sample for each query vector, by exact search; without questions all are wrong."""
    found = []
    for place, scores in enumerate(vectors @ sample.vectors.T):
        best = np.argsort(-scores, kind="stable")[:JUDGED]
        right = questions[place].right[best] if questions is not None else np.zeros(len(best), bool)
        found.append(JudgedHits(np.asarray(scores[best], np.float32), right, vectors[place]))
    return found


def _by_words(store: Store, sample: Sample, text: str, right: NDArray[np.bool_]) -> JudgedHits:
    """What the words route finds among the sampled products: all words, else at least half of them."""
    words = lexical.parse_words(text, store=store)
    rows = {product.product_id: row for row, product in enumerate(sample.products)}
    products = Product.objects.filter(pk__in=rows)
    hits = lexical.ranked(products, words, any_word=False, limit=JUDGED) or lexical.ranked(
        products, words, any_word=True, limit=JUDGED
    )
    scores = np.array([hit.score / max(1, len(words.units)) for hit in hits], np.float32)
    return JudgedHits(scores, right[[rows[hit.product_id] for hit in hits]] if hits else np.zeros(0, bool))
