"""Suggestions as one types: what is offered, what to do with it, and to whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Product, Store
from search.models import PopularQuery
from search.words import refresh_vocabulary
from search.words.suggest import Suggestion, suggest
from tests.api_fixtures import client_of, problem_of
from tests.shop import brand, category, make_product, make_store

SUGGEST = "/api/v1/suggest"


@pytest.fixture
def store(db: None) -> Store:
    """Shoes and dresses of two brands, a hidden product, and another store with its own words."""
    store, other = make_store("shop"), make_store("other")
    shoes, dresses = category(store, "Footwear", "Shoes"), category(store, "Clothes", "Summer Dresses")
    nike, levis = brand(store, "Nike"), brand(store, "Levi's")
    make_product(store, "run", title="Nike running shoes", category=shoes, brand=nike, url="https://shop.example/run")
    make_product(store, "walk", title="Nike walking shoes", category=shoes, brand=nike)
    make_product(store, "dress", title="Red dress", category=dresses, brand=levis)
    make_product(store, "jeans", title="Levi's jeans <b>slim</b>", brand=levis)
    make_product(store, "creme", title="Crème T-Shirt", colours=("black",))
    make_product(store, "hidden", title="Shocking shawl", category=category(store, "Shawls"), is_published=False)
    make_product(other, "secret", title="Shiny shovel", category=category(other, "Shovels"), brand=brand(other, "Shov"))
    assert refresh_vocabulary(store)
    assert refresh_vocabulary(other)
    return store


def shown(store: Store, text: str, *kinds: str) -> list[str]:
    """The texts of the suggestions of these kinds."""
    return [one.text for one in suggest(store, text) if one.kind in kinds]


def test_a_beginning_suggests_words_categories_brands_and_products(store: Store) -> None:
    assert suggest(store, "sho") == [
        Suggestion("query", "shoes", "<mark>sho</mark>es", q="shoes", count=2),
        Suggestion("category", "Shoes", "<mark>Sho</mark>es", filter_by="category:=shoes", count=2),
        *(
            Suggestion("product", title, title.replace("sho", "<mark>sho</mark>"), q=title, sku=sku, url=url)
            for title, sku, url in (
                ("Nike running shoes", "run", "https://shop.example/run"),
                ("Nike walking shoes", "walk", ""),
            )
        ),
    ]
    assert suggest(store, "NIK")[:2] == [
        Suggestion("query", "nike", "<mark>nik</mark>e", q="nike", count=2),
        Suggestion("brand", "Nike", "<mark>Nik</mark>e", filter_by="brand:=nike", count=2),
    ]


def test_a_later_word_of_a_name_begins_it_too(store: Store) -> None:
    assert shown(store, "dres", "category") == ["Summer Dresses"]
    assert shown(store, "summer dr", "category") == ["Summer Dresses"]


def test_the_last_word_is_completed_beside_those_before_it(store: Store) -> None:
    assert shown(store, "nike r", "query") == ["nike running"]
    assert shown(store, "nike dr", "query", "product") == []
    (named,) = [one for one in suggest(store, "nike sh") if one.kind == "category"]
    assert (named.text, named.q, named.filter_by, named.count) == ("Shoes", "nike", "category:=shoes", None)
    assert shown(store, "jeans sho", "category") == []


def test_titles_that_begin_as_typed_come_first(store: Store) -> None:
    make_product(store, "last", title="Running gear", colours=())
    assert shown(store, "running", "product") == ["Running gear", "Nike running shoes"]
    assert shown(store, "nike run", "product") == ["Nike running shoes"]


@pytest.mark.parametrize(
    ("typed", "word"),
    [("shose", "shoes"), ("nkie", "nike"), ("runing", "running"), ("drass", "dress"), ("runningg", "running")],
)
def test_a_typo_in_the_last_word_is_forgiven(store: Store, typed: str, word: str) -> None:
    assert shown(store, typed, "query") == [word]
    assert shown(store, typed, "product")


def test_a_corrected_beginning_is_marked_as_far_as_it_was_typed(store: Store) -> None:
    assert suggest(store, "nike rnun")[0].highlight == "<mark>nike</mark> <mark>runn</mark>ing"


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("creme", "Crème T-Shirt"),
        ("CRÈ", "Crème T-Shirt"),
        ("tsh", "Crème T-Shirt"),
        ("t sh", "Crème T-Shirt"),
        ("t-sh", "Crème T-Shirt"),
        ("levis", "Levi's jeans <b>slim</b>"),
        ("levi's j", "Levi's jeans <b>slim</b>"),
        ("levi’s", "Levi's jeans <b>slim</b>"),
    ],
)
def test_words_begin_however_they_are_written(store: Store, typed: str, title: str) -> None:
    assert title in shown(store, typed, "product")


def test_what_others_searched_for_comes_first_and_once(store: Store) -> None:
    other = Store.objects.get(slug="other")
    for owner, text, count in ((store, "shoes", 9), (store, "shoes for crème", 4), (other, "shorts", 50)):
        PopularQuery.objects.create(store=owner, text=text, count=count, last_seen=timezone.now())
    queries = [one for one in suggest(store, "Sho") if one.kind == "query"]
    assert [(one.text, one.count) for one in queries] == [("shoes", 2), ("shoes for crème", None)]
    assert shown(store, "shoes for crè", "query") == ["shoes for crème"]


def test_highlights_are_escaped(store: Store) -> None:
    (jeans,) = [one for one in suggest(store, "jeans") if one.kind == "product"]
    assert jeans.highlight == "Levi&#x27;s <mark>jeans</mark> &lt;b&gt;slim&lt;/b&gt;"


def test_hidden_products_and_other_stores_suggest_nothing(store: Store) -> None:
    for typed in ("shiny", "shov", "shock", "shawl"):
        assert [one.text for one in suggest(store, typed) if typed in one.text.lower()] == []
    Product.objects.filter(sku="dress").update(is_published=False)
    assert shown(store, "red dr", "product") == []


def test_every_kind_has_its_share_and_the_list_its_limit(store: Store) -> None:
    for number in range(20):
        make_product(store, f"s{number}", title=f"shirt sh{'abcdefghijklmnopqrst'[number]}x", colours=())
    assert refresh_vocabulary(store)
    for limit in (1, 3, 10, 50):
        assert len(suggest(store, "sh", limit=limit)) <= limit
    kinds = [one.kind for one in suggest(store, "sh")]
    assert (len(kinds), kinds.count("query"), kinds.count("category")) == (10, 6, 1)
    assert kinds == sorted(kinds, key=["query", "category", "brand", "product"].index)


@pytest.mark.parametrize("typed", ["", "  ", "!!!", "🙂", "%", "_", "\\", "'"])
def test_nothing_typed_suggests_nothing(store: Store, typed: str) -> None:
    assert suggest(store, typed) == []


def test_the_answer_has_the_documented_shape(store: Store) -> None:
    answer: dict[str, Any] = client_of(store).get(SUGGEST, {"q": "dre", "limit": "2"}).json()
    assert answer.pop("took_ms") >= 0
    assert answer == {
        "q": "dre",
        "suggestions": [
            {
                "type": "query",
                "text": "dress",
                "highlight": "<mark>dre</mark>ss",
                "q": "dress",
                "filter_by": "",
                "count": 1,
                "sku": "",
                "url": "",
            },
            {
                "type": "category",
                "text": "Summer Dresses",
                "highlight": "Summer <mark>Dre</mark>sses",
                "q": "",
                "filter_by": "category:=summer dresses",
                "count": 1,
                "sku": "",
                "url": "",
            },
        ],
    }


def test_bad_requests_are_refused_by_name(store: Store) -> None:
    client = client_of(store)
    for asked, field in (
        ({}, "q"),
        ({"q": "x" * 501}, "q"),
        ({"q": "a\x00b"}, "q"),
        ({"q": "x", "limit": "0"}, "limit"),
        ({"q": "x", "limit": "51"}, "limit"),
        ({"q": "x", "prefix": "1"}, "prefix"),
    ):
        refused = problem_of(client.get(SUGGEST, asked))
        assert (refused["status"], refused["field"]) == (400, field)
    assert Client().get(SUGGEST, {"q": "x"}).status_code == 401
