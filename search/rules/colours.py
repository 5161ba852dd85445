"""The main colours of photos and products by name: what conditions on colour ask for."""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image

from search.colour.bins import BINS, bins_of
from search.colour.palette import Swatch, photo_palette
from search.colour.reading import product_palettes

# So much of a product makes a colour a main one, besides the largest.
MAIN_SHARE = 0.35
NAMES = tuple(found.name for found in BINS)


def main_colours(photo: Image.Image) -> frozenset[str]:
    """The names of the upright RGB photo's main colours: the largest, and whatever else is more than a third."""
    return _main(photo_palette(photo))


def colours_of_products(product_ids: Iterable[int]) -> frozenset[str]:
    """The names of these products' main colours, by their kept palettes."""
    return frozenset[str]().union(*map(_main, product_palettes(product_ids).values()))


def _main(palette: Iterable[Swatch]) -> frozenset[str]:
    shares = bins_of(palette)
    return frozenset(
        found.name for place, (found, share) in enumerate(shares.items()) if place == 0 or share >= MAIN_SHARE
    )
