"""The words route: Postgres full text over `ProductText`, weights A title and sku, B brand, category and labels, C description."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Field, FloatField, Q, QuerySet
from django.db.models.expressions import RawSQL

from catalog.models import Product, Store

# ts_rank_cd's weights for D, C, B, A. Normalisation 1|32 divides by log(length) and maps to 0..1.
RANK_WEIGHTS = "{0.05, 0.1, 0.5, 1.0}"
MAX_WORDS = 64
_MARK_START, _MARK_END = "\x02", "\x03"


@dataclass(frozen=True, slots=True)
class LexicalHit:
    """A product that matches by words. `score` is the number of words it holds plus Postgres' cover density rank, 0..1."""

    product_id: int
    score: float


@dataclass(frozen=True, slots=True)
class Words:
    """A text as the store's language stems it: `lexemes`, and `expanded` tsqueries for phrases that have synonyms."""

    text: str
    lexemes: tuple[str, ...]
    expanded: tuple[str, ...] = ()

    @property
    def units(self) -> tuple[str, ...]:
        """The tsqueries that a product must satisfy, one for each word or phrase; none for stop words and signs alone."""
        return (*map(_quoted, self.lexemes), *self.expanded)

    @property
    def at_least(self) -> int:
        """How many words a product must hold when none holds them all: half of them, one at the least."""
        return max(1, (len(self.units) + 1) // 2)


NO_WORDS = Words("", ())


def parse_words(text: str, *, store: Store) -> Words:
    """The text's lexemes by the store's language, without what Postgres cannot hold, cut to `MAX_WORDS` words."""
    cleaned = " ".join(text.replace("\x00", " ").split()[:MAX_WORDS])
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(to_tsvector(%s::regconfig, %s))", [store.language, cleaned])
        lexemes = cursor.fetchone()[0]
    return Words(cleaned, tuple(sorted(set(lexemes))))


def matching(products: QuerySet[Product], words: Words, *, any_word: bool = False) -> QuerySet[Product]:
    """Those of `products` that hold all the words (or at least half of them), or whose sku is the text."""
    if not words.units:
        return products.filter(text__isnull=False, sku=words.text)
    holds = _sql(f"{_DOCUMENT} @@ %s::tsquery", [_tsquery(words, any_word=any_word)], BooleanField())
    found = products.filter(text__isnull=False).filter(Q(holds) | Q(sku=words.text))
    if any_word and words.at_least > 1:
        enough = _sql(f"({_held(words)}) >= %s", [*words.units, words.at_least], BooleanField())
        found = found.filter(Q(enough) | Q(sku=words.text))
    return found


def ranked(products: QuerySet[Product], words: Words, *, any_word: bool, limit: int) -> list[LexicalHit]:
    """The best `limit` of the matching products, best first; ties go to the newer product. An exact sku comes first."""
    if words.units:
        rank = _sql(
            f"""CASE WHEN "catalog_product"."sku" = %s THEN {MAX_WORDS + 1}.0
                ELSE ({_held(words)}) + ts_rank_cd('{RANK_WEIGHTS}', {_DOCUMENT}, %s::tsquery, 33) END""",
            [words.text, *words.units, _tsquery(words, any_word=any_word)],
            FloatField(),
        )
    else:
        rank = _sql("1.0", [], FloatField())
    rows = (
        matching(products, words, any_word=any_word)
        .annotate(rank=rank)
        .order_by("-rank", "-pk")
        .values_list("pk", "rank")[:limit]
    )
    return [LexicalHit(product_id, float(score)) for product_id, score in rows]


def highlights(product_ids: list[int], words: Words, *, store: Store) -> dict[int, str]:
    """For each product its title as HTML, escaped, with the words that matched inside <mark>."""
    if not words.units:
        return {}
    options = f"StartSel={_MARK_START}, StopSel={_MARK_END}, HighlightAll=true"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, ts_headline(%s::regconfig, title, %s::tsquery, %s) FROM catalog_product WHERE id = ANY(%s)",
            [store.language, _tsquery(words, any_word=True), options, product_ids],
        )
        found = cursor.fetchall()
    return {
        product_id: escape(marked).replace(_MARK_START, "<mark>").replace(_MARK_END, "</mark>")
        for product_id, marked in found
        if _MARK_START in marked
    }


_DOCUMENT = '"search_producttext"."document"'


def _held(words: Words) -> str:
    """SQL that counts the words which a document holds; takes one parameter for each unit."""
    return " + ".join([f"({_DOCUMENT} @@ %s::tsquery)::int"] * len(words.units))


def _tsquery(words: Words, *, any_word: bool) -> str:
    return (" | " if any_word else " & ").join(f"({unit})" for unit in words.units)


def _quoted(lexeme: str) -> str:
    """A lexeme as a literal of tsquery's own syntax."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _sql(sql: str, parameters: list[object], kind: Field[Any, Any]) -> RawSQL:
    return RawSQL(sql, parameters, output_field=kind)  # noqa: S611  (constants and bound parameters only)
