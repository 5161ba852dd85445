"""From the text of a query to what Postgres matches: groups of alternative spellings, phrases, and what is excluded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from catalog.models import Store
from search.words import syntax
from search.words.folding import fold, word_forms
from search.words.syntax import Token, TokenKind


@dataclass(frozen=True, slots=True)
class Group:
    """One word, phrase or measure of a query. `query` is a tsquery that any way to write it satisfies.

    `first` and `last` are its tokens: two where neighbours may be one word. `is_known` says that the store's
    vocabulary has it; only then can a word be certain to match something.
    """

    words: str
    query: str
    first: int
    last: int
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """A text as the store's language reads it. `groups` is empty when it is signs, stop words or exclusions alone.

    `excluded` is a tsquery that no product may satisfy. `is_plain` groups are of stop words alone and match the words
    as they are written. `sku_product_id` is the product of the store that has the text as its sku.
    """

    text: str
    groups: tuple[Group, ...] = ()
    tokens: tuple[Token, ...] = field(default=())
    excluded: str = ""
    sku_product_id: int | None = None
    is_plain: bool = False

    @property
    def at_least(self) -> int:
        """How many groups a product must hold when none holds them all: half of them, one at the least."""
        return max(1, (len(self.groups) + 1) // 2)

    def query(self, *, any_word: bool = False) -> str:
        """The groups as one tsquery: all of them, or any."""
        return (" | " if any_word else " & ").join(f"({group.query})" for group in self.groups)


NO_WORDS = Words("")


@dataclass(frozen=True, slots=True)
class _Asked:
    """One way to write one token (or two neighbours, from `first` to `last`) that Postgres is asked about."""

    first: int
    last: int
    text: str
    is_phrase: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """What Postgres says of it: a tsquery, empty for stop words, and whether the vocabulary has the word."""

    asked: _Asked
    query: str
    is_known: bool


def parse_words(text: str, *, store: Store) -> Words:
    """The text's groups by the store's language, in one round trip; a text of stop words alone is read as it is written."""
    shown = syntax.cleaned(text)
    tokens = syntax.parse(text)
    asked = [one for place, token in enumerate(tokens) for one in _ways(place, token)] + _pairs(tokens)
    sku_product_id, read = _ask(asked, store=store, language=store.language, sku=shown)
    words = Words(shown, _groups(tokens, read), tokens, _excluded(tokens, read), sku_product_id)
    if words.groups or words.excluded or not tokens:
        return words
    _, read = _ask(asked, store=store, language="simple", sku="")
    return Words(shown, _groups(tokens, read), tokens, sku_product_id=sku_product_id, is_plain=True)


def _ways(place: int, token: Token) -> list[_Asked]:
    if token.kind is TokenKind.PHRASE:
        return [_Asked(place, place, text, True) for text in dict.fromkeys((token.text, fold(token.text)))]
    if token.kind is TokenKind.MEASURE:
        return [_Asked(place, place, token.measure), _Asked(place, place, token.text)]
    return [_Asked(place, place, text) for text in (token.text, *word_forms(token.text))]


def _pairs(tokens: Sequence[Token]) -> list[_Asked]:
    """Neighbours that may be one word: "t shirt", "head phones"."""
    plain = [token.kind is TokenKind.WORD and not token.is_excluded and token.text.isalpha() for token in tokens]
    return [
        _Asked(place, place + 1, fold(tokens[place].text + tokens[place + 1].text))
        for place in range(len(tokens) - 1)
        if plain[place] and plain[place + 1]
    ]


def _ask(asked: Sequence[_Asked], *, store: Store, language: str, sku: str) -> tuple[int | None, list[_Read]]:
    """The product with the sku, and for each of `asked` its tsquery and whether the vocabulary has it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT 0::bigint, '', false, (SELECT id FROM catalog_product WHERE store_id = %(store)s AND sku = %(sku)s)
            UNION ALL
            SELECT asked.place, asked.query::text,
                EXISTS (SELECT FROM search_vocabularyword known
                        WHERE known.store_id = %(store)s AND known.folded = asked.folded)
                OR EXISTS (SELECT FROM search_vocabularyword known
                           WHERE known.store_id = %(store)s AND known.stem = asked.stem), NULL
            FROM (
                SELECT place, folded, CASE WHEN is_phrase THEN phraseto_tsquery(%(language)s::regconfig, words)
                                           ELSE plainto_tsquery(%(language)s::regconfig, words) END AS query,
                       search_fold((tsvector_to_array(to_tsvector(%(language)s::regconfig, words)))[1]) AS stem
                FROM unnest(%(texts)s::text[], %(folded)s::text[], %(phrases)s::boolean[])
                     WITH ORDINALITY AS given(words, folded, is_phrase, place)
            ) AS asked ORDER BY 1
            """,
            {
                "store": store.pk,
                "sku": sku,
                "language": language,
                "texts": [one.text for one in asked],
                "folded": [fold(one.text) for one in asked],
                "phrases": [one.is_phrase for one in asked],
            },
        )
        (*_, sku_product_id), *rows = cursor.fetchall()
    return sku_product_id, [_Read(asked[place - 1], query, is_known) for place, query, is_known, _ in rows]


def _groups(tokens: Sequence[Token], read: Sequence[_Read]) -> tuple[Group, ...]:
    joined = {one.asked.first: one for one in read if one.asked.last > one.asked.first and one.is_known and one.query}
    groups: list[Group] = []
    place = 0
    while place < len(tokens):
        pair = joined.get(place)
        last = place + 1 if pair else place
        if not tokens[place].is_excluded:
            apart = [_any_way(read, each) for each in range(place, last + 1)]
            alternatives = [" & ".join(f"({query})" for query in apart if query), *([pair.query] if pair else [])]
            is_known = bool(pair) or any(one.is_known for one in read if one.asked.first == one.asked.last == place)
            query = " | ".join(alternative for alternative in alternatives if alternative)
            # A stop word is dropped in every form: "für" would be a word again without its dots.
            if query and (pair or _is_word(read, place)):
                text = " ".join(token.text for token in tokens[place : last + 1])
                groups.append(Group(text, query, place, last, is_known))
        place = last + 1
    return tuple(groups)


def _is_word(read: Sequence[_Read], place: int) -> bool:
    """Whether the token as typed means anything to the language."""
    return bool(next(one.query for one in read if one.asked.first == one.asked.last == place))


def _any_way(read: Sequence[_Read], place: int) -> str:
    ways = [one.query for one in read if one.asked.first == one.asked.last == place and one.query]
    return " | ".join(f"({way})" for way in dict.fromkeys(ways))


def _excluded(tokens: Sequence[Token], read: Sequence[_Read]) -> str:
    ways = [_any_way(read, place) for place, token in enumerate(tokens) if token.is_excluded]
    return " | ".join(way for way in ways if way)
