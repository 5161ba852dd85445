"""What is asked, as frozen values. No I/O, no Django models, no Milvus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from PIL import Image

from search.choices import Collapse, Fusion, Match, Mode, Signal, SortKey

if TYPE_CHECKING:
    from search.stamps import Stamps


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
    # Whether composed queries put what lacks the words behind what has them: no judged set gains by it (docs/evaluation.md).
    check_modifiers: bool = False
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
    # What the store was like when the request was read, where its names were looked up; a search goes on by the same.
    stamps: Stamps | None = None

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
        """What is searched by words: all texts that count, and do not push away."""
        return " ".join(part.text for part in self.parts if part.text and part.weight > 0)

    @property
    def excluded_product_ids(self) -> tuple[int, ...]:
        """Products that are no answer: a product is not similar to itself, unless words change it ("like this but navy"),
        and what is pushed away is not wanted."""
        return tuple(
            part.product_id
            for part in self.parts
            if part.product_id is not None and (part.weight < 0 or not self.words)
        )
