"""The demo shop's attributes: codes, labels and prompts, with every value that its products use."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.demo.palette import COLORS
from catalog.demo.product import DemoProduct

# code -> (label, prompt for zero-shot tagging)
ATTRIBUTES: dict[str, tuple[str, str]] = {
    "color": ("Colour", "a photo of a {} product"),
    "material": ("Material", "a photo of a product made of {}"),
    "pattern": ("Pattern", "a photo of a product with a {} pattern"),
    "style": ("Style", "a photo of a product in {} style"),
    "season": ("Season", "a photo of a product for {}"),
    "fit": ("Fit", "a photo of a garment with a {} fit"),
    "length": ("Length", "a photo of a {} garment"),
    "neckline": ("Neckline", "a photo of a garment with a {} neckline"),
    "sleeve": ("Sleeve", "a photo of a garment with {} sleeves"),
    "heel": ("Heel", "a photo of shoes with a {} heel"),
    "room": ("Room", "a photo of a product for the {}"),
    "size": ("Size", "a photo of a product in size {}"),
}
LABELS: dict[str, str] = {
    "boucle": "Bouclé",
    "v-neck": "V-neck",
    "sweetheart": "Sweetheart",
    "nordic": "Nordic",
    "bermuda": "Bermuda",
}


@dataclass(frozen=True, slots=True)
class DemoAttribute:
    """An attribute and its values as (code, label) pairs, in the order that a shop would list them."""

    code: str
    label: str
    prompt: str
    values: tuple[tuple[str, str], ...]


def demo_attributes(products: list[DemoProduct]) -> list[DemoAttribute]:
    """The attributes with the values that occur: colours in the palette's order, sizes by size, the rest by name."""
    found: dict[str, set[str]] = {code: set() for code in ATTRIBUTES}
    for product in products:
        for code, values in product.attributes.items():
            found[code].update(values)
    return [
        DemoAttribute(
            code, label, prompt, tuple((value, value_label(code, value)) for value in _ordered(code, found[code]))
        )
        for code, (label, prompt) in ATTRIBUTES.items()
    ]


def value_label(attribute: str, value: str) -> str:
    """How people read a value: "light-blue" is "Light blue", size "xl" is "XL"."""
    if attribute == "color":
        return COLORS[value][0]
    if attribute == "size":
        return value.upper()
    return LABELS.get(value, value.replace("-", " ").capitalize())


def _ordered(attribute: str, values: set[str]) -> list[str]:
    if attribute == "color":
        return [code for code in COLORS if code in values]
    letters = ("xs", "s", "s-m", "m", "l", "l-xl", "xl")
    return sorted(values, key=lambda value: (letters.index(value) if value in letters else len(letters), value))
