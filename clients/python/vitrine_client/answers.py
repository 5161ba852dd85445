"""The shapes of answers. They are the JSON as it comes; a newer server may send more fields."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class Category(TypedDict):
    slug: str
    name: str
    path: str


class Brand(TypedDict):
    slug: str
    name: str


class Price(TypedDict):
    """`amount` is decimal text in the currency's digits, or None."""

    amount: str | None
    currency: str


class AttributeValue(TypedDict):
    code: str
    label: str


class Photo(TypedDict):
    id: int
    url: str
    kind: Literal["catalog", "lifestyle"]
    width: int
    height: int
    position: int


class Product(TypedDict):
    sku: str
    title: str
    description: str
    category: Category | None
    brand: Brand | None
    price: Price
    in_stock: bool
    quantity: int
    attributes: dict[str, list[AttributeValue]]
    style_code: str
    url: str
    images: list[Photo]
    is_published: bool
    # 0 to 1, with a secret key only.
    margin: NotRequired[float | None]


class MatchedImage(TypedDict):
    id: int
    url: str


class RouteScore(TypedDict):
    route: str
    rank: int
    score: float
    confidence: float | None


class Hit(TypedDict):
    """What may be missing comes with `explain` only."""

    product: Product
    score: float
    confidence: float | None
    matched_image: MatchedImage | None
    highlights: dict[str, str]
    variants_count: int
    scores: NotRequired[list[RouteScore]]
    signals: NotRequired[dict[str, float]]
    parts: NotRequired[list[dict[str, Any]]]
    matched_part: NotRequired[int | None]


class FacetValue(TypedDict):
    """A category says its `level` from 1 and its `parent`, a colour of the palette its `swatch`."""

    value: str
    label: str
    count: int
    selected: bool
    level: NotRequired[int]
    parent: NotRequired[str | None]
    swatch: NotRequired[str]


class FacetStats(TypedDict):
    min: str | None
    max: str | None
    avg: str | None


class Facet(TypedDict):
    field_name: str
    counts: list[FacetValue]
    stats: FacetStats | None
    exact: bool


class Index(TypedDict):
    version: str
    model: str
    lag_seconds: float | None


class Correction(TypedDict):
    word: str
    corrected: str


class Spelling(TypedDict):
    q: str
    corrected_q: str
    is_applied: bool
    corrections: list[Correction]


class Interpretation(TypedDict):
    field: str
    value: str
    label: str
    words: str
    filter_by: str


class SearchSuggestion(TypedDict):
    """Another search that finds more: `changes`, merged over the request, ask it."""

    kind: str
    label: str
    changes: dict[str, Any]
    count: int
    count_exact: bool
    details: dict[str, Any]


class ModifierCheck(TypedDict):
    words: str
    kind: str
    passed: int
    checked: int


class AppliedRule(TypedDict):
    id: int
    name: str
    actions: list[str]


class SearchAnswer(TypedDict):
    """With `include_fields` or `exclude_fields`, a part of this."""

    search_id: str
    found: int
    found_exact: bool
    page: int | None
    per_page: int
    next_cursor: str | None
    took_ms: int
    timings_ms: dict[str, float]
    hits: list[Hit]
    facet_counts: list[Facet]
    suggestions: list[SearchSuggestion]
    degraded: list[str]
    dropped: list[str]
    pool_renewed: bool
    left_out: int
    removed_since: int
    mode: str
    any_word: bool
    spelling: Spelling | None
    interpretation: list[Interpretation]
    applied_rules: list[AppliedRule]
    banners: list[dict[str, Any]]
    modifier_checks: list[ModifierCheck]
    index: Index
    explain: NotRequired[dict[str, Any]]


class ProductList(TypedDict):
    found: int
    page: int
    per_page: int
    products: list[Product]


class StoredImage(TypedDict):
    id: str
    width: int
    height: int
    expires_at: str


class ImportResult(TypedDict):
    line: int
    sku: str
    outcome: Literal["created", "updated", "unchanged", "refused"]
    reason: str
    image_problems: list[str]
    images_added: int
    images_removed: int


class ImportAnswer(TypedDict):
    created: int
    updated: int
    unchanged: int
    refused: int
    results: list[ImportResult]


class Recorded(TypedDict):
    id: str
    status: Literal["accepted", "duplicate", "refused"]
    field: NotRequired[str]
    message: NotRequired[str]


class EventsAnswer(TypedDict):
    accepted: int
    duplicate: int
    refused: int
    results: list[Recorded]


class Suggestion(TypedDict):
    """`q` and `filter_by` are what to search by when it is chosen."""

    type: Literal["query", "category", "brand", "product"]
    text: str
    highlight: str
    q: str
    filter_by: str
    count: int | None
    sku: str
    url: str


class SuggestAnswer(TypedDict):
    q: str
    took_ms: int
    suggestions: list[Suggestion]
