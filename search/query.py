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


@dataclass(frozen=True, slots=True)
class Sort:
    """`colour` is what PALETTE orders by, as "#1b2a49": the nearest first."""

    key: SortKey = SortKey.RELEVANCE
    is_descending: bool = False
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters as a shop names them. Terms of one field are alternatives; fields must all hold.

    `price_min` and `price_max` are in the store's currency, inclusive; either leaves products without a price out.
    `palette` holds names of `search.colour.bins` and hexadecimal colours; `closeness` is of the latter, None the default.
    """

    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    in_stock: bool | None = None
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    palette: tuple[str, ...] = ()
    closeness: float | None = None

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields that are filtered: `category`, `brand`, `price`, `in_stock`, `palette` and attribute codes."""
        plain = {
            "category": bool(self.categories),
            "brand": bool(self.brands),
            "price": self.price_min is not None or self.price_max is not None,
            "in_stock": self.in_stock is not None,
            "palette": bool(self.palette),
        }
        return frozenset(name for name, used in plain.items() if used) | {code for code, _ in self.attributes}

    def values_of(self, field_name: str) -> frozenset[str]:
        """The terms that this field is filtered by."""
        if field_name == "category":
            return frozenset(self.categories)
        if field_name == "brand":
            return frozenset(self.brands)
        if field_name == "palette":
            return frozenset(self.palette)
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
            palette=() if field_name == "palette" else self.palette,
            closeness=None if field_name == "palette" else self.closeness,
        )

    def only(self, field_name: str) -> Filters:
        """The filters of this field alone."""
        rest = self
        for other in self.fields - {field_name}:
            rest = rest.without(other)
        return rest

    def to_json(self) -> dict[str, Any]:
        """The filters as JSON; `from_json` reads it back."""
        return {
            "categories": self.categories,
            "brands": self.brands,
            "price_min": None if self.price_min is None else str(self.price_min),
            "price_max": None if self.price_max is None else str(self.price_max),
            "in_stock": self.in_stock,
            "attributes": self.attributes,
            "palette": self.palette,
            "closeness": self.closeness,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Filters:
        """Raises KeyError, TypeError or ArithmeticError for anything but what `to_json` gives."""
        return cls(
            categories=tuple(data["categories"]),
            brands=tuple(data["brands"]),
            price_min=None if data["price_min"] is None else Decimal(data["price_min"]),
            price_max=None if data["price_max"] is None else Decimal(data["price_max"]),
            in_stock=data["in_stock"],
            attributes=tuple((code, tuple(values)) for code, values in data["attributes"]),
            palette=tuple(data["palette"]),
            closeness=data["closeness"],
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
    # Rows hold no colours: Postgres knows them, and gives Milvus a list of products.
    palette: tuple[str, ...] = ()
    closeness: float | None = None

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
    """One facet to count. `ranges` are (from, to) bounds in currency units, `None` open; only `price` takes them.

    A field is counted without its own filter, unless `is_conjunctive` asks for the products under all filters. `query` keeps
    the values whose labels have words that begin with its words.
    """

    field_name: str
    limit: int = 20
    ranges: tuple[tuple[Decimal | None, Decimal | None], ...] = ()
    query: str = ""
    is_conjunctive: bool = False

    def is_widened_by(self, filters: Filters) -> bool:
        """Whether it is counted over more than what passes these filters."""
        return self.field_name in filters.fields and not self.is_conjunctive

    def counted_under(self, filters: Filters) -> Filters:
        """The filters whose products this facet counts."""
        return filters.without(self.field_name) if self.is_widened_by(filters) else filters


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a query: words, a photo, or a product of the store. A negative weight pushes away."""

    weight: float = 1.0
    text: str = ""
    image: Image.Image | None = None
    image_digest: str = ""
    product_id: int | None = None

    @property
    def is_visual(self) -> bool:
        return self.image is not None or self.product_id is not None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page of a pool ended: the next position, and the last product before it, which is found again in a new pool."""

    position: int
    product_id: int


@dataclass(frozen=True, slots=True)
class Modifier:
    """A signal that moves products: the score times 1 + weight * value, where value is 0 to 1. A negative weight buries.

    `half_life_days` is of freshness: after so many days a product is half as fresh.
    """

    signal: Signal
    weight: float
    half_life_days: float = 30.0


@dataclass(frozen=True, slots=True)
class Query:
    """One search, validated. `image` is an upright RGB photo, already cropped to the asked region.

    `text`, `image` and `product_id` are the plain query; `others` are further signed parts beside them. `after` reads on from
    there, whatever `page` says.
    """

    store_id: int
    text: str = ""
    image: Image.Image | None = None
    product_id: int | None = None
    text_weight: float = 1.0
    image_weight: float = 1.0
    others: tuple[Part, ...] = ()
    match: Match = Match.ANY
    # Of reciprocal rank fusion: the larger, the less the first ranks stand out.
    rrf_constant: int = 60
    fusion: Fusion = Fusion.WEIGHTED
    # How much each route counts in fusing; None is the measured default (search.ranking.fusing).
    lexical_weight: float | None = None
    vector_weight: float | None = None
    # None: as the store declares them.
    modifiers: tuple[Modifier, ...] | None = None
    # 0 is by relevance alone, 1 by difference alone.
    diversity: float = 0.0
    # (brand | style | category, how many of each) within the first page.
    max_per: tuple[tuple[str, int], ...] = ()
    collapse: Collapse = Collapse.NONE
    # Whether weights learned for the store re-rank the head, where there are some.
    rerank: bool = True
    # Whether composed queries put what lacks the words behind what has them.
    check_modifiers: bool = True
    mode: Mode = Mode.BROWSE
    filters: Filters = field(default_factory=Filters)
    facet_by: tuple[FacetRequest, ...] = ()
    sort: Sort = field(default_factory=Sort)
    page: int = 1
    per_page: int = 20
    search_id: str = ""
    after: Mark | None = None
    # Says which pixels `image` holds, so that page 2 can name the same query without comparing photos.
    image_digest: str = ""
    owner: str = ""
    # Hits of vector routes below it are left out; None asks for the calibrated floor of each route.
    min_confidence: float | None = None
    explain: bool = False
    # Whether an empty answer comes with ways out of it.
    suggests: bool = True
    deadline_ms: int = 10_000
    # Words that match nothing are searched as the store spells them; off, that is only offered.
    typo_tolerance: bool = True
    # What words shall not be understood as, "field:value".
    ignore: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts, the plain ones first."""
        plain = []
        if self.text:
            plain.append(Part(self.text_weight, text=self.text))
        if self.image is not None:
            plain.append(Part(self.image_weight, image=self.image, image_digest=self.image_digest))
        if self.product_id is not None:
            plain.append(Part(self.image_weight, product_id=self.product_id))
        return (*plain, *self.others)

    @property
    def has_photo(self) -> bool:
        """Whether a photo or a product is asked for."""
        return any(part.is_visual and part.weight >= 0 for part in self.parts)

    @property
    def words(self) -> str:
        """What is searched by words: all texts that do not push away."""
        return " ".join(part.text for part in self.parts if part.text and part.weight >= 0)

    @property
    def excluded_product_ids(self) -> tuple[int, ...]:
        """Products that are no answer: a product is not similar to itself, unless words change it ("like this but navy"),
        and what is pushed away is not wanted."""
        return tuple(
            part.product_id
            for part in self.parts
            if part.product_id is not None and (part.weight < 0 or not self.words)
        )


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
