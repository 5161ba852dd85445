"""The demo catalogue: the same for a seed, complete, and its boxes right."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image

from catalog.demo import demo_products, draw_photo
from catalog.demo.assortment import DEFAULT_COUNT, KINDS
from catalog.demo.photo import draw_cutout
from catalog.demo.scenes import draw_scene, plan_scenes
from catalog.demo.taxonomy import demo_attributes
from catalog.demo.writer import write_demo

SMALL = (48, 60)


def files_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_seed_always_gives_the_same_products_and_another_seed_gives_others() -> None:
    assert demo_products(3, 40) == demo_products(3, 40)
    assert {product.sku for product in demo_products(3, 40)}.isdisjoint(product.sku for product in demo_products(4, 40))


def test_the_default_catalogue_is_large_and_varied() -> None:
    products = demo_products(1, DEFAULT_COUNT)
    assert len(products) == DEFAULT_COUNT >= 600
    assert len({product.sku for product in products}) == DEFAULT_COUNT
    assert len({product.category for product in products}) == len(KINDS) >= 18
    assert len({color for product in products for color in product.attributes["color"]}) >= 16
    assert 0.3 < sum(product.photo_count == 2 for product in products) / DEFAULT_COUNT < 0.45
    assert any(product.price is None for product in products)
    assert any(product.quantity == 0 for product in products)
    assert any(not product.is_published for product in products)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_skus_are_unique_for_any_seed(seed: int) -> None:
    products = demo_products(seed, 2000)
    assert len({product.sku for product in products}) == 2000


def test_variants_of_a_style_differ_in_colour_and_share_the_rest() -> None:
    products = demo_products(1, 300)
    styles: dict[str, list[str]] = {}
    for product in products:
        styles.setdefault(product.style_code, []).append(product.sku)
        assert product.sku.startswith(product.style_code)
    assert max(len(skus) for skus in styles.values()) > 1
    for skus in styles.values():
        variants = [product for product in products if product.sku in skus]
        assert len({(product.category, product.brand, tuple(product.look.cut.items())) for product in variants}) == 1


def test_every_attribute_value_is_declared() -> None:
    products = demo_products(1, 300)
    declared = {attribute.code: {code for code, _ in attribute.values} for attribute in demo_attributes(products)}
    for product in products:
        for code, values in product.attributes.items():
            assert values and set(values) <= declared[code]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_draws_a_product_that_stands_out_from_its_backdrop(kind: str) -> None:
    product = next(product for product in demo_products(5, 400) if product.kind == kind)
    for view in (0, 1):
        pixels = np.asarray(draw_photo(product, view=view, size=SMALL), dtype=int)
        assert pixels.shape == (60, 48, 3)
        assert np.abs(pixels - pixels[0, 0]).max() > 20
    assert draw_photo(product, size=SMALL).tobytes() == draw_photo(product, size=SMALL).tobytes()
    assert draw_photo(product, size=SMALL).tobytes() != draw_photo(product, view=1, size=SMALL).tobytes()


def test_a_photo_shows_the_products_colour() -> None:
    for product in demo_products(1, 200):
        if product.kind in ("tshirt", "sofa", "trousers") and product.attributes["pattern"] == ["plain"]:
            cutout = np.asarray(draw_cutout(product, scale=0.15), dtype=float)
            solid = cutout[cutout[..., 3] > 250][:, :3] / 255
            assert np.abs(np.median(solid, axis=0) - product.look.finish.color).max() < 0.2


def test_scenes_have_their_own_heroes_and_boxes_inside_the_picture() -> None:
    products = demo_products(1, 300)
    plans = plan_scenes(products, seed=1, count=9)
    assert len({plan.products[0].sku for plan in plans}) == 9
    assert len({plan.setting for plan in plans}) >= 6
    for plan in plans[:8]:
        image, items = draw_scene(plan)
        assert sorted(item.sku for item in items) == sorted(product.sku for product in plan.products)
        for item in items:
            x1, y1, x2, y2 = item.box
            assert 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1
            assert (x2 - x1) * image.width >= 20 and (y2 - y1) * image.height >= 12


def test_a_scenes_last_item_fills_its_box() -> None:
    plan = next(plan for plan in plan_scenes(demo_products(1, 300), seed=1, count=9) if plan.setting == "flat-lay")
    image, items = draw_scene(plan)
    without, _ = draw_scene(plan)
    assert image.tobytes() == without.tobytes()
    product = next(product for product in plan.products if product.sku == items[-1].sku)
    x1, y1, x2, y2 = (round(edge * side) for edge, side in zip(items[-1].box, (*image.size, *image.size), strict=True))
    inside = np.asarray(image.crop((x1, y1, x2, y2)), dtype=float) / 255
    near = np.abs(inside - product.look.finish.color).max(axis=2) < 0.3
    assert near.mean() > 0.2


def test_the_written_folder_is_complete_and_byte_for_byte_repeatable(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_demo(tmp_path / name, seed=2, count=45, scenes=2)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    folder = tmp_path / "one"
    rows = [json.loads(line) for line in (folder / "products.ndjson").read_text(encoding="utf-8").splitlines()]
    scenes = json.loads((folder / "scenes.json").read_text(encoding="utf-8"))
    assert len(rows) == 45 and len(scenes) == 2
    named = {image["file"] for row in rows for image in row["images"]}
    assert named == {name for name in files_of(folder) if name.startswith("images/")}
    lifestyle = {(row["sku"], image["file"]) for row in rows for image in row["images"] if image["kind"] == "lifestyle"}
    assert lifestyle == {(scene["hero"], scene["file"]) for scene in scenes}
    for scene in scenes:
        assert Image.open(folder / scene["file"]).size == (scene["width"], scene["height"])
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"}


def test_the_command_replaces_its_own_folder_and_leaves_a_foreign_one_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(Exception, match="holds other files"):
        call_command("generate_demo", foreign, products=4, scenes=0, verbosity=0)
    assert files_of(foreign).keys() == {"letter.txt"}
    for seed in (1, 2):
        call_command("generate_demo", tmp_path / "demo", products=4, scenes=0, seed=seed, verbosity=0)
    rows = (tmp_path / "demo" / "products.ndjson").read_text(encoding="utf-8").splitlines()
    assert [json.loads(row)["sku"] for row in rows] == [product.sku for product in demo_products(2, 4)]
