"""A small deterministic encoder with real geometry: an image is its mean colour, and "red" lives in the same space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COLOURS = {
    "red": (200, 30, 40),
    "green": (40, 150, 60),
    "blue": (40, 70, 190),
    "navy": (20, 25, 80),
    "yellow": (240, 210, 50),
    "white": (245, 245, 245),
    "black": (15, 15, 15),
    "brown": (120, 75, 40),
    "pink": (240, 150, 180),
    "purple": (110, 50, 150),
    "orange": (240, 130, 30),
    "grey": (128, 128, 128),
}
_ANCHORS = np.array(list(COLOURS.values()), np.float32)
# Two more dimensions than anchors, so that the dimension has divisors for IVF_PQ and no vector is zero.
DIMENSION = 16
SPREAD = 90.0


def colour_vector(rgb: Sequence[float]) -> NDArray[np.float32]:
    """The unit vector (16,) of a colour: its closeness to each named colour."""
    vector = np.full(DIMENSION, 0.01, np.float32)
    vector[: len(_ANCHORS)] = np.exp(-(((_ANCHORS - np.asarray(rgb, np.float32)) ** 2).sum(1)) / SPREAD**2)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


class ColourEncoder:
    """Has the shape of `search.encoder.Encoder`; needs no weights. Counts what it was asked for."""

    name = "colour"
    dimension = DIMENSION

    def __init__(self, fingerprint: str = "colour-1") -> None:
        self.fingerprint = fingerprint
        self.images_encoded = 0
        self.texts_encoded = 0

    @property
    def is_ready(self) -> bool:
        return True

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        self.images_encoded += len(images)
        rows = [colour_vector(np.asarray(image.convert("RGB"), np.float32).mean((0, 1))) for image in images]
        return np.stack(rows) if rows else np.zeros((0, DIMENSION), np.float32)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts_encoded += len(texts)
        rows = [self._text_vector(text) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, DIMENSION), np.float32)

    def _text_vector(self, text: str) -> NDArray[np.float32]:
        named = [COLOURS[word] for word in text.lower().split() if word in COLOURS]
        return colour_vector(np.mean(named, axis=0) if named else (128, 128, 128))
