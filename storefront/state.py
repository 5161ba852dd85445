"""What the shop page shows, as its URL says it: words, a photo, filters, order. No I/O, no Django models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict

from search.api.fields import MAX_NOT_RELEVANT
from search.colour.bins import BY_NAME
from search.colour.terms import MAX_COLOURS

PER_PAGE = 24
ATTRIBUTE_PREFIX = "attr."
MAX_IGNORED = 20
# Of a product's own column.
MAX_SKU_LENGTH = 120
_IGNORED = re.compile(r"[a-z0-9_-]+:[a-z0-9_-]+")
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

    `is_exact` insists on words as they are written, `ignored` names what they shall not be taken for ("color:red"), and
    `unlike` the skus that were waved away. What was said of words holds for these words alone: the URL repeats them in `of`,
    so that a form which sends other words drops it. Beside a photo, `unlike` outlives a change of words.
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
    palette: tuple[str, ...] = ()
    order: str = ""
    nearest: bool = False
    is_exact: bool = False
    ignored: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    page: int = 1
    search_id: str = ""

    @property
    def is_visual(self) -> bool:
        return bool(self.photo or self.like)

    @property
    def is_filtered(self) -> bool:
        return self.first_page() != self.without_filters()

    @property
    def is_asking(self) -> bool:
        """Whether words, a photo or a product are asked for, rather than all of a shelf."""
        return bool(self.q) or self.is_visual

    def without_filters(self) -> PageState:
        """The same question with nothing narrowing it, on its first page."""
        return replace(
            self.first_page(),
            category="",
            brands=(),
            price_min="",
            price_max="",
            in_stock=False,
            attributes=(),
            palette=(),
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
        if field_name == "palette":
            return replace(state, palette=tuple(colour for colour in self.palette if colour != value))
        kept = (
            (code, tuple(item for item in values if code != field_name or item != value))
            for code, values in self.attributes
        )
        return replace(state, attributes=tuple((code, values) for code, values in kept if values))

    def with_value(self, field_name: str, value: str) -> PageState:
        """The state narrowed to this value of a category, a brand or an attribute too, on its first page."""
        state = self.first_page()
        if field_name == "category":
            return replace(state, category=value)
        if field_name == "brand":
            return replace(state, brands=tuple(dict.fromkeys((*self.brands, value))))
        held = dict(self.attributes)
        held[field_name] = tuple(dict.fromkeys((*held.get(field_name, ()), value)))
        return replace(state, attributes=tuple(sorted(held.items())))

    def waving_away(self, sku: str) -> PageState:
        return replace(self.first_page(), unlike=tuple(dict.fromkeys((*self.unlike, sku))))

    def bringing_back(self, sku: str) -> PageState:
        return replace(self.first_page(), unlike=tuple(other for other in self.unlike if other != sku))

    def query_string(self) -> str:
        """The state as a URL's query, always in one order and without what is empty: `q=red&brand=norrvik`."""
        return urlencode([(name, value) for name, value in self._pairs() if value], safe=",")

    def _pairs(self) -> Iterator[tuple[str, str]]:
        yield "q", self.q
        yield "photo", self.photo
        yield "box", ",".join(f"{edge:g}" for edge in self.box) if self.photo else ""
        yield "like", self.like
        yield from self.narrowing
        yield "sort", self.order
        yield "nearest", "1" if self.nearest else ""
        yield from self.said
        yield "page", str(self.page) if self.page > 1 else ""
        yield "search_id", self.search_id if self.page > 1 else ""

    @property
    def narrowing(self) -> Iterator[tuple[str, str]]:
        """The filters as fields of a form."""
        yield "category", self.category
        yield from (("brand", brand) for brand in self.brands)
        yield "price_min", self.price_min
        yield "price_max", self.price_max
        yield "in_stock", "1" if self.in_stock else ""
        yield from ((ATTRIBUTE_PREFIX + code, value) for code, values in self.attributes for value in values)
        yield from (("palette", colour) for colour in self.palette)

    @property
    def said(self) -> Iterator[tuple[str, str]]:
        """What was said of the question and its answer, as fields of a form."""
        is_of_words = self.is_exact or self.ignored or (self.unlike and not self.is_visual)
        yield "of", self.q if is_of_words else ""
        yield "exact", "1" if self.is_exact else ""
        yield from (("ignore", name) for name in self.ignored)
        yield from (("not", sku) for sku in self.unlike)


def read_state(data: QueryDict) -> PageState:
    """The state that a URL's query or a form asks for. What the page does not know is left out, never an error."""
    q, photo = _value(data, "q"), _value(data, "photo")
    like = "" if photo else _value(data, "like")
    is_same_words = _value(data, "of") == q
    unlike = [sku for sku in _values(data, "not") if len(sku) <= MAX_SKU_LENGTH]
    codes = sorted({name for name in data if name.startswith(ATTRIBUTE_PREFIX)} - {ATTRIBUTE_PREFIX})
    attributes = ((name.removeprefix(ATTRIBUTE_PREFIX), _values(data, name)) for name in codes)
    page = _value(data, "page")
    order = _value(data, "sort")
    return PageState(
        q=q,
        photo=photo,
        box=_box(_value(data, "box")) if photo else (),
        like=like,
        category=_value(data, "category"),
        brands=_values(data, "brand"),
        price_min=_value(data, "price_min"),
        price_max=_value(data, "price_max"),
        in_stock=_value(data, "in_stock") == "1",
        attributes=tuple((code, values) for code, values in attributes if values),
        palette=tuple(colour for colour in _values(data, "palette") if colour in BY_NAME)[:MAX_COLOURS],
        order=order if order in ORDERS else "",
        nearest=_value(data, "nearest") == "1",
        is_exact=bool(q) and is_same_words and _value(data, "exact") == "1",
        ignored=tuple(filter(_IGNORED.fullmatch, _values(data, "ignore")))[:MAX_IGNORED] if q and is_same_words else (),
        unlike=tuple(unlike[:MAX_NOT_RELEVANT]) if photo or like or (q and is_same_words) else (),
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
