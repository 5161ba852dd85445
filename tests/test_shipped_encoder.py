"""The encoder in `models/`: it loads unaided, is small, and knows colours and kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from PIL import Image, ImageDraw

from search.encoder import Encoder

FOLDER = Path(settings.BASE_DIR) / "models" / "vitrine-compact-clip"


@pytest.fixture(scope="module")
def shipped() -> Encoder:
    return Encoder(str(FOLDER))


def shirt(color: str) -> Image.Image:
    image = Image.new("RGB", (240, 320), "white")
    pen = ImageDraw.Draw(image)
    pen.polygon(
        [
            (80, 50),
            (160, 50),
            (225, 110),
            (195, 140),
            (170, 120),
            (170, 280),
            (70, 280),
            (70, 120),
            (45, 140),
            (15, 110),
        ],
        color,
    )
    return image


def test_it_is_small_enough_to_ship(shipped: Encoder) -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 20e6
    assert shipped.is_ready
    assert shipped.dimension == 256


def test_words_of_colour_find_their_shirt(shipped: Encoder) -> None:
    colors = {"red": "#c8202a", "green": "#20803a", "black": "#151515", "yellow": "#f0d020"}
    images = shipped.encode_images([shirt(value) for value in colors.values()])
    texts = shipped.encode_texts([f"{name} t-shirt" for name in colors])
    assert (texts @ images.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_a_photo_finds_its_own_smaller_darker_copy(shipped: Encoder) -> None:
    photo = shirt("#c8202a")
    small = photo.resize((120, 160)).point(lambda value: int(value * 0.9))
    other = Image.new("RGB", (240, 320), "white")
    ImageDraw.Draw(other).ellipse((40, 180, 200, 260), fill="#333333")
    rows = shipped.encode_images([photo, small, other])
    assert float(rows[0] @ rows[1]) > float(rows[0] @ rows[2])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
