"""Pytest plugin: a small indexed shop, a visitor without a key, and what a page of the shop says."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client
from django.test.html import Element, parse_html

from catalog.models import Store
from search import indexing
from search.models import IndexVersion
from tests.kept import kept_shop
from tests.shop import brand, category, make_product, make_store

PART = {"HX-Request": "true", "HX-Target": "results"}
"""The headers by which htmx asks for what a new search changes."""


@pytest.fixture
def visitor() -> Client:
    """A visitor's browser, without a key."""
    return Client()


@kept_shop
def boutique(live_index: IndexVersion) -> Store:
    """Twelve indexed products in six colours, lamps and shoes, priced 10 to 120; a twin store beside it."""
    store, other = make_store("shop"), make_store("other")
    shoes, lamps = category(store, "Clothes", "Shoes"), category(store, "Home", "Lamps")
    for place, colour in enumerate(("red", "blue", "green", "yellow", "black", "white")):
        for step, (kind, noun) in enumerate(((shoes, "shoes"), (lamps, "lamp"))):
            number = place * 2 + step + 1
            make_product(
                store,
                f"{colour}-{noun}",
                colours=(colour,),
                title=f"{colour.title()} {noun}",
                category=kind,
                brand=brand(store, "Norrvik" if step else "Halden"),
                price=None if number == 12 else number * 10,
                quantity=0 if colour == "black" else 3 if colour == "red" else 30,
            )
    make_product(other, "other-shoes", colours=("red",), title="Other red shoes")
    indexing.sweep(live_index)
    return store


def texts(response: HttpResponse, class_name: str) -> list[str]:
    """The texts of the elements of this class, in the page's order, spaces collapsed."""

    def walk(node: Element | str) -> Iterator[Element]:
        if isinstance(node, Element):
            yield node
            for child in node.children:
                yield from walk(child)

    def words(node: Element | str) -> str:
        return " ".join(words(child) for child in node.children) if isinstance(node, Element) else unescape(node)

    tree = parse_html(response.content.decode())
    found = (node for node in walk(tree) if class_name in dict(node.attributes).get("class", "").split())
    return [" ".join(words(node).split()) for node in found]


def titles(response: HttpResponse) -> list[str]:
    """The cards' titles in their order."""
    return texts(response, "card-title")
