"""Words of a query that name a category, a brand or an attribute's value of the store. They prefer, they do not filter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from catalog.models import Store
from search.query import Filters
from search.words.folding import fold, joined
from search.words.reading import Words
from search.words.syntax import TokenKind

MAX_LABEL_WORDS = 5
_ATTRIBUTE_LAST = {"category": 0, "brand": 2}


@dataclass(frozen=True, slots=True)
class Interpretation:
    """Words taken for a value of a field, named as `filter_by` names them; `label` is the store's name for it."""

    field: str
    value: str
    label: str
    words: str

    @property
    def name(self) -> str:
        """What `ignore` takes."""
        return f"{self.field}:{self.value}"

    @property
    def filters(self) -> Filters:
        """The value as a filter."""
        if self.field == "category":
            return Filters(categories=(self.value,))
        if self.field == "brand":
            return Filters(brands=(self.value,))
        return Filters(attributes=((self.field, (self.value,)),))


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring tokens, `first` up to `end`, in one way to write them."""

    first: int
    end: int
    text: str


def interpreted(words: Words, *, store: Store, ignore: Iterable[str] = ()) -> tuple[Interpretation, ...]:
    """What the words name, in their order: the longest run of words first, each word once.

    Of several fields or values with one name it is the one of more products. Names in `ignore` are not taken.
    """
    runs = _runs(words)
    named = _named(runs, store=store, ignore=frozenset(ignore)) if runs else {}
    taken: dict[int, Interpretation] = {}
    used: set[int] = set()
    for one in sorted(runs, key=lambda run: (run.first - run.end, run.first)):
        places = range(one.first, one.end)
        if one in named and used.isdisjoint(places):
            field, value, label = named[one]
            text = " ".join(words.tokens[place].text for place in places)
            taken[one.first] = Interpretation(field, value, label, text)
            used.update(places)
    return tuple(taken[place] for place in sorted(taken))


def _runs(words: Words) -> list[_Run]:
    """Every run of neighbouring words that are asked for, as a label's key is written, and two words as one.

    It begins and ends with a word that the language counts, so that "the red" is "red"; a letter may begin it: "t shirt".
    """
    tokens = words.tokens
    counted = {place for group in words.groups for place in (group.first, group.last)}
    letters = {place for place, token in enumerate(tokens) if len(token.text) == 1}
    runs: list[_Run] = []
    for first in sorted(counted | letters):
        for end in range(first + 1, min(len(tokens), first + MAX_LABEL_WORDS) + 1):
            token = tokens[end - 1]
            if token.is_excluded or token.kind is TokenKind.MEASURE:
                break
            pieces = [joined(fold(piece.text)) for piece in tokens[first:end]]
            if end - 1 in counted:
                runs.append(_Run(first, end, " ".join(pieces)))
                runs += [_Run(first, end, "".join(pieces))] if len(pieces) == 2 else []
    return runs


def _named(runs: Sequence[_Run], *, store: Store, ignore: frozenset[str]) -> dict[_Run, tuple[str, str, str]]:
    """The (field, value, label) that each run of words names, where one does."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT asked.place, label.field, label.value, label.label, label.count
            FROM (SELECT place, search_fold(phraseto_tsquery(%s::regconfig, words)::text) AS key
                  FROM unnest(%s::text[]) WITH ORDINALITY AS given(words, place)) AS asked
            JOIN search_vocabularylabel label ON label.store_id = %s AND label.key = asked.key AND label.place = 0
            WHERE asked.key <> ''
            """,
            [store.language, [run.text for run in runs], store.pk],
        )
        rows = [row for row in cursor.fetchall() if f"{row[1]}:{row[2]}" not in ignore]
    rows.sort(key=lambda row: (-row[4], _ATTRIBUTE_LAST.get(row[1], 1), row[1], row[2]))
    named: dict[_Run, tuple[str, str, str]] = {}
    for place, field, value, label, _ in rows:
        named.setdefault(runs[place - 1], (field, value, label))
    return named
