"""What is answered, as frozen values: hits, facets, explanations, ways out. No I/O, no Django models, no Milvus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from search.choices import Collapse, Fusion, Mode
from search.query import Filters, Mark


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value with its count. A category also has its `level` in the tree, from 1, and its `parent`'s value; a colour has a
    `swatch`, what it looks like, as "#1b2a49"."""

    value: str
    label: str
    count: int
    is_selected: bool
    parent: str = ""
    level: int = 0
    swatch: str = ""


@dataclass(frozen=True, slots=True)
class FacetStats:
    """Over the match set's priced products, in currency units."""

    minimum: Decimal | None
    maximum: Decimal | None
    average: Decimal | None


@dataclass(frozen=True, slots=True)
class Facet:
    """A field's counts. They are lower bounds where `is_exact` is false."""

    field_name: str
    values: tuple[FacetValue, ...]
    stats: FacetStats | None = None
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class RouteScore:
    """Where one route placed a product: `rank` from 1, `score` in the route's own scale, `confidence` once it is calibrated."""

    route: str
    rank: int
    score: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class PartScore:
    """How near a hit's matched photo is to one part of the query (its place in `Query.parts`): the cosine, -1 to 1."""

    part: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A product found. `product` is the hydrated row; `confidence`, 0 to 1, is the surest route's; null until one is calibrated."""

    product: Any
    score: float
    matched_image_id: int | None = None
    confidence: float | None = None
    scores: tuple[RouteScore, ...] = ()
    # What moved the product after its routes were fused, by name; each in its own scale.
    signals: Mapping[str, float] = field(default_factory=dict)
    # Products of the same style or photo that this hit stands for, itself among them.
    variants_count: int = 1
    highlights: Mapping[str, str] = field(default_factory=dict)
    # Explained only, where a query has several parts; `matched_part` is the nearest of its photos and products.
    parts: tuple[PartScore, ...] = ()
    matched_part: int | None = None


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """A route of a search: how many products of the pool it found, and the confidence that it was cut at."""

    route: str
    size: int
    is_calibrated: bool
    floor: float | None


@dataclass(frozen=True, slots=True)
class PartFacts:
    """A part of a query: `text`, `image` or `product`."""

    kind: str
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A search as it was understood and done. `text`, `words` (each word or phrase that was looked for) and `filters` are
    those that were searched, after rules and corrections."""

    routes: tuple[RouteFacts, ...]
    parts: tuple[PartFacts, ...]
    text: str
    words: tuple[str, ...]
    filters: Filters
    pool_size: int
    hidden_count: int
    pinned_count: int
    fusion: Fusion
    rrf_constant: int
    collapse: Collapse
    diversity: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another search that finds more, and how many. What is None stays as it was asked.

    `label` says it in English; `details` is plain JSON by which a shop says it in its own words, by the suggestion's kind.
    """

    kind: str
    label: str
    count: int
    count_exact: bool
    filters: Filters | None = None
    text: str | None = None
    min_confidence: float | None = None
    is_without_photo: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a query. `found_exact` is false when `found` is a lower bound; `degraded` names parts that were down."""

    search_id: str
    mode: Mode
    found: int
    found_exact: bool
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    timings_ms: Mapping[str, float]
    degraded: tuple[str, ...] = ()
    any_word: bool = False
    pool_renewed: bool = False
    removed_since: int = 0
    # Products that the floor, or `min_confidence`, kept out of the answer; at least so many.
    left_out: int = 0
    index_version: str = ""
    model: str = ""
    lag_seconds: float | None = None
    # Stages that were left out to keep the deadline.
    dropped: tuple[str, ...] = ()
    # Where the next page begins; None at the end of what can be paged to.
    next: Mark | None = None
    suggestions: tuple[Suggestion, ...] = ()
    explanation: Explanation | None = None
    # What the search found out on the way (a rule that applied, words that were corrected), by name; plain JSON.
    notes: Mapping[str, Any] = field(default_factory=dict)
    # The store's names as they were for this answer (`search.taxonomy`).
    names: Any = None
