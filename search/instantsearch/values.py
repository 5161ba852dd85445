"""Names of this protocol's fields and values, which are labels, to the store's own codes and back.

Fields: `brand`, `categories.lvl0` (`Clothes`), `categories.lvl1` (`Clothes > Shoes`), ..., `price`, `in_stock`, and the
attributes by their codes (`color`). A value is its label, as InstantSearch shows it; a code is understood as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from django.db.models import Q

from catalog.models import Attribute, AttributeValue, Brand, Category, Store
from search.errors import InvalidQuery
from search.instantsearch.conditions import Clause, Term
from search.query import Filters

LEVEL = re.compile(r"categories\.lvl([0-9])")
SEPARATOR = " > "
# No slug and no code is a space: it matches nothing.
NOTHING = (" ",)

_NUMBER = re.compile(r"-?[0-9]{1,14}(?:\.[0-9]{1,20})?")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Place:
    """A category: its depth from 0 and the names above it, its own the last."""

    slug: str
    tree_path: str
    names: tuple[str, ...]

    @property
    def level(self) -> int:
        return len(self.names) - 1

    @property
    def name(self) -> str:
        return SEPARATOR.join(self.names)


class Vocabulary:
    """What a store's values are called. Reads what is asked for, each kind once."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @cached_property
    def attribute_codes(self) -> frozenset[str]:
        return frozenset(Attribute.objects.filter(store=self.store).values_list("code", flat=True))

    @cached_property
    def places(self) -> dict[str, Place]:
        """The store's categories by slug."""
        rows = list(Category.objects.filter(store=self.store).values_list("path", "slug", "name"))
        names = {path: name for path, _, name in rows}
        step = Category.steplen
        return {
            slug: Place(slug, path, tuple(names.get(path[:end], "") for end in range(step, len(path) + 1, step)))
            for path, slug, _ in rows
        }

    @property
    def facet_names(self) -> tuple[str, ...]:
        """Every field that can be counted."""
        depth = max((place.level for place in self.places.values()), default=-1)
        levels = (f"categories.lvl{level}" for level in range(min(depth, 9) + 1))
        return ("brand", *levels, "price", "in_stock", *sorted(self.attribute_codes - {"brand", "price", "in_stock"}))

    def filters(self, clauses: Iterable[Clause]) -> Filters:
        """The filters that these clauses state. Raises `InvalidQuery` for what they cannot state."""
        filters = Filters()
        for clause in clauses:
            filters = self._narrowed(filters, clause)
        return filters

    def _narrowed(self, filters: Filters, clause: Clause) -> Filters:
        fields = {term.field for term in clause}
        if len(fields) > 1:
            raise _invalid(f"Alternatives must be of one field, not of {', '.join(sorted(fields))[:200]}.")
        field = fields.pop()
        if field == "price":
            return _priced(filters, clause)
        if any(term.operator not in (":", "=") for term in clause):
            raise _invalid(f"{field[:60]} is no number: compare it with a value, as in {field[:60]}:value.")
        values = tuple(dict.fromkeys(term.value.replace("\x00", "") for term in clause))
        if field == "brand":
            return replace(filters, brands=_both(filters.brands, self._brands(values)))
        if LEVEL.fullmatch(field):
            return replace(filters, categories=self._under(filters.categories, self._categories(values)))
        if field == "in_stock":
            return _stocked(filters, values)
        if field in self.attribute_codes:
            return replace(filters, attributes=(*filters.attributes, (field, self._codes(field, values))))
        raise _invalid(f"Unknown field {field[:60]!r}: this store has {', '.join(self.facet_names)}.")

    def _brands(self, names: tuple[str, ...]) -> tuple[str, ...]:
        rows = Brand.objects.filter(Q(name__in=names) | Q(slug__in=names), store=self.store).values_list("slug", "name")
        return _codes_of(names, dict(rows))

    def _codes(self, attribute: str, names: tuple[str, ...]) -> tuple[str, ...]:
        rows = AttributeValue.objects.filter(
            Q(label__in=names) | Q(code__in=names), attribute__store=self.store, attribute__code=attribute
        ).values_list("code", "label")
        return _codes_of(names, dict(rows))

    def _categories(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return _codes_of(names, {place.slug: place.name for place in self.places.values()})

    def _under(self, wanted: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
        """Where a product must be in one of each: of two categories the lower one, where it lies in the other."""
        if not wanted:
            return more
        both = dict.fromkeys(
            low
            for first in wanted
            for second in more
            for low, high in ((first, second), (second, first))
            if low in self.places
            and high in self.places
            and self.places[low].tree_path.startswith(self.places[high].tree_path)
        )
        return tuple(both) or NOTHING


def _codes_of(names: tuple[str, ...], labels: Mapping[str, str]) -> tuple[str, ...]:
    """The codes that have one of these labels; a name that is nobody's label is a code."""
    known = set(labels.values())
    wanted = set(names)
    codes = [code for code, label in labels.items() if label in wanted or (code in wanted and code not in known)]
    return tuple(codes) or NOTHING


def _both(wanted: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(slug for slug in wanted if slug in more) or NOTHING if wanted else more


def _stocked(filters: Filters, values: tuple[str, ...]) -> Filters:
    stated = {_TRUTH.get(value.lower()) for value in values}
    if None in stated:
        raise _invalid(f"in_stock is true or false, not {', '.join(values)[:60]!r}.")
    if len(stated) == 2:
        return filters
    is_in_stock = stated.pop()
    if filters.in_stock not in (None, is_in_stock):
        return replace(filters, brands=NOTHING)
    return replace(filters, in_stock=is_in_stock)


def _priced(filters: Filters, clause: Clause) -> Filters:
    if len(clause) > 1:
        raise _invalid("Alternatives of prices are not supported: give one range.")
    low, high = _bounds(clause[0])
    lows = [bound for bound in (filters.price_min, low) if bound is not None]
    highs = [bound for bound in (filters.price_max, high) if bound is not None]
    return replace(filters, price_min=max(lows, default=None), price_max=min(highs, default=None))


def _bounds(term: Term) -> tuple[Decimal | None, Decimal | None]:
    number = _number(term.value)
    # A price is stored with three decimals at most: strictly above 10 is from 10.001 on.
    step = Decimal("0.001")
    match term.operator:
        case "TO":
            return number, _number(term.upper)
        case ">=":
            return number, None
        case "<=":
            return None, number
        case ">":
            return number + step, None
        case "<":
            return None, number - step
        case "=" | ":":
            return number, number
    raise _invalid(f"price {term.operator} is not supported: use >=, <=, >, <, = or a range (10 TO 80).")


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise _invalid(f"{text[:40]!r} is not a number such as 20 or 19.95.")
    return Decimal(text)


def _invalid(message: str) -> InvalidQuery:
    return InvalidQuery(message, field="filters")
