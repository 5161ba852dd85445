"""What is searched for a shopper's photo: the photo, and the crops of it that the settings ask for.

Of the steps tried on photos taken at home (docs/evaluation.md, "Photo care") crops alone did no harm and some good.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image


def photo_views(photo: Image.Image, *, crops: Sequence[float]) -> list[Image.Image]:
    """The photo, and its centre for each share of the sides in `crops`; each is a query, a product's best view counts."""
    return [photo, *(centre(photo, share) for share in crops)]


def centre(photo: Image.Image, share: float) -> Image.Image:
    """The middle of the photo, this share (0 to 1) of each side, at least one pixel."""
    width, height = (max(1, round(side * share)) for side in photo.size)
    left, top = (photo.width - width) // 2, (photo.height - height) // 2
    return photo.crop((left, top, left + width, top + height))
