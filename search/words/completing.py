"""The words that a typed beginning may become, from the store's vocabulary; with a typo in it, where nothing begins so."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from catalog.models import Store
from search.words.spelling import near_words

FUZZY_FROM = 4
"""Letters of a beginning from which on one of them may be wrong, as with whole words."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A word, folded as it is looked for and as people write it, and how many products have it; 0 is not known."""

    folded: str
    word: str
    count: int = 0
    is_corrected: bool = False


def completions(start: str, *, store: Store, limit: int) -> list[Completion]:
    """Words that begin with `start` (folded), those of the most products first, one of each stem; else words that nearly do."""
    found = _like(start, [f"{escaped(start)}%"], store=store, limit=limit)
    if found or len(start) < FUZZY_FROM:
        return [Completion(*row) for row in found]
    rows = _like(start[0], _patterns(start), store=store, limit=limit)
    if rows:
        return [Completion(*row, is_corrected=True) for row in rows]
    return [Completion(word, word, is_corrected=True) for word in near_words(start, store=store, limit=limit)]


def _like(start: str, patterns: list[str], *, store: Store, limit: int) -> list[tuple[str, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            # The first condition is what the index answers; the second is looked at in what that leaves.
            """SELECT folded, word, count, stem FROM search_vocabularyword
               WHERE store_id = %s AND folded LIKE %s AND folded LIKE ANY(%s) AND stem <> ''
               ORDER BY count DESC, folded LIMIT %s""",
            [store.pk, f"{escaped(start)}%", patterns, 2 * limit],
        )
        rows = cursor.fetchall()
    stems: dict[str, tuple[str, str, int]] = {}
    for folded, word, count, stem in rows:
        stems.setdefault(stem, (folded, word, count))
    return list(stems.values())[:limit]


def _patterns(start: str) -> list[str]:
    """LIKE patterns of words whose beginning is one typo from `start`: swapped, missing, wrong or one letter too many.

    The first letter is taken to be right: people see that one, and it keeps the look into the index short.
    """
    patterns = []
    for place in range(1, len(start)):
        before, letter, after = start[:place], start[place], start[place + 1 :]
        patterns += [f"{escaped(before)}{escaped(after)}", f"{escaped(before)}_{escaped(after)}"]
        patterns.append(f"{escaped(before)}_{escaped(letter + after)}")
        if after:
            patterns.append(escaped(before + after[0] + letter + after[1:]))
    return [f"{pattern}%" for pattern in dict.fromkeys(patterns)]


def escaped(text: str) -> str:
    """The text as LIKE takes it literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
