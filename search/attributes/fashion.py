"""The same fit and figures on the fashion set's files: learned from its training ids, measured on those held out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from PIL.Image import Image

from search.attributes.calibration import FloatArray
from search.attributes.fitting import Examples, Figures, fit, fold_of, measure
from search.attributes.prompts import prompt_vectors
from search.encoder import Encoder
from search.training.data import Sample, open_photos, read_fashion

logger = logging.getLogger(__name__)

# The set's own names of its columns -> the field that `read_fashion` puts them in.
FIELDS = {"articleType": "kind", "baseColour": "color", "gender": "gender", "season": "season", "usage": "usage"}
# A value with fewer training products than this is no part of a store's vocabulary yet.
MIN_IN_VOCABULARY = 5
BATCH = 256


def fashion_figures(
    archive: Path, *, encoder: Encoder, precision: float, cache: Path | None = None
) -> dict[str, Figures]:
    """Figures by attribute, on held-out products. With `cache` the photos' vectors are kept in that folder."""
    samples, vectors = read_vectors(archive, encoder=encoder, cache=cache)
    found = {}
    for name, field in FIELDS.items():
        vocabulary, known, unseen = labelled(field, samples, vectors)
        logger.info("fitting %s: %d values", name, len(vocabulary))
        prompts = prompt_vectors(encoder, name, vocabulary)
        fitted, _ = fit(known, value_ids=range(len(vocabulary)), prompts=prompts, precision=precision)
        found[name] = measure(fitted, unseen)
    return found


def read_vectors(archive: Path, *, encoder: Encoder, cache: Path | None = None) -> tuple[list[Sample], FloatArray]:
    """The products, one photo each, and a unit row for each photo, from the cache where this encoder filled it."""
    samples = list({sample.key: sample for sample in reversed(read_fashion(archive))}.values())
    path = cache / f"fashion-{encoder.fingerprint}-{len(samples)}.npy" if cache else None
    if path is not None and path.exists():
        return samples, np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
    photos = open_photos(samples)
    vectors = np.concatenate([encoder.encode_images(batch) for batch in _batches(photos)])
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, vectors, allow_pickle=False)
    return samples, vectors


def labelled(
    field: str, samples: Sequence[Sample], vectors: FloatArray, *, at_least: int = MIN_IN_VOCABULARY
) -> tuple[list[str], Examples, Examples]:
    """The values with products enough among the training ids; those ids' examples, and the held-out ones'."""
    labels = [str(getattr(sample.attributes, field)) for sample in samples]
    seen = Counter(label for label, sample in zip(labels, samples, strict=True) if label and not sample.is_validation)
    vocabulary = sorted(label for label, count in seen.items() if count >= at_least)
    places = {label: place for place, label in enumerate(vocabulary)}

    def examples(*, is_held_out: bool) -> Examples:
        rows = [
            row for row, label in enumerate(labels) if label in places and samples[row].is_validation == is_held_out
        ]
        truth = np.array([places[labels[row]] for row in rows], dtype=np.int64)
        folds = np.array([fold_of(samples[row].key) for row in rows], dtype=np.int64)
        return Examples(vectors[rows], truth, folds)

    return vocabulary, examples(is_held_out=False), examples(is_held_out=True)


def _batches(photos: Iterator[Image]) -> Iterator[list[Image]]:
    while batch := list(islice(photos, BATCH)):
        yield batch
