"""The colours that a filter or an order names: one of ours ("navy"), a hexadecimal one, or a name that CSS knows."""

from __future__ import annotations

import re

from PIL import ImageColor

from search.colour.bins import BY_NAME
from search.errors import InvalidQuery

# Two shades of one name are 0.05 to 0.1 apart, neighbouring names 0.14 and more.
DEFAULT_CLOSENESS = 0.1
MIN_CLOSENESS, MAX_CLOSENESS = 0.01, 0.5
MAX_COLOURS = 10

_HEX = re.compile(r"#?([0-9a-f]{6})|#([0-9a-f]{3})")


def read_colour(text: str, *, field: str) -> str:
    """The name of one of our colours, else "#rrggbb". Raises `InvalidQuery` for what is neither, nor a CSS name."""
    return name if (name := text.strip().lower()) in BY_NAME else read_hex(name, field=field)


def read_hex(text: str, *, field: str) -> str:
    """The colour as "#rrggbb", a name of ours being its swatch. Raises `InvalidQuery`."""
    name = text.strip().lower()
    if name in BY_NAME:
        return BY_NAME[name].hex
    if found := _HEX.fullmatch(name):
        return f"#{found[1]}" if found[1] else "#" + "".join(digit * 2 for digit in found[2])
    if name in ImageColor.colormap:
        red, green, blue = ImageColor.getrgb(name)[:3]
        return f"#{red:02x}{green:02x}{blue:02x}"
    raise InvalidQuery(
        f"{text[:40]!r} is no colour: write #1b2a49, a name of CSS, or one of {', '.join(BY_NAME)}.", field=field
    )
