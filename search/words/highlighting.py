"""Where a product's texts hold the query's words, as escaped HTML with the words inside <mark>."""

from __future__ import annotations

import re
from html import escape

from django.db import connection

from catalog.models import Store
from search.words.folding import fold
from search.words.reading import Words

_START, _STOP = "\x02", "\x03"
_WHOLE = f"StartSel={_START}, StopSel={_STOP}, HighlightAll=true"
_SNIPPET = f"StartSel={_START}, StopSel={_STOP}, MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter= … "
# Postgres reads a description word by word for its headline: about 1 ms for 4,000 letters.
MAX_DESCRIPTION = 4000
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def highlights(product_ids: list[int], words: Words, *, store: Store) -> dict[int, dict[str, str]]:
    """For each product the fields that hold words of the query: `title`, `brand`, `category` and a `description` snippet."""
    if not words.groups or not product_ids:
        return {}
    language = "simple" if words.is_plain else store.language
    query = words.query(any_word=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT product.id, product.title, brand.name, category.name,
                ts_headline(%(language)s::regconfig, product.title, %(query)s::tsquery, %(whole)s),
                ts_headline(%(language)s::regconfig, coalesce(brand.name, ''), %(query)s::tsquery, %(whole)s),
                ts_headline(%(language)s::regconfig, coalesce(category.name, ''), %(query)s::tsquery, %(whole)s),
                CASE WHEN product.description <> '' THEN ts_headline(%(language)s::regconfig,
                    left(product.description, %(most)s), %(query)s::tsquery, %(snippet)s) ELSE '' END
            FROM catalog_product product LEFT JOIN catalog_brand brand ON brand.id = product.brand_id
            LEFT JOIN catalog_category category ON category.id = product.category_id
            WHERE product.id = ANY(%(ids)s)
            """,
            {
                "language": language,
                "query": query,
                "whole": _WHOLE,
                "snippet": _SNIPPET,
                "most": MAX_DESCRIPTION,
                "ids": product_ids,
            },
        )
        rows = cursor.fetchall()
    wanted = frozenset(fold(token.text) for token in words.tokens if not token.is_excluded)
    return {pk: shown for pk, *texts in rows if (shown := _shown(texts, wanted))}


def _shown(texts: list[str], wanted: frozenset[str]) -> dict[str, str]:
    title, brand, category, *marked = texts
    fields = {
        "title": _folded_too(marked[0], title, wanted),
        "brand": _folded_too(marked[1], brand or "", wanted),
        "category": _folded_too(marked[2], category or "", wanted),
        "description": marked[3],
    }
    return {name: as_html(text) for name, text in fields.items() if _START in text}


def _folded_too(marked: str, text: str, wanted: frozenset[str]) -> str:
    """The marked text; where nothing is marked, words that are the query's but for accents are."""
    if _START in marked or not text:
        return marked
    return _WORD.sub(lambda found: _mark(found.group()) if fold(found.group()) in wanted else found.group(), text)


def _mark(text: str) -> str:
    return f"{_START}{text}{_STOP}"


def as_html(marked: str) -> str:
    """The text escaped, its marks as <mark>."""
    return escape(marked).replace(_START, "<mark>").replace(_STOP, "</mark>")


def mark_start(text: str, *, starts: tuple[str, ...]) -> str:
    """The text as HTML with the beginnings of its words marked that are one of the `starts` (folded), the longest first."""
    ordered = sorted((start for start in starts if start), key=len, reverse=True)

    def marked(found: re.Match[str]) -> str:
        word = found.group()
        folded = fold(word)
        start = next((start for start in ordered if folded.startswith(start)), "")
        # Folding may lengthen a word (ß, æ); then the whole of it is marked.
        size = len(start) if len(folded) == len(word) else len(word)
        return f"{_mark(word[:size])}{word[size:]}" if start else word

    return as_html(_WORD.sub(marked, text.replace(_START, "").replace(_STOP, "")))
