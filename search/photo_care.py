"""What is searched for a shopper's photo: the photo itself, and further views of it that the settings ask for.

A product's best view counts. What was tried and what it gained: docs/evaluation.md, "Photo care".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# GrabCut's time grows with the pixels: 70 ms at this size.
GRABCUT_SIDE_PX = 160
GRABCUT_ROUNDS = 4
# A foreground of less or more than this share is no product found.
FOREGROUND_SHARES = (0.08, 0.9)


def photo_views(photo: Image.Image, *, crops: Sequence[float] = (), is_cut: bool = False) -> list[Image.Image]:
    """The RGB photo, its centre for each share of the sides in `crops`, and if `is_cut` the box that the product fills."""
    views = [photo, *(centre(photo, share) for share in crops)]
    return [*views, product_box(photo)] if is_cut else views


def centre(photo: Image.Image, share: float) -> Image.Image:
    """The middle of the photo, this share (0 to 1) of each side, at least one pixel."""
    width, height = (max(1, round(side * share)) for side in photo.size)
    left, top = (photo.width - width) // 2, (photo.height - height) // 2
    return photo.crop((left, top, left + width, top + height))


def product_box(photo: Image.Image) -> Image.Image:
    """The photo cut to the foreground that GrabCut finds (Rother et al. 2004), with a tenth of margin; else the photo."""
    found = foreground(photo)
    if found is None:
        return photo
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    dx, dy = int(np.ptp(columns)) // 10, int(np.ptp(rows)) // 10
    left, top = max(0, int(columns[0]) - dx), max(0, int(rows[0]) - dy)
    return photo.crop((left, top, min(photo.width, int(columns[-1]) + dx), min(photo.height, int(rows[-1]) + dy)))


def foreground(photo: Image.Image) -> NDArray[np.bool_] | None:
    """(height, width), true where GrabCut sees the product within a frame of a twentieth; None where it finds none."""
    import cv2  # an extra (photo-care): only who asks for the cut needs it

    small = photo.copy()
    small.thumbnail((GRABCUT_SIDE_PX, GRABCUT_SIDE_PX))
    if min(small.size) < 8:
        return None
    pixels = np.ascontiguousarray(np.asarray(small)[:, :, ::-1])
    mask = np.zeros(pixels.shape[:2], np.uint8)
    dx, dy = max(1, small.width // 20), max(1, small.height // 20)
    frame = (dx, dy, small.width - 2 * dx, small.height - 2 * dy)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(pixels, mask, frame, *models, GRABCUT_ROUNDS, cv2.GC_INIT_WITH_RECT)
    found = (mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)
    if not FOREGROUND_SHARES[0] < found.mean() < FOREGROUND_SHARES[1]:
        return None
    return np.asarray(Image.fromarray(found).resize(photo.size))
