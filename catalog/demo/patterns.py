"""Patterns: how much of a second and a third colour covers each point. Coordinates are in design units."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from catalog.demo.noise import Field, noise_tile, sample

Layers = tuple[Field, Field | None]
PRINT_UNITS = 96


def band(place: Field, period: float, share: float, px: float) -> Field:
    """1 inside stripes that fill `share` of each period, with one output pixel of smoothing."""
    distance = np.abs((place / period) % 1 - 0.5) * period
    if period * px < 2.2:  # too fine to draw: its mean
        return np.full_like(distance, share)
    return np.asarray(np.clip((share * period / 2 - distance) * px + 0.5, 0, 1), dtype=np.float32)


def stripes(x: Field, y: Field, px: float) -> Layers:
    return band(y + 0 * x, 19, 0.5, px), None


def breton(x: Field, y: Field, px: float) -> Layers:
    return band(y + 0 * x, 17, 0.27, px), None


def vertical(x: Field, y: Field, px: float) -> Layers:
    return band(x + 0 * y, 14, 0.42, px), None


def pinstripe(x: Field, y: Field, px: float) -> Layers:
    return band(x + 0 * y, 15, 0.1, px) * np.float32(0.85), None


def gingham(x: Field, y: Field, px: float) -> Layers:
    return 0.5 * (band(x + 0 * y, 16, 0.5, px) + band(y + 0 * x, 16, 0.5, px)), None


def tartan(x: Field, y: Field, px: float) -> Layers:
    wide = 0.42 * (band(x + 0 * y, 52, 0.44, px) + band(y + 0 * x, 52, 0.44, px))
    thin = np.maximum(band(x + 26 + 0 * y, 52, 0.05, px), band(y + 26 + 0 * x, 52, 0.05, px))
    return wide, thin * np.float32(0.8)


def windowpane(x: Field, y: Field, px: float) -> Layers:
    return np.maximum(band(x + 0 * y, 34, 0.05, px), band(y + 0 * x, 34, 0.05, px)) * np.float32(0.9), None


def dots(x: Field, y: Field, px: float) -> Layers:
    return _dots(x, y, px, period=19.0, radius=3.4), None


def spots(x: Field, y: Field, px: float) -> Layers:
    return _dots(x, y, px, period=34.0, radius=9.0), None


def _dots(x: Field, y: Field, px: float, *, period: float, radius: float) -> Field:
    row = np.floor(y / period)
    dx = (x / period + 0.5 * (row % 2)) % 1 - 0.5
    dy = (y / period) % 1 - 0.5
    distance = np.sqrt(dx * dx + dy * dy) * period
    return np.asarray(np.clip((radius - distance) * px + 0.5, 0, 1), dtype=np.float32)


def herringbone(x: Field, y: Field, px: float) -> Layers:
    column = np.floor(x / 11) % 2
    slope = np.where(column > 0, x, -x)
    return band(y + slope, 7, 0.45, px), None


def houndstooth(x: Field, y: Field, px: float) -> Layers:
    u, v = x / 4.5, y / 4.5
    dark_x, dark_y = (u % 8) < 4, (v % 8) < 4
    diagonal = ((u + v) % 4) < 2
    return np.where(dark_x & dark_y, 1, np.where(~dark_x & ~dark_y, 0, diagonal)).astype(np.float32), None


def argyle(x: Field, y: Field, px: float) -> Layers:
    u, v = (x / 46) % 1 - 0.5, (y / 66) % 1 - 0.5
    inside = np.clip((0.5 - np.abs(u) - np.abs(v)) * 46 * px * 0.6 + 0.5, 0, 1)
    lines = np.maximum(band(x / 46 + y / 66, 1, 0.045, px * 46), band(x / 46 - y / 66, 1, 0.045, px * 46))
    return inside.astype(np.float32), lines


def nordic(x: Field, y: Field, px: float) -> Layers:
    """Rows of small motifs in two colours, as knitted by hand."""
    u, v = np.floor(x / 4), np.floor(y / 4)
    row = v % 22
    zigzag = (np.abs((u % 8) - 4) == (row - 2)) & (row < 8)
    crosses = ((np.abs((u % 10) - 5) + np.abs(row - 13)) <= 2) & ((np.abs((u % 10) - 5) + np.abs(row - 13)) != 1)
    ticks = ((row == 19) | (row == 9)) & (u % 2 == 0)
    return (zigzag | crosses).astype(np.float32), (ticks & (row > 0)).astype(np.float32)


def colorblock(x: Field, y: Field, px: float) -> Layers:
    return np.asarray(np.clip((y + 0 * x - 285) * px, 0, 1), dtype=np.float32), None


def leopard(x: Field, y: Field, px: float) -> Layers:
    value = sample(noise_tile(9, 7, 41), x, y)
    ring = np.clip(1.3 - np.abs(value - 0.95) * 3.4, 0, 1) * (sample(noise_tile(4, 4, 42), x, y) > -0.7)
    return ring.astype(np.float32), np.clip((value - 1.15) * 4, 0, 1).astype(np.float32) * np.float32(0.45)


def floral(x: Field, y: Field, px: float) -> Layers:
    return _printed("floral", x, y, px)


def botanical(x: Field, y: Field, px: float) -> Layers:
    return _printed("botanical", x, y, px)


def geometric(x: Field, y: Field, px: float) -> Layers:
    return _printed("geometric", x, y, px)


def diamonds(x: Field, y: Field, px: float) -> Layers:
    u, v = (x / 64) % 1 - 0.5, (y / 64) % 1 - 0.5
    reach = np.abs(u) + np.abs(v)
    outer = np.clip(0.5 + (0.035 - np.abs(reach - 0.36)) * 64 * px, 0, 1)
    inner = np.clip(0.5 + (0.14 - reach) * 64 * px, 0, 1)
    return outer.astype(np.float32), inner.astype(np.float32)


def _printed(name: str, x: Field, y: Field, px: float) -> Layers:
    texels = 4.0 if px > 1.2 else 2.0 if px > 0.6 else 1.0
    first, second = _print_tile(name, texels)
    size = first.shape[0]
    columns = (x * texels + 64 * size).astype(np.int32) % size
    rows = (y * texels + 64 * size).astype(np.int32) % size
    return first[rows, columns], second[rows, columns]


@cache
def _print_tile(name: str, texels: float) -> tuple[Field, Field]:
    """A repeating print, drawn four times too large and reduced."""
    side = int(PRINT_UNITS * texels)
    images = [Image.new("L", (side * 4, side * 4)) for _ in range(2)]
    pens = [ImageDraw.Draw(image) for image in images]
    _PRINTS[name](pens, side * 4 / PRINT_UNITS)
    first, second = (np.asarray(image.reduce(4), dtype=np.float32) / 255 for image in images)
    return first, second


def _petals(pens: list[ImageDraw.ImageDraw], k: float) -> None:
    generator = random.Random(7)
    places = [
        (14, 18, 8.5),
        (52, 8, 6),
        (80, 30, 9.5),
        (34, 46, 10),
        (66, 60, 6.5),
        (10, 72, 7),
        (44, 82, 7.5),
        (86, 84, 6),
    ]
    for cx, cy, r in places:
        start = generator.uniform(0, 6.28)
        for ox in (-PRINT_UNITS, 0, PRINT_UNITS):
            for oy in (-PRINT_UNITS, 0, PRINT_UNITS):
                for petal in range(5):
                    angle = start + petal * math.tau / 5
                    px, py = cx + ox + math.cos(angle) * r * 0.62, cy + oy + math.sin(angle) * r * 0.62
                    _disc(pens[0], px * k, py * k, r * 0.46 * k)
                _disc(pens[1], (cx + ox) * k, (cy + oy) * k, r * 0.3 * k)
                for leaf in (0.7, 2.9):
                    lx, ly = cx + ox + math.cos(start + leaf) * r * 1.5, cy + oy + math.sin(start + leaf) * r * 1.5
                    _leaf(pens[1], lx * k, ly * k, r * 0.5 * k, start + leaf)


def _leaves(pens: list[ImageDraw.ImageDraw], k: float) -> None:
    for cx, cy, turn in ((20, 20, 0.5), (68, 14, 2.4), (44, 50, 3.9), (88, 58, 1.2), (16, 76, 5.4), (66, 86, 4.4)):
        for ox in (-PRINT_UNITS, 0, PRINT_UNITS):
            for oy in (-PRINT_UNITS, 0, PRINT_UNITS):
                for step in range(5):
                    side = (-0.7, 0.7)[step % 2]
                    bx = cx + ox + math.cos(turn) * step * 4.2
                    by = cy + oy + math.sin(turn) * step * 4.2
                    lx, ly = bx + math.cos(turn + side) * 4.5, by + math.sin(turn + side) * 4.5
                    _leaf(pens[step % 3 == 2], lx * k, ly * k, 5.2 * k, turn + side)


def _shapes(pens: list[ImageDraw.ImageDraw], k: float) -> None:
    half = PRINT_UNITS / 2
    for column in range(2):
        for row in range(2):
            x, y = column * half, row * half
            start = 90 * ((column + 2 * row) % 4)
            corner = ((x, y), (x + half, y), (x, y + half), (x + half, y + half))[(column + row * 2) % 4]
            pens[0].pieslice(
                [(corner[0] - half) * k, (corner[1] - half) * k, (corner[0] + half) * k, (corner[1] + half) * k],
                *((0, 90), (90, 180), (270, 360), (180, 270))[(column + row * 2) % 4],
                fill=255,
            )
            _disc(pens[1], (x + half / 2) * k, (y + half / 2) * k, (5 + start / 60) * k)


def _disc(pen: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
    pen.ellipse([x - r, y - r, x + r, y + r], fill=255)


def _leaf(pen: ImageDraw.ImageDraw, x: float, y: float, size: float, angle: float) -> None:
    cos, sin = math.cos(angle), math.sin(angle)
    steps = [(t / 8 * 2 - 1, w) for w in (1, -1) for t in (range(9) if w > 0 else range(8, -1, -1))]
    pen.polygon(
        [
            (x + (u * cos - w * 0.42 * (1 - u * u) * sin) * size, y + (u * sin + w * 0.42 * (1 - u * u) * cos) * size)
            for u, w in steps
        ],
        fill=255,
    )


_PRINTS: dict[str, Callable[[list[ImageDraw.ImageDraw], float], None]] = {
    "floral": _petals,
    "botanical": _leaves,
    "geometric": _shapes,
}

# pattern -> (attribute value, drawing); several drawings may share one value.
PATTERNS: dict[str, tuple[str, Callable[[Field, Field, float], Layers]]] = {
    "stripes": ("striped", stripes),
    "breton": ("striped", breton),
    "vertical": ("striped", vertical),
    "pinstripe": ("striped", pinstripe),
    "gingham": ("checked", gingham),
    "tartan": ("checked", tartan),
    "windowpane": ("checked", windowpane),
    "dots": ("dotted", dots),
    "spots": ("dotted", spots),
    "herringbone": ("herringbone", herringbone),
    "houndstooth": ("houndstooth", houndstooth),
    "argyle": ("argyle", argyle),
    "nordic": ("nordic", nordic),
    "colorblock": ("colour-block", colorblock),
    "leopard": ("animal", leopard),
    "floral": ("floral", floral),
    "botanical": ("botanical", botanical),
    "geometric": ("geometric", geometric),
    "diamonds": ("geometric", diamonds),
}


def pattern_value(pattern: str) -> str:
    """The attribute value of a pattern: "breton" is "striped"; no pattern is "plain"."""
    return PATTERNS[pattern][0] if pattern in PATTERNS else "plain"
