"""The filter panel: the result's facets as groups of choices, the category tree, and a chip for each filter in use."""

from __future__ import annotations

from dataclasses import dataclass, replace

from catalog.models import Attribute, Store
from search.result import Facet, FacetStats, FacetValue
from storefront.links import Links
from storefront.state import ATTRIBUTE_PREFIX, PageState

COLOUR_CODES = frozenset({"color", "colour", "base_color", "base_colour"})
# Values of a group that show before "more"; the rest is one click away.
SHOWN = 8
# From so many values on a group can be searched; what is chosen then stands above its search.
MANY = 20
# Groups that start open.
OPEN_GROUPS = 4
PALETTE = "palette"


@dataclass(frozen=True, slots=True)
class Choice:
    """`count` is text: "12", or "12+" where it is a lower bound. `swatch` is a colour such as "#1b2a49", or empty."""

    value: str
    label: str
    count: str
    is_selected: bool
    swatch: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """A category in the drill-down. `depth` counts from 0."""

    choice: Choice
    depth: int


@dataclass(frozen=True, slots=True)
class Group:
    """A facet whose values are alternatives. `name` is the form's field; `find_url` leads to a search of its values, if
    there are many. `chosen` are then those in use, and otherwise empty: they keep their place among the others."""

    code: str
    name: str
    label: str
    chosen: tuple[Choice, ...]
    choices: tuple[Choice, ...]
    more: tuple[Choice, ...]
    is_open: bool
    find_url: str = ""

    @property
    def is_colour(self) -> bool:
        return self.code in COLOUR_CODES or self.code == PALETTE


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in use, and the URL without it."""

    label: str
    value: str
    url: str
    swatch: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    branches: tuple[Branch, ...]
    groups: tuple[Group, ...]
    prices: FacetStats | None
    in_stock_count: str


def attribute_labels(store: Store) -> dict[str, str]:
    """The store's attributes in their order: code -> label."""
    return dict(Attribute.objects.filter(store=store).values_list("code", "label"))


def make_panel(facets: tuple[Facet, ...], *, state: PageState, labels: dict[str, str], links: Links) -> Panel:
    """The panel of these facets; no query."""
    by_name = {facet.field_name: facet for facet in facets}
    names = {PALETTE: palette_label(labels), "brand": "Brand", **labels}
    groups = [make_group(code, label, by_name[code], links) for code, label in names.items() if code in by_name]
    groups = [group for group in groups if group.chosen or group.choices]
    groups.sort(key=lambda group: not group.is_colour)
    stock = _choices(by_name["in_stock"]) if "in_stock" in by_name else []
    return Panel(
        branches=_branches(by_name["category"]) if "category" in by_name else (),
        groups=tuple(_opened(groups, state)),
        prices=by_name["price"].stats if "price" in by_name else None,
        in_stock_count=next((choice.count for choice in stock if choice.value == "true"), "0"),
    )


def palette_label(labels: dict[str, str]) -> str:
    """What a shop calls the colours of its photos: where it states colours itself, they are told apart."""
    return "Colour in the photo" if COLOUR_CODES & labels.keys() else "Colour"


def make_group(code: str, label: str, facet: Facet, links: Links) -> Group:
    """The facet's values as choices. A selected value is never behind "more"."""
    values = _choices(facet)
    is_many = len(values) > MANY and code != PALETTE
    chosen = [value for value in values if value.is_selected] if is_many else []
    rest = [value for value in values if value not in chosen]
    most = len(rest) if code == PALETTE else SHOWN
    return Group(
        code=code,
        name=code if code in ("brand", PALETTE) else ATTRIBUTE_PREFIX + code,
        label=label,
        chosen=tuple(chosen),
        choices=tuple(value for place, value in enumerate(rest) if place < most or value.is_selected),
        more=tuple(value for place, value in enumerate(rest) if place >= most and not value.is_selected),
        is_open=any(value.is_selected for value in values),
        find_url=links.values(code) if is_many else "",
    )


def chips(state: PageState, facets: tuple[Facet, ...], *, labels: dict[str, str], links: Links) -> list[Chip]:
    """What narrows the results, each with a link that takes it away."""
    names = {(facet.field_name, value.value): value.label for facet in facets for value in facet.values}
    used = [("category", "Category", state.category)] if state.category else []
    used += [("brand", "Brand", brand) for brand in state.brands]
    used += [(PALETTE, palette_label(labels), colour) for colour in state.palette]
    used += [(code, labels.get(code, code), value) for code, values in state.attributes for value in values]
    swatches = {(facet.field_name, value.value): value.swatch for facet in facets for value in facet.values}
    found = [
        Chip(
            label,
            names.get((code, value), value),
            links.shop(state.without_value(code, value)),
            swatches.get((code, value), ""),
        )
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


def _choices(facet: Facet) -> list[Choice]:
    """What there is of it, and what is selected."""
    return [_choice(value, facet) for value in facet.values if value.count or value.is_selected]


def _choice(value: FacetValue, facet: Facet) -> Choice:
    count = f"{value.count:,}" if facet.is_exact else f"{value.count:,}+"
    return Choice(value.value, value.label, count, value.is_selected, value.swatch)


def _opened(groups: list[Group], state: PageState) -> list[Group]:
    """The first groups start open. Colours are not shown twice at once: those of photos open where a photo asks."""
    has_stated = any(group.code in COLOUR_CODES for group in groups)
    opened: list[Group] = []
    for group in groups:
        is_second = has_stated and not state.is_visual and group.code == PALETTE
        opened.append(replace(group, is_open=group.is_open or (len(opened) < OPEN_GROUPS and not is_second)))
    return opened


def _branches(facet: Facet) -> tuple[Branch, ...]:
    """The roots, and below each category on the way to the selected one its children; the fullest first."""
    by_value = {value.value: value for value in facet.values}
    below: dict[str, list[FacetValue]] = {}
    for value in facet.values:
        # What stands below a category that has nothing left stands at the top.
        below.setdefault(value.parent if value.parent in by_value else "", []).append(value)
    chosen = next((value for value in facet.values if value.is_selected), None)
    roots = below.get("", [])
    # A tree with one root starts below it: a choice of one is none.
    step = chosen or (roots[0] if len(roots) == 1 else None)
    opened = set()
    while step is not None:
        opened.add(step.value)
        step = by_value.get(step.parent)
    found: list[Branch] = []
    waiting = roots[::-1]
    while waiting:
        value = waiting.pop()
        found.append(Branch(_choice(value, facet), value.level - 1))
        if value.value in opened:
            waiting += below.get(value.value, [])[::-1]
    return tuple(found)
