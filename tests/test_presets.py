"""Presets: a search's parameters by one name."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from catalog.models import Product, Store
from search.models import Preset
from tests.api_fixtures import client_of, post_json, problem_of, skus, upload

pytestmark = pytest.mark.django_db
PATH = "/api/v1/presets"


@pytest.fixture
def owner(shop: Store) -> Client:
    return client_of(shop, kind="secret")


def make_preset(owner: Client, name: str = "sale", **parameters: Any) -> Any:
    answer = post_json(owner, PATH, {"name": name, "parameters": parameters})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_preset_fills_in_what_the_request_leaves_out(client: Client, owner: Client) -> None:
    make_preset(owner, filter_by="category:=shoes", sort_by="price:desc", per_page=2, facet_by="color")
    answer = post_json(client, "/api/v1/search", {"preset": "sale"})
    assert skus(answer) == ["black-shoes", "green-shoes"]
    assert answer.json()["facet_counts"][0]["field_name"] == "color"
    stated = post_json(client, "/api/v1/search", {"preset": "sale", "sort_by": "price:asc", "per_page": 1})
    assert skus(stated) == ["red-shoes"]


def test_a_preset_works_in_an_address_a_form_and_beside_a_product(client: Client, owner: Client) -> None:
    make_preset(owner, filters={"category": "lamps"}, per_page=1, sort_by="price:asc", min_confidence=0)
    assert skus(client.get("/api/v1/search", {"preset": "sale"})) == ["red-lamp"]
    assert skus(client.post("/api/v1/search", {"preset": "sale", "image": upload("blue")})) == ["red-lamp"]
    assert skus(client.get("/api/v1/products/red-lamp/similar", {"preset": "sale"})) == ["blue-lamp"]


def test_a_requests_own_filter_in_either_form_takes_the_place_of_the_presets(client: Client, owner: Client) -> None:
    make_preset(owner, filter_by="category:=lamps && color:=red")
    assert skus(post_json(client, "/api/v1/search", {"preset": "sale", "filters": {"brand": "halden"}})) == [
        "black-shoes",
        "green-shoes",
        "blue-shoes",
        "red-shoes",
    ]


def test_later_pages_of_a_preset_read_the_same_list(client: Client, owner: Client) -> None:
    make_preset(owner, per_page=3)
    first = post_json(client, "/api/v1/search", {"preset": "sale"}).json()
    second = post_json(client, "/api/v1/search", {"preset": "sale", "page": 2, "search_id": first["search_id"]})
    assert second.json()["search_id"] == first["search_id"]
    assert len(skus(second)) == 3


@pytest.mark.parametrize("name", ["gone", "a\x00b", "x" * 60])
def test_an_unknown_preset_is_a_400_that_names_those_there_are(client: Client, owner: Client, name: str) -> None:
    make_preset(owner)
    make_preset(owner, "winter")
    answer = post_json(client, "/api/v1/search", {"preset": name})
    assert answer.status_code == 400
    problem = problem_of(answer)
    assert problem["field"] == "preset"
    assert "\x00" in name or "sale, winter" in problem["detail"]


def test_presets_stay_in_their_store(client: Client, owner: Client) -> None:
    make_preset(owner)
    other = client_of(Store.objects.get(slug="other"))
    assert post_json(other, "/api/v1/search", {"preset": "sale"}).status_code == 400


def test_what_a_preset_names_may_go_and_the_search_says_so(client: Client, owner: Client, shop: Store) -> None:
    make_preset(owner, facet_by="color")
    Product.objects.filter(store=shop).update(attributes={})
    shop.attributes.all().delete()
    answer = post_json(client, "/api/v1/search", {"preset": "sale"})
    assert (answer.status_code, problem_of(answer)["field"]) == (400, "facet_by")


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"q": "x"}, "parameters.q"),
        ({"image": {"id": "x"}}, "parameters.image"),
        ({"page": 2}, "parameters.page"),
        ({"preset": "x"}, "parameters.preset"),
        ({"per_page": 1000}, "parameters.per_page"),
        ({"colour": "red"}, "parameters.colour"),
        ({"sort_by": "loudest"}, "parameters.sort_by"),
        ({"facet_by": "weight"}, "parameters.facet_by"),
        ({"filter_by": "weight:=3"}, "parameters.filter_by"),
        ({"filters": {"attributes": {"weight": "3"}}}, "parameters.filters.attributes"),
        ({"filters": {"attributes": {"\x00": "3"}}}, "parameters"),
        ({"filter_by": "x" * 5000}, "parameters"),
    ],
)
def test_a_preset_that_no_request_could_state_is_refused(owner: Client, parameters: Any, field: str) -> None:
    answer = post_json(owner, PATH, {"name": "sale", "parameters": parameters})
    assert answer.status_code == 400
    assert problem_of(answer)["field"] == field
    assert Preset.objects.count() == 0


@pytest.mark.parametrize("name", ["", "Sale", "a b", "x" * 61, "a\x00"])
def test_a_name_is_plain(owner: Client, name: str) -> None:
    assert post_json(owner, PATH, {"name": name, "parameters": {}}).status_code == 400


def test_a_name_belongs_to_one_preset(owner: Client) -> None:
    make_preset(owner)
    other = make_preset(owner, "winter")
    answer = post_json(owner, PATH, {"name": "sale", "parameters": {}})
    assert (answer.status_code, problem_of(answer)["code"]) == (409, "name_taken")
    renamed = owner.patch(f"{PATH}/{other['id']}", {"name": "sale"}, "application/json")
    assert (renamed.status_code, problem_of(renamed)["code"]) == (409, "name_taken")
    assert owner.patch(f"{PATH}/{other['id']}", {"description": "Cold"}, "application/json").status_code == 200
