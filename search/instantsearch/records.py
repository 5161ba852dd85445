"""Hits as Algolia's records: flat, values by their labels, the price a number, matched words between the asked tags.

{"objectID": "DRESS-1", "title": "Red dress", "brand": "Halden", "categories": {"lvl0": "Clothes", "lvl1": "Clothes > Dresses"},
 "price": 39.9, "currency": "EUR", "in_stock": true, "color": ["Red"], "image": "https://...", "_highlightResult": {...}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from html import escape, unescape
from typing import Any

from rest_framework.request import Request

from catalog.api.serializers import product_data
from catalog.labels import Labels
from search.instantsearch.parameters import Asked
from search.instantsearch.values import SEPARATOR, Vocabulary
from search.result import Hit, Result

_MARK = re.compile(r"<mark>(.*?)</mark>", re.DOTALL)
_SNIPPET_WORDS = 10


def records(asked: Asked, result: Result, *, vocabulary: Vocabulary, request: Request) -> list[dict[str, Any]]:
    """The page's hits. Those attributes are shown, highlighted and cut to snippets that the request names."""
    labels = Labels(hit.product for hit in result.hits)
    shown = []
    for hit in result.hits:
        whole = _record(hit, product_data(hit.product, labels, request=request), vocabulary)
        record = {name: value for name, value in whole.items() if name == "objectID" or _is_named(name, asked.shown)}
        texts = {name: value for name, value in whole.items() if name not in _NOT_TEXT}
        record["_highlightResult"] = {
            name: _highlight(value, _marked_whole(hit, name, value), asked, is_all=not result.any_word)
            for name, value in texts.items()
            if _is_named(name, asked.highlighted) and value
        }
        if snippets := _snippets(hit, texts, asked):
            record["_snippetResult"] = snippets
        if asked.has_ranking_info:
            record["_rankingInfo"] = _ranking_info(hit)
        shown.append(record)
    return shown


_NOT_TEXT = frozenset({"objectID", "price", "in_stock", "quantity", "url", "image", "images", "currency"})


def _record(hit: Hit, product: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    price = product["price"]
    images = {image["id"]: image["url"] for image in product["images"]}
    attributes = {code: [value["label"] for value in values] for code, values in product["attributes"].items()}
    place = vocabulary.places.get(product["category"]["slug"]) if product["category"] else None
    names = place.names if place else ()
    return {
        **attributes,
        "objectID": product["sku"],
        "sku": product["sku"],
        "title": product["title"],
        "description": product["description"],
        "brand": product["brand"]["name"] if product["brand"] else None,
        "categories": {f"lvl{level}": SEPARATOR.join(names[: level + 1]) for level in range(len(names))},
        "price": None if price["amount"] is None else float(price["amount"]),
        "currency": price["currency"],
        "in_stock": product["in_stock"],
        "quantity": product["quantity"],
        "style_code": product["style_code"],
        "url": product["url"],
        # The photo that matched, where one did.
        "image": images.get(hit.matched_image_id) or next(iter(images.values()), None),
        "images": list(images.values()),
    }


def _is_named(name: str, names: tuple[str, ...]) -> bool:
    if f"-{name}" in names:
        return False
    return "*" in names or any(asked == name or asked.startswith(f"{name}.") for asked in names)


def _highlight(value: Any, marked: str, asked: Asked, *, is_all: bool) -> Any:
    """The protocol's highlight of a text, or of the texts of a list or an object."""
    if isinstance(value, Mapping):
        return {name: _highlight(part, "", asked, is_all=is_all) for name, part in value.items()}
    if isinstance(value, list):
        return [_highlight(part, "", asked, is_all=is_all) for part in value]
    words = [unescape(word).lower() for word in _MARK.findall(marked)]
    return {
        "value": tagged(marked, asked) if words else tagged(escape(str(value)), asked),
        "matchLevel": ("full" if is_all else "partial") if words else "none",
        **({"fullyHighlighted": not _MARK.sub("", marked).strip()} if words else {}),
        "matchedWords": list(dict.fromkeys(words)),
    }


def _marked_whole(hit: Hit, name: str, value: Any) -> str:
    """The value with its matched words marked; of a long text only a part may be known, which is a snippet."""
    marked = hit.highlights.get(name, "")
    return marked if unescape(_MARK.sub(r"\1", marked)) == value else ""


def tagged(marked: str, asked: Asked) -> str:
    """Our escaped HTML with the request's tags around the words.

    Where a tag is HTML the text stays escaped, for it will be put into a page. InstantSearch asks for tags of its own
    and escapes for itself: it gets the plain text, as from Algolia.
    """
    plain = (lambda text: text) if "<" in asked.pre_tag else unescape
    parts = _MARK.split(marked)
    return "".join(
        f"{asked.pre_tag}{plain(part)}{asked.post_tag}" if place % 2 else plain(part)
        for place, part in enumerate(parts)
    )


def _snippets(hit: Hit, texts: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Of each text that is asked for as `description:20`, the part that matched, else its first words."""
    snippets = {}
    for wanted in asked.snippets:
        name, _, count = wanted.partition(":")
        if isinstance(texts.get(name), str):
            limit = int(count) if count.isascii() and count.isdecimal() and len(count) < 5 else _SNIPPET_WORDS
            words = texts[name].split()
            cut = escape(" ".join(words[:limit])) + ("…" if len(words) > limit else "")
            marked = hit.highlights.get(name, "")
            snippets[name] = {
                "value": tagged(marked or cut, asked),
                "matchLevel": "full" if marked else "none",
            }
    return snippets


def _ranking_info(hit: Hit) -> dict[str, Any]:
    """The protocol's own numbers say nothing here; ours stand beside them."""
    return {
        "nbTypos": 0,
        "firstMatchedWord": 0,
        "proximityDistance": 0,
        "userScore": 0,
        "geoDistance": 0,
        "geoPrecision": 0,
        "nbExactWords": 0,
        "words": 0,
        "filters": 0,
        "score": hit.score,
        "confidence": hit.confidence,
        "scores": [asdict(score) for score in hit.scores],
    }
