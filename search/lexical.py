"""The words route: Postgres full text over `ProductText`, weights A title and sku, B brand, category and labels, C description."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Field, FloatField, QuerySet
from django.db.models.expressions import RawSQL

from catalog.models import Product
from search.words.highlighting import highlights
from search.words.reading import NO_WORDS, Words, parse_words

# ts_rank_cd's weights for D, C, B, A. Normalisation 1|32 divides by log(length) and maps to 0..1.
RANK_WEIGHTS = "{0.05, 0.1, 0.5, 1.0}"
SKU_SCORE = 65.0
"""More than the groups of any query: an exact sku comes first."""


@dataclass(frozen=True, slots=True)
class LexicalHit:
    """A product that matches by words. `score` is the number of words it holds plus Postgres' cover density rank, 0..1."""

    product_id: int
    score: float


def matching(products: QuerySet[Product], words: Words, *, any_word: bool = False) -> QuerySet[Product]:
    """Those of `products` that hold all the words (or at least half of them), or whose sku is the text.

    What the text excludes never matches; a text of exclusions alone matches everything else. Stop words alone are
    always all asked for: any of them is in every other product.
    """
    text, parameters = holds_sql(words, any_word=any_word)
    return products.filter(text__isnull=False).filter(_sql(text, parameters, BooleanField()))


def holds_sql(words: Words, *, any_word: bool) -> tuple[str, list[object]]:
    """The condition of `matching` on `search_producttext`, with its parameters."""
    any_word = any_word and not words.is_plain
    if words.groups:
        holds = f"{_document(words)} @@ %s::tsquery"
        parameters: list[object] = [words.query(any_word=any_word)]
        if any_word and words.at_least > 1:
            holds = f"{holds} AND ({_held(words)}) >= %s"
            parameters += [*_queries(words), words.at_least]
        if words.sku_product_id is not None:
            # Both sides are on one table, so that Postgres can use an index for either.
            holds = f'({holds}) OR "search_producttext"."product_id" = %s'
            parameters.append(words.sku_product_id)
    elif words.excluded:
        holds, parameters = "TRUE", []
    else:
        holds, parameters = '"search_producttext"."product_id" = %s', [words.sku_product_id or 0]
    if words.excluded:
        holds = f"({holds}) AND NOT {_document(words)} @@ %s::tsquery"
        parameters.append(words.excluded)
    return f"({holds})", parameters


def without_excluded(products: QuerySet[Product], words: Words) -> QuerySet[Product]:
    """Those of `products` that hold nothing of what the text excludes."""
    if not words.excluded:
        return products
    allowed = _sql(f"NOT {_document(words)} @@ %s::tsquery", [words.excluded], BooleanField())
    return products.filter(text__isnull=False).filter(allowed)


def ranked(products: QuerySet[Product], words: Words, *, any_word: bool, limit: int) -> list[LexicalHit]:
    """The best `limit` of the matching products, best first; ties go to the newer product. An exact sku comes first."""
    text, parameters = rank_sql(words, any_word=any_word)
    rows = (
        matching(products, words, any_word=any_word)
        .annotate(rank=_sql(text, parameters, FloatField()))
        .order_by("-rank", "-pk")
        .values_list("pk", "rank")[:limit]
    )
    return [LexicalHit(product_id, float(score)) for product_id, score in rows]


def rank_sql(words: Words, *, any_word: bool) -> tuple[str, list[object]]:
    """How well a row of `search_producttext` holds the words (see `LexicalHit`), with its parameters."""
    if not words.groups:
        return "1.0", []
    # All words means that each is held: there is nothing to count.
    held, queries = (_held(words), _queries(words)) if any_word else (str(len(words.groups)), [])
    return (
        f"""CASE WHEN "search_producttext"."product_id" = %s THEN {SKU_SCORE} ELSE ({held})
            + ts_rank_cd('{RANK_WEIGHTS}', {_document(words)}, %s::tsquery, 33) END""",
        [words.sku_product_id or 0, *queries, words.query(any_word=any_word)],
    )


def _document(words: Words) -> str:
    return '"search_producttext"."plain"' if words.is_plain else '"search_producttext"."document"'


def _held(words: Words) -> str:
    """SQL that counts the words which a document holds; takes one parameter for each group."""
    return " + ".join([f"({_document(words)} @@ %s::tsquery)::int"] * len(words.groups))


def _queries(words: Words) -> list[object]:
    return [group.query for group in words.groups]


def _sql(sql: str, parameters: list[object], kind: Field[Any, Any]) -> RawSQL:
    return RawSQL(sql, parameters, output_field=kind)  # noqa: S611  (constants and bound parameters only)


__all__ = ["NO_WORDS", "LexicalHit", "Words", "highlights", "matching", "parse_words", "ranked", "without_excluded"]
