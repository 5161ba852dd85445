"""Palettes of photos: the product's colours, without the background, the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from search.colour import oklab
from search.colour.bins import BINS, BY_NAME, bin_mask, bins_of
from search.colour.palette import MAX_COLOURS, photo_palette

RED, NAVY, WHITE, GREY = (200, 30, 40), (27, 42, 73), (255, 255, 255), (128, 128, 128)


def drawn(
    background: tuple[int, int, int], *shapes: tuple[tuple[int, int, int, int], tuple[int, int, int]]
) -> Image.Image:
    """A photo of 96 x 96 pixels with coloured boxes on a plain ground."""
    photo = Image.new("RGB", (96, 96), background)
    for box, colour in shapes:
        ImageDraw.Draw(photo).rectangle(box, fill=colour)
    return photo


def names(photo: Image.Image) -> list[str]:
    return [found.name for found in bins_of(photo_palette(photo))]


def hexes(photo: Image.Image) -> list[str]:
    return [swatch.hex for swatch in photo_palette(photo)]


def test_oklab_agrees_with_the_published_values_and_comes_back() -> None:
    lightness, a, b = oklab.from_hex("#ff0000")
    assert (lightness, a / 2, b / 2) == pytest.approx((0.6280, 0.2249, 0.1258), abs=1e-3)
    assert oklab.from_hex("#ffffff") == pytest.approx((1, 0, 0), abs=1e-3)
    for code in ("#1b2a49", "#ffffff", "#000000", "#e2762c", "#00ff00"):
        assert oklab.to_hex(oklab.from_hex(code)) == code


def test_a_photo_of_one_colour_has_that_colour() -> None:
    for colour in (RED, NAVY, WHITE, GREY, (0, 0, 0)):
        (swatch,) = photo_palette(Image.new("RGB", (60, 80), colour))
        assert (swatch.hex, swatch.share) == ("#" + bytes(colour).hex(), 1.0)


def test_the_background_is_left_out_whatever_its_colour() -> None:
    for background in (WHITE, GREY, (230, 210, 180)):
        assert hexes(drawn(background, ((30, 20, 66, 80), NAVY))) == ["#1b2a49"]


def test_shares_are_of_the_product_and_the_largest_comes_first() -> None:
    shirt = photo_palette(drawn(WHITE, ((20, 10, 76, 86), NAVY), ((20, 40, 76, 56), RED)))
    assert [swatch.hex for swatch in shirt] == ["#1b2a49", "#c81e28"]
    assert sum(swatch.share for swatch in shirt) == pytest.approx(1)
    assert 0.65 < shirt[0].share < 0.8


def test_a_product_of_nearly_the_backgrounds_colour_keeps_its_own() -> None:
    shirt = drawn(WHITE, ((20, 20, 76, 86), (238, 238, 240)))
    assert names(shirt) == ["white"]
    assert hexes(shirt) == ["#eeeef0"]


def test_a_white_product_that_its_outline_alone_shows_is_white() -> None:
    plate = Image.new("RGB", (96, 96), WHITE)
    ImageDraw.Draw(plate).ellipse((12, 12, 84, 84), outline=(190, 190, 190), width=3)
    assert names(plate)[0] == "white"


def test_background_that_shows_through_a_handle_is_no_colour_of_the_bag() -> None:
    bag = drawn(WHITE, ((20, 45, 76, 90), (90, 60, 40)))
    ImageDraw.Draw(bag).arc((30, 10, 66, 80), 180, 360, fill=(90, 60, 40), width=5)
    assert hexes(bag) == ["#5a3c28"]


def test_shades_of_one_cloth_are_one_colour_and_stripes_are_two() -> None:
    cloth = Image.new("RGB", (96, 96))
    for row in range(96):
        ImageDraw.Draw(cloth).line((0, row, 95, row), fill=tuple(round(part * (0.85 + row / 640)) for part in RED))
    assert names(cloth) == ["red"]
    stripes = drawn(WHITE, *(((10, row, 86, row + 5), NAVY if row % 12 else RED) for row in range(6, 84, 6)))
    assert sorted(names(stripes)) == ["navy", "red"]


def test_where_the_edge_is_a_scene_the_middle_counts_most() -> None:
    pixels = np.random.default_rng(3).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    photo = Image.fromarray(pixels)
    ImageDraw.Draw(photo).rectangle((24, 24, 72, 72), fill=NAVY)
    assert names(photo)[0] == "navy"


def test_a_models_skin_does_not_outweigh_what_the_model_wears() -> None:
    worn = photo_palette(drawn(WHITE, ((34, 4, 62, 40), (224, 172, 140)), ((24, 41, 72, 90), NAVY)))
    assert worn[0].hex == "#1b2a49"
    assert worn[0].share > 0.8
    bare = photo_palette(drawn(WHITE, ((24, 10, 72, 90), (224, 172, 140))))
    assert [swatch.hex for swatch in bare] == ["#e0ac8c"]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([2, 16, 256]))
@settings(max_examples=60, deadline=None)
def test_any_photo_has_a_palette_and_always_the_same(width: int, height: int, seed: int, levels: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, levels, (height, width, 3)) * (255 // (levels - 1))
    photo = Image.fromarray(pixels.astype(np.uint8))
    palette = photo_palette(photo)
    assert 1 <= len(palette) <= MAX_COLOURS
    assert palette == photo_palette(photo)
    assert sum(swatch.share for swatch in palette) == pytest.approx(1)
    assert [swatch.share for swatch in palette] == sorted((swatch.share for swatch in palette), reverse=True)
    assert bin_mask(palette) > 0


def test_every_named_colour_is_its_own_name_and_the_css_colours_fall_where_their_names_say() -> None:
    for found in BINS:
        assert names(Image.new("RGB", (8, 8), tuple(bytes.fromhex(found.hex[1:])))) == [found.name]
    assert len(BINS) == 24 == len({1 << found.bit for found in BINS})
    for name in ("red", "navy", "green", "yellow", "blue", "orange", "teal", "turquoise", "magenta", "white", "black"):
        assert names(Image.new("RGB", (8, 8), name)) == [name]


def test_a_named_colour_counts_where_it_is_a_substantial_share() -> None:
    mostly_navy = photo_palette(drawn(WHITE, ((20, 10, 76, 86), NAVY), ((20, 46, 76, 52), RED)))
    assert [found.name for found in bins_of(mostly_navy)] == ["navy", "red"]
    assert bin_mask(mostly_navy) == 1 << BY_NAME["navy"].bit
    assert bin_mask(()) == 0
