"""Lifestyle scenes: which products they compose, and the finished picture with a box for each of them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image

from catalog.demo.outfits import draw_flat_lay, draw_rail
from catalog.demo.palette import PARTNERS
from catalog.demo.product import DemoProduct
from catalog.demo.rooms import ROOMS, draw_room
from catalog.demo.setting import Placed

NEUTRALS = ("white", "cream", "beige", "brown", "grey", "black")
LABELS = {"tshirt": "T-shirt", "knit": "jumper", "rug": "rug", "pendant": "pendant lamp"}
# What an outfit is put together from: one of each group.
WEAR = (
    ("knit", "shirt", "tshirt"),
    ("trousers", "jeans", "skirt", "shorts"),
    ("sneakers", "loafers", "boots", "heels", "sandals"),
)
EXTRAS = (("handbag", "tote", "backpack"), ("hat",))


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """One scene to draw: its number from 1, its setting and its products, the hero first."""

    number: int
    setting: str
    products: tuple[DemoProduct, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class SceneItem:
    """A product in a scene; `box` is normalised x1, y1, x2, y2."""

    sku: str
    label: str
    box: tuple[float, float, float, float]


def plan_scenes(products: list[DemoProduct], *, seed: int, count: int) -> list[ScenePlan]:
    """Up to `count` scenes, in turn rooms, flat lays and rails; no product is the hero of two."""
    generator = random.Random(f"{seed}:scenes")
    shelves: dict[str, list[DemoProduct]] = {}
    for product in products:
        if product.is_published:
            shelves.setdefault(product.kind, []).append(product)
    settings = [*ROOMS, "flat-lay", "rail", "flat-lay"]
    plans: list[ScenePlan] = []
    heroes: set[str] = set()
    for number in range(count * 3):
        if len(plans) == count:
            break
        setting = settings[number % len(settings)]
        chosen = _choose(_groups(setting, generator), shelves, heroes, generator)
        if chosen:
            heroes.add(chosen[0].sku)
            plans.append(ScenePlan(len(plans) + 1, setting, chosen, generator.randrange(1 << 30)))
    return plans


def _groups(setting: str, generator: random.Random) -> list[tuple[str, ...]]:
    if setting in ROOMS:
        return [(spot.kind,) if not spot.noun else (f"{spot.kind}:{spot.noun}",) for spot in ROOMS[setting]]
    if setting == "rail":
        return [("coat", "jacket"), ("dress",), ("shirt", "tshirt"), ("knit",), WEAR[2], EXTRAS[0]]
    if generator.random() < 0.3:
        return [("dress",), ("jacket", "knit"), WEAR[2], *EXTRAS]
    return [generator.choice((WEAR[0], WEAR[0], ("jacket",))), WEAR[1], WEAR[2], *EXTRAS]


def _choose(
    groups: list[tuple[str, ...]], shelves: dict[str, list[DemoProduct]], heroes: set[str], generator: random.Random
) -> tuple[DemoProduct, ...]:
    """One product of each group, in colours that go together; empty where a group or a new hero is missing."""
    chosen: list[DemoProduct] = []
    for group in groups:
        rack = [product for name in group for product in _rack(shelves, name)]
        if not chosen:
            rack = [product for product in rack if product.sku not in heroes]
        else:
            near = (*NEUTRALS, chosen[0].values("color")[0], *PARTNERS[chosen[0].values("color")[0]])
            rack = [product for product in rack if product.values("color")[0] in near] or rack
        if not rack:
            return ()
        chosen.append(generator.choice(rack))
    return tuple(chosen)


def _rack(shelves: dict[str, list[DemoProduct]], name: str) -> list[DemoProduct]:
    kind, _, noun = name.partition(":")
    rack = shelves.get(kind, [])
    return [product for product in rack if noun in product.title] or rack


def draw_scene(plan: ScenePlan) -> tuple[Image.Image, list[SceneItem]]:
    """The picture, RGB, and its products in the order they were laid down."""
    if plan.setting in ROOMS:
        image, placed = draw_room(plan.setting, plan.products, seed=plan.seed)
    elif plan.setting == "rail":
        image, placed = draw_rail(plan.products, seed=plan.seed)
    else:
        image, placed = draw_flat_lay(plan.products, seed=plan.seed)
    return image, [_item(one, image.size) for one in placed]


def _item(placed: Placed, size: tuple[int, int]) -> SceneItem:
    width, height = size
    x1, y1, x2, y2 = placed.box
    box = (max(0, x1) / width, max(0, y1) / height, min(width, x2) / width, min(height, y2) / height)
    kind = placed.product.kind
    rounded = (round(box[0], 4), round(box[1], 4), round(box[2], 4), round(box[3], 4))
    return SceneItem(placed.product.sku, LABELS.get(kind, kind.replace("-", " ")), rounded)
