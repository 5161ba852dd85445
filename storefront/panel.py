"""The filter panel: the result's facets as groups of choices, the category tree, and a chip for each filter in use."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.models import Attribute, Category, Store
from search.query import Facet, FacetStats, FacetValue
from storefront.links import Links
from storefront.state import ATTRIBUTE_PREFIX, PageState

COLOUR_CODES = frozenset({"color", "colour", "base_color", "base_colour"})
# Values of a group that show before "more"; the rest is one click away.
SHOWN = 8
# Groups that start open.
OPEN_GROUPS = 4


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    count: int
    is_selected: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """A category in the drill-down. `depth` counts from 0."""

    choice: Choice
    depth: int


@dataclass(frozen=True, slots=True)
class Group:
    """A facet whose values are alternatives. `name` is the form's field."""

    code: str
    name: str
    label: str
    choices: tuple[Choice, ...]
    more: tuple[Choice, ...]
    is_open: bool

    @property
    def is_colour(self) -> bool:
        return self.code in COLOUR_CODES


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in use, and the URL without it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class Panel:
    branches: tuple[Branch, ...]
    groups: tuple[Group, ...]
    prices: FacetStats | None
    in_stock_count: int


def attribute_labels(store: Store) -> dict[str, str]:
    """The store's attributes in their order: code -> label."""
    return dict(Attribute.objects.filter(store=store).values_list("code", "label"))


def make_panel(store: Store, facets: tuple[Facet, ...], *, state: PageState, labels: dict[str, str]) -> Panel:
    """The panel of these facets. One query, for the category tree."""
    by_name = {facet.field_name: facet for facet in facets}
    groups = [_group("brand", "brand", "Brand", by_name["brand"])] if "brand" in by_name else []
    groups += [
        _group(code, ATTRIBUTE_PREFIX + code, label, by_name[code]) for code, label in labels.items() if code in by_name
    ]
    groups = [group for group in groups if group.choices]
    groups.sort(key=lambda group: not group.is_colour)
    stock = {value.value: value.count for value in by_name["in_stock"].values} if "in_stock" in by_name else {}
    return Panel(
        branches=_branches(store, by_name["category"], state.category) if "category" in by_name else (),
        groups=tuple(_opened(groups)),
        prices=by_name["price"].stats if "price" in by_name else None,
        in_stock_count=stock.get("true", 0),
    )


def chips(state: PageState, facets: tuple[Facet, ...], *, labels: dict[str, str], links: Links) -> list[Chip]:
    """What narrows the results, each with a link that takes it away."""
    names = {(facet.field_name, value.value): value.label for facet in facets for value in facet.values}
    used = [("category", "Category", state.category)] if state.category else []
    used += [("brand", "Brand", brand) for brand in state.brands]
    used += [(code, labels.get(code, code), value) for code, values in state.attributes for value in values]
    found = [
        Chip(label, names.get((code, value), value), links.shop(state.without_value(code, value)))
        for code, label, value in used
    ]
    if state.price_min or state.price_max:
        found.append(Chip("Price", _price_text(state), links.shop(state.without_value("price", ""))))
    if state.in_stock:
        found.append(Chip("Stock", "In stock", links.shop(state.without_value("in_stock", ""))))
    return found


def _price_text(state: PageState) -> str:
    if not state.price_min:
        return f"up to {state.price_max}"
    return f"{state.price_min} to {state.price_max}" if state.price_max else f"from {state.price_min}"


def _choice(value: FacetValue) -> Choice:
    return Choice(value.value, value.label, value.count, value.is_selected)


def _group(code: str, name: str, label: str, facet: Facet) -> Group:
    values = [_choice(value) for value in facet.values if value.count or value.is_selected]
    # A selected value is never behind "more".
    shown = [value for place, value in enumerate(values) if place < SHOWN or value.is_selected]
    more = [value for place, value in enumerate(values) if place >= SHOWN and not value.is_selected]
    return Group(code, name, label, tuple(shown), tuple(more), is_open=any(value.is_selected for value in values))


def _opened(groups: list[Group]) -> list[Group]:
    return [
        Group(group.code, group.name, group.label, group.choices, group.more, group.is_open or place < OPEN_GROUPS)
        for place, group in enumerate(groups)
    ]


def _branches(store: Store, facet: Facet, selected: str) -> tuple[Branch, ...]:
    """The roots, and below each category on the way to the selected one its children."""
    counted = {value.value: value for value in facet.values}
    nodes = list(Category.objects.filter(store=store).order_by("path").values_list("path", "depth", "slug", "name"))
    chosen = next((path for path, _, slug, _ in nodes if slug == selected), "")
    roots = [path for path, depth, _, _ in nodes if depth == 1]
    # A tree with one root starts below it: a choice of one is none.
    opened = chosen or (roots[0] if len(roots) == 1 else "")
    found = []
    for path, depth, slug, name in nodes:
        parent = path[: -Category.steplen]
        is_on_way = opened.startswith(path)
        if (depth == 1 or opened.startswith(parent)) and (slug in counted or is_on_way):
            count = counted[slug].count if slug in counted else 0
            found.append(Branch(Choice(slug, name, count, slug == selected), depth - 1))
    return tuple(found)
