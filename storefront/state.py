"""What the shop page shows, as its URL says it: words, a photo, filters, order. No I/O, no Django models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict

PER_PAGE = 24
ATTRIBUTE_PREFIX = "attr."
# The page's names for orders, and what the search request calls them. The first is the default.
ORDERS = {
    "": ("Best match", "relevance"),
    "newest": ("Newest", "newest"),
    "price": ("Price, low to high", "price:asc"),
    "-price": ("Price, high to low", "price:desc"),
    "title": ("Name, A to Z", "title:asc"),
}


@dataclass(frozen=True, slots=True)
class PageState:
    """One state of the page. `photo` is a stored query photo's id, `like` a product's sku; never both.

    `box` is the searched part of the photo, normalised `(x1, y1, x2, y2)`; empty means all of it. `nearest` also shows
    what is less sure than the calibrated floor. Prices stay text: the search request validates them and names what is wrong.
    """

    q: str = ""
    photo: str = ""
    box: tuple[float, ...] = ()
    like: str = ""
    category: str = ""
    brands: tuple[str, ...] = ()
    price_min: str = ""
    price_max: str = ""
    in_stock: bool = False
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    order: str = ""
    nearest: bool = False
    page: int = 1
    search_id: str = ""

    @property
    def is_visual(self) -> bool:
        return bool(self.photo or self.like)

    @property
    def is_filtered(self) -> bool:
        return self != self.without_filters()

    def without_filters(self) -> PageState:
        """The same question with nothing narrowing it, on its first page."""
        return PageState(
            q=self.q, photo=self.photo, box=self.box, like=self.like, order=self.order, nearest=self.nearest
        )

    def first_page(self) -> PageState:
        return replace(self, page=1, search_id="")

    def without_value(self, field_name: str, value: str) -> PageState:
        """The state with one filter value taken away; `field_name` is as `Filters` names it, or an attribute's code."""
        state = self.first_page()
        if field_name == "category":
            return replace(state, category="")
        if field_name == "brand":
            return replace(state, brands=tuple(brand for brand in self.brands if brand != value))
        if field_name == "price":
            return replace(state, price_min="", price_max="")
        if field_name == "in_stock":
            return replace(state, in_stock=False)
        kept = (
            (code, tuple(item for item in values if code != field_name or item != value))
            for code, values in self.attributes
        )
        return replace(state, attributes=tuple((code, values) for code, values in kept if values))

    def query_string(self) -> str:
        """The state as a URL's query, always in one order and without what is empty: `q=red&brand=norrvik`."""
        return urlencode([(name, value) for name, value in self._pairs() if value], safe=",")

    def _pairs(self) -> Iterator[tuple[str, str]]:
        yield "q", self.q
        yield "photo", self.photo
        yield "box", ",".join(f"{edge:g}" for edge in self.box) if self.photo else ""
        yield "like", self.like
        yield "category", self.category
        yield from (("brand", brand) for brand in self.brands)
        yield "price_min", self.price_min
        yield "price_max", self.price_max
        yield "in_stock", "1" if self.in_stock else ""
        yield from ((ATTRIBUTE_PREFIX + code, value) for code, values in self.attributes for value in values)
        yield "sort", self.order
        yield "nearest", "1" if self.nearest else ""
        yield "page", str(self.page) if self.page > 1 else ""
        yield "search_id", self.search_id if self.page > 1 else ""


def read_state(data: QueryDict) -> PageState:
    """The state that a URL's query or a form asks for. What the page does not know is left out, never an error."""
    photo = _value(data, "photo")
    codes = sorted({name for name in data if name.startswith(ATTRIBUTE_PREFIX)} - {ATTRIBUTE_PREFIX})
    attributes = ((name.removeprefix(ATTRIBUTE_PREFIX), _values(data, name)) for name in codes)
    page = _value(data, "page")
    order = _value(data, "sort")
    return PageState(
        q=_value(data, "q"),
        photo=photo,
        box=_box(_value(data, "box")) if photo else (),
        like="" if photo else _value(data, "like"),
        category=_value(data, "category"),
        brands=_values(data, "brand"),
        price_min=_value(data, "price_min"),
        price_max=_value(data, "price_max"),
        in_stock=_value(data, "in_stock") == "1",
        attributes=tuple((code, values) for code, values in attributes if values),
        order=order if order in ORDERS else "",
        nearest=_value(data, "nearest") == "1",
        page=max(1, int(page)) if re.fullmatch("[0-9]{1,5}", page) else 1,
        search_id=_value(data, "search_id"),
    )


def _values(data: QueryDict, name: str) -> tuple[str, ...]:
    """Each value once, without what Postgres cannot hold."""
    cleaned = (value.replace("\x00", "").strip() for value in data.getlist(name))
    return tuple(dict.fromkeys(value for value in cleaned if value))


def _value(data: QueryDict, name: str) -> str:
    values = _values(data, name)
    return values[-1] if values else ""


def _box(text: str) -> tuple[float, ...]:
    """Four edges from 0 to 1 that enclose something, rounded to thousandths; else nothing: the whole photo."""
    try:
        edges = tuple(round(float(part), 3) for part in text.split(","))
    except ValueError:
        return ()
    if len(edges) != 4 or not all(0 <= edge <= 1 for edge in edges):
        return ()
    x1, y1, x2, y2 = edges
    return edges if x1 < x2 and y1 < y2 and edges != (0, 0, 1, 1) else ()
