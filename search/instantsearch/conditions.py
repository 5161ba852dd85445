"""`facetFilters`, `numericFilters` and `filters` -> clauses: all must hold, each by one of its terms. No I/O.

facetFilters    ["brand:Halden", ["color:Red", "color:Blue"]]
numericFilters  ["price>=10", "price<=80"]
filters         brand:Halden AND (color:Red OR color:"Dark blue") AND price:10 TO 80
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from search.errors import InvalidQuery

MAX_TERMS = 200
MAX_LENGTH = 4000
MAX_DEPTH = 20
MAX_TERM_LENGTH = 300

_NUMERIC = re.compile(r"\s*(?P<field>[^\s<>=!:]+)\s*(?P<operator>>=|<=|!=|=|>|<|:)\s*(?P<value>.+?)\s*", re.DOTALL)
_RANGE = re.compile(r"(\S+)\s+TO\s+(\S+)")
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>[()]|>=|<=|!=|=|>|<|:)|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r"""|(?P<word>[^\s()<>=!:"']+))""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Term:
    """`operator` is `:` for a value, `TO` for a range up to `upper`, else a comparison of numbers."""

    field: str
    operator: str
    value: str
    upper: str = ""


Clause = tuple[Term, ...]


def facet_clauses(stated: Any) -> tuple[Clause, ...]:
    """The clauses of `facetFilters`: a text, or a list of texts and lists of alternatives. Raises `InvalidQuery`."""
    return _nested(stated, "facetFilters", _facet_term)


def numeric_clauses(stated: Any) -> tuple[Clause, ...]:
    """The clauses of `numericFilters`. Raises `InvalidQuery`."""
    return _nested(stated, "numericFilters", _numeric_term)


def filter_clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of `filters`; OR binds closer than AND, as Algolia has it. Raises `InvalidQuery` naming the place."""
    if len(text) > MAX_LENGTH:
        raise _invalid("filters", f"it has more than {MAX_LENGTH:,} characters")
    return _Expression(text).clauses() if text.strip() else ()


def _nested(stated: Any, field: str, read: Callable[[str], Term]) -> tuple[Clause, ...]:
    clauses = []
    for entry in _entries(stated, field):
        alternatives = _entries(entry, field)
        if alternatives:
            clauses.append(tuple(read(_text(alternative, field)) for alternative in alternatives))
    if sum(map(len, clauses)) > MAX_TERMS:
        raise _invalid(field, f"there are more than {MAX_TERMS} conditions")
    return tuple(clauses)


def _entries(stated: Any, field: str) -> list[Any]:
    if isinstance(stated, list):
        if len(stated) > MAX_TERMS:
            raise _invalid(field, f"there are more than {MAX_TERMS} conditions")
        return stated
    return [stated]


def _text(stated: Any, field: str) -> str:
    if not isinstance(stated, str) or not 0 < len(stated) <= MAX_TERM_LENGTH:
        raise _invalid(field, f"a condition is a text of 1 to {MAX_TERM_LENGTH} characters, not {str(stated)[:40]!r}")
    return stated


def _facet_term(text: str) -> Term:
    name, colon, value = text.partition(":")
    if not colon or not name or not value:
        raise _invalid("facetFilters", f"{text[:60]!r} is not written as brand:Halden")
    if name.startswith("-") or value.startswith("-"):
        raise _invalid("facetFilters", f"{text[:60]!r} excludes a value, which is not supported")
    # A value's own leading minus is escaped.
    return Term(name.strip(), ":", value[1:] if value.startswith("\\-") else value)


def _numeric_term(text: str) -> Term:
    found = _NUMERIC.fullmatch(text)
    if found is None:
        raise _invalid("numericFilters", f"{text[:60]!r} is not written as price>=10")
    operator, value = found["operator"], found["value"]
    if operator == ":":
        bounds = _RANGE.fullmatch(value)
        if bounds is None:
            raise _invalid("numericFilters", f"{text[:60]!r} is not written as price:10 TO 80")
        return Term(found["field"], "TO", bounds[1], bounds[2])
    return Term(found["field"], operator, value)


class _Expression:
    """A walk over the tokens of `filters`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._at = 0
        self._depth = 0

    def clauses(self) -> tuple[Clause, ...]:
        clauses = self._conjunction()
        if self._at < len(self._tokens):
            raise self._wrong("expected AND, OR or the end")
        return tuple(clauses)

    def _conjunction(self) -> list[Clause]:
        clauses = self._disjunction()
        while self._take("AND"):
            clauses += self._disjunction()
        if sum(map(len, clauses)) > MAX_TERMS:
            raise self._wrong(f"there are more than {MAX_TERMS} conditions")
        return clauses

    def _disjunction(self) -> list[Clause]:
        """One clause; or all clauses of a group in parentheses that stands alone."""
        clauses = self._operand()
        while self._take("OR"):
            more = self._operand()
            if len(clauses) > 1 or len(more) > 1:
                raise self._wrong("AND inside of OR is not supported")
            clauses = [(*clauses[0], *more[0])]
        return clauses

    def _operand(self) -> list[Clause]:
        if self._take("("):
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise self._wrong(f"parentheses are nested more than {MAX_DEPTH} deep")
            clauses = self._conjunction()
            if not self._take(")"):
                raise self._wrong("expected )")
            self._depth -= 1
            return clauses
        if self._take("NOT"):
            raise self._wrong("NOT is not supported")
        return [(self._term(),)]

    def _term(self) -> Term:
        field = self._value("a field's name")
        for operator in (">=", "<=", "!=", "=", ">", "<"):
            if self._take(operator):
                return Term(field, operator, self._value("a number"))
        if not self._take(":"):
            raise self._wrong(f"expected : or a comparison after {field[:40]}")
        value = self._value("a value")
        if self._take("TO"):
            return Term(field, "TO", value, self._value("a number"))
        return Term(field, ":", value)

    def _value(self, what: str) -> str:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind != "sign" and 0 < len(text) <= MAX_TERM_LENGTH:
                self._at += 1
                return text
        raise self._wrong(f"expected {what}")

    def _take(self, text: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] in (("sign", text), ("text", text)):
            self._at += 1
            return True
        return False

    def _split(self) -> Iterator[tuple[str, str]]:
        position, end = 0, len(self._text.rstrip())
        while position < end:
            found = _TOKEN.match(self._text, position)
            if found is None:
                raise _invalid("filters", f"it cannot be read at {self._text[position : position + 20]!r}")
            position = found.end()
            if found["sign"]:
                yield "sign", found["sign"]
            elif found["word"]:
                yield "text", found["word"]
            else:
                quoted = found["double"] if found["double"] is not None else found["single"]
                yield "quoted", re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)

    def _wrong(self, what: str) -> InvalidQuery:
        rest = " ".join(text for _, text in self._tokens[self._at : self._at + 4]) or "its end"
        return _invalid("filters", f"{what}, at {rest[:60]!r}")


def _invalid(field: str, what: str) -> InvalidQuery:
    return InvalidQuery(f"{field} cannot be read: {what}.", field=field)
