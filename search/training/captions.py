"""What a photo may be called: captions drawn at random from templates over a sample's title and attributes."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from search.training.vocabulary import (
    color_words,
    gender_words,
    group_words,
    kind_words,
    material_words,
    pattern_words,
)

FIELDS = ("kind", "group", "color", "gender", "usage", "season", "pattern", "material", "brand")

# (weight, template): weights favour type and colour, which most shoppers' words are made of.
TEMPLATES: tuple[tuple[float, str], ...] = (
    (6.0, "{color} {kind}"),
    (2.0, "{color} {group}"),
    (3.0, "{kind}"),
    (1.0, "{group}"),
    (2.0, "a photo of a {color} {kind}"),
    (1.0, "a photo of a {kind}"),
    (0.7, "{color}"),
    (0.4, "something {color}"),
    (0.4, "a {color} item"),
    (1.5, "{gender} {color} {kind}"),
    (1.0, "{kind} for {gender}"),
    (1.0, "{color} {kind} for {gender}"),
    (0.7, "{gender} {kind}"),
    (0.7, "{usage} {kind}"),
    (0.7, "{color} {usage} {kind} for {gender}"),
    (0.3, "{season} {kind}"),
    (1.5, "{pattern} {kind}"),
    (1.5, "{color} {pattern} {kind}"),
    (1.0, "{material} {kind}"),
    (0.7, "{material} {group}"),
    (2.0, "{color} {material} {kind}"),
    (1.0, "{brand} {kind}"),
    (1.0, "{brand} {color} {kind}"),
    (1.0, "{brand} {gender} {color} {kind}"),
)
_TEMPLATE_FIELDS = tuple((weight, text, tuple(re.findall(r"{(\w+)}", text))) for weight, text in TEMPLATES)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is known about a photo's product, in the data's lower-case codes; empty = unknown."""

    kind: str = ""
    group: str = ""
    color: str = ""
    gender: str = ""
    usage: str = ""
    season: str = ""
    pattern: str = ""
    material: str = ""
    brand: str = ""


@dataclass(frozen=True, slots=True)
class Caption:
    """A text and the attributes that it states, so that other photos with the same ones count as positives."""

    text: str
    fields: tuple[str, ...]


def draw_caption(attributes: Attributes, generator: random.Random) -> Caption | None:
    """One caption made of attributes, with the words drawn at random too; None where nothing is known."""
    usable = [entry for entry in _TEMPLATE_FIELDS if all(getattr(attributes, field) for field in entry[2])]
    if not usable:
        return None
    _, text, fields = generator.choices(usable, weights=[weight for weight, _, _ in usable])[0]
    words = {field: generator.choice(field_words(field, getattr(attributes, field))) for field in fields}
    # A kind implies its group: a photo with another known group is a true negative even if its kind is not known.
    stated = (*fields, "group") if "kind" in fields and attributes.group else fields
    return Caption(text.format(**words), tuple(dict.fromkeys(stated)))


def field_words(field: str, value: str) -> tuple[str, ...]:
    """The shopper's words for one attribute value."""
    match field:
        case "kind":
            return kind_words(value)
        case "group":
            return group_words(value)
        case "color":
            return color_words(value)
        case "gender":
            return gender_words(value)
        case "pattern":
            return pattern_words(value)
        case "material":
            return material_words(value)
    return (value,)


def draw_prompts(field: str, values: Sequence[str], generator: random.Random) -> list[str]:
    """One text for each value of a field, in their order: what a zero-shot question over that field would ask."""
    words = [generator.choice(field_words(field, value)) for value in values]
    template = generator.choice(("{}", "{}", "a photo of a {}" if field in ("kind", "group") else "a {} item"))
    return [template.format(word) for word in words]


def draw_title(title: str, generator: random.Random) -> str:
    """The title in lower case, at times without some of its words, because shoppers type parts of titles."""
    words = title.lower().split()
    if len(words) > 3 and generator.random() < 0.4:
        kept = [word for word in words if generator.random() > 0.2]
        words = kept if len(kept) >= 2 else words
    return " ".join(words)
