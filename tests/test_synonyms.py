"""Synonyms: what else is found for words, in which direction, and what is encoded."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from catalog.models import Store
from search import indexing
from search.models import IndexVersion, Synonym
from search.rules.synonyms import canonical, expansions, has_synonyms, stems_of
from tests.api_fixtures import client_of, post_json, problem_of, skus
from tests.encoders import ColourEncoder
from tests.shop import make_product

pytestmark = pytest.mark.django_db
PATH = "/api/v1/synonyms"


@pytest.fixture
def owner(shop: Store) -> Client:
    return client_of(shop, kind="secret")


def make_synonym(owner: Client, *phrases: str, typed: str = "") -> int:
    body = {"direction": "one_way" if typed else "two_way", "typed": typed, "phrases": phrases}
    answer = post_json(owner, PATH, body)
    assert answer.status_code == 201, answer.content
    return int(answer.json()["id"])


def find(client: Client, q: str, **more: Any) -> set[str]:
    return set(skus(post_json(client, "/api/v1/search", {"q": q, "mode": "lexical", **more})))


def test_two_way_synonyms_find_each_other(client: Client, owner: Client) -> None:
    assert find(client, "red luminaire") == find(client, "red"), "half of the words"
    make_synonym(owner, "lamp", "luminaire", "light fitting")
    assert (
        find(client, "red luminaires") == find(client, "red lamp") == find(client, "Red LIGHT fittings") == {"red-lamp"}
    )


def test_a_phrase_of_several_words_and_a_word_find_the_same(client: Client, owner: Client, shop: Store) -> None:
    make_product(shop, "sneaker", colours=(), title="Grey sneaker")
    make_product(shop, "runner", colours=(), title="Grey shoes for running")
    assert find(client, "grey sneakers") == {"sneaker"}
    make_synonym(owner, "sneakers", "running shoes")
    for q in ("grey sneakers", "sneaker grey", "grey running shoes", "running shoe, grey"):
        assert find(client, q) == {"sneaker", "runner"}, q
    assert "runner" not in find(client, "red shoes")


def test_one_way_synonyms_lead_one_way(client: Client, owner: Client, shop: Store) -> None:
    make_product(shop, "kicks", colours=(), title="Kicks")
    make_synonym(owner, "shoes", typed="kicks")
    assert find(client, "kicks") == {"kicks", "red-shoes", "blue-shoes", "green-shoes", "black-shoes"}
    assert "kicks" not in find(client, "shoes")


def test_two_synonyms_of_one_word_are_both_found(client: Client, owner: Client) -> None:
    make_synonym(owner, "shoes", typed="things")
    make_synonym(owner, "lamp", typed="things")
    assert find(client, "red things") == {"red-shoes", "red-lamp"}


def test_totals_facets_and_pages_hold_what_synonyms_find(client: Client, owner: Client) -> None:
    make_synonym(owner, "lamp", "luminaire")
    asked = {"q": "luminaire", "mode": "lexical", "per_page": 3, "facet_by": "category"}
    first = post_json(client, "/api/v1/search", asked).json()
    assert first["found"] == 4
    assert {value["value"]: value["count"] for value in first["facet_counts"][0]["counts"]}["lamps"] == 4
    second = post_json(client, "/api/v1/search", {**asked, "page": 2, "search_id": first["search_id"]}).json()
    assert (second["found"], len(second["hits"])) == (4, 1)
    assert first["hits"][0]["highlights"]["title"].count("<mark>") == 1


def test_the_canonical_words_are_encoded(client: Client, owner: Client, colour_encoder: ColourEncoder) -> None:
    make_synonym(owner, "red", "crimson", "like blood")
    asked = {"mode": "semantic", "min_confidence": 0}
    assert (
        skus(post_json(client, "/api/v1/search", {"q": "like blood", **asked}))[:2]
        == skus(post_json(client, "/api/v1/search", {"q": "red", **asked}))[:2]
    )


def test_what_is_switched_off_or_deleted_finds_nothing_more(client: Client, owner: Client) -> None:
    made = make_synonym(owner, "lamp", "luminaire")
    assert len(find(client, "luminaire")) == 4
    owner.patch(f"{PATH}/{made}", {"is_enabled": False}, "application/json")
    assert find(client, "luminaire") == set()
    owner.patch(f"{PATH}/{made}", {"is_enabled": True}, "application/json")
    assert len(find(client, "luminaire")) == 4
    owner.delete(f"{PATH}/{made}")
    assert find(client, "luminaire") == set()


def test_synonyms_stay_in_their_store(client: Client, owner: Client, live_index: IndexVersion) -> None:
    make_synonym(owner, "boots", "wellies")
    make_synonym(owner, "shoes", "wellies")
    indexing.sweep(live_index)
    other = client_of(Store.objects.get(slug="other"))
    assert find(other, "wellies") == set()


def test_another_language_stems_them_anew(owner: Client, shop: Store) -> None:
    make_synonym(owner, "Schuhe", "Treter")
    assert expansions(["Schuhen"], store=shop) == ()
    Store.objects.filter(pk=shop.pk).update(language="german")
    shop.refresh_from_db()
    (found,) = expansions(["Schuhen"], store=shop)
    assert found.query == "('schuh') | ('tret')"
    assert Synonym.objects.get().language == "german"


def test_words_that_say_nothing_do_not_part_a_phrase(owner: Client, shop: Store) -> None:
    make_synonym(owner, "sneakers", "shoes for running")
    words = ["red", "shoes", "for", "the", "running", "man"]
    (found,) = expansions(words, store=shop)
    assert (found.first, found.last) == (1, 4)
    assert canonical(words, [found]) == "red sneakers man"


def test_signs_and_quotes_reach_no_query(client: Client, owner: Client) -> None:
    make_synonym(owner, "o'neill \\ & | !", "lamp's")
    for q in ("o'neill", "lamp's \\", "lamp's & | ! :* <->", "\u2028lamp's"):
        assert post_json(client, "/api/v1/search", {"q": q, "mode": "lexical"}).status_code == 200


def test_whether_a_store_has_synonyms_is_one_query(shop: Store, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert not has_synonyms(shop)


def test_stems_come_in_their_order() -> None:
    assert stems_of(["running shoes", "the", "a\x00b"], language="english") == [("run", "shoe"), (), ("b",)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"phrases": []}, "phrases"),
        ({"phrases": ["alone"]}, "phrases"),
        ({"phrases": ["same", " same "]}, "phrases"),
        ({"phrases": ["the", "for"]}, "phrases"),
        ({"phrases": ["x"] * 21}, "phrases"),
        ({"phrases": ["a\x00", "b"]}, "phrases.0"),
        ({"phrases": ["x" * 101, "b"]}, "phrases.0"),
        ({"phrases": "a,b"}, "phrases"),
        ({"direction": "one_way", "phrases": ["a"]}, "typed"),
        ({"direction": "sideways", "phrases": ["a", "b"]}, "direction"),
        ({"words": ["a", "b"]}, "words"),
    ],
)
def test_what_makes_no_sense_is_refused(owner: Client, body: dict[str, Any], field: str) -> None:
    answer = post_json(owner, PATH, body)
    assert answer.status_code == 400
    assert problem_of(answer)["field"] == field
    assert Synonym.objects.count() == 0
