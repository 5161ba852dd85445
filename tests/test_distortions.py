"""`search.evaluation.distortions`: what a photo goes through before it comes back as a query."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from search.evaluation.distortions import DISTORTIONS, MILD, STRONG, distort


def product_photo() -> Image.Image:
    image = Image.new("RGB", (60, 80), "white")
    ImageDraw.Draw(image).rectangle((15, 15, 45, 65), fill=(200, 30, 40))
    return image


def change(image: Image.Image, name: str) -> float:
    """The mean difference of a pixel, over seeds: the page of a screenshot and the wall behind a product are drawn."""
    before = np.asarray(image, np.float32)
    changed = [distort(image, name, seed=seed).resize(image.size) for seed in range(12)]
    return float(np.mean([np.abs(np.asarray(after, np.float32) - before).mean() for after in changed]))


def test_every_distortion_is_mild_or_strong() -> None:
    assert set(MILD) | set(STRONG) == set(DISTORTIONS)
    assert [name.removesuffix("-mild") for name in MILD] == [name.removesuffix("-strong") for name in STRONG]


@pytest.mark.parametrize("name", DISTORTIONS)
def test_a_distortion_changes_the_photo_and_is_the_same_for_the_same_seed(name: str) -> None:
    image = product_photo()
    first, second = distort(image, name, seed=7), distort(image, name, seed=7)
    assert first.mode == "RGB"
    assert first.tobytes() == second.tobytes()
    assert first.size != image.size or first.tobytes() != image.tobytes()
    assert image.tobytes() == product_photo().tobytes()


@pytest.mark.parametrize("name", [name.removesuffix("-mild") for name in MILD])
def test_the_strong_one_changes_more_than_the_mild_one(name: str) -> None:
    assert change(product_photo(), f"{name}-strong") > change(product_photo(), f"{name}-mild")


@pytest.mark.parametrize("size", [(1, 1), (1, 60), (7, 5), (400, 300)])
@pytest.mark.parametrize("name", DISTORTIONS)
def test_a_photo_of_any_size_is_distorted(name: str, size: tuple[int, int]) -> None:
    assert min(distort(Image.new("RGB", size, (90, 120, 60)), name, seed=1).size) >= 1


def test_another_background_leaves_the_product_and_changes_the_corners() -> None:
    changed = distort(product_photo(), "background-mild", seed=2)
    assert changed.getpixel((30, 40)) == (200, 30, 40)
    assert changed.getpixel((1, 1)) != (255, 255, 255)


def test_a_photo_without_a_plain_background_shrinks_into_the_scene() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (80, 60, 3)).astype(np.uint8)
    changed = distort(Image.fromarray(noise), "background-mild", seed=2)
    assert changed.getpixel((0, 0)) == changed.getpixel((59, 79))


def test_an_unknown_distortion_is_named() -> None:
    with pytest.raises(ValueError, match="No distortion 'melt'"):
        distort(product_photo(), "melt", seed=1)
