"""The named colours that a palette is counted by. Each is some tones in OKLab; a colour belongs to the nearest tone's name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from search.colour import oklab
from search.colour.palette import Swatch

# So much of a product in one named colour counts: a third of a striped shirt does, its buttons do not.
SUBSTANTIAL_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Bin:
    """A named colour: `hex` is what a swatch shows, `bit` its place in a palette's mask."""

    name: str
    label: str
    hex: str
    bit: int


# name -> its swatch, and further tones that still deserve the name.
_TONES = {
    "black": ("#17171a", "#000000", "#232325", "#2b2b2c"),
    "charcoal": ("#3d3e40", "#4b4b4d", "#333435"),
    "grey": ("#808284", "#6a6b6c", "#98999b"),
    "silver": ("#bcbec0", "#adafb1", "#c8c9cb"),
    "white": ("#f7f7f7", "#ffffff", "#e9eaec", "#dcdcdd"),
    "cream": ("#f1e8d3", "#f5eddd", "#e8dcc3", "#e8e1d0"),
    "beige": ("#cdb897", "#bfa684", "#d9c8ad", "#b5a48c", "#c6b7a2"),
    "brown": ("#6f4a31", "#4f3527", "#8a6242", "#9c6b45", "#5d4a3e", "#7d6a58", "#43342d", "#33231c", "#857564"),
    "maroon": ("#6b1f2e", "#551c26", "#7c2a35", "#5d363c", "#431a22"),
    "red": ("#c4242f", "#ff0000", "#a81f2b", "#de3b3b", "#b23a3e", "#97474a"),
    "peach": ("#f2bd9d", "#edae8c", "#f4cdb5", "#e5beaf"),
    "orange": ("#e2762c", "#ffa500", "#ff6a00", "#d05f28", "#f09040", "#ec774b", "#e85a30"),
    "yellow": ("#f0cf45", "#ffff00", "#e0b130", "#f7e27c", "#c99c2e", "#e6dca0"),
    "olive": ("#6c6c3c", "#565738", "#87874f", "#615d48", "#4a4834", "#7e7f66"),
    "green": (
        "#2f8050",
        "#00ff00",
        "#008000",
        "#1f5a3a",
        "#4fa463",
        "#7fb452",
        "#8fc39a",
        "#2f4437",
        "#b6dd7a",
        "#788b78",
        "#bfdac8",
    ),
    "teal": ("#1f6f73", "#2d5c61", "#2f8a8a", "#3d5558", "#448279"),
    "turquoise": ("#3fbcc4", "#00ffff", "#6fd0cf", "#2aa5b8", "#9fdcd8", "#bcdfdf"),
    "light-blue": ("#a6c6e4", "#bcd4ea", "#86afd8", "#c3cbd8", "#a9b9ca"),
    "blue": ("#2c62b8", "#3f7dd0", "#4a6a9c", "#2544a8", "#5f7fae", "#6c7686", "#56647a", "#8793a5", "#0000ff"),
    "navy": ("#1f2a48", "#28365a", "#1a2138", "#2c3a52", "#363b47", "#2a2e39", "#1d1f28", "#000080"),
    "purple": ("#69408f", "#6a1bb0", "#4c2e66", "#8456a4", "#5b3a5e", "#4a3849", "#7d6c82", "#2b1c2e"),
    "lavender": ("#c0b0dc", "#a996c9", "#d6cce6", "#b6a6bc", "#d8cae0"),
    "magenta": ("#c0267c", "#ff00ff", "#8b008b", "#a3236d", "#d8479a", "#8e2a5e", "#934179"),
    "pink": ("#ea9fb4", "#e27d98", "#f3c4cf", "#d4617f", "#e6cdd2", "#c9a3a9", "#cf8e8d"),
}
BINS = tuple(
    Bin(name, name.replace("-", " ").capitalize(), tones[0], bit) for bit, (name, tones) in enumerate(_TONES.items())
)
BY_NAME = {found.name: found for found in BINS}
ANCHORS = np.array([oklab.from_hex(tone) for tones in _TONES.values() for tone in tones], np.float32)
BIN_OF_ANCHOR = np.repeat(np.arange(len(BINS)), [len(tones) for tones in _TONES.values()])


def bins_of(palette: Iterable[Swatch]) -> dict[Bin, float]:
    """The named colours of a palette with the share that each has in all, the largest first."""
    swatches = list(palette)
    if not swatches:
        return {}
    colours = np.array([swatch.colour for swatch in swatches], np.float32)
    nearest = BIN_OF_ANCHOR[oklab.distances(colours, ANCHORS).argmin(axis=1)]
    shares: dict[Bin, float] = {}
    for place, swatch in zip(nearest.tolist(), swatches, strict=True):
        shares[BINS[place]] = shares.get(BINS[place], 0.0) + swatch.share
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0].bit)))


def bin_mask(palette: Iterable[Swatch]) -> int:
    """One bit for each named colour that the palette has a substantial share of; for an empty palette 0."""
    shares = bins_of(palette)
    substantial = [
        found for place, (found, share) in enumerate(shares.items()) if not place or share >= SUBSTANTIAL_SHARE
    ]
    return sum(1 << found.bit for found in substantial)
