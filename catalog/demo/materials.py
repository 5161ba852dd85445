"""Finishes: the colour of each point of a surface, and how light plays on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from catalog.demo.noise import Field, noise_tile, sample
from catalog.demo.palette import RGB, lighter, mix
from catalog.demo.patterns import PATTERNS, band

Pixels = Field


@dataclass(frozen=True, slots=True)
class Material:
    """How a material looks: its texture's strength, how deep shading goes, gloss, and light that gathers at the rim."""

    texture: str = ""
    grain: float = 0.0
    relief: float = 1.0
    gloss: float = 0.0
    rim: float = 0.0


MATERIALS: dict[str, Material] = {
    "cotton": Material("weave", 0.016, 0.95),
    "linen": Material("slub", 0.045, 1.1),
    "wool": Material("fuzz", 0.05, 0.9),
    "cashmere": Material("fuzz", 0.03, 0.8),
    "knit": Material("knit", 0.10, 0.9),
    "rib": Material("rib", 0.13, 0.9),
    "cable": Material("cable", 0.16, 0.9),
    "denim": Material("twill", 0.07, 1.0),
    "silk": Material("", 0.0, 1.25, gloss=0.3),
    "satin": Material("", 0.0, 1.3, gloss=0.38),
    "viscose": Material("weave", 0.01, 1.15, gloss=0.06),
    "nylon": Material("weave", 0.012, 1.2, gloss=0.16),
    "corduroy": Material("wale", 0.15, 0.95),
    "leather": Material("pebble", 0.035, 1.15, gloss=0.3),
    "patent": Material("", 0.0, 1.3, gloss=0.6),
    "suede": Material("fuzz", 0.045, 0.8, rim=0.06),
    "canvas": Material("canvas", 0.05, 0.9),
    "velvet": Material("nap", 0.028, 1.05, rim=0.28),
    "boucle": Material("loops", 0.036, 0.85),
    "straw": Material("plait", 0.14, 0.9),
    "rattan": Material("plait", 0.16, 1.0),
    "jute": Material("plait", 0.13, 0.7),
    "pile": Material("pile", 0.07, 0.6),
    "oak": Material("wood", 0.075, 0.9, gloss=0.05),
    "walnut": Material("wood", 0.12, 0.9, gloss=0.06),
    "ash": Material("wood", 0.055, 0.9, gloss=0.04),
    "lacquer": Material("", 0.0, 0.9, gloss=0.2),
    "metal": Material("", 0.0, 1.5, gloss=0.55),
    "marble": Material("vein", 0.1, 0.6, gloss=0.15),
    "ceramic": Material("", 0.0, 1.3, gloss=0.4),
    "glass": Material("", 0.0, 1.0, gloss=0.5),
    "rubber": Material("", 0.0, 0.7),
    "paper": Material("slub", 0.02, 0.6),
    "shade": Material("slub", 0.03, 0.5),
}


@dataclass(frozen=True, slots=True)
class Finish:
    """What a surface is made of: colours, pattern and material. `size` enlarges the pattern."""

    color: RGB
    material: str = "cotton"
    pattern: str = "plain"
    accent: RGB = (1.0, 1.0, 1.0)
    accent2: RGB = (1.0, 1.0, 1.0)
    size: float = 1.0

    def plain(self, color: RGB | None = None) -> Finish:
        """The same material without its pattern, in another colour where one is given."""
        return replace(self, color=color or self.color, pattern="plain")

    def of(self, material: str) -> Finish:
        """The same colours on another material."""
        return replace(self, material=material)


def paint(finish: Finish, x: Field, y: Field, px: float) -> Pixels:
    """Colours (h, w, 3) at design coordinates, unlit; `px` is output pixels per unit."""
    shape = np.broadcast_shapes(x.shape, y.shape)
    pixels: Pixels = np.broadcast_to(np.asarray(finish.color, dtype=np.float32), (*shape, 3))
    if finish.pattern in PATTERNS:
        first, second = PATTERNS[finish.pattern][1](x / finish.size, y / finish.size, px * finish.size)
        pixels = pixels + (np.asarray(finish.accent, dtype=np.float32) - pixels) * first[..., None]
        if second is not None:
            pixels = pixels + (np.asarray(finish.accent2, dtype=np.float32) - pixels) * second[..., None]
    material = MATERIALS[finish.material]
    if material.grain and material.texture:
        strength = material.grain * min(1.0, 0.35 + 0.65 * px)
        texture = TEXTURES[material.texture](x, y, px) * np.float32(strength)
        # Dark colours take an added grain too: a product of almost nothing shows nothing.
        pixels = pixels * (1 + texture[..., None]) + texture[..., None] * np.float32(0.035)
    return pixels


def _weave(x: Field, y: Field, px: float) -> Field:
    return sample(noise_tile(0.6, 0.6, 11), x, y)


def _slub(x: Field, y: Field, px: float) -> Field:
    return np.float32(0.6) * (sample(noise_tile(14, 0.5, 12), x, y) + sample(noise_tile(0.5, 14, 13), x, y))


def _fuzz(x: Field, y: Field, px: float) -> Field:
    return np.float32(0.6) * sample(noise_tile(0.9, 0.9, 14), x, y) + np.float32(0.4) * sample(
        noise_tile(4, 4, 15), x, y
    )


def _knit(x: Field, y: Field, px: float) -> Field:
    stitch = np.abs((x / 5) % 1 - 0.5)
    return np.asarray(
        1 - 2.2 * band(y + stitch * 7, 4.6, 0.32, px) * (0.5 + stitch) - band(x + 0 * y, 5, 0.14, px) * 0.6,
        dtype=np.float32,
    ) + np.float32(0.3) * _fuzz(x, y, px)


def _rib(x: Field, y: Field, px: float) -> Field:
    if px * 8 < 2.4:
        return _fuzz(x, y, px)
    wave = np.cos(x / 8 * 2 * np.pi) + 0 * y
    return np.asarray(wave, dtype=np.float32) + np.float32(0.3) * _fuzz(x, y, px)


def _cable(x: Field, y: Field, px: float) -> Field:
    """Twisted cords between plain ribs, every 56 units."""
    u = ((x - 240 + 28) / 56) % 1 - 0.5
    swing = 0.13 * np.sin(y / 30 * 2 * np.pi)
    width = np.float32(0.075)
    one = np.exp(-(((u - swing) / width) ** 2))
    two = np.exp(-(((u + swing) / width) ** 2))
    over = np.cos(y / 30 * 2 * np.pi) > 0
    cords = np.where(over, np.maximum(one, two * 0.7), np.maximum(two, one * 0.7))
    channel = np.exp(-(((np.abs(u) - 0.27) / 0.035) ** 2))
    return np.asarray(1.5 * cords - 1.1 * channel - 0.4, dtype=np.float32) + np.float32(0.35) * _knit(x, y, px)


def _twill(x: Field, y: Field, px: float) -> Field:
    return np.asarray(band(x + y * 0.8, 3.2, 0.5, px) - 0.5, dtype=np.float32) + np.float32(0.35) * sample(
        noise_tile(0.6, 5, 16), x, y
    )


def _wale(x: Field, y: Field, px: float) -> Field:
    if px * 6.5 < 2.4:
        return np.float32(0.4) * _fuzz(x, y, px)
    return np.asarray(np.cos(x / 6.5 * 2 * np.pi) + 0 * y, dtype=np.float32)


def _pebble(x: Field, y: Field, px: float) -> Field:
    return np.float32(0.5) * sample(noise_tile(1.3, 1.3, 17), x, y) + np.float32(0.6) * sample(
        noise_tile(16, 16, 18), x, y
    )


def _canvas(x: Field, y: Field, px: float) -> Field:
    grid = band(x + 0 * y, 3, 0.5, px) * band(y + 0 * x, 3, 0.5, px) - 0.25
    return np.asarray(grid * 1.4, dtype=np.float32) + np.float32(0.5) * _slub(x, y, px)


def _nap(x: Field, y: Field, px: float) -> Field:
    return sample(noise_tile(11, 26, 19), x, y) + np.float32(0.3) * sample(noise_tile(0.7, 1.4, 20), x, y)


def _loops(x: Field, y: Field, px: float) -> Field:
    return sample(noise_tile(2.6, 2.6, 21), x, y)


def _plait(x: Field, y: Field, px: float) -> Field:
    u, v = np.floor(x / 7), np.floor(y / 7)
    strand = np.where((u + v) % 2 > 0, np.sin((x / 7 % 1) * np.pi), np.sin((y / 7 % 1) * np.pi))
    if px * 7 < 2.4:
        return _fuzz(x, y, px)
    return np.asarray(strand * 2.2 - 1.4, dtype=np.float32) + np.float32(0.3) * _slub(x, y, px)


def _pile(x: Field, y: Field, px: float) -> Field:
    return np.float32(0.7) * sample(noise_tile(1.0, 1.0, 22), x, y) + np.float32(0.5) * sample(
        noise_tile(18, 9, 23), x, y
    )


def _wood(x: Field, y: Field, px: float) -> Field:
    """Grain along x: bands bent by slow noise, with fine pores."""
    bend = sample(noise_tile(90, 10, 24), x, y)
    rings = np.sin(y * 0.5 + bend * 3.2)
    return np.asarray(0.55 * rings + 0.5 * sample(noise_tile(26, 0.8, 25), x, y) + 0.35 * bend, dtype=np.float32)


def _vein(x: Field, y: Field, px: float) -> Field:
    value = sample(noise_tile(26, 20, 26), x, y) + np.float32(0.4) * sample(noise_tile(6, 6, 27), x, y)
    return np.asarray(-3.2 * np.exp(-((value * 7) ** 2)), dtype=np.float32) + np.float32(0.2) * value


TEXTURES: dict[str, Callable[[Field, Field, float], Field]] = {
    "weave": _weave, "slub": _slub, "fuzz": _fuzz, "knit": _knit, "rib": _rib, "cable": _cable, "twill": _twill,
    "wale": _wale, "pebble": _pebble, "canvas": _canvas, "nap": _nap, "loops": _loops, "plait": _plait,
    "pile": _pile, "wood": _wood, "vein": _vein,
}  # fmt: skip


def metal(color: RGB) -> Finish:
    """A plain metal surface."""
    return Finish(color, "metal")


def lining(finish: Finish) -> Finish:
    """The inside of a garment: the same cloth in shadow."""
    return finish.plain(mix(finish.color, (0.1, 0.09, 0.1), 0.38 if sum(finish.color) > 0.7 else 0.25))


def bleached(finish: Finish, share: float) -> Finish:
    """The same cloth, faded."""
    return replace(finish, color=lighter(finish.color, share))
