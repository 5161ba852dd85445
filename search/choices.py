"""What a query may choose between, by the names that the API takes."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """How a query is answered; derived from its parts unless forced."""

    BROWSE = "browse"
    WORDS = "words"
    LEXICAL = "lexical"
    SEMANTIC = "semantic"
    IMAGE = "image"
    COMPOSED = "composed"


class Match(StrEnum):
    """How several photos count: a product is as near as its nearest photo says, or as all of them say together."""

    ANY = "any"
    ALL = "all"


class Fusion(StrEnum):
    """How the routes of a search become one order: by their ranks alone, or by how sure each is."""

    RRF = "rrf"
    WEIGHTED = "weighted"


class Collapse(StrEnum):
    """Which products are shown as one: variants of a style, near-duplicates, or both."""

    NONE = "none"
    VARIANTS = "variants"
    DUPLICATES = "duplicates"
    ALL = "all"


class Signal(StrEnum):
    """What the shop knows of a product besides how well it matches."""

    POPULARITY = "popularity"
    FRESHNESS = "freshness"
    MARGIN = "margin"
    STOCK = "stock"


class SortKey(StrEnum):
    RELEVANCE = "relevance"
    PRICE = "price"
    NEWEST = "newest"
    TITLE = "title"
    PALETTE = "palette"
