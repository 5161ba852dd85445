"""Numbers with a unit, written in one way: "40 cm", "40cm" and "40 centimetres" are one word, "1,5 l" and "1.5 L" too."""

from __future__ import annotations

import re

# What people write -> what is searched. `search_word_forms` in Postgres holds the same pairs.
UNITS = {
    "mm": "mm|millimeter|millimeters|millimetre|millimetres",
    "cm": "cm|cms|centimeter|centimeters|centimetre|centimetres|zentimeter",
    "m": "m|meter|meters|metre|metres",
    "in": 'in|inch|inches|zoll|"|″|”',
    "ft": "ft|feet|foot",
    "ml": "ml|milliliter|milliliters|millilitre|millilitres",
    "cl": "cl",
    "l": "l|ltr|liter|liters|litre|litres",
    "mg": "mg",
    "g": "g|gr|gm|gms|gram|grams|gramm|gramme|grammes",
    "kg": "kg|kgs|kilo|kilos|kilogram|kilograms|kilogramm|kilogrammes",
    "oz": "oz|ounce|ounces",
    "lb": "lb|lbs|pound|pounds",
    "v": "v|volt|volts",
    "w": "w|watt|watts",
    "mah": "mah",
    "gb": "gb",
    "tb": "tb",
    "den": "den|denier",
}
_CANONICAL = {spelling: unit for unit, spellings in UNITS.items() for spelling in spellings.split("|")}
MEASURE = re.compile(
    r"(?<![\w.,])(\d{1,7})(?:[.,](\d{1,3}))?\s?("
    + "|".join(sorted(map(re.escape, _CANONICAL), key=len, reverse=True))
    # A sign that is no letter ends a unit by itself; letters must end as a word does.
    + r")(?!\w)",
    re.IGNORECASE,
)


def measure_word(found: re.Match[str]) -> str:
    """The one word that this measure is searched as: "40cm", "1d5l"."""
    whole, part, unit = found.groups()
    fraction = (part or "").rstrip("0")
    return whole + (f"d{fraction}" if fraction else "") + _CANONICAL[unit.lower()]


def is_unit(word: str) -> bool:
    return word.lower() in _CANONICAL
