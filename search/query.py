"""What is asked and what is answered, as frozen values. No I/O, no Django models, no Milvus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from PIL import Image


class Mode(StrEnum):
    """How a query is answered; derived from its parts unless forced."""

    BROWSE = "browse"
    WORDS = "words"
    LEXICAL = "lexical"
    SEMANTIC = "semantic"
    IMAGE = "image"
    COMPOSED = "composed"


class SortKey(StrEnum):
    RELEVANCE = "relevance"
    PRICE = "price"
    NEWEST = "newest"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Sort:
    key: SortKey = SortKey.RELEVANCE
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters as a shop names them. Terms of one field are alternatives; fields must all hold.

    `price_min` and `price_max` are in the store's currency, inclusive; either leaves products without a price out.
    """

    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    in_stock: bool | None = None
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields that are filtered: `category`, `brand`, `price`, `in_stock` and attribute codes."""
        plain = {
            "category": bool(self.categories),
            "brand": bool(self.brands),
            "price": self.price_min is not None or self.price_max is not None,
            "in_stock": self.in_stock is not None,
        }
        return frozenset(name for name, used in plain.items() if used) | {code for code, _ in self.attributes}

    def values_of(self, field_name: str) -> frozenset[str]:
        """The terms that this field is filtered by."""
        if field_name == "category":
            return frozenset(self.categories)
        if field_name == "brand":
            return frozenset(self.brands)
        if field_name == "in_stock":
            return frozenset() if self.in_stock is None else frozenset({str(self.in_stock).lower()})
        return frozenset(value for code, values in self.attributes if code == field_name for value in values)

    def without(self, field_name: str) -> Filters:
        """The same filters with this field's removed."""
        return Filters(
            categories=() if field_name == "category" else self.categories,
            brands=() if field_name == "brand" else self.brands,
            price_min=None if field_name == "price" else self.price_min,
            price_max=None if field_name == "price" else self.price_max,
            in_stock=None if field_name == "in_stock" else self.in_stock,
            attributes=tuple(pair for pair in self.attributes if pair[0] != field_name),
        )


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Filters resolved to the ids that rows hold. `None` asks nothing of a field, an empty tuple can match nothing.

    `price_min` and `price_max` are minor units. Each tuple of `value_ids` is one attribute's alternatives.
    """

    store_id: int
    kind: str = "catalog"
    category_ids: tuple[int, ...] | None = None
    brand_ids: tuple[int, ...] | None = None
    price_min: int | None = None
    price_max: int | None = None
    in_stock: bool | None = None
    value_ids: tuple[tuple[int, ...], ...] = ()
    value_codes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude_product_ids: tuple[int, ...] = ()
    product_ids: tuple[int, ...] | None = None

    @property
    def matches_nothing(self) -> bool:
        return (
            self.category_ids == ()
            or self.brand_ids == ()
            or self.product_ids == ()
            or () in self.value_ids
            or (self.price_min is not None and self.price_max is not None and self.price_min > self.price_max)
        )


@dataclass(frozen=True, slots=True)
class FacetRequest:
    """One facet to count. `ranges` are (from, to) bounds in currency units, `None` open; only `price` takes them."""

    field_name: str
    limit: int = 20
    ranges: tuple[tuple[Decimal | None, Decimal | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """One search, validated. `image` is an upright RGB photo, already cropped to the asked region."""

    store_id: int
    text: str = ""
    image: Image.Image | None = None
    product_id: int | None = None
    text_weight: float = 1.0
    image_weight: float = 1.0
    # Of reciprocal rank fusion: the larger, the less the first ranks stand out.
    rrf_constant: int = 60
    mode: Mode = Mode.BROWSE
    filters: Filters = field(default_factory=Filters)
    facet_by: tuple[FacetRequest, ...] = ()
    sort: Sort = field(default_factory=Sort)
    page: int = 1
    per_page: int = 20
    search_id: str = ""
    # Says which pixels `image` holds, so that page 2 can name the same query without comparing photos.
    image_digest: str = ""
    owner: str = ""
    # Hits of vector routes below it are left out; None asks for the calibrated floor of each route.
    min_confidence: float | None = None
    explain: bool = False
    deadline_ms: int = 10_000


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    label: str
    count: int
    is_selected: bool


@dataclass(frozen=True, slots=True)
class FacetStats:
    """Over the match set's priced products, in currency units."""

    minimum: Decimal | None
    maximum: Decimal | None
    average: Decimal | None


@dataclass(frozen=True, slots=True)
class Facet:
    field_name: str
    values: tuple[FacetValue, ...]
    stats: FacetStats | None = None


@dataclass(frozen=True, slots=True)
class RouteScore:
    """Where one route placed a product: `rank` from 1, `score` in the route's own scale, `confidence` once it is calibrated."""

    route: str
    rank: int
    score: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A product found. `product` is the hydrated row; `confidence`, 0 to 1, is the surest route's; null until one is calibrated."""

    product: Any
    score: float
    matched_image_id: int | None = None
    confidence: float | None = None
    scores: tuple[RouteScore, ...] = ()
    highlights: Mapping[str, str] = field(default_factory=dict)


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
    suggestions: tuple[str, ...] = ()
