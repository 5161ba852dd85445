"""Products that a shopper waves away: they leave the search, and what looks like them comes later."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client

from catalog.models import Store
from search.api.requests import build_query
from search.feedback import GAMMA
from search.models import IndexVersion
from search.vectors import query_vectors, unit
from tests.api_fixtures import base64_photo, client_of, post_json, problem_of, skus
from tests.encoders import COLOURS, colour_vector
from tests.shop import make_product

pytestmark = pytest.mark.django_db

SEARCH = "/api/v1/search"


def test_a_waved_away_product_is_no_hit_of_any_mode_and_in_no_total(client: Client) -> None:
    unwanted = "red-shoes"
    asked = (
        {},
        {"q": "red"},
        {"q": "red", "mode": "lexical"},
        {"q": "red", "mode": "semantic"},
        {"image": {"base64": base64_photo("red")}},
        {"q": "navy", "image": {"base64": base64_photo("red")}},
        {"image": {"product": "red-lamp"}},
    )
    for query in asked:
        before = post_json(client, SEARCH, {**query, "facet_by": "category"})
        after = post_json(client, SEARCH, {**query, "facet_by": "category", "not_relevant": [unwanted]})
        assert unwanted in skus(before)
        assert set(skus(after)) == set(skus(before)) - {unwanted}
        assert after.json()["found"] == before.json()["found"] - 1
        counted = [
            {value["value"]: value["count"] for value in answer.json()["facet_counts"][0]["counts"]}
            for answer in (before, after)
        ]
        assert counted[1].get("shoes", 0) == counted[0]["shoes"] - 1


def test_what_looks_like_it_comes_later(client: Client) -> None:
    asked = {"image": {"base64": base64_photo("grey")}}
    before = skus(post_json(client, SEARCH, asked))
    unwanted = next(sku for sku in before if sku.endswith("shoes"))
    twin = unwanted.replace("shoes", "lamp")
    after = skus(post_json(client, SEARCH, {**asked, "not_relevant": [unwanted]}))
    assert after.index(twin) > before.index(twin) - 1
    many = skus(post_json(client, SEARCH, {**asked, "not_relevant": [unwanted, "green-shoes"]}))
    assert not {unwanted, "green-shoes"} & set(many)


def test_however_many_are_waved_away_their_mean_weighs_a_quarter_of_the_query(
    shop: Store, live_index: IndexVersion
) -> None:
    red, blue, green = (colour_vector(COLOURS[name]) for name in ("red", "blue", "green"))
    one = build_query(shop, owner="x", data={"q": "red", "not_relevant": ["blue-lamp"]})
    two = build_query(shop, owner="x", data={"q": "red", "text_weight": 2, "not_relevant": ["blue-lamp", "green-lamp"]})
    moved = query_vectors(one, live_index).vectors
    assert np.allclose(moved, unit((red - GAMMA * blue)[None]), atol=1e-5)
    moved = query_vectors(two, live_index).vectors
    assert np.allclose(moved, unit((red - GAMMA * (blue + green) / 2)[None]), atol=1e-5)
    assert float((moved @ red)[0]) > float(np.abs(moved @ np.stack([blue, green]).T).max())


def test_a_product_without_a_photo_is_left_out_and_moves_nothing(shop: Store, client: Client) -> None:
    make_product(shop, "bare", colours=(), title="Red bare thing")
    assert "bare" in skus(client.get(SEARCH, {"q": "red"}))
    found = skus(client.get(SEARCH, {"q": "red", "not_relevant": "bare"}))
    assert set(found) == {"red-shoes", "red-lamp"}


def test_pages_and_similar_products_take_it_too(client: Client) -> None:
    asked = {"q": "red", "not_relevant": "blue-lamp", "mode": "semantic", "per_page": 3}
    first = client.get(SEARCH, asked).json()
    pages = [client.get(SEARCH, {**asked, "page": page, "search_id": first["search_id"]}) for page in (1, 2, 3)]
    found = [sku for page in pages for sku in skus(page)]
    assert (len(found), len(set(found)), first["found"]) == (7, 7, 7)
    assert "red-lamp" not in skus(client.get("/api/v1/products/red-shoes/similar", {"not_relevant": "red-lamp"}))
    other = client.get(SEARCH, {**asked, "not_relevant": "red-lamp", "search_id": first["search_id"]})
    assert problem_of(other)["field"] == "search_id"


def test_skus_of_no_product_or_of_another_store_say_nothing(client: Client, shop: Store) -> None:
    plain = client.get(SEARCH, {"q": "red"}).json()
    for stated in ("", "pink", "red-boots", "a,b,c"):
        answer = client.get(SEARCH, {"q": "red", "not_relevant": stated}).json()
        assert [hit["product"] for hit in answer["hits"]] == [hit["product"] for hit in plain["hits"]]
    stranger = client_of(Store.objects.get(slug="other"))
    assert "red-boots" in skus(stranger.get(SEARCH, {"q": "red", "not_relevant": "red-lamp"}))


@pytest.mark.parametrize("stated", [["a"] * 21, "a," * 21, ["x" * 121], [["a"]], {"a": 1}, 7, ["a\x00"]])
def test_too_many_or_misshapen_skus_are_refused(client: Client, stated: object) -> None:
    assert problem_of(post_json(client, SEARCH, {"q": "red", "not_relevant": stated}))["field"].startswith("not_relev")
