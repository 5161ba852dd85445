"""Light on a surface, and the small raster steps that the sheet needs; no drawing."""

from __future__ import annotations

import numpy as np
from PIL import Image

from catalog.demo.geometry import Points
from catalog.demo.materials import MATERIALS, Finish, Pixels
from catalog.demo.noise import Field


def rim(mask: Field) -> Field:
    """1 on the innermost pixel of the contour, 0 inside and outside."""
    edge = 4 * mask
    edge[1:] -= mask[:-1]
    edge[:-1] -= mask[1:]
    edge[:, 1:] -= mask[:, :-1]
    edge[:, :-1] -= mask[:, 1:]
    return np.asarray(np.clip(edge, 0, 1, out=edge))


def lit(color: Pixels, light: Field, contour: Field | None, finish: Finish, shade: float) -> Pixels:
    """Colour under `light` (-1 to 1): shadows deepen, highlights add a trace even to black, the contour stands out."""
    material = MATERIALS[finish.material]
    value = light
    bright = np.maximum(value, 0)
    factor = 1 + np.float32(0.5) * value - np.float32(0.37) * bright
    added = bright * np.float32(0.055)
    if material.gloss:
        shine = np.maximum(value - np.float32(0.3), 0)
        added += shine * np.sqrt(shine) * np.float32(material.gloss)
    if material.rim:
        glow = np.abs(value) * np.float32(material.rim)
        factor += glow * np.float32(0.9)
        added += glow * np.float32(0.1)
    if contour is not None:
        factor *= 1 - contour * np.float32(0.75)
        if sum(finish.color) < 0.5:
            added += contour * np.float32(0.12)
    factor *= np.float32(1 - shade)
    lit = color * factor[..., None]
    lit += added[..., None]
    return np.asarray(np.clip(lit, 0, 1, out=lit))


def enlarge(field: Field, size: tuple[int, int], step: int) -> Field:
    """A coarse grid drawn out to `size` pixels, `step` pixels to each of its cells."""
    if step == 1:
        return field[: size[1], : size[0]]
    image = Image.fromarray(field, "F")
    big = image.resize((field.shape[1] * step, field.shape[0] * step), Image.Resampling.BILINEAR)
    return np.asarray(big)[: size[1], : size[0]]


def dashes(pixels: Points, pattern: tuple[float, float]) -> list[Points]:
    """The pieces of a dashed line; `pattern` is (on, off) in pixels."""
    steps = np.hypot(*np.diff(pixels, axis=0).T)
    place = np.concatenate([[0], np.cumsum(steps)])
    starts = np.arange(0, place[-1], max(1.5, sum(pattern)))
    ends = np.minimum(starts + max(1.0, pattern[0]), place[-1])
    return [
        np.stack([np.interp([a, b], place, pixels[:, 0]), np.interp([a, b], place, pixels[:, 1])], axis=1)
        for a, b in zip(starts, ends, strict=True)
    ]
