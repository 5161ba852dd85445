"""The demo catalogue's named colours and how a shade varies around its name."""

from __future__ import annotations

import colorsys
import random

RGB = tuple[float, float, float]


def rgb(code: str) -> RGB:
    """A hexadecimal colour ("#1f2a44") as three numbers from 0 to 1."""
    return (int(code[1:3], 16) / 255, int(code[3:5], 16) / 255, int(code[5:7], 16) / 255)


# code -> (label, the tones that still deserve the name)
COLORS: dict[str, tuple[str, tuple[str, ...]]] = {
    "black": ("Black", ("#232325", "#2a2829", "#1f2124")),
    "white": ("White", ("#f6f5f2", "#f8f8f8", "#f3f3f1")),
    "cream": ("Cream", ("#efe6d2", "#f1e9da", "#ece0c8")),
    "beige": ("Beige", ("#d3bd9c", "#cdb591", "#d8c5a8")),
    "brown": ("Brown", ("#7a5237", "#6b442c", "#865c3e")),
    "grey": ("Grey", ("#8f9297", "#a3a5a8", "#7b7e84")),
    "navy": ("Navy", ("#26324f", "#202b47", "#2b3a5c")),
    "blue": ("Blue", ("#2f62b5", "#3b70bf", "#2a579f")),
    "light-blue": ("Light blue", ("#a9c7e3", "#b6d0e6", "#9dbfe0")),
    "green": ("Green", ("#2f7a55", "#3a8660", "#256b4c")),
    "olive": ("Olive", ("#6d6e42", "#767748", "#62643b")),
    "red": ("Red", ("#c4313a", "#cf3b3f", "#b82a35")),
    "burgundy": ("Burgundy", ("#6d2234", "#76283a", "#631d2f")),
    "pink": ("Pink", ("#e8a7b4", "#edb5bf", "#e39aab")),
    "purple": ("Purple", ("#7c5aa3", "#8a68b0", "#6e4f97")),
    "yellow": ("Yellow", ("#e3b23c", "#e9be50", "#dca830")),
    "orange": ("Orange", ("#d8743a", "#df8047", "#cc6831")),
}

WOODS: dict[str, str] = {
    "oak": "#c69c6d",
    "walnut": "#6f4a33",
    "ash": "#dcc3a0",
    "black": "#2d2a29",
    "white": "#efede8",
}
METALS: dict[str, str] = {"brass": "#c8a45c", "steel": "#b9bcc0", "black": "#303133", "copper": "#b9744f"}

# What goes beside a colour in a two-colour pattern.
PARTNERS: dict[str, tuple[str, ...]] = {
    "black": ("white", "cream", "grey", "beige"),
    "white": ("navy", "black", "blue", "red"),
    "cream": ("brown", "navy", "olive", "orange"),
    "beige": ("white", "brown", "navy", "cream"),
    "brown": ("cream", "beige", "orange", "light-blue"),
    "grey": ("white", "black", "navy", "cream"),
    "navy": ("white", "cream", "light-blue", "red"),
    "blue": ("white", "cream", "light-blue", "navy"),
    "light-blue": ("white", "navy", "blue", "cream"),
    "green": ("cream", "white", "navy", "pink"),
    "olive": ("cream", "beige", "black", "orange"),
    "red": ("white", "cream", "navy", "black"),
    "burgundy": ("cream", "pink", "beige", "navy"),
    "pink": ("white", "burgundy", "cream", "red"),
    "purple": ("white", "cream", "pink", "navy"),
    "yellow": ("white", "navy", "cream", "olive"),
    "orange": ("cream", "white", "navy", "burgundy"),
}


def tone(code: str, generator: random.Random) -> RGB:
    """One shade of a named colour: a tone of its list, moved slightly in hue, lightness and saturation."""
    hue, light, saturation = colorsys.rgb_to_hls(*rgb(generator.choice(COLORS[code][1])))
    light = min(0.985, light * generator.uniform(0.96, 1.04))
    return colorsys.hls_to_rgb(
        (hue + generator.uniform(-0.008, 0.008)) % 1, light, saturation * generator.uniform(0.92, 1.05)
    )


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """`one` moved towards `other` by `share` (0 to 1)."""
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def darker(color: RGB, share: float) -> RGB:
    """`color` moved towards a warm black."""
    return mix(color, (0.07, 0.06, 0.07), share)


def lighter(color: RGB, share: float) -> RGB:
    """`color` moved towards white."""
    return mix(color, (1.0, 1.0, 1.0), share)


def luminance(color: RGB) -> float:
    """Perceived lightness, 0 to 1."""
    return 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2]


def contrast(color: RGB, share: float) -> RGB:
    """`color` made lighter when it is dark, darker when it is light: for seams and stitches that must show."""
    return lighter(color, share) if luminance(color) < 0.25 else darker(color, share)
