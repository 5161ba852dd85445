"""What may be done to a shopper's photo before it is encoded; each step gives the variants of one photo.

Tried by `benchmarks/photo_care.py`. What was kept is `search.photo_care`'s.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageOps

from search.photo_care import foreground, photo_views, product_box

try:
    import cv2
except ImportError:
    cv2 = None

Step = Callable[[Image.Image], list[Image.Image]]
WHITE = (255, 255, 255)


def cut(image: Image.Image, kept: float, x: float, y: float) -> Image.Image:
    """A window of this share of each side; x and y say where, 0 to 1."""
    width, height = max(1, round(image.width * kept)), max(1, round(image.height * kept))
    left, top = round((image.width - width) * x), round((image.height - height) * y)
    return image.crop((left, top, left + width, top + height))


def corners(image: Image.Image, kept: float) -> list[Image.Image]:
    return [cut(image, kept, x, y) for x in (0.0, 1.0) for y in (0.0, 1.0)]


def unframed(image: Image.Image) -> Image.Image:
    """What stands between a plain frame's left and right margin, without the bar above and the lines below, as in a
    screenshot of a shop; the photo itself where it has no such frame."""
    pixels = np.asarray(image, np.int16)
    margin = max(1, image.width // 50)
    edges = np.concatenate([pixels[:, :margin], pixels[:, -margin:]], axis=1).reshape(-1, 3)
    page = np.median(edges, axis=0)
    if (np.abs(edges - page).max(axis=1) > 24).mean() > 0.2:
        return image
    content = np.abs(pixels - page).max(axis=2) > 24
    columns = np.flatnonzero(content.mean(axis=0) > 0.2)
    if len(columns) < 8:
        return image
    left, right = int(columns[0]), int(columns[-1]) + 1
    is_content = np.concatenate([[False], content[:, left:right].mean(axis=1) > 0.03, [False]])
    starts, ends = np.flatnonzero(is_content[1:] > is_content[:-1]), np.flatnonzero(is_content[:-1] > is_content[1:])
    if not len(starts):
        return image
    tallest = int((ends - starts).argmax())
    box = (left, int(starts[tallest]), right, int(ends[tallest]))
    share = (box[2] - box[0]) * (box[3] - box[1]) / (image.width * image.height)
    return image.crop(box) if 0.08 < share < 0.9 else image


def gray_world(image: Image.Image) -> Image.Image:
    """Each channel scaled so that the photo's mean is grey, by no more than a third."""
    pixels = np.asarray(image, np.float32)
    means = pixels.mean(axis=(0, 1))
    gains = np.clip(means.mean() / np.maximum(means, 1), 0.75, 1.33)
    return Image.fromarray((pixels * gains).clip(0, 255).astype(np.uint8))


def clahe(image: Image.Image) -> Image.Image:
    """Contrast-limited equalisation of the lightness, 8 x 8 tiles, limit 2."""
    lab = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(lab[..., 0])
    return Image.fromarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))


def without_background(image: Image.Image) -> Image.Image:
    found = foreground(image)
    if found is None:
        return image
    return Image.composite(image, Image.new("RGB", image.size, WHITE), Image.fromarray(found))


STEPS: dict[str, Step] = {
    "mirrored too": lambda image: [image, ImageOps.mirror(image)],
    "centre 90 % alone": lambda image: [cut(image, 0.9, 0.5, 0.5)],
    "centre 80 % alone": lambda image: [cut(image, 0.8, 0.5, 0.5)],
    "whole and centre 80 %": lambda image: photo_views(image, crops=(0.8,)),
    "whole, centre 85 %, centre 70 %": lambda image: [image, cut(image, 0.85, 0.5, 0.5), cut(image, 0.7, 0.5, 0.5)],
    "whole and four corners of 75 %": lambda image: [image, *corners(image, 0.75)],
    "whole, mirrored, centre 80 %, mirrored": lambda image: [
        v for part in (image, cut(image, 0.8, 0.5, 0.5)) for v in (part, ImageOps.mirror(part))
    ],
    "turned by 90, 180 and 270 degrees too": lambda image: [
        image.rotate(turn, expand=True) for turn in (0, 90, 180, 270)
    ],
    "tilted by 12 degrees either way too": lambda image: [
        image.rotate(turn, Image.Resampling.BILINEAR, fillcolor=WHITE) for turn in (0, -12, 12)
    ],
    "padded to a square, white": lambda image: [ImageOps.pad(image, (max(image.size),) * 2, color=WHITE)],
    "autocontrast": lambda image: [ImageOps.autocontrast(image, cutoff=1, preserve_tone=True)],
    "whole, centre 80 %, centre 60 %": lambda image: photo_views(image, crops=(0.8, 0.6)),
    "unframed": lambda image: [unframed(image)],
    "as it is and unframed": lambda image: [image, unframed(image)],
    "as it is and grey world": lambda image: [image, gray_world(image)],
    "grey world": lambda image: [gray_world(image)],
}
OPENCV_STEPS: dict[str, Step] = {
    "CLAHE": lambda image: [clahe(image)],
    "as it is and CLAHE": lambda image: [image, clahe(image)],
    "GrabCut, white behind": lambda image: [without_background(image)],
    "as it is and GrabCut, white behind": lambda image: [image, without_background(image)],
    "cut to GrabCut's box": lambda image: [product_box(image)],
    "as it is and cut to GrabCut's box": lambda image: photo_views(image, is_cut=True),
}


def all_steps() -> dict[str, Step]:
    """The steps that this machine can run."""
    return STEPS | (OPENCV_STEPS if cv2 is not None else {})
