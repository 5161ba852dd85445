"""Corrections from the store's own vocabulary, for words that match nothing in the store. Numbers and phrases stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import connection
from rapidfuzz.distance import OSA

from catalog.models import Store
from search.words import syntax
from search.words.deletions import deletion_keys, max_typos
from search.words.folding import fold
from search.words.lookup import any_product
from search.words.reading import Group, Words, parse_words
from search.words.syntax import TokenKind
from search.words.units import is_unit

MAX_OPTIONS = 5
"""Corrections of one word that are tried with the words beside it."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A query that was corrected: `words` are the corrected ones, `replaced` has (as typed, corrected) pairs."""

    words: Words
    replaced: tuple[tuple[str, str], ...]


def corrected(words: Words, *, store: Store) -> Correction | None:
    """The words with those corrected that match nothing in the store; None where there is nothing to correct, or no way.

    Of several ways the first is taken with which all the words match some product together.
    """
    unknown = [group for group in words.groups if _may_be_wrong(group, words)]
    strange = unknown and _without_matches(unknown, store=store)
    if not strange:
        return None
    rest = " & ".join(f"({group.query})" for group in words.groups if group not in strange)
    replaced: dict[int, str] = {}
    for group in strange:
        options = _options(fold(group.words), store=store)
        if options:
            replaced[group.first] = _best_together(options, rest, store=store)
    if not replaced:
        return None
    tokens = tuple(
        replace(token, text=replaced[place]) if place in replaced else token for place, token in enumerate(words.tokens)
    )
    pairs = tuple((words.tokens[place].text, text) for place, text in replaced.items())
    return Correction(parse_words(syntax.written(tokens), store=store), pairs)


def near_words(word: str, *, store: Store, limit: int = MAX_OPTIONS) -> list[str]:
    """Words of the vocabulary within the typos that this word's length allows (folded, as given), the likeliest first.

    The fewest typos first, then those that begin alike, then the word of more products.
    """
    typos = max_typos(word)
    if not typos:
        return []
    keys = deletion_keys(word, store_id=store.pk, typos=typos)
    with connection.cursor() as cursor:
        cursor.execute(
            # OFFSET 0 keeps it one look into the index for each key: asked for any key at once (&&), or free to join as
            # it likes, Postgres reads the whole table.
            """SELECT DISTINCT near.word, near.folded, near.count
               FROM unnest(%s::integer[]) AS wanted(key) CROSS JOIN LATERAL (
                   SELECT store_id, word, folded, count FROM search_vocabularyword
                   WHERE keys @> ARRAY[wanted.key] OFFSET 0) AS near
               WHERE near.store_id = %s AND length(near.folded) BETWEEN %s AND %s""",
            [keys, store.pk, len(word) - typos, len(word) + typos],
        )
        rows = cursor.fetchall()
    found = [
        (distance, folded[0] != word[0], -count, known)
        for known, folded, count in rows
        if 0 < (distance := OSA.distance(word, folded, score_cutoff=typos)) <= typos
    ]
    return [known for *_, known in sorted(found)[:limit]]


def _may_be_wrong(group: Group, words: Words) -> bool:
    token = words.tokens[group.first]
    return (
        not (group.is_known or words.is_plain or words.sku_product_id is not None)
        and token.kind is TokenKind.WORD
        and bool(max_typos(fold(token.text)))
        and not is_unit(token.text)
    )


def _without_matches(groups: Sequence[Group], *, store: Store) -> list[Group]:
    """Those that no published product matches as they are: the vocabulary knows no descriptions, and may be old."""
    conditions = [("text.document @@ %s::tsquery", [group.query]) for group in groups]
    return [
        group for group, is_matched in zip(groups, any_product(conditions, store=store), strict=True) if not is_matched
    ]


def _options(word: str, *, store: Store) -> list[str]:
    """Two words that it was glued from, where products write them beside each other, then near words."""
    return [*_splits(word, store=store)[:2], *near_words(word, store=store)][:MAX_OPTIONS]


def _splits(word: str, *, store: Store) -> list[str]:
    pairs = [(word[:place], word[place:]) for place in range(1, len(word) - 1)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT start.folded || ' ' || rest.folded
            FROM unnest(%(starts)s::text[], %(rests)s::text[]) AS pair(start, rest)
            JOIN search_vocabularyword start ON start.store_id = %(store)s AND start.folded = pair.start
            JOIN search_vocabularyword rest ON rest.store_id = %(store)s AND rest.folded = pair.rest
            -- A stop word is no part of a glued word, a letter is: "t shirt".
            WHERE (length(start.folded) = 1 OR start.stem <> '') AND rest.stem <> ''
            ORDER BY least(start.count, rest.count) DESC, 1 LIMIT %(most)s
            """,
            {
                "starts": [start for start, _ in pairs],
                "rests": [rest for _, rest in pairs],
                "store": store.pk,
                "most": MAX_OPTIONS,
            },
        )
        found = [row[0] for row in cursor.fetchall()]
    conditions = [("text.plain @@ phraseto_tsquery('simple', %s)", [words]) for words in found]
    return [words for words, is_matched in zip(found, any_product(conditions, store=store), strict=True) if is_matched]


def _best_together(options: Sequence[str], rest: str, *, store: Store) -> str:
    """The first option that some product has beside all the other words; where none has, the first."""
    if len(options) == 1 or not rest:
        return options[0]
    together = "text.document @@ (%s::tsquery && plainto_tsquery(%s::regconfig, %s))"
    conditions = [(together, [rest, store.language, option]) for option in options]
    matched = any_product(conditions, store=store)
    return next((option for option, is_matched in zip(options, matched, strict=True) if is_matched), options[0])
