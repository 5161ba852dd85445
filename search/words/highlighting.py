"""Where a product's texts hold the query's words, as escaped HTML with the words inside <mark>."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from django.db import connection

from catalog.models import Product, Store
from search.words.folding import fold
from search.words.reading import Words

_START, _STOP = "\x02", "\x03"
_WHOLE = f"StartSel={_START}, StopSel={_STOP}, HighlightAll=true"
_SNIPPET = f"StartSel={_START}, StopSel={_STOP}, MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter= … "
# Postgres reads a description word by word for its headline: about 1 ms for 4,000 letters.
MAX_DESCRIPTION = 4000
_NAMED = ("title", "brand", "category")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def highlights(products: Sequence[Product], words: Words, *, store: Store) -> dict[int, dict[str, str]]:
    """For each product the fields that hold words of the query: `title`, `brand`, `category` and a `description` snippet."""
    if not words.groups or not products:
        return {}
    texts = [_texts(product) for product in products]
    # A page has few brands and categories: each is marked once.
    plain = list(
        dict.fromkeys(text for title, brand, category, _ in texts for text in (title, brand, category) if text)
    )
    long = list(dict.fromkeys(description[:MAX_DESCRIPTION] for *_, description in texts if description))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT ARRAY(SELECT ts_headline(%(language)s::regconfig, given.text, %(query)s::tsquery, %(whole)s)
                         FROM unnest(%(plain)s::text[]) WITH ORDINALITY AS given(text, place) ORDER BY place),
                   ARRAY(SELECT ts_headline(%(language)s::regconfig, given.text, %(query)s::tsquery, %(snippet)s)
                         FROM unnest(%(long)s::text[]) WITH ORDINALITY AS given(text, place) ORDER BY place)
            """,
            {
                "language": "simple" if words.is_plain else store.language,
                "query": words.query(any_word=True),
                "whole": _WHOLE,
                "snippet": _SNIPPET,
                "plain": plain,
                "long": long,
            },
        )
        marked, snippets = (
            dict(zip(asked, given, strict=True)) for asked, given in zip((plain, long), cursor.fetchone(), strict=True)
        )
    wanted = frozenset(fold(token.text) for token in words.tokens if not token.is_excluded)
    found: dict[int, dict[str, str]] = {}
    for product, (*named, description) in zip(products, texts, strict=True):
        fields = {
            name: _folded_too(marked.get(text, ""), text, wanted) for name, text in zip(_NAMED, named, strict=True)
        }
        fields["description"] = snippets.get(description[:MAX_DESCRIPTION], "")
        if shown := {name: as_html(text) for name, text in fields.items() if _START in text}:
            found[product.pk] = shown
    return found


def _texts(product: Product) -> tuple[str, str, str, str]:
    brand, category = product.brand, product.category
    return product.title, brand.name if brand else "", category.name if category else "", product.description


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
