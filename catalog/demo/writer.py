"""Writes the demo catalogue to a folder: products.ndjson, attributes.json, scenes.json and the photos."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image

from catalog.demo.assortment import demo_products
from catalog.demo.photo import draw_photo
from catalog.demo.product import DemoProduct
from catalog.demo.scenes import SceneItem, ScenePlan, draw_scene, plan_scenes
from catalog.demo.taxonomy import demo_attributes
from catalog.folders import put_in_place

PHOTO_SIZE = (480, 600)
JPEG_QUALITY = 88
DEFAULT_SCENES = 40
# How many products a worker draws in one go: small enough for an even bar, large enough to hide the hand-over.
PRODUCTS_PER_TASK = 10


def write_demo(
    folder: Path,
    *,
    seed: int,
    count: int,
    scenes: int = DEFAULT_SCENES,
    photo_size: tuple[int, int] = PHOTO_SIZE,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write the whole catalogue into `folder`, replacing what the last run put there; all or nothing.

    `photo_size` is in pixels, best in the proportion 4:5. `progress(done, total)` is called as pictures are finished.
    Raises FileExistsError for a folder that holds something else, OSError where it cannot be written.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / "products.ndjson").is_file():
        raise FileExistsError(f"{folder} holds other files: name an empty folder, or one that generate_demo wrote.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _fill(made, demo_products(seed, count), seed=seed, scenes=scenes, photo_size=photo_size, progress=progress)
        made.chmod(0o755)
        put_in_place(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _fill(
    folder: Path,
    products: list[DemoProduct],
    *,
    seed: int,
    scenes: int,
    photo_size: tuple[int, int],
    progress: Callable[[int, int], None] | None,
) -> None:
    images = folder / "images"
    images.mkdir()
    plans = plan_scenes(products, seed=seed, count=scenes)
    total = sum(product.photo_count for product in products) + len(plans)
    done = 0
    drawn: dict[int, tuple[tuple[int, int], list[SceneItem]]] = {}
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        # Scenes take longest, so they go first.
        for result in pool.map(partial(_draw, images=images, photo_size=photo_size), _jobs(plans, products)):
            if isinstance(result, int):
                done += result
            else:
                number, size, items = result
                drawn[number] = (size, items)
                done += 1
            if progress:
                progress(done, total)
    _write_texts(folder, products, plans, drawn)


def _jobs(plans: list[ScenePlan], products: list[DemoProduct]) -> Iterator[ScenePlan | tuple[DemoProduct, ...]]:
    yield from plans
    for start in range(0, len(products), PRODUCTS_PER_TASK):
        yield tuple(products[start : start + PRODUCTS_PER_TASK])


def _draw(
    job: ScenePlan | tuple[DemoProduct, ...], *, images: Path, photo_size: tuple[int, int]
) -> int | tuple[int, tuple[int, int], list[SceneItem]]:
    """In a worker: draw a scene, or the photos of some products; their number, or the scene's facts."""
    if isinstance(job, ScenePlan):
        picture, items = draw_scene(job)
        _save(picture, images / scene_name(job.number))
        return job.number, picture.size, items
    for product in job:
        for view in range(product.photo_count):
            _save(draw_photo(product, view=view, size=photo_size), images / photo_name(product, view))
    return sum(product.photo_count for product in job)


def _save(picture: Image.Image, path: Path) -> None:
    picture.save(path, "JPEG", quality=JPEG_QUALITY)


def photo_name(product: DemoProduct, view: int) -> str:
    """A photo's file name."""
    return f"{product.sku.lower()}-{view + 1}.jpg"


def scene_name(number: int) -> str:
    """A scene's file name."""
    return f"scene-{number:02d}.jpg"


def _write_texts(
    folder: Path,
    products: list[DemoProduct],
    plans: list[ScenePlan],
    drawn: dict[int, tuple[tuple[int, int], list[SceneItem]]],
) -> None:
    heroes = {plan.products[0].sku: plan.number for plan in plans}
    lines = (json.dumps(product_row(product, heroes.get(product.sku)), ensure_ascii=False) for product in products)
    (folder / "products.ndjson").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    attributes = [
        {
            "code": attribute.code,
            "label": attribute.label,
            "prompt": attribute.prompt,
            "values": [{"code": code, "label": label} for code, label in attribute.values],
        }
        for attribute in demo_attributes(products)
    ]
    (folder / "attributes.json").write_text(
        json.dumps(attributes, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    scenes = [scene_row(plan, *drawn[plan.number]) for plan in plans]
    (folder / "scenes.json").write_text(json.dumps(scenes, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def product_row(product: DemoProduct, scene: int | None) -> dict[str, object]:
    """A product as its line of products.ndjson says it; `scene` is the number of the scene that it is the hero of."""
    images: list[dict[str, object]] = [
        {"file": f"images/{photo_name(product, view)}", "kind": "catalog", "position": view}
        for view in range(product.photo_count)
    ]
    if scene is not None:
        images.append({"file": f"images/{scene_name(scene)}", "kind": "lifestyle", "position": product.photo_count})
    return {
        "sku": product.sku,
        "title": product.title,
        "description": product.description,
        "category": product.category,
        "brand": product.brand,
        "price": product.price,
        "quantity": product.quantity,
        "attributes": product.attributes,
        "style_code": product.style_code,
        "url": product.url,
        "is_published": product.is_published,
        "images": images,
    }


def scene_row(plan: ScenePlan, size: tuple[int, int], items: list[SceneItem]) -> dict[str, object]:
    """A scene as scenes.json says it."""
    return {
        "file": f"images/{scene_name(plan.number)}",
        "width": size[0],
        "height": size[1],
        "hero": plan.products[0].sku,
        "items": [{"sku": item.sku, "label": item.label, "box": list(item.box)} for item in items],
    }
