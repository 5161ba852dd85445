"""Words that name a category, a brand or a value of the store: seen, reported, preferred, ignored."""

from __future__ import annotations

import pytest

from catalog.models import Attribute, AttributeValue, Category, Product, Store
from search.choices import Mode
from search.lexical import parse_words
from search.query import Query
from search.retrieval import search
from search.words import refresh_vocabulary
from search.words.interpretation import interpreted
from tests.api_fixtures import client_of, post_json
from tests.shop import brand, category, make_product, make_store

SEARCH = "/api/v1/search"


@pytest.fixture
def store(db: None) -> Store:
    store = make_store("named")
    material = Attribute.objects.create(store=store, code="material", label="Material")
    for code, label in (("linen", "Linen"), ("blue-wool", "Blue wool"), ("creme", "Crème")):
        AttributeValue.objects.create(attribute=material, code=code, label=label)
    dresses, flops = category(store, "Clothes", "Dresses"), category(store, "Clothes", "T-Shirts")
    Category.objects.filter(pk=flops.pk).update(slug="t-shirts")
    make_product(store, "a", category=dresses, brand=brand(store, "Nike"))
    make_product(store, "b", category=dresses, attributes={"color": ["blue"], "material": ["blue-wool"]})
    make_product(store, "c", category=flops, attributes={"color": ["red"], "material": ["creme"]})
    make_product(store, "d", brand=brand(store, "Blue"), attributes={"color": ["blue"]})
    make_product(store, "e", brand=brand(store, "The North Face"), is_published=True)
    make_product(store, "f", brand=brand(store, "Secret"), is_published=False)
    assert refresh_vocabulary(store)
    return store


def names(store: Store, text: str, *ignore: str) -> list[tuple[str, str]]:
    """What the text's words name, with the words."""
    found = interpreted(parse_words(text, store=store), store=store, ignore=ignore)
    return [(one.name, one.words) for one in found]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("red dress", [("color:red", "red"), ("category:dresses", "dress")]),
        ("Nike dresses for summer", [("brand:nike", "Nike"), ("category:dresses", "dresses")]),
        ("blue wool dress", [("material:blue-wool", "blue wool"), ("category:dresses", "dress")]),
        ("blue", [("color:blue", "blue")]),
        ("the north face", [("brand:the north face", "north face")]),
        ("north face", [("brand:the north face", "north face")]),
        ("creme", [("material:creme", "creme")]),
        ("tshirt", [("category:t-shirts", "tshirt")]),
        ("t shirts", [("category:t-shirts", "t shirts")]),
        ("linen", []),
        ("secret", []),
        ("-red shoes", []),
        ("reddish nikes", [("brand:nike", "nikes")]),
        ("the", []),
    ],
)
def test_words_name_what_the_store_sells(store: Store, text: str, named: list[tuple[str, str]]) -> None:
    assert names(store, text) == named


def test_what_is_ignored_is_plain_text_again(store: Store) -> None:
    assert names(store, "blue wool", "material:blue-wool") == [("color:blue", "blue")]
    assert names(store, "blue", "color:blue") == [("brand:blue", "blue")]
    assert names(store, "blue", "color:blue", "brand:blue") == []


def test_other_stores_name_nothing_here(store: Store) -> None:
    other = make_store("other")
    make_product(other, "x", title="thing")
    assert refresh_vocabulary(other)
    assert names(other, "nike dress") == []


def test_a_search_reports_what_it_understood_and_leaves_the_match_set(shop: Store) -> None:
    make_product(shop, "lace", title="Green shoes with red laces", colours=("green",))
    assert refresh_vocabulary(shop)
    client = client_of(shop)
    answer = post_json(client, SEARCH, {"q": "red shoes", "mode": "lexical"}).json()
    assert answer["interpretation"] == [
        {"field": "color", "value": "red", "label": "Red", "words": "red", "filter_by": "color:=red"},
        {"field": "category", "value": "shoes", "label": "Shoes", "words": "shoes", "filter_by": "category:=shoes"},
    ]
    assert answer["found"] == 2
    assert {hit["product"]["sku"] for hit in answer["hits"]} == {"red-shoes", "lace"}
    ignoring = client.get(SEARCH, {"q": "red shoes", "mode": "lexical", "ignore": "color:red"}).json()
    assert [one["field"] for one in ignoring["interpretation"]] == ["category"]
    assert ignoring["found"] == 2


def test_what_is_filtered_already_needs_no_preference(shop: Store) -> None:
    assert refresh_vocabulary(shop)
    answer = post_json(client_of(shop), SEARCH, {"q": "red shoes", "mode": "lexical", "filter_by": "color:=red"})
    assert [one["field"] for one in answer.json()["interpretation"]] == ["category"]


def test_renamed_labels_are_understood_after_a_refresh(shop: Store) -> None:
    assert refresh_vocabulary(shop)
    AttributeValue.objects.filter(attribute__store=shop, code="red").update(label="Vermilion")
    from search.words import refresh_stale_words

    refresh_stale_words()
    assert refresh_vocabulary(shop)
    assert [name for name, _ in names(shop, "vermilion")] == ["color:red"]
    assert Product.objects.filter(attributes__color=["red"]).exists()


def test_browsing_understands_nothing(shop: Store) -> None:
    assert search(Query(shop.pk, mode=Mode.BROWSE)).notes == {}
