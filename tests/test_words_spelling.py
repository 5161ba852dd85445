"""Corrections from the store's vocabulary, and how a search reports and applies them."""

from __future__ import annotations

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Product, Store
from search.lexical import parse_words
from search.models import IndexVersion
from search.words import refresh_vocabularies, refresh_vocabulary, spelling
from search.words.deletions import deletion_keys, max_typos
from search.words.records import VocabularyWord
from tests.api_fixtures import client_of, post_json, problem_of, skus
from tests.shop import brand, category, make_product, make_store

SEARCH = "/api/v1/search"


def correction(store: Store, text: str) -> str:
    """The text as corrected, or as it is."""
    found = spelling.corrected(parse_words(text, store=store), store=store)
    return found.words.text if found else text


@pytest.fixture
def store(db: None) -> Store:
    store = make_store("words", language="english")
    titles = [
        "Adidas running shoes",
        "Adidas sandals",
        "Black sandals",
        "Sandal wood",
        "Wireless headphones",
        "Crème brûlée torch",
        "Flip flops E27X12",
        "Black leather jacket",
        "Chair with a wedding bow",
    ]
    for number, title in enumerate(titles):
        make_product(store, f"sku-{number}", colours=(), title=title, description="comfortable")
    make_product(store, "hidden", colours=(), title="Zebrastripe", is_published=False)
    assert refresh_vocabulary(store)
    return store


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("addidas shoes", "adidas shoes"),
        ("adidsa", "adidas"),
        ("adias sandels", "adidas sandals"),
        ("headpohnes", "headphones"),
        ("heedfones", "heedfones"),
        ("hedphone", "headphones"),
        ("creme brulee torhc", "creme brulee torch"),
        ("flipflops", "flip flops"),
        ("blackleather jacket", "black leather jacket"),
        ("adidas shoes", "adidas shoes"),
        ("Sandals", "Sandals"),
        ("blak", "black"),
        ("bla", "bla"),
        ("comfortible", "comfortible"),
        ("comfortable", "comfortable"),
        ("E27X13", "E27X13"),
        ("zebrastripes", "zebrastripes"),
        ('"adidsa" shoes', '"adidsa" shoes'),
        ("shoes -adidsa", "shoes -adidsa"),
    ],
)
def test_words_that_match_nothing_are_corrected(store: Store, text: str, corrected: str) -> None:
    assert correction(store, text) == corrected


def test_of_several_near_words_the_one_that_goes_with_the_others_is_taken(store: Store) -> None:
    make_product(store, "a", colours=(), title="Red bandals")
    assert refresh_vocabulary(store)
    assert correction(store, "xandals") == "sandals"
    assert correction(store, "red xandals") == "red bandals"


def test_more_products_break_a_tie_and_the_first_letter_comes_before_that(store: Store) -> None:
    for number in range(3):
        make_product(store, f"boots-{number}", colours=(), title="boots")
    make_product(store, "roots", colours=(), title="roots")
    make_product(store, "goots", colours=(), title="coats")
    assert refresh_vocabulary(store)
    assert spelling.near_words("foots", store=store) == ["boots", "roots"]
    assert spelling.near_words("roost", store=store) == ["roots"]


def test_a_new_product_is_never_corrected_away(store: Store) -> None:
    make_product(store, "new", colours=(), title="Addidas")
    assert correction(store, "addidas") == "addidas"


def test_a_store_without_a_vocabulary_corrects_nothing(db: None) -> None:
    store = make_store()
    make_product(store, "a", colours=(), title="Adidas shoes")
    assert correction(store, "adidsa shoes") == "adidsa shoes"


def test_words_of_other_stores_and_hidden_products_are_never_offered(store: Store) -> None:
    other = make_store("other")
    make_product(other, "secret", colours=(), title="Quetzalcoatl")
    assert refresh_vocabularies() == [other.pk]
    assert correction(store, "quetzalcoatk") == "quetzalcoatk"
    assert correction(store, "zebrastrip") == "zebrastrip"


@given(
    word=st.text(st.characters(codec="utf-8", categories=["Ll"]), min_size=4, max_size=14),
    place=st.integers(0, 20),
    kind=st.sampled_from(["drop", "swap", "change", "add"]),
    letter=st.characters(codec="utf-8", categories=["Ll"]),
)
def test_one_typo_always_shares_a_key_with_the_word(word: str, place: int, kind: str, letter: str) -> None:
    place %= len(word) - 1
    start, end = word[:place], word[place:]
    wrong = {
        "drop": start + end[1:],
        "swap": start + end[1] + end[0] + end[2:],
        "change": start + letter + end[1:],
        "add": start + letter + end,
    }[kind]
    if not max_typos(wrong) or not word.isalpha():
        return
    asked = deletion_keys(wrong, store_id=1, typos=max_typos(wrong))
    assert set(asked) & set(deletion_keys(word, store_id=1))
    assert not set(asked) & set(deletion_keys(word, store_id=2))
    assert all(-(2**31) <= key < 2**31 for key in asked)


def test_short_words_and_what_holds_digits_have_no_typos() -> None:
    assert [max_typos(word) for word in ("tee", "shoe", "jackets", "trousers", "e27x", "t-shirt", "")] == [
        0,
        1,
        1,
        2,
        0,
        0,
        0,
    ]


def test_the_vocabulary_follows_the_catalogue_and_writes_only_what_differs(store: Store) -> None:
    assert not refresh_vocabulary(store)
    kept = dict(VocabularyWord.objects.filter(store=store).values_list("folded", "pk"))
    Product.objects.filter(sku="sku-8").update(is_published=False)
    Product.objects.filter(sku="sku-3").update(title="Sandal stone")
    assert refresh_vocabulary(store)
    now = dict(VocabularyWord.objects.filter(store=store).values_list("folded", "pk"))
    assert kept.keys() - now.keys() == {"chair", "with", "a", "wedding", "bow", "wood"}
    assert now.keys() - kept.keys() == {"stone"}
    assert all(now[word] == kept[word] for word in now.keys() & kept.keys())
    assert VocabularyWord.objects.get(store=store, folded="creme").word == "crème"
    assert VocabularyWord.objects.get(store=store, folded="adidas").count == 2
    Product.objects.filter(store=store).delete()
    assert refresh_vocabulary(store)
    assert not VocabularyWord.objects.filter(store=store).exists()


def test_a_search_tells_what_it_corrected_on_every_page(shop: Store) -> None:
    assert refresh_vocabulary(shop)
    client = client_of(shop)
    answer = post_json(client, SEARCH, {"q": "shoess", "per_page": 2, "mode": "lexical", "sort_by": "price"}).json()
    assert answer["spelling"] == {
        "q": "shoess",
        "corrected_q": "shoes",
        "is_applied": True,
        "corrections": [{"word": "shoess", "corrected": "shoes"}],
    }
    assert (answer["found"], answer["any_word"]) == (4, False)
    assert [hit["product"]["sku"] for hit in answer["hits"]] == ["red-shoes", "blue-shoes"]
    assert answer["hits"][0]["highlights"]["title"] == "Red <mark>shoes</mark>"
    asked = {"q": "shoess", "per_page": 2, "mode": "lexical", "sort_by": "price", "page": 2}
    later = post_json(client, SEARCH, {**asked, "search_id": answer["search_id"]}).json()
    assert later["spelling"] == answer["spelling"]
    assert [hit["product"]["sku"] for hit in later["hits"]] == ["green-shoes", "black-shoes"]


def test_a_shopper_may_insist(shop: Store) -> None:
    assert refresh_vocabulary(shop)
    answer = client_of(shop).get(SEARCH, {"q": "shoess", "mode": "lexical", "typo_tolerance": "false"}).json()
    assert (answer["found"], answer["spelling"]["is_applied"]) == (0, False)
    assert answer["spelling"]["corrected_q"] == "shoes"


def test_facets_count_what_the_corrected_words_match(shop: Store) -> None:
    assert refresh_vocabulary(shop)
    answer = post_json(client_of(shop), SEARCH, {"q": "shoess", "facet_by": "color", "mode": "lexical"}).json()
    assert {value["value"]: value["count"] for value in answer["facet_counts"][0]["counts"]} == dict.fromkeys(
        ("red", "blue", "green", "black"), 1
    )


def test_excluded_words_leave_meaning_and_photos_too(shop: Store, live_index: IndexVersion) -> None:
    client = client_of(shop)
    answer = post_json(client, SEARCH, {"q": "something crimson -shoes", "min_confidence": 0})
    assert answer.json()["mode"] == "words"
    assert not [sku for sku in skus(answer) if "shoes" in sku]
    asked = {"parts": [{"product": "red-shoes"}, {"text": "-lamp"}]}
    found = skus(post_json(client, SEARCH, asked))
    assert found
    assert not [sku for sku in found if "lamp" in sku]


def test_bad_parameters_are_refused_by_name(client: Client) -> None:
    for asked, field in (
        ({"q": "x", "typo_tolerance": "perhaps"}, "typo_tolerance"),
        ({"q": "x", "ignore": "red"}, "ignore"),
        ({"q": "x", "ignore": ["color:red", "COLOR:red"]}, "ignore"),
    ):
        assert problem_of(post_json(client, SEARCH, asked))["field"] == field


def test_brands_and_categories_are_words_too(shop: Store) -> None:
    make_product(shop, "x", title="thing", brand=brand(shop, "Kvadrat"), category=category(shop, "Curtains"))
    assert refresh_vocabulary(shop)
    assert correction(shop, "kvardat curtians") == "kvadrat curtains"
