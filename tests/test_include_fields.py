"""`include_fields` and `exclude_fields`: an answer holds what was asked for, and an unknown field is named."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from catalog.models import Store
from search.api.selection import known_fields, read_selection
from search.errors import InvalidQuery
from tests.api_fixtures import client_of, post_json, problem_of, upload

pytestmark = pytest.mark.django_db

SEARCH = "/api/v1/search"


def ask(client: Client, **asked: Any) -> dict[str, Any]:
    answer = post_json(client, SEARCH, {"q": "red shoes", "facet_by": "color", **asked})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def test_only_included_fields_are_sent(client: Client) -> None:
    answer = ask(
        client, include_fields="found,product.sku,product.price.amount,hits.highlights.title,facet_counts.counts.value"
    )
    assert answer == {
        "found": 1,
        "hits": [
            {
                "product": {"sku": "red-shoes", "price": {"amount": "10.00"}},
                "highlights": {"title": "<mark>Red</mark> <mark>shoes</mark>"},
            }
        ],
        "facet_counts": [{"counts": [{"value": "red"}]}],
    }


def test_a_list_means_the_same_as_a_text(client: Client) -> None:
    assert ask(client, include_fields=["found", "hits.score"]).keys() == {"found", "hits"}


def test_excluded_fields_are_left_out(client: Client) -> None:
    whole, part = (
        ask(client),
        ask(client, exclude_fields="timings_ms, hits.product.description,facet_counts.stats,index"),
    )
    assert whole.keys() - part.keys() == {"timings_ms", "index"}
    assert whole["hits"][0]["product"].keys() - part["hits"][0]["product"].keys() == {"description"}
    assert whole["facet_counts"][0].keys() - part["facet_counts"][0].keys() == {"stats"}


def test_what_is_excluded_is_taken_from_what_is_included(client: Client) -> None:
    answer = ask(client, include_fields="hits.product", exclude_fields="product.images,product.attributes.color.code")
    (hit,) = answer["hits"]
    assert answer.keys() == {"hits"}
    assert hit.keys() == {"product"}
    assert "images" not in hit["product"]
    assert hit["product"]["attributes"] == {"color": [{"label": "Red"}]}


def test_the_longer_of_two_paths_adds_nothing(client: Client) -> None:
    for fields in ("hits.product,hits.product.sku", "product.sku,hits.product", "product.sku,product,product.sku"):
        (hit,) = ask(client, include_fields=fields)["hits"]
        assert {"sku", "title", "images"} <= hit["product"].keys()


def test_names_that_the_data_decides_may_be_named(client: Client) -> None:
    answer = ask(
        client, include_fields="timings_ms.hydrate,hits.highlights.title,product.attributes.color,product.attributes.no"
    )
    assert answer["timings_ms"].keys() == {"hydrate"}
    assert answer["hits"][0]["product"] == {"attributes": {"color": [{"code": "red", "label": "Red"}]}}


def test_what_is_null_stays_null(client: Client) -> None:
    assert ask(client, mode="lexical", include_fields="hits.matched_image.url")["hits"] == [{"matched_image": None}]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("founds", "Unknown field 'founds': did you mean found? An answer has search_id, found"),
        ("product.skuu", "did you mean hits.product.sku?"),
        ("hits.product.sku.x", "hits.product.sku has no fields"),
        ("hits.", "Unknown field 'hits.'"),
        (".", "Unknown field '.'"),
        ("product.price.currency.code", "Unknown field"),
        ("*", "Unknown field '*'"),
    ],
)
@pytest.mark.parametrize("parameter", ["include_fields", "exclude_fields"])
def test_an_unknown_field_is_a_400_that_names_it(client: Client, parameter: str, fields: str, said: str) -> None:
    problem = problem_of(post_json(client, SEARCH, {parameter: f"found,{fields}"}))
    assert (problem["status"], problem["code"], problem["field"]) == (400, "invalid_query", parameter)
    assert said in problem["detail"]


@pytest.mark.parametrize("fields", [3, {"a": 1}, ["x" * 300], ["found"] * 200, [["found"]], ",".join(["found"] * 2000)])
def test_what_is_no_list_of_names_is_a_400(client: Client, fields: Any) -> None:
    problem = problem_of(post_json(client, SEARCH, {"include_fields": fields}))
    assert problem["status"] == 400
    assert problem["field"].startswith("include_fields")


def test_every_way_of_searching_takes_them(client: Client) -> None:
    wanted = "product.sku"
    shown = [{"product": {"sku": "red-shoes"}}]
    assert client.get(SEARCH, {"q": "red shoes", "include_fields": wanted}).json() == {"hits": shown}
    similar = client.get("/api/v1/products/red-shoes/similar", {"include_fields": wanted, "per_page": 1}).json()
    assert similar == {"hits": [{"product": {"sku": "red-lamp"}}]}
    form = client.post(SEARCH, {"image": upload("red"), "include_fields": "found", "per_page": 1})
    assert form.json() == {"found": 8}


def test_a_preset_may_name_them_but_none_that_an_answer_lacks(client: Client, shop: Store) -> None:
    owner = client_of(shop, kind="secret")
    preset = {"name": "small", "parameters": {"include_fields": "found,product.sku"}}
    assert post_json(owner, "/api/v1/presets", preset).status_code == 201
    assert ask(client, preset="small").keys() == {"found", "hits"}
    assert ask(client, preset="small", include_fields="found") == {"found": 1}
    for wrong in ({"include_fields": "no"}, {"cursor": "x"}):
        assert post_json(owner, "/api/v1/presets", {"name": "wrong", "parameters": wrong}).status_code == 400


def test_nothing_named_is_everything(client: Client) -> None:
    for nothing in ("", [], " , "):
        assert "index" in ask(client, include_fields=nothing, exclude_fields=nothing)


def test_the_known_fields_are_those_of_the_answer(client: Client) -> None:
    whole = ask(client, explain=True)
    assert whole.keys() == known_fields().keys()
    assert whole["hits"][0].keys() <= known_fields()["hits"].keys()
    assert whole["hits"][0]["product"].keys() <= known_fields()["hits"]["product"].keys()


def test_a_selection_without_names_changes_nothing() -> None:
    data = {"found": 1, "hits": [{"score": 1.0}]}
    assert read_selection({}).of(data) is data
    with pytest.raises(InvalidQuery):
        read_selection({"include_fields": "no"})
