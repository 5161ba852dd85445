"""Photos of a product: framing, views, backdrop and shadow."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
from PIL import Image

from catalog.demo.assortment import KINDS
from catalog.demo.noise import Field, blur
from catalog.demo.palette import RGB, mix, rgb
from catalog.demo.product import DemoProduct
from catalog.demo.sheet import DESIGN, Sheet

BACKDROPS: tuple[str, ...] = ("#f3f2f0", "#f4f2ee", "#f1f2f3", "#f5f4f3")
TINTED: tuple[str, ...] = ("#ebe5dc", "#e3e6e3", "#e9e2e2", "#e2e5ea", "#e8e4da")

# Where a close-up looks, in units from the top, where it is not the lower middle.
DETAIL_Y: dict[str, tuple[float, float]] = {"Clothes": (190, 270), "Lamps": (190, 250), "Bags": (320, 380)}


def view_name(product: DemoProduct, view: int) -> str:
    """How a view shows the product: "front" for the first; else "back", "detail" or "tilted"."""
    if view == 0:
        return "front"
    choices = KINDS[product.kind].second
    return choices[product.look.seed % len(choices)]


def draw_photo(product: DemoProduct, *, view: int = 0, size: tuple[int, int] = (480, 600)) -> Image.Image:
    """An RGB catalogue photo of `size` pixels. View 0 is the front; 1 another side, angle or detail of the same thing."""
    kind, name, seed = KINDS[product.kind], view_name(product, view), product.look.seed
    sheet = _draw(product, name, size)
    backs = BACKDROPS if view == 0 else TINTED
    shade = _shadow(sheet.alpha, size, on_floor=kind.stands and name != "detail") * np.float32(
        0.5 if name == "detail" else 1.0
    )
    pixels = _backdrop(size, rgb(backs[seed // 7 % len(backs)])) * ((1 - sheet.alpha) * (1 - shade))[..., None]
    pixels += sheet.rgb
    pixels *= 255
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8), "RGB")


def draw_cutout(product: DemoProduct, *, scale: float, flip: bool = False, is_back: bool = False) -> Image.Image:
    """The product alone, RGBA, cropped to what is visible; `scale` is pixels per design unit."""
    size = round(DESIGN[0] * scale), round(DESIGN[1] * scale)
    linear = np.array([[-scale if flip else scale, 0], [0, scale]])
    sheet = Sheet(size, linear, np.array([size[0] if flip else 0.0, 0.0]))
    KINDS[product.kind].draw(sheet, replace(product.look, is_back=True) if is_back else product.look)
    image = sheet.image()
    # Glows fade over a wide rim: only what is nearly opaque counts as the product.
    solid = image.getchannel("A").point(lambda value: 255 if value > 130 else 0)
    return image.crop(solid.getbbox() or (0, 0, *size))


def _draw(product: DemoProduct, name: str, size: tuple[int, int]) -> Sheet:
    kind, look = KINDS[product.kind], product.look
    scale = min(size[0] / DESIGN[0], size[1] / DESIGN[1]) * kind.zoom
    if look.has("length", "mini", "cropped", "short", "bermuda"):
        scale *= 1.12
    turn, center = 0.0, np.array([240.0, 300.0])
    if name == "detail":
        scale *= 1.95
        low, high = DETAIL_Y.get(product.category.split(" > ")[0], (300, 350))
        center = np.array([240 + look.vary("dx", -40, 40), look.vary("dy", low, high)])
        turn = look.vary("turn", -7, 7)
    elif name == "tilted":
        turn = 9.0 if look.seed % 2 else -9.0
    elif name == "front":
        center = np.array([240.0, 300 + look.vary("dy", -5, 5)])
    cos, sin = math.cos(math.radians(turn)) * scale, math.sin(math.radians(turn)) * scale
    mirror = -1.0 if name == "tilted" or (name == "back" and product.category.startswith("Shoes")) else 1.0
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    sheet = Sheet(size, linear, np.array(size) / 2 - linear @ center)
    kind.draw(sheet, replace(look, is_back=name == "back"))
    if name != "detail" and product.kind != "pendant":
        _center(sheet, low=0.02 if kind.stands else 0.0)
    return sheet


def _center(sheet: Sheet, *, low: float) -> None:
    """Move what is drawn to the middle of the sheet, or a share `low` of its height below it."""
    rows, columns = (np.flatnonzero(sheet.alpha.max(axis=axis) > 0.6) for axis in (1, 0))
    if len(rows) and len(columns):
        down = round((sheet.size[1] - 1 - int(rows[0]) - int(rows[-1])) / 2 + low * sheet.size[1])
        right = round((sheet.size[0] - 1 - int(columns[0]) - int(columns[-1])) / 2)
        sheet.rgb = np.roll(sheet.rgb, (down, right), axis=(0, 1))
        sheet.alpha = np.roll(sheet.alpha, (down, right), axis=(0, 1))


@lru_cache(maxsize=32)
def _backdrop(size: tuple[int, int], color: RGB) -> Field:
    """A studio paper: a little lighter in the middle, a little darker below."""
    width, height = size
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    light = 1.012 - 0.022 * (x * x * 0.6 + (y + 0.1) ** 2) - 0.008 * y
    return np.asarray(light[..., None] * np.asarray(mix(color, (1, 1, 1), 0.1), dtype=np.float32), dtype=np.float32)


def _shadow(alpha: Field, size: tuple[int, int], *, on_floor: bool) -> Field:
    """How much the backdrop is darkened: a soft shadow behind, and a pool under what stands."""
    step = max(1, round(size[1] / 150))
    low = (
        np.asarray(Image.fromarray((np.clip(alpha, 0, 1) * 255).astype(np.uint8)).reduce(step), dtype=np.float32) / 255
    )
    low = np.where(low > 0.35, low, np.float32(0))
    unit = low.shape[0] / 150
    cast = np.zeros_like(low)
    down, right = round(4 * unit), round(2 * unit)
    cast[down:, right:] = blur(low, round(5 * unit), round(5 * unit))[: low.shape[0] - down, : low.shape[1] - right]
    shade = np.float32(0.16 if on_floor else 0.3) * cast
    rows = np.flatnonzero(low.max(axis=1) > 0.5)
    if on_floor and len(rows):
        shade = np.maximum(shade, _pool(low, int(rows[-1]), unit))
    image = Image.fromarray(np.asarray(shade, dtype=np.float32), "F")
    big = image.resize((low.shape[1] * step, low.shape[0] * step), Image.Resampling.BILINEAR)
    return np.asarray(big, dtype=np.float32)[: size[1], : size[0]]


def _pool(low: Field, bottom: int, unit: float) -> Field:
    """The product's lower part pressed flat on the floor and blurred."""
    reach = max(2, round(16 * unit))
    feet = low[max(0, bottom - reach) : bottom + 1].max(axis=0)
    pool = np.zeros_like(low)
    half = max(1, round(2.2 * unit))
    pool[max(0, bottom - 2 * half) : bottom + half] = feet
    return np.asarray(np.float32(0.5) * blur(pool, round(4 * unit), max(1, round(2.2 * unit))), dtype=np.float32)
