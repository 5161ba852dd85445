"""The words route: Postgres full text over `ProductText`, weights A title and sku, B brand, category and labels, C description."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from catalog.models import Product, Store

# ts_rank_cd's weights for D, C, B, A. Normalisation 1|32 divides by log(length) and maps to 0..1.
RANK_WEIGHTS = "{0.05, 0.1, 0.5, 1.0}"
MAX_WORDS = 64
_MARK_START, _MARK_END = "\x02", "\x03"


@dataclass(frozen=True, slots=True)
class LexicalHit:
    """A product that matches by words; `score` is Postgres' cover density rank, 0..1, higher is better."""

    product_id: int
    score: float


def cleaned(text: str) -> str:
    """The query's words, without what Postgres cannot hold, cut to `MAX_WORDS`."""
    return " ".join(text.replace("\x00", " ").split()[:MAX_WORDS])


def matching(products: QuerySet[Product], text: str, *, store: Store, any_word: bool = False) -> QuerySet[Product]:
    """Those of `products` that hold all the words (or any of them), or whose sku is the text."""
    holds = RawSQL(  # noqa: S611  (constants and bound parameters only)
        f'"search_producttext"."document" @@ {_function(any_word)}',
        [store.language, cleaned(text)],
        output_field=BooleanField(),
    )
    return products.filter(text__isnull=False).filter(Q(holds) | Q(sku=cleaned(text)))


def ranked(products: QuerySet[Product], text: str, *, store: Store, any_word: bool, limit: int) -> list[LexicalHit]:
    """The best `limit` of the matching products, best first; ties go to the newer product. An exact sku comes first."""
    function = _function(any_word)
    rank = RawSQL(  # noqa: S611  (constants and bound parameters only)
        f"""CASE WHEN "catalog_product"."sku" = %s THEN 1.0
            ELSE ts_rank_cd('{RANK_WEIGHTS}', "search_producttext"."document", {function}, 33) END""",
        [cleaned(text), store.language, cleaned(text)],
    )
    rows = (
        matching(products, text, store=store, any_word=any_word)
        .annotate(rank=rank)
        .order_by("-rank", "-pk")
        .values_list("pk", "rank")[:limit]
    )
    return [LexicalHit(product_id, float(score)) for product_id, score in rows]


def highlights(product_ids: list[int], text: str, *, store: Store) -> dict[int, str]:
    """For each product its title as HTML, escaped, with the words that matched inside <mark>."""
    options = f"StartSel={_MARK_START}, StopSel={_MARK_END}, HighlightAll=true"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT id, ts_headline(%s::regconfig, title, {_function(True)}, %s)
                FROM catalog_product WHERE id = ANY(%s)""",  # noqa: S608
            [store.language, store.language, cleaned(text), options, product_ids],
        )
        found = cursor.fetchall()
    return {
        product_id: escape(marked).replace(_MARK_START, "<mark>").replace(_MARK_END, "</mark>")
        for product_id, marked in found
        if _MARK_START in marked
    }


def _function(any_word: bool) -> str:
    """SQL of the tsquery; takes two parameters, the configuration and the text."""
    plain = "plainto_tsquery(%s::regconfig, %s)"
    # A tsquery's text form quotes its lexemes, so that this replaces operators and nothing else.
    return f"replace({plain}::text, ''' & ''', ''' | ''')::tsquery" if any_word else plain
