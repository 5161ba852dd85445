"""Rooms: a wall, a floor, daylight, and furniture where it belongs."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from catalog.demo.materials import Finish
from catalog.demo.palette import WOODS, lighter, mix, rgb
from catalog.demo.product import DemoProduct
from catalog.demo.setting import Box, Placed, gradient, lay, pool, sized_cutout, surface

SIZE = (960, 720)
PX_PER_CM = 2.75
FLOOR_Y = 476
WALLS = ("#e9e4da", "#dfe3df", "#e6dcd3", "#d9dfe4", "#ece7e1", "#cfd6cc", "#e8d9cc", "#d5d3da", "#c9d2d8", "#e3ddcf")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a product goes: the middle of its foot as shares of the picture, on the floor, hung, or on another spot."""

    kind: str
    x: float
    y: float
    noun: str = ""
    flip: bool = False
    on: int = -1


ROOMS: dict[str, tuple[Spot, ...]] = {
    "living-room": (
        Spot("sofa", 0.5, 0.80),
        Spot("rug", 0.5, 0.93),
        Spot("floor-lamp", 0.1, 0.79),
        Spot("table", 0.47, 0.965, "coffee"),
        Spot("armchair", 0.87, 0.95, flip=True),
        Spot("cushion", 0.42, 0.0, on=0),
    ),
    "dining-room": (
        Spot("table", 0.5, 0.93, "dining"),
        Spot("rug", 0.5, 0.94),
        Spot("cabinet", 0.78, 0.725, "sideboard"),
        Spot("chair", 0.2, 0.91),
        Spot("pendant", 0.5, 0.0),
        Spot("table-lamp", 0.86, 0.0, on=2),
    ),
    "reading-corner": (
        Spot("armchair", 0.44, 0.87),
        Spot("rug", 0.5, 0.93),
        Spot("shelf", 0.84, 0.75),
        Spot("floor-lamp", 0.2, 0.80),
        Spot("table", 0.68, 0.92, "side table"),
    ),
    "hallway": (
        Spot("cabinet", 0.5, 0.79, "drawers"),
        Spot("rug", 0.5, 0.93),
        Spot("chair", 0.84, 0.88, flip=True),
        Spot("table-lamp", 0.44, 0.0, on=0),
        Spot("hat", 0.57, 0.0, on=0),
        Spot("tote", 0.17, 0.86),
        Spot("sneakers", 0.36, 0.92),
    ),
    "study": (
        Spot("table", 0.42, 0.86, "desk"),
        Spot("rug", 0.45, 0.94),
        Spot("shelf", 0.86, 0.76, "bookcase"),
        Spot("table-lamp", 0.30, 0.0, "desk lamp", on=0),
        Spot("chair", 0.55, 0.955, flip=True),
        Spot("pendant", 0.5, 0.0),
    ),
}

# What a product measures: ("w" or "h", centimetres), by words of its title, else by kind.
MEASURES: dict[str, tuple[str, float]] = {
    "chaise": ("w", 218),
    "three-seater": ("w", 212),
    "two-seater": ("w", 168),
    "leather sofa": ("w", 190),
    "coffee table": ("w", 118),
    "side table": ("h", 56),
    "desk lamp": ("h", 52),
    "desk": ("w", 140),
    "console": ("w", 118),
    "dining table": ("w", 168),
    "nightstand": ("h", 64),
    "wardrobe": ("h", 196),
    "chest": ("h", 102),
    "highboard": ("h", 146),
    "sideboard": ("w", 165),
    "cube shelf": ("h", 126),
    "low shelf": ("h", 92),
    "stool": ("h", 76),
}
KIND_MEASURES: dict[str, tuple[str, float]] = {
    "chair": ("h", 98),
    "armchair": ("h", 92),
    "sofa": ("w", 200),
    "table": ("w", 130),
    "shelf": ("h", 182),
    "cabinet": ("w", 150),
    "table-lamp": ("h", 54),
    "floor-lamp": ("h", 162),
    "pendant": ("h", 76),
    "cushion": ("w", 46),
    "hat": ("w", 36),
    "tote": ("h", 52),
    "sneakers": ("w", 44),
    "rug": ("w", 250),
}


def draw_room(setting: str, products: tuple[DemoProduct, ...], *, seed: int) -> tuple[Image.Image, list[Placed]]:
    """The room's picture and its products in the order they were laid down; `products` answer the setting's spots."""
    generator = random.Random(seed)
    picture = _empty_room(generator)
    spots = ROOMS[setting]
    boxes: dict[int, Box] = {}
    order = sorted(range(len(spots)), key=lambda index: _depth(spots, index))
    for index in order:
        boxes[index] = _put(picture, products[index], spots[index], boxes)
    return picture, [Placed(products[index], boxes[index]) for index in order]


def _depth(spots: tuple[Spot, ...], index: int) -> float:
    """Rugs first, then what hangs, then from the wall to the front; what stands on something comes right after it."""
    spot = spots[index]
    if spot.kind == "rug":
        return -2.0
    if spot.on >= 0:
        return spots[spot.on].y + 0.001
    return spot.y if spot.y else -1.0


def _put(picture: Image.Image, product: DemoProduct, spot: Spot, boxes: dict[int, Box]) -> Box:
    axis, cm = next((size for words, size in MEASURES.items() if words in product.title), KIND_MEASURES[product.kind])
    nearness = 0.8 + 0.26 * max(0.0, spot.y - 0.7) / 0.25 if spot.on < 0 else 0.86
    px = cm * PX_PER_CM * (nearness if spot.y or spot.on >= 0 else 0.95)
    if product.look.has("shape", "round") and product.kind == "table" and axis == "w":
        px *= 0.72
    if spot.kind == "rug":
        return _lay_rug(picture, product, spot)
    cutout = sized_cutout(product, width=px if axis == "w" else 0, height=px if axis == "h" else 0, flip=spot.flip)
    left = round(spot.x * SIZE[0] - cutout.width / 2)
    if spot.on >= 0:
        under = boxes[spot.on]
        if spot.kind == "cushion":
            foot = under[1] + round((under[3] - under[1]) * 0.6)
        else:
            foot = under[1] + round(min(18, (under[3] - under[1]) * 0.12))
        left = min(max(left, under[0] + 8), under[2] - cutout.width - 8)
        return lay(picture, cutout, (left, foot - cutout.height), shadow=(3, 3, 5, 0.3))
    if not spot.y:
        return lay(picture, cutout, (left, 0), shadow=(10, 12, 14, 0.12))
    top = round(spot.y * SIZE[1]) - cutout.height
    box = (left, top, left + cutout.width, top + cutout.height)
    pool(picture, box, depth=14)
    return lay(picture, cutout, (left, top), shadow=(9, 7, 12, 0.16))


def _lay_rug(picture: Image.Image, product: DemoProduct, spot: Spot) -> Box:
    """A rug seen from above, lying down: turned, pressed flat and spread towards the viewer."""
    flat = sized_cutout(product, height=700).rotate(90, expand=True)
    high, low = 118, round(min(620, flat.width * 0.86))
    near, far = low, round(low * 0.84)
    edge = (near - far) / 2
    coefficients = _perspective(
        [(edge, 0), (near - edge, 0), (near, high), (0, high)],
        [(0, 0), (flat.width, 0), (flat.width, flat.height), (0, flat.height)],
    )
    lying = flat.transform((near, high), Image.Transform.PERSPECTIVE, coefficients, resample=Image.Resampling.BICUBIC)
    lying = lying.crop(lying.getbbox() or (0, 0, near, high))
    left, top = round(spot.x * SIZE[0] - lying.width / 2), round(spot.y * SIZE[1]) - lying.height
    return lay(picture, lying, (left, top), shadow=(1, 3, 4, 0.35))


def _perspective(target: list[tuple[float, float]], source: list[tuple[float, float]]) -> list[float]:
    """The eight numbers that PIL's perspective transform wants, from four corners."""
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    wanted = [value for corner in source for value in corner]
    return [float(value) for value in np.linalg.solve(np.array(rows), np.array(wanted))]


def _empty_room(generator: random.Random) -> Image.Image:
    wall = rgb(generator.choice(WALLS))
    picture = gradient(SIZE, mix(wall, (1, 1, 1), 0.16), mix(wall, (0.5, 0.45, 0.4), 0.07))
    wood = generator.choice(("oak", "ash", "oak", "walnut"))
    floor = surface((SIZE[0], SIZE[1] - FLOOR_Y), Finish(lighter(rgb(WOODS[wood]), 0.3), wood), px=1.2)
    pen = ImageDraw.Draw(floor)
    seam = tuple(round(255 * c * 0.66) for c in rgb(WOODS[wood]))
    y, step = 6.0, 15.0
    while y < floor.height:
        pen.line([(0, y), (SIZE[0], y)], fill=seam)
        for _ in range(3):
            x = generator.randrange(SIZE[0])
            pen.line([(x, y), (x + (x - SIZE[0] / 2) * 0.02, y + step)], fill=seam)
        y, step = y + step, step * 1.17
    picture.paste(floor, (0, FLOOR_Y))
    pen = ImageDraw.Draw(picture)
    pen.rectangle([0, FLOOR_Y - 15, SIZE[0], FLOOR_Y], fill=tuple(round(255 * c) for c in mix(wall, (1, 1, 1), 0.6)))
    pen.line([(0, FLOOR_Y), (SIZE[0], FLOOR_Y)], fill=seam, width=2)
    if generator.random() < 0.6:
        _artwork(picture, generator)
    return _daylight(picture, generator)


def _artwork(picture: Image.Image, generator: random.Random) -> None:
    """One or two framed abstract prints on the wall."""
    x = round(SIZE[0] * generator.uniform(0.34, 0.44))
    for _ in range(generator.choice((1, 2))):
        wide, high, top = generator.randint(84, 116), generator.randint(112, 146), generator.randint(96, 116)
        print_ = Image.new("RGB", (wide * 2, high * 2), (247, 244, 238))
        pen = ImageDraw.Draw(print_)
        for _ in range(3):
            tint = tuple(
                round(255 * c)
                for c in rgb(generator.choice(("#c98b66", "#8b9a86", "#d9b97f", "#5d6d7e", "#b5a397", "#37474f")))
            )
            cx, cy, r = (
                generator.randint(40, wide * 2 - 40),
                generator.randint(60, high * 2 - 60),
                generator.randint(22, 62),
            )
            pen.pieslice(
                [cx - r, cy - r, cx + r, cy + r],
                *generator.choice(((0, 360), (180, 360), (0, 180), (90, 270))),
                fill=tint,
            )
        framed = Image.new("RGBA", (wide + 8, high + 8), (72, 56, 44, 255))
        framed.paste(print_.resize((wide, high), Image.Resampling.LANCZOS), (4, 4))
        lay(picture, framed, (x, top), shadow=(4, 6, 7, 0.3))
        x += wide + 30


def _daylight(picture: Image.Image, generator: random.Random) -> Image.Image:
    """A window's light falling across the wall."""
    light = Image.new("L", SIZE)
    pen = ImageDraw.Draw(light)
    start = generator.randint(60, 620)
    for pane in range(2):
        x = start + pane * 112
        pen.polygon([(x, 40), (x + 98, 30), (x + 220, 440), (x + 122, 450)], fill=42)
    light = light.filter(ImageFilter.GaussianBlur(9))
    picture.paste((255, 247, 228), (0, 0), light)
    return picture
