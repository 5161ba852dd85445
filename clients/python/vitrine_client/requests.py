"""The shapes of requests, as docs/api.md describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict


class PhotoQuery(TypedDict, total=False):
    """One of `id`, `url`, `base64` and `product`; `box` is `[x1, y1, x2, y2]`, each 0 to 1."""

    id: str
    url: str
    base64: str
    product: str
    box: Sequence[float]


class Part(TypedDict, total=False):
    """One of `text`, `image` and `product`; a negative `weight` pushes away."""

    text: str
    image: PhotoQuery
    product: str
    weight: float


class Listing(TypedDict, total=False):
    """How any search is narrowed, counted, ordered and paged."""

    filter_by: str
    facet_by: str | Sequence[str | Mapping[str, Any]]
    facet_query: str
    sort_by: str
    page: int
    per_page: int
    search_id: str
    cursor: str
    include_fields: str | Sequence[str]
    exclude_fields: str | Sequence[str]
    min_confidence: float
    not_relevant: str | Sequence[str]
    preset: str
    collapse: str
    diversity: float
    max_per: str | Mapping[str, int]
    rerank: bool
    suggestions: bool
    explain: bool
    deadline_ms: int


class Search(Listing, total=False):
    """A whole search."""

    q: str
    image: PhotoQuery
    parts: Sequence[Part]
    match: Literal["any", "all"]
    mode: str
    text_weight: float
    image_weight: float
    filters: Mapping[str, Any]
    typo_tolerance: bool
    fusion: str
    lexical_weight: float
    vector_weight: float
    check_modifiers: bool
    modifiers: Sequence[Mapping[str, Any]]
    ignore: str | Sequence[str]


class ProductImage(TypedDict, total=False):
    url: str
    kind: Literal["catalog", "lifestyle"]
    position: int


class ProductFields(TypedDict, total=False):
    """A product as it is written. `price` is decimal text, None for no price."""

    sku: str
    title: str
    description: str
    category: str
    brand: str
    price: str | None
    quantity: int
    margin: float | None
    attributes: Mapping[str, Sequence[str]]
    style_code: str
    url: str
    is_published: bool
    images: Sequence[ProductImage]


class _EventBase(TypedDict):
    id: str
    type: Literal["impression", "click", "add_to_cart", "purchase", "not_relevant"]
    product: str


class Event(_EventBase, total=False):
    """What a shopper did. `id` is the client's own: the same id again is the same event. `occurred_at` is ISO 8601."""

    search_id: str
    position: int
    visitor: str
    value: str
    occurred_at: str
