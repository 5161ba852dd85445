"""All figures of one encoder, in the order of a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from search.evaluation.composed import composed_figures
from search.evaluation.embedded import Embedder
from search.evaluation.encoder_figures import home_figures, label_figures, read_products, street_figures, word_figures
from search.evaluation.estimates import Figure
from search.evaluation.floor_figures import floor_figures
from search.evaluation.self_figures import self_figures
from search.training.data import read_home, read_street

PARTS = ("words", "labels", "home", "street", "composed", "self", "floor")


@dataclass(frozen=True, slots=True)
class Sets:
    """The files that are measured on. `odd` is a zip of pictures that no shop sells; `limit` bounds the products."""

    fashion: Path
    home: Path | None = None
    street: Path | None = None
    odd: Path | None = None
    limit: int | None = None


def measure(embedder: Embedder, sets: Sets, *, parts: Sequence[str] = PARTS) -> list[Figure]:
    """The figures of these parts; what needs a set that is not given is left out."""
    shop = embedder.photos(read_products(sets.fashion, limit=sets.limit))
    home = embedder.photos(read_home(sets.home)) if sets.home is not None else None
    figures: list[Figure] = []
    if "words" in parts:
        figures += word_figures(embedder, shop)
    if "labels" in parts:
        figures += label_figures(embedder, shop)
    if "home" in parts and home is not None:
        figures += home_figures(embedder, home)
    if "street" in parts and sets.street is not None:
        figures += street_figures(embedder, embedder.photos(read_street(sets.street)))
    if "composed" in parts:
        figures += composed_figures(embedder, shop)
    if "self" in parts:
        figures += self_figures(embedder, shop)
    if "floor" in parts:
        figures += floor_figures(embedder, shop, home, odd=sets.odd)
    return figures
