"""Photos and words of the measured sets as vectors, kept on disk by the encoder's fingerprint."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from search.evaluation.distortions import distort
from search.evaluation.nearest import FloatArray
from search.training.captions import field_words
from search.training.data import Sample, open_photos

logger = logging.getLogger(__name__)

BATCH = 256
# One vector a value: the first word alone, or the mean over its synonyms in these sentences.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "kind": ("{}", "a photo of a {}", "a product photo of a {}"),
    "group": ("{}", "a photo of a {}", "a product photo of a {}"),
    "color": ("{}", "something {}", "a {} item", "a photo of a {} item"),
}


class EncodesBoth(Protocol):
    """What is measured: `search.encoder.Encoder`, or the tests' small one."""

    @property
    def fingerprint(self) -> str: ...

    def encode_images(self, images: Sequence[Image.Image]) -> FloatArray: ...

    def encode_texts(self, texts: Sequence[str]) -> FloatArray: ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """Samples and their photos' unit rows, in the same order."""

    samples: tuple[Sample, ...]
    vectors: FloatArray

    def values(self, field: str) -> NDArray[np.str_]:
        """What the samples say of an attribute; empty where they say nothing."""
        return np.array([getattr(sample.attributes, field) for sample in self.samples], dtype=np.str_)

    @property
    def held_out(self) -> NDArray[np.int64]:
        """The places of the samples that no training saw."""
        return np.flatnonzero([sample.is_validation for sample in self.samples])

    def part(self, places: Sequence[int] | NDArray[np.int64]) -> Embedded:
        return Embedded(tuple(self.samples[i] for i in places), self.vectors[np.asarray(places, dtype=np.int64)])


class Embedder:
    """An encoder, and a folder in which photos' vectors stay so that a second measurement takes seconds."""

    def __init__(self, encoder: EncodesBoth, work: Path) -> None:
        self.encoder, self.work = encoder, work

    def photos(self, samples: Sequence[Sample], *, distortion: str = "") -> Embedded:
        """The samples' photos, each distorted its own way if a distortion is named."""
        keys = repr([(Path(s.archive).name, s.file, s.box) for s in samples]) + distortion
        path = self.work / f"{self.encoder.fingerprint}-{hashlib.sha256(keys.encode()).hexdigest()[:16]}.npy"
        if not path.exists():
            logger.info("encoding %d photos%s", len(samples), f", {distortion}" if distortion else "")
            self.work.mkdir(parents=True, exist_ok=True)
            images: Iterator[Image.Image] = open_photos(samples)
            if distortion:
                images = (distort(image, distortion, seed=i) for i, image in enumerate(images))
            np.save(path, self.images(images))
        return Embedded(tuple(samples), np.load(path))

    def images(self, images: Iterator[Image.Image]) -> FloatArray:
        """Unit rows of any images, never more than a batch of them in memory."""
        rows, batch = [], []
        for image in images:
            batch.append(image)
            if len(batch) == BATCH:
                rows.append(self.encoder.encode_images(batch))
                batch = []
        if batch or not rows:
            rows.append(self.encoder.encode_images(batch))
        return np.concatenate(rows)

    def texts(self, texts: Sequence[str]) -> FloatArray:
        return self.encoder.encode_texts(texts)

    def prompts(self, field: str, values: Sequence[str], *, is_ensemble: bool = False) -> FloatArray:
        """One unit row for each value: its first word, or the mean over its words in every template."""
        if not is_ensemble:
            return self.texts([field_words(field, value)[0] for value in values])
        rows = []
        for value in values:
            texts = [template.format(word) for word in field_words(field, value) for template in TEMPLATES[field]]
            mean = self.texts(texts).mean(axis=0)
            rows.append(mean / np.linalg.norm(mean))
        return np.stack(rows).astype(np.float32)
