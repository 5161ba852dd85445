"""The photos of the fault run: few, each unlike the others, so that a row's vector says which photo it was made from."""

from __future__ import annotations

import hashlib
import io

import numpy as np
from PIL import Image

COUNT = 16


def draw_photos() -> dict[str, bytes]:
    """`COUNT` JPEG files by their SHA-256: coarse patterns in two colours, always the same ones."""
    generator = np.random.default_rng(1)
    photos = {}
    for _ in range(COUNT):
        colours = generator.integers(0, 255, (2, 3))
        pattern = generator.integers(0, 2, (5, 4))
        pixels = colours[pattern].astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).resize((128, 160), Image.Resampling.NEAREST).save(buffer, "JPEG", quality=90)
        photos[hashlib.sha256(buffer.getvalue()).hexdigest()] = buffer.getvalue()
    return photos
