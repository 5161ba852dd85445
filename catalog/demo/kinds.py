"""The shape of the assortment's data: kinds of product, and the forms that each comes in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from catalog.demo.look import Look
from catalog.demo.sheet import Sheet

EVERY = (
    "black", "white", "cream", "beige", "brown", "grey", "navy", "blue", "light-blue", "green", "olive", "red",
    "burgundy", "pink", "purple", "yellow", "orange",
)  # fmt: skip
EARTHY = ("cream", "beige", "brown", "grey", "olive", "green", "orange", "white", "navy", "burgundy", "pink", "yellow")
LEATHERS = ("black", "brown", "beige", "burgundy", "white", "navy", "red", "green", "pink", "olive", "cream", "yellow")


@dataclass(frozen=True, slots=True)
class Form:
    """A variety with its own noun. `options` are cuts drawn at random; `patterns` come besides plain."""

    noun: str
    materials: tuple[str, ...]
    price: tuple[float, float]
    cut: dict[str, str] = field(default_factory=dict)
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    patterns: tuple[str, ...] = ()
    colors: tuple[str, ...] = EVERY
    trim: str = "button"
    styles: tuple[str, ...] = ("casual",)
    seasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A category's products: how they are drawn and framed, their sizes, and their share of the catalogue."""

    name: str
    category: str
    draw: Callable[[Sheet, Look], None]
    forms: tuple[Form, ...]
    sizes: tuple[str, ...] = ()
    share: float = 1.0
    zoom: float = 1.0
    second: tuple[str, ...] = ("detail",)
    stands: bool = False
    room: tuple[str, ...] = ()
