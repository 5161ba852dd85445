"""Synonyms of a query: what else its words may say in a document, and the canonical words that are encoded.

Phrases are compared by their stems in the store's language, so that "sneaker" finds what is said of "sneakers". A phrase of
several words stands for all of them, wherever they are in a document, as words of a query do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Q

from catalog.models import Store
from search.rules.records import Synonym, SynonymDirection

# Rows of one store that a query may hold, and phrases of one query that are expanded.
MAX_SYNONYMS = 1_000
MAX_EXPANSIONS = 20
MAX_WORDS_OF_PHRASE = 10

Stems = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expansion:
    """The words from `first` to `last` of a query are a phrase that has synonyms.

    `query` is a tsquery that the phrase and all its synonyms satisfy, `canonical` the words that are encoded for it.
    """

    first: int
    last: int
    stems: Stems
    query: str
    canonical: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What one typed phrase leads to."""

    alternatives: tuple[Stems, ...]
    canonical: str


def expansions(words: Sequence[str], *, store: Store) -> tuple[Expansion, ...]:
    """The phrases among a query's words that the store has synonyms for; the longest from the left."""
    if not any(words):
        return ()
    stemmed = stems_of(words, language=store.language)
    known = _known(store, {stem for stems in stemmed for stem in stems})
    found: list[Expansion] = []
    place = 0
    while place < len(words) and len(found) < MAX_EXPANSIONS and known:
        last = _last_of_longest(known, stemmed, place)
        if last is None:
            place += 1
            continue
        stems = _joined(stemmed, place, last)
        what = known[stems]
        alternatives = dict.fromkeys((stems, *what.alternatives))
        found.append(Expansion(place, last, stems, " | ".join(map(_all_of, alternatives)), what.canonical))
        place = last + 1
    return tuple(found)


def has_synonyms(store: Store) -> bool:
    """Whether the store has any that are switched on."""
    return Synonym.objects.filter(store=store, is_enabled=True).exists()


def canonical(words: Sequence[str], found: Sequence[Expansion]) -> str:
    """The words with each phrase in the form that is encoded."""
    parts, end = [], 0
    for one in found:
        parts += [*words[end : one.first], one.canonical]
        end = one.last + 1
    return " ".join([*parts, *words[end:]])


def stems_of(texts: Sequence[str], *, language: str) -> list[Stems]:
    """Each text's stems in their order; none for stop words and signs."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce((
                SELECT jsonb_agg(word.lexeme ORDER BY place, word.lexeme)
                FROM unnest(to_tsvector(%s::regconfig, given.part)) AS word(lexeme, places, weights),
                     unnest(word.places) AS place
            ), '[]')::text FROM unnest(%s::text[]) WITH ORDINALITY AS given(part, number) ORDER BY number
            """,
            [language, [text.replace("\x00", " ") for text in texts]],
        )
        return [tuple(json.loads(row[0])) for row in cursor.fetchall()]


def stemmed(row: Synonym) -> Synonym:
    """The row with the stems of its phrases in its store's language; it is not saved."""
    language = row.store.language
    typed = [row.typed] if row.direction == SynonymDirection.ONE_WAY else []
    stems = [list(one) for one in stems_of([*typed, *row.phrases], language=language)]
    row.language, row.stems = language, stems
    row.heads = sorted({one[0] for one in (stems[:1] if typed else stems) if one})
    return row


def checked(row: Synonym) -> Synonym:
    """The row with its stems. Raises `ValidationError` where nothing that may be typed has one."""
    stemmed(row)
    if not row.heads:
        raise ValidationError(
            {"phrases": "These are words that searches leave out, such as “the” and “for”: give others."}
        )
    return row


def quoted(lexeme: str) -> str:
    """A lexeme as a literal of tsquery's own syntax."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _known(store: Store, stems: set[str]) -> Mapping[Stems, _Found]:
    """What the store's synonyms that begin with one of these stems lead to, by the phrase that may be typed.

    Rows that were stemmed in another language (the store's has changed) are stemmed anew on the way.
    """
    wanted = Q(heads__overlap=sorted(stems)) | ~Q(language=store.language)
    rows = list(Synonym.objects.filter(wanted, store=store, is_enabled=True).order_by("pk")[:MAX_SYNONYMS])
    stale = [row for row in rows if row.language != store.language]
    for row in stale:
        row.store = store
        stemmed(row)
    Synonym.objects.bulk_update(stale, ["language", "stems", "heads"], batch_size=500)
    known: dict[Stems, _Found] = {}
    for row in rows:
        phrases = tuple(tuple(one) for one in row.stems if one)
        for typed in phrases[:1] if row.direction == SynonymDirection.ONE_WAY else phrases:
            before = known.get(typed)
            both = (*before.alternatives, *phrases) if before else phrases
            known[typed] = _Found(both, before.canonical if before else row.phrases[0])
    return known


def _last_of_longest(known: Mapping[Stems, _Found], words: Sequence[Stems], first: int) -> int | None:
    """The last word of the longest phrase that begins with this word; None where none does."""
    if not words[first]:
        return None
    ends = [last for last in range(first, min(len(words), first + MAX_WORDS_OF_PHRASE)) if words[last]]
    return next((last for last in reversed(ends) if _joined(words, first, last) in known), None)


def _joined(words: Sequence[Stems], first: int, last: int) -> Stems:
    return tuple(stem for stems in words[first : last + 1] for stem in stems)


def _all_of(stems: Stems) -> str:
    return "(" + " & ".join(map(quoted, stems)) + ")"
