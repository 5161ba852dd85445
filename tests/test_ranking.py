"""Fusing, words beside a photo, and checks of what the words ask for: exact orders with the colour encoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pytest_django import Settings

from catalog.models import Attribute, AttributeValue, Product, Store
from search.choices import Fusion, Mode
from search.matching import Matched
from search.query import Query
from search.ranking.fusing import fused
from search.ranking.modifier_checks import Named, named_values, stated_values
from search.retrieval import search
from search.routes import Route
from tests.api_fixtures import base64_photo, client_of, post_json
from tests.encoders import COLOURS
from tests.shop import make_store


def route(name: str, products: list[int], scores: list[float], confidences: list[float] | None = None) -> Route:
    return Route(
        name,
        np.array(products, np.int64),
        np.zeros(len(products), np.int64),
        np.array(scores, np.float32),
        confidences=None if confidences is None else np.array(confidences, np.float32),
    )


WORDS = route("lexical", [1, 2, 3], [3.0, 2.0, 1.0])
MEANING = route("text", [3, 2, 1], [0.9, 0.2, 0.1])


def ids(query: Query, *routes: Route) -> list[int]:
    return fused(Matched(routes, 3), query).products.tolist()


def test_ranks_add_up_and_ties_go_to_the_newer() -> None:
    assert ids(Query(1, fusion=Fusion.RRF), WORDS, MEANING) == [3, 1, 2]
    pool = fused(Matched((WORDS, MEANING), 3), Query(1, fusion=Fusion.RRF))
    assert pool.scores[0] == pytest.approx(1 / 61 + 1 / 63)


def test_weighted_by_default_the_words_decide_and_the_vector_breaks_ties() -> None:
    assert ids(Query(1), WORDS, MEANING) == [1, 2, 3]
    even = replace(WORDS, scores=np.ones(3, np.float32))
    assert ids(Query(1), even, MEANING) == [3, 2, 1]


def test_a_query_says_how_much_each_route_counts() -> None:
    assert ids(Query(1, vector_weight=10.0), WORDS, MEANING) == [3, 2, 1]
    assert ids(Query(1, lexical_weight=0.0, vector_weight=1.0), WORDS, MEANING) == [3, 2, 1]
    assert ids(Query(1, fusion=Fusion.RRF, vector_weight=3.0), WORDS, MEANING) == [3, 2, 1]


def test_confidences_count_where_there_are_some() -> None:
    sure = route("lexical", [1, 2], [9.0, 1.0], [0.9, 0.8])
    doubtful = route("text", [2, 1], [0.9, 0.1], [0.5, 0.1])
    pool = fused(Matched((sure, doubtful), 2), Query(1, vector_weight=1.0))
    assert pool.products.tolist() == [2, 1]
    assert pool.scores.tolist() == [pytest.approx(1.3), pytest.approx(1.0)]


def test_a_route_of_nothing_and_one_of_equal_scores_are_no_trouble() -> None:
    assert ids(Query(1), route("lexical", [], [])) == []
    assert ids(Query(1), route("text", [4, 7], [0.5, 0.5])) == [4, 7]


def photo(colour: str) -> Image.Image:
    return Image.new("RGB", (20, 20), COLOURS[colour])


@pytest.mark.django_db
def test_words_beside_a_photo_order_what_it_matched_and_say_so(shop: Store) -> None:
    asked = Query(
        shop.pk, image=photo("red"), image_digest="r", text="lamp", mode=Mode.COMPOSED, explain=True, lexical_weight=3.0
    )
    result = search(asked)
    assert {hit.product.sku.split("-")[1] for hit in result.hits[:4]} == {"lamp"}
    assert result.hits[0].product.sku == "red-lamp"
    assert (result.found, result.found_exact) == (8, True)
    assert [score.route for score in result.hits[0].scores] == ["composed", "words"]
    assert search(replace(asked, text="velvet")).found == 8


@pytest.mark.django_db
def test_what_states_another_colour_than_the_words_sinks(shop: Store) -> None:
    asked = Query(
        shop.pk, image=photo("red"), image_digest="r", text="in blue", mode=Mode.COMPOSED, check_modifiers=True
    )
    result = search(asked)
    assert {hit.product.sku for hit in result.hits[:2]} == {"blue-lamp", "blue-shoes"}
    assert result.notes["modifier_checks"] == [{"words": "blue", "kind": "attribute", "passed": 2, "checked": 8}]
    assert [hit.signals["modifier_check"] for hit in result.hits] == [1.0] * 2 + [0.25] * 6
    plain = search(replace(asked, check_modifiers=False))
    assert "modifier_check" not in plain.hits[0].signals
    assert plain.notes == result.notes
    assert sorted(hit.product.sku for hit in plain.hits) == sorted(hit.product.sku for hit in result.hits)


@pytest.mark.django_db
def test_words_that_name_no_value_are_judged_by_the_look(shop: Store) -> None:
    Product.objects.filter(store=shop).update(attributes={})
    AttributeValue.objects.filter(attribute__store=shop).delete()
    result = search(Query(shop.pk, image=photo("red"), image_digest="r", text="blue", mode=Mode.COMPOSED))
    assert result.notes["modifier_checks"] == [{"words": "blue", "kind": "zero-shot", "passed": 2, "checked": 8}]


@pytest.mark.django_db
def test_every_page_tells_the_checks(shop: Store) -> None:
    client = client_of(shop)
    body = {"image": {"base64": base64_photo("red")}, "q": "in blue", "per_page": 3}
    first = post_json(client, "/api/v1/search", body).json()
    second = post_json(client, "/api/v1/search", {**body, "page": 2, "search_id": first["search_id"]}).json()
    assert first["modifier_checks"] == second["modifier_checks"] != []
    assert client.get("/api/v1/search", {"q": "red"}).json()["modifier_checks"] == []


@pytest.mark.django_db
def test_the_longer_name_is_meant_and_other_stores_name_nothing(settings: Settings) -> None:
    store, other = make_store(), make_store("other")
    color = Attribute.objects.get(store=store, code="color")
    AttributeValue.objects.create(attribute=color, code="navy-blue", label="Navy blue")
    AttributeValue.objects.create(attribute=Attribute.objects.get(store=other), code="mauve", label="Mauve")
    assert named_values(store.pk, "this in Navy-Blue, please") == [
        Named("navy blue", "color", frozenset({"navy-blue"}))
    ]
    assert named_values(store.pk, "navy or blue") == [Named("navy blue", "color", frozenset({"navy", "blue"}))]
    assert named_values(store.pk, "mauve") == []
    assert named_values(store.pk, "%_' redder") == []


@pytest.mark.django_db
def test_a_product_that_states_nothing_neither_passes_nor_fails() -> None:
    store = make_store()
    stated: list[object] = [{"color": ["red"]}, {"color": ["blue", "red"]}, {"color": []}, {}, {"color": "red"}]
    made = [Product.objects.create(store=store, sku=str(n), title="x", attributes=one) for n, one in enumerate(stated)]
    ids_ = np.array([*(product.pk for product in made), 10**9], np.int64)
    has = stated_values(ids_, [Named("blue", "color", frozenset({"blue"}))])
    assert np.nan_to_num(has[:, 0], nan=-1).tolist() == [0.0, 1.0, -1.0, -1.0, -1.0, -1.0]
