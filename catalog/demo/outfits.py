"""Outfits: laid flat on a surface, or hanging on a rail."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw

from catalog.demo.materials import Finish
from catalog.demo.palette import WOODS, lighter, mix, rgb
from catalog.demo.product import DemoProduct
from catalog.demo.setting import Placed, gradient, lay, sized_cutout, surface, turned_cutout

FLAT_SIZE = (800, 800)
RAIL_SIZE = (960, 720)
GROUNDS = (
    ("#e8dfd2", "linen"),
    ("#dfe3e2", "linen"),
    ("#c9a77c", "oak"),
    ("#e6d6d2", "cotton"),
    ("#d8dcd2", "linen"),
    ("#d3d8de", "cotton"),
)
HEIGHTS = {
    "dress": 500,
    "trousers": 430,
    "jeans": 430,
    "skirt": 300,
    "shorts": 240,
    "jacket": 330,
    "shirt": 340,
    "knit": 315,
    "tshirt": 315,
    "coat": 440,
}
WIDTHS = {
    "hat": 170,
    "handbag": 190,
    "tote": 190,
    "backpack": 170,
    "sneakers": 215,
    "loafers": 215,
    "boots": 205,
    "heels": 205,
    "sandals": 215,
}


def _cutout(product: DemoProduct, factor: float) -> Image.Image:
    if product.kind in HEIGHTS:
        return sized_cutout(product, height=HEIGHTS[product.kind] * factor)
    return sized_cutout(product, width=WIDTHS[product.kind] * factor)


def draw_flat_lay(products: tuple[DemoProduct, ...], *, seed: int) -> tuple[Image.Image, list[Placed]]:
    """Clothes, shoes and a bag on a table or a cloth, seen from above: the hero left, the rest around it."""
    generator = random.Random(seed)
    color, material = generator.choice(GROUNDS)
    base = rgb(color) if material != "oak" else lighter(rgb(WOODS["oak"]), 0.25)
    picture = surface(FLAT_SIZE, Finish(base, material), angle=90, px=1.6)
    middles = [(255, 280), (575, 290), (205, 650), (615, 645), (410, 680)]
    placed: list[Placed] = []
    order = sorted(range(len(products)), key=lambda index: products[index].kind not in HEIGHTS)
    for index in order:
        product = products[index]
        image = turned_cutout(_cutout(product, 1.12 if index == 0 else 1.04), generator.uniform(-8, 8))
        cx, cy = middles[index % len(middles)]
        cy = max(cy, 30 + image.height // 2) if index < 2 else min(cy, FLAT_SIZE[1] - 30 - image.height // 2)
        at = (cx - image.width // 2 + generator.randint(-8, 8), cy - image.height // 2)
        placed.append(Placed(product, lay(picture, image, at, shadow=(7, 9, 9, 0.42))))
    return picture, placed


def draw_rail(products: tuple[DemoProduct, ...], *, seed: int) -> tuple[Image.Image, list[Placed]]:
    """A clothes rail before a wall: garments on hangers, shoes and a bag on the floor."""
    generator = random.Random(seed)
    wall = rgb(generator.choice(("#e4e0d8", "#dde1de", "#e6dcd6", "#d6dade")))
    width, height = RAIL_SIZE
    picture = gradient(RAIL_SIZE, mix(wall, (1, 1, 1), 0.2), mix(wall, (0.5, 0.45, 0.4), 0.08))
    floor = gradient((width, 130), mix(wall, (0.45, 0.4, 0.36), 0.28), mix(wall, (0.45, 0.4, 0.36), 0.12))
    picture.paste(floor, (0, height - 130))
    rod = (70, 62, 56) if generator.random() < 0.5 else (186, 152, 92)
    pen = ImageDraw.Draw(picture)
    for x in (70, width - 70):
        pen.line([(x, 84), (x, height - 62)], fill=rod, width=7)
        pen.line([(x - 34, height - 60), (x + 34, height - 60)], fill=rod, width=7)
    pen.line([(60, 84), (width - 60, 84)], fill=rod, width=7)
    hung = [product for product in products if product.kind in HEIGHTS]
    placed = [
        _hang(picture, product, 190 + number * 580 // max(1, len(hung) - 1)) for number, product in enumerate(hung)
    ]
    for number, product in enumerate(product for product in products if product.kind in WIDTHS):
        image = _cutout(product, 0.84)
        at = (round(width * (0.34 + 0.34 * number)) - image.width // 2, height - 34 - image.height)
        placed.append(Placed(product, lay(picture, image, at, shadow=(4, 7, 8, 0.4))))
    return picture, placed


def _hang(picture: Image.Image, product: DemoProduct, x: int) -> Placed:
    image = _cutout(product, 0.84)
    top = 136
    pen = ImageDraw.Draw(picture)
    pen.arc([x - 9, 74, x + 9, 96], 180, 60, fill=(120, 116, 112), width=3)
    pen.line([(x, 96), (x, 124)], fill=(120, 116, 112), width=3)
    pen.line([(x - 50, 158), (x, 122), (x + 50, 158)], fill=(176, 132, 88), width=7, joint="curve")
    return Placed(product, lay(picture, image, (x - image.width // 2, top), shadow=(9, 10, 10, 0.25)))
