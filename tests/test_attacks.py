"""Attacks on query photos stay within their bounds, mislead the shipped encoder, and are asked for by a setup's name."""

from __future__ import annotations

import numpy as np
import pytest
from django.conf import settings as project
from numpy.typing import NDArray
from PIL import Image

from search.encoder import Encoder
from search.evaluation.attacks import attacked, read_attack


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(project.ENCODER_MODEL)


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """A soft picture with shapes, larger than what the encoder sees."""
    grid = np.linspace(0, 3, 200)
    channels = [np.sin(grid[:, None] * (k + 1)) * np.cos(grid[None, :160] * (k + 2)) for k in range(3)]
    return Image.fromarray((np.stack(channels, -1) * 100 + 127).astype(np.uint8))


def pixels(image: Image.Image) -> NDArray[np.int16]:
    return np.asarray(image, np.int16)


def test_along_the_gradient_a_photo_moves_further_than_by_chance(encoder: Encoder, photo: Image.Image) -> None:
    names = ("pgd-0", "noise-4", "pgd-4", "patch-5", "pgd-patch-5")
    changed = {name: attacked(photo, name, encoder=encoder, seed=1) for name in names}
    clean = encoder.encode_images([photo])
    near = {name: float((clean @ encoder.encode_images([image]).T)[0, 0]) for name, image in changed.items()}
    assert near["pgd-0"] > 0.98
    assert near["pgd-4"] < near["noise-4"] - 0.1
    assert near["pgd-patch-5"] < near["patch-5"] - 0.05
    base = pixels(changed["pgd-0"])
    for name in ("noise-4", "pgd-4"):
        assert 3 <= np.abs(pixels(changed[name]) - base).max() <= 5
    touched = (np.abs(pixels(changed["pgd-patch-5"]) - base).max(-1) > 0).mean()
    assert 0.03 < touched < 0.07
    assert np.array_equal(pixels(attacked(photo, "pgd-4", encoder=encoder, seed=1)), pixels(changed["pgd-4"]))


@pytest.mark.parametrize("name", ["pgd", "pgd-x", "blur-3", "pgd-400", ""])
def test_what_is_no_attack_says_what_is(name: str) -> None:
    with pytest.raises(ValueError, match="write noise-N, pgd-N, patch-N, pgd-patch-N"):
        read_attack(name)
