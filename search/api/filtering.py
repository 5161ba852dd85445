"""`filter_by` and the typed `filters` -> `Filters`. Whatever text comes in, the outcome is `Filters` or `InvalidQuery`.

category:=shoes && price:[20..80] && color:=[red,blue] && brand:="marc o'polo" && in_stock:=true && palette:=#1b2a49
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from catalog.models import Store
from search.colour.terms import MAX_COLOURS, read_colour
from search.errors import InvalidQuery
from search.query import Filters
from search.stamps import Stamps
from search.taxonomy import store_taxonomy

PLAIN_FIELDS = ("category", "brand", "price", "in_stock", "palette")
MAX_CONDITIONS = 50
MAX_TERMS = 100
MAX_TERM_LENGTH = 200

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_COLON = re.compile(r":=?")
_NUMBER = re.compile(r"-?[0-9]{1,14}(?:\.[0-9]{1,4})?(?!\.?[0-9])")
_COMPARISON = re.compile(r">=|<=|>|<|=")
_BARE = re.compile(r"[^\s,\[\]()&|`\"<>=!:]+")
_QUOTED = re.compile(r'`([^`]*)`|"((?:[^"\\]|\\.)*)"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a store's filters and facets may name. `price_step` is the currency's minor unit."""

    attribute_codes: frozenset[str]
    price_step: Decimal

    @property
    def fields(self) -> tuple[str, ...]:
        return (*PLAIN_FIELDS, *sorted(self.attribute_codes))

    def check(self, name: str, *, field: str) -> None:
        """Raise `InvalidQuery` for a name that this store does not have."""
        if name not in self.fields:
            close = get_close_matches(name, self.fields, n=1)
            hint = f"did you mean {close[0]}? Known: " if close else "known are "
            raise InvalidQuery(f"Unknown field {name[:60]!r}: {hint}{', '.join(self.fields)}.", field=field)


def store_vocabulary(store: Store, *, stamps: Stamps | None = None) -> Vocabulary:
    """The names that this store's filters and facets may use, as they are now or were when the stamps were read."""
    names = store_taxonomy(store.pk, stamp=None if stamps is None else stamps.taxonomy)
    return Vocabulary(frozenset(names.attributes), Decimal(10) ** -store.minor_unit_digits)


def parse_filter_by(text: str, vocabulary: Vocabulary) -> Filters:
    """The filters that the text states. Raises `InvalidQuery` naming the place and the fix."""
    scanner = _Scanner(text)
    filters = Filters()
    for count in range(MAX_CONDITIONS + 1):
        scanner.skip_space()
        if count == 0 and scanner.is_at_end:
            return filters
        if count == MAX_CONDITIONS:
            raise scanner.error(f"there are more than {MAX_CONDITIONS} conditions")
        filters = _condition(scanner, filters, vocabulary)
        scanner.skip_space()
        if scanner.is_at_end:
            return filters
        if not scanner.take_text("&&"):
            raise scanner.error("expected && and another condition (|| and parentheses are not supported)")
    return filters


def written_filters(filters: Filters) -> str:
    """The line that `parse_filter_by` reads as these filters; it has no place for a `closeness`."""
    conditions = []
    for name, terms in (
        ("category", filters.categories),
        ("brand", filters.brands),
        ("palette", filters.palette),
        *filters.attributes,
    ):
        if terms:
            conditions.append(f"{name}:=[{','.join(map(_written_term, terms))}]")
    if filters.price_min is not None or filters.price_max is not None:
        low, high = (f"{bound:f}" if bound is not None else "" for bound in (filters.price_min, filters.price_max))
        conditions.append(f"price:[{low}..{high}]")
    if filters.in_stock is not None:
        conditions.append(f"in_stock:={str(filters.in_stock).lower()}")
    return " && ".join(conditions)


def filters_object(filters: Filters) -> dict[str, Any]:
    """The object that `typed_filters` reads as these filters; an attribute that is asked twice has no place in it."""
    price = {"min": filters.price_min, "max": filters.price_max}
    palette = {"colours": list(filters.palette), "closeness": filters.closeness}
    stated = {
        "category": list(filters.categories),
        "brand": list(filters.brands),
        "price": {name: str(bound) for name, bound in price.items() if bound is not None},
        "palette": {name: value for name, value in palette.items() if value is not None} if filters.palette else {},
        "attributes": {code: list(terms) for code, terms in filters.attributes},
    }
    plain: dict[str, Any] = {name: value for name, value in stated.items() if value}
    return plain | ({} if filters.in_stock is None else {"in_stock": filters.in_stock})


def _written_term(term: str) -> str:
    if _BARE.fullmatch(term):
        return term
    escaped = term.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def typed_filters(data: Mapping[str, Any], vocabulary: Vocabulary) -> Filters:
    """The filters of the validated object form (`parameters.FiltersIn`). Raises `InvalidQuery` for unknown attributes."""
    attributes: Mapping[str, list[str]] = data.get("attributes", {})
    for code in attributes:
        if code not in vocabulary.attribute_codes:
            known = ", ".join(sorted(vocabulary.attribute_codes)) or "none"
            raise InvalidQuery(f"Unknown attribute {code[:60]!r}: this store has {known}.", field="filters.attributes")
    price: Mapping[str, Decimal] = data.get("price", {})
    palette: Mapping[str, Any] = data.get("palette", {})
    return Filters(
        categories=_unique(data.get("category", [])),
        brands=_unique(data.get("brand", [])),
        price_min=price.get("min"),
        price_max=price.get("max"),
        in_stock=data.get("in_stock"),
        attributes=tuple((code, _unique(terms)) for code, terms in attributes.items()),
        palette=_colours(palette.get("colours", []), field="filters.palette"),
        closeness=palette.get("closeness"),
    )


def _colours(terms: Sequence[str], *, field: str) -> tuple[str, ...]:
    if len(terms) > MAX_COLOURS:
        raise InvalidQuery(f"palette has {len(terms)} colours; at most {MAX_COLOURS} are looked for.", field=field)
    return _unique([read_colour(term, field=field) for term in terms])


def _unique(terms: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(terms))


class _Scanner:
    """A position in the text. Errors say where they are."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    @property
    def is_at_end(self) -> bool:
        return self.position >= len(self.text)

    def skip_space(self) -> None:
        self.take(_SPACE)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.position)
        if found is not None:
            self.position = found.end()
        return found

    def take_text(self, text: str) -> bool:
        if self.text.startswith(text, self.position):
            self.position += len(text)
            return True
        return False

    def error(self, what: str) -> InvalidQuery:
        rest = self.text[self.position : self.position + 20] or "its end"
        return InvalidQuery(f"filter_by cannot be read at {rest!r}: {what}.", field="filter_by")


def _condition(scanner: _Scanner, filters: Filters, vocabulary: Vocabulary) -> Filters:
    found = scanner.take(_NAME)
    if found is None:
        raise scanner.error("expected a field's name, as in category:=shoes")
    name = found.group()
    vocabulary.check(name, field="filter_by")
    scanner.skip_space()
    if scanner.take(_COLON) is None:
        raise scanner.error(f"expected := after {name}")
    scanner.skip_space()
    if name == "price":
        return _narrowed(filters, *_price_bounds(scanner, vocabulary.price_step))
    if name in vocabulary.attribute_codes and name != "palette":
        # An attribute may be asked twice: a product can hold both of its values.
        return replace(filters, attributes=(*filters.attributes, (name, _terms(scanner))))
    if filters.values_of(name):
        raise scanner.error(f"{name} is given twice; list alternatives as {name}:=[a,b]")
    if name == "in_stock":
        return replace(filters, in_stock=_boolean(scanner))
    terms = _terms(scanner)
    if name == "palette":
        return replace(filters, palette=_colours(terms, field="filter_by"))
    return replace(filters, categories=terms) if name == "category" else replace(filters, brands=terms)


def _terms(scanner: _Scanner) -> tuple[str, ...]:
    if not scanner.take_text("["):
        return (_term(scanner),)
    terms = []
    while True:
        scanner.skip_space()
        terms.append(_term(scanner))
        scanner.skip_space()
        if scanner.take_text("]"):
            return _unique(terms)
        if not scanner.take_text(","):
            raise scanner.error("expected , or ] in the list")
        if len(terms) >= MAX_TERMS:
            raise scanner.error(f"the list has more than {MAX_TERMS} values")


def _term(scanner: _Scanner) -> str:
    quoted = scanner.take(_QUOTED)
    if quoted is not None:
        plain, escaped = quoted.groups()
        term = plain if plain is not None else re.sub(r"\\(.)", r"\1", escaped, flags=re.DOTALL)
    else:
        bare = scanner.take(_BARE)
        if bare is None:
            raise scanner.error('expected a value; quote odd ones as in "a b" or `a b`')
        term = bare.group()
    if not term or len(term) > MAX_TERM_LENGTH or "\x00" in term:
        raise scanner.error(f"a value has 1 to {MAX_TERM_LENGTH} characters")
    return term


def _boolean(scanner: _Scanner) -> bool:
    term = _term(scanner)
    if term not in ("true", "false"):
        raise scanner.error(f"in_stock is true or false, not {term[:40]!r}")
    return term == "true"


def _price_bounds(scanner: _Scanner, step: Decimal) -> tuple[Decimal | None, Decimal | None]:
    if scanner.take_text("["):
        low = _number(scanner, is_required=False)
        if not scanner.take_text(".."):
            raise scanner.error("expected a range such as [20..80], [20..] or [..80]")
        high = _number(scanner, is_required=False)
        if not scanner.take_text("]"):
            raise scanner.error("expected ] at the end of the range")
        if low is None and high is None:
            raise scanner.error("the range needs at least one bound")
        if low is not None and high is not None and low > high:
            raise scanner.error(f"the range is empty: {low} is above {high}")
        return low, high
    comparison = scanner.take(_COMPARISON)
    number = _number(scanner, is_required=True)
    assert number is not None  # noqa: S101  (a required number is there or an error was raised)
    match comparison.group() if comparison else "=":
        case ">=":
            return number, None
        case ">":
            return number + step, None
        case "<=":
            return None, number
        case "<":
            return None, number - step
    return number, number


def _number(scanner: _Scanner, *, is_required: bool) -> Decimal | None:
    scanner.skip_space()
    found = scanner.take(_NUMBER)
    if found is None and is_required:
        raise scanner.error("expected a price such as 20 or 19.95")
    scanner.skip_space()
    return Decimal(found.group()) if found else None


def _narrowed(filters: Filters, low: Decimal | None, high: Decimal | None) -> Filters:
    """Both price conditions must hold: the higher lower bound and the lower upper one."""
    lows = [bound for bound in (filters.price_min, low) if bound is not None]
    highs = [bound for bound in (filters.price_max, high) if bound is not None]
    return replace(filters, price_min=max(lows, default=None), price_max=min(highs, default=None))
