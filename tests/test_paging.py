"""Pages and cursors: every hit once, on an unchanged catalogue and a changing one, with the pool kept or gone."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from catalog.models import Product, Store
from search import indexing
from search.models import IndexVersion
from tests.api_fixtures import base64_photo, client_of, post_json, problem_of
from tests.kept import kept_shop
from tests.shop import category, make_product, make_store

pytestmark = pytest.mark.django_db

SEARCH = "/api/v1/search"
WAYS: dict[str, dict[str, Any]] = {
    "browse": {},
    "price": {"sort_by": "price:desc"},
    "words": {"q": "thing"},
    "photo": {"image": {"base64": base64_photo("red")}},
    "composed": {"image": {"base64": base64_photo("red")}, "q": "blue"},
}
every_way = pytest.mark.parametrize("asked", WAYS.values(), ids=WAYS.keys())


@kept_shop
def shop(live_index: IndexVersion) -> Store:
    """A shop with 23 indexed things."""
    store = make_store("shop")
    for number in range(23):
        colour = ("red", "blue", "green")[number % 3]
        facts = {"title": f"{colour} thing {number}", "category": category(store, "All"), "price": number + 1}
        make_product(store, f"sku-{number}", colours=(colour,), **facts)
    indexing.sweep(live_index)
    return store


def ask(client: Client, asked: dict[str, Any]) -> dict[str, Any]:
    answer = post_json(client, SEARCH, asked)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def skus(answer: dict[str, Any]) -> list[str]:
    return [hit["product"]["sku"] for hit in answer["hits"]]


def walk(client: Client, asked: dict[str, Any], *, per_page: int = 5) -> list[dict[str, Any]]:
    """The answers from the first to the last cursor."""
    answers = [ask(client, {**asked, "per_page": per_page})]
    while cursor := answers[-1]["next_cursor"]:
        answers.append(ask(client, {**asked, "per_page": per_page, "cursor": cursor}))
    return answers


@every_way
def test_cursors_lead_through_all_hits_once_in_the_order_of_one_page(client: Client, asked: dict[str, Any]) -> None:
    whole = ask(client, {**asked, "per_page": 100})
    answers = walk(client, asked)
    assert [len(answer["hits"]) for answer in answers] == [5, 5, 5, 5, 3]
    assert [sku for answer in answers for sku in skus(answer)] == skus(whole)
    assert {answer["search_id"] for answer in answers} == {answers[0]["search_id"]}
    assert [answer["page"] for answer in answers] == [1, None, None, None, None]
    assert whole["next_cursor"] is None


@every_way
def test_without_the_pool_a_cursor_goes_on_at_the_same_hit(client: Client, asked: dict[str, Any]) -> None:
    whole = ask(client, {**asked, "per_page": 100})
    first = ask(client, {**asked, "per_page": 5})
    cache.clear()
    second = ask(client, {**asked, "per_page": 100, "cursor": first["next_cursor"]})
    assert second["pool_renewed"]
    assert skus(first) + skus(second) == skus(whole)


def test_without_redis_cursors_lead_through_all_hits_once(client: Client, settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    seen = [sku for answer in walk(client, {"q": "thing"}, per_page=10) for sku in skus(answer)]
    assert (len(seen), len(set(seen))) == (23, 23)


def test_the_page_size_may_change_from_cursor_to_cursor(client: Client) -> None:
    first = ask(client, {"per_page": 4})
    second = ask(client, {"per_page": 7, "cursor": first["next_cursor"]})
    third = ask(client, {"per_page": 100, "cursor": second["next_cursor"]})
    seen = [*skus(first), *skus(second), *skus(third)]
    assert [len(skus(answer)) for answer in (first, second, third)] == [4, 7, 12]
    assert len(set(seen)) == 23


def test_what_is_hidden_between_cursors_is_replaced_by_reading_on(client: Client) -> None:
    whole = skus(ask(client, {"sort_by": "price", "per_page": 100}))
    first = ask(client, {"sort_by": "price", "per_page": 5})
    Product.objects.filter(sku__in=[whole[0], *whole[6:8]]).update(is_published=False)
    second = ask(client, {"sort_by": "price", "per_page": 5, "cursor": first["next_cursor"]})
    assert skus(second) == [whole[5], *whole[8:12]]
    assert second["removed_since"] == 2
    third = ask(client, {"sort_by": "price", "per_page": 100, "cursor": second["next_cursor"]})
    assert skus(third) == whole[12:]


def test_in_a_new_pool_a_cursor_goes_on_behind_the_same_product(client: Client, live_index: IndexVersion) -> None:
    """The newest come first, so a new product moves all others by one."""
    first = ask(client, {"per_page": 5})
    make_product(Store.objects.get(slug="shop"), "newest", title="newest thing")
    cache.clear()
    second = ask(client, {"per_page": 100, "cursor": first["next_cursor"]})
    assert skus(first) == [f"sku-{number}" for number in range(22, 17, -1)]
    assert skus(second) == [f"sku-{number}" for number in range(17, -1, -1)]


def test_pages_by_number_cover_everything_once_beside_cursors(client: Client) -> None:
    first = ask(client, {"q": "thing", "per_page": 10})
    by_cursor = ask(client, {"q": "thing", "per_page": 10, "cursor": first["next_cursor"]})
    by_number = ask(client, {"q": "thing", "per_page": 10, "page": 2, "search_id": first["search_id"]})
    assert skus(by_cursor) == skus(by_number)
    third = ask(client, {"q": "thing", "per_page": 10, "page": 3, "search_id": first["search_id"]})
    assert len({*skus(first), *skus(by_number), *skus(third)}) == 23


def test_facets_and_totals_stay_the_same_behind_a_cursor(client: Client) -> None:
    asked = {"q": "thing", "facet_by": "color", "per_page": 5}
    first = ask(client, asked)
    second = ask(client, {**asked, "cursor": first["next_cursor"]})
    assert (second["found"], second["facet_counts"]) == (first["found"], first["facet_counts"])


def test_similar_products_have_cursors(client: Client) -> None:
    path = "/api/v1/products/sku-0/similar"
    first = client.get(path, {"per_page": 10}).json()
    second = client.get(path, {"per_page": 20, "cursor": first["next_cursor"]}).json()
    assert len({*skus(first), *skus(second)}) == 22


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"q": "blue"}, "another query"),
        ({"filter_by": "color:=red"}, "another query"),
        ({"sort_by": "price"}, "another query"),
        ({"page": 2}, "either cursor"),
        ({"search_id": "x"}, "either cursor"),
        ({"cursor": "nonsense"}, "no cursor of ours"),
        ({"cursor": "añ\u2028"}, "no cursor of ours"),
        ({"cursor": "x" * 500}, "no more than 400"),
    ],
)
def test_a_cursor_that_does_not_fit_is_refused(client: Client, extra: dict[str, Any], said: str) -> None:
    cursor = ask(client, {"per_page": 5})["next_cursor"]
    problem = problem_of(post_json(client, SEARCH, {"per_page": 5, "cursor": cursor, **extra}))
    assert (problem["status"], problem["field"]) == (400, "cursor")
    assert said in problem["detail"]


def test_a_changed_cursor_is_refused(client: Client) -> None:
    cursor = ask(client, {"per_page": 5})["next_cursor"]
    changed = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    assert problem_of(post_json(client, SEARCH, {"cursor": changed}))["field"] == "cursor"


def test_a_cursor_of_another_key_reads_no_pool_of_it(client: Client) -> None:
    cursor = ask(client, {"per_page": 5})["next_cursor"]
    answer = ask(client_of(Store.objects.get(slug="shop")), {"per_page": 5, "cursor": cursor})
    assert answer["pool_renewed"]
    assert problem_of(post_json(client_of(make_store("other")), SEARCH, {"cursor": cursor}))["status"] == 400
