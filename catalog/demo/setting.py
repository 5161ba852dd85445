"""The surfaces of a scene, and laying products on them with a shadow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from catalog.demo.materials import Finish, paint
from catalog.demo.noise import Field
from catalog.demo.palette import RGB
from catalog.demo.photo import draw_cutout
from catalog.demo.product import DemoProduct

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Placed:
    """A product in a picture and its box in pixels."""

    product: DemoProduct
    box: Box


def surface(size: tuple[int, int], finish: Finish, *, angle: float = 0.0, px: float = 1.0) -> Image.Image:
    """A flat area of a material, `px` pixels per unit, lit a little from the upper left."""
    columns = np.arange(size[0], dtype=np.float32)[None, :] / np.float32(px)
    rows = np.arange(size[1], dtype=np.float32)[:, None] / np.float32(px)
    x, y = (rows + 0 * columns, columns + 0 * rows) if angle else (columns + 0 * rows, rows + 0 * columns)
    pixels = paint(finish, x, y, px)
    light = 1.05 - 0.13 * (columns * px / size[0] * 0.6 + rows * px / size[1] * 0.5)
    return image_of(np.asarray(pixels * light[..., None], dtype=np.float32))


def image_of(pixels: Field) -> Image.Image:
    """Float colours (h, w, 3) from 0 to 1 as an RGB image."""
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8), "RGB")


def gradient(size: tuple[int, int], top: RGB, bottom: RGB) -> Image.Image:
    """A vertical blend of two colours."""
    share = np.linspace(0, 1, size[1], dtype=np.float32)[:, None, None]
    column = np.asarray(top, dtype=np.float32) * (1 - share) + np.asarray(bottom, dtype=np.float32) * share
    return image_of(np.broadcast_to(column, (size[1], size[0], 3)))


def sized_cutout(product: DemoProduct, *, width: float = 0, height: float = 0, flip: bool = False) -> Image.Image:
    """The product alone at a width or a height in pixels."""
    # Drawn near the size that is needed: a product fills 0.6 to 0.95 of the design's width or height.
    scale = min(1.0, max(0.2, width / 310, height / 390))
    image = draw_cutout(product, scale=scale, flip=flip)
    factor = width / image.width if width else height / image.height
    return image.resize(
        (max(8, round(image.width * factor)), max(8, round(image.height * factor))), Image.Resampling.LANCZOS
    )


def turned_cutout(image: Image.Image, degrees: float) -> Image.Image:
    """A cut-out turned counter-clockwise and cropped again to what is visible."""
    turned = image.rotate(degrees, resample=Image.Resampling.BICUBIC, expand=True)
    solid = turned.getchannel("A").point(lambda value: 255 if value > 130 else 0)
    return turned.crop(solid.getbbox() or (0, 0, *turned.size))


def lay(picture: Image.Image, cutout: Image.Image, at: tuple[int, int], *, shadow: tuple[int, int, int, float]) -> Box:
    """Paste a cut-out with its upper left corner `at`; `shadow` is (right, down, blur in pixels, strength). Its box."""
    right, down, soft, strength = shadow
    margin = soft * 3
    alpha = Image.new("L", (cutout.width + 2 * margin, cutout.height + 2 * margin))
    alpha.paste(cutout.getchannel("A").point(lambda value: round(value * strength)), (margin, margin))
    alpha = alpha.filter(ImageFilter.GaussianBlur(soft))
    picture.paste((38, 32, 30), (at[0] - margin + right, at[1] - margin + down), alpha)
    picture.paste(cutout, at, cutout)
    return at[0], at[1], at[0] + cutout.width, at[1] + cutout.height


def pool(picture: Image.Image, box: Box, *, depth: int, strength: float = 0.42) -> None:
    """A soft shadow on the floor under something that will stand at `box`."""
    x1, _, x2, y2 = box
    image = Image.new("L", (x2 - x1 + 80, depth + 60))
    image.paste(round(255 * strength), (40, 30, 40 + x2 - x1, 30 + depth))
    image = image.filter(ImageFilter.GaussianBlur(11))
    picture.paste((38, 32, 30), (x1 - 40, y2 - depth - 24), image)
