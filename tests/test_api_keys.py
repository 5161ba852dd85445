"""API keys over HTTP: who may ask, from which pages, how often, and that no key sees another store."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from catalog.models import ApiKey, Store
from catalog.models.keys import create_api_key
from search.api import origins
from tests.api_fixtures import client_of, post_json, problem_of, skus
from tests.shop import make_product, make_store

pytestmark = pytest.mark.django_db

SEARCH = "/api/v1/search"
SHOP_ORIGIN = "https://shop.example"


@pytest.fixture
def store() -> Store:
    store = make_store("shop")
    make_product(store, "red-shoes", colours=())
    return store


@pytest.fixture(autouse=True)
def fresh_state() -> Iterator[None]:
    """Origins are remembered by the process; each test begins without."""
    origins.forget()
    yield
    origins.forget()


def new_key(store: Store, kind: str = "publishable", **facts: Any) -> str:
    row, key = create_api_key(store=store, name="test", kind=kind)
    for name, value in facts.items():
        setattr(row, name, value)
    row.save()
    return key


def ask(key: str = "", **headers: str) -> Any:
    return Client().get(SEARCH, headers={**({"X-API-Key": key} if key else {}), **headers})


# --- who -------------------------------------------------------------------------------------------------------------


def test_a_request_without_a_key_is_told_how_to_give_one(store: Store) -> None:
    answer = ask()
    refused = problem_of(answer)
    assert (refused["status"], refused["code"]) == (401, "missing_key")
    assert answer["WWW-Authenticate"] == 'Bearer realm="vitrine"'


@pytest.mark.parametrize("kind", ["publishable", "secret"])
def test_both_kinds_of_keys_search_by_either_header(store: Store, kind: str) -> None:
    key = new_key(store, kind)
    assert skus(ask(key)) == ["red-shoes"]
    assert skus(ask(Authorization=f"Bearer {key}")) == ["red-shoes"]
    assert skus(ask(Authorization=f"bearer  {key}")) == ["red-shoes"]


def test_a_key_that_is_wrong_expired_or_off_is_refused_alike(store: Store) -> None:
    key = new_key(store)
    expired = new_key(store, expires_at=timezone.now() - timedelta(seconds=1))
    off = new_key(store, is_active=False)
    for given in (key[:-1], key + "x", "pk_x_y", "pk", "\xe9", "x" * 1000, expired, off):
        refused = problem_of(ask(given))
        assert (refused["status"], refused["code"]) == (401, "invalid_key")
    assert ask(new_key(store, expires_at=timezone.now() + timedelta(hours=1))).status_code == 200


def test_a_session_is_not_a_key(store: Store, admin_client: Client) -> None:
    assert admin_client.get(SEARCH).status_code == 401


def test_a_publishable_key_does_not_change_products(store: Store) -> None:
    for client, status in ((client_of(store), 403), (client_of(store, kind="secret"), 201)):
        answer = post_json(client, "/api/v1/products", {"sku": "new", "title": "New"})
        assert answer.status_code == status
    assert problem_of(client_of(store).delete("/api/v1/products/new"))["code"] == "forbidden"


# --- from where ------------------------------------------------------------------------------------------------------


def test_a_key_bound_to_an_origin_is_refused_from_others(store: Store) -> None:
    key = new_key(store, origins=[SHOP_ORIGIN])
    assert ask(key, Origin=SHOP_ORIGIN).status_code == 200
    assert ask(key).status_code == 200
    refused = problem_of(ask(key, Origin="https://evil.example"))
    assert (refused["status"], refused["code"]) == (403, "forbidden")
    assert "https://evil.example" in refused["detail"]


def preflight(path: str, origin: str) -> Any:
    return Client().options(path, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})


def test_a_preflight_is_answered_for_the_origins_of_publishable_keys(store: Store) -> None:
    new_key(store, origins=[SHOP_ORIGIN])
    answer = preflight(SEARCH, SHOP_ORIGIN)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == SHOP_ORIGIN
    assert "x-api-key" in answer["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer
    assert "Access-Control-Allow-Origin" not in preflight(SEARCH, "https://evil.example")


def test_a_key_for_any_origin_opens_the_api_to_all_pages(store: Store) -> None:
    key = new_key(store)
    assert preflight(SEARCH, "https://any.example")["Access-Control-Allow-Origin"] == "https://any.example"
    answer = ask(key, Origin="https://any.example")
    assert answer["Access-Control-Allow-Origin"] == "https://any.example"
    assert "RateLimit-Remaining" in answer["Access-Control-Expose-Headers"]


def test_secret_expired_and_inactive_keys_open_nothing(store: Store) -> None:
    new_key(store, "secret")
    new_key(store, is_active=False)
    new_key(store, expires_at=timezone.now() - timedelta(days=1), origins=[SHOP_ORIGIN])
    assert "Access-Control-Allow-Origin" not in preflight(SEARCH, SHOP_ORIGIN)


def test_nothing_outside_the_api_is_ever_opened(store: Store) -> None:
    new_key(store)
    for path in ("/admin/login/", "/health/live", "/"):
        answer = Client().get(path, headers={"Origin": "https://any.example"})
        assert "Access-Control-Allow-Origin" not in answer


def test_a_removed_origin_closes_at_once_in_this_process(store: Store) -> None:
    new_key(store, origins=[SHOP_ORIGIN])
    assert "Access-Control-Allow-Origin" in preflight(SEARCH, SHOP_ORIGIN)
    ApiKey.objects.get().delete()
    assert "Access-Control-Allow-Origin" not in preflight(SEARCH, SHOP_ORIGIN)


# --- how often -------------------------------------------------------------------------------------------------------


def test_each_answer_says_what_is_left_and_the_last_says_when_to_return(store: Store) -> None:
    key = new_key(store, rate_per_minute=2)
    first, second, third = (ask(key) for _ in range(3))
    assert [answer["RateLimit-Remaining"] for answer in (first, second, third)] == ["1", "0", "0"]
    assert first["RateLimit-Limit"] == "2"
    assert 0 < int(first["RateLimit-Reset"]) <= 60
    refused = problem_of(third)
    assert (refused["status"], refused["code"]) == (429, "too_many_requests")
    assert third["Retry-After"] == third["RateLimit-Reset"]


def test_keys_are_counted_apart_and_refusals_count_too(store: Store) -> None:
    key, other = new_key(store, rate_per_minute=2), new_key(store, rate_per_minute=2)
    assert Client().get(SEARCH, {"page": 0}, headers={"X-API-Key": key})["RateLimit-Remaining"] == "1"
    assert ask(other)["RateLimit-Remaining"] == "1"


def test_without_a_rate_of_its_own_a_key_has_its_kinds(store: Store, settings: Settings) -> None:
    settings.THROTTLE_PUBLISHABLE_PER_MINUTE, settings.THROTTLE_SECRET_PER_MINUTE = 7, 70
    assert ask(new_key(store))["RateLimit-Limit"] == "7"
    assert ask(new_key(store, "secret"))["RateLimit-Limit"] == "70"
    assert ask(new_key(store, rate_per_minute=0)).status_code == 429


def test_while_redis_is_down_nothing_is_counted_and_the_log_says_so_once(
    store: Store, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    key = new_key(store, rate_per_minute=1)
    with caplog.at_level(logging.WARNING, logger="search.api.throttling"):
        assert [ask(key).status_code for _ in range(3)] == [200, 200, 200]
    assert len([record for record in caplog.records if record.name == "search.api.throttling"]) == 1


# --- one store only --------------------------------------------------------------------------------------------------


def test_no_way_of_asking_shows_another_stores_products(shop: Store) -> None:
    other = Store.objects.get(slug="other")
    stranger = client_of(other)
    own = {"red-shoes", "red-boots"}
    assert set(skus(stranger.get(SEARCH))) == own
    assert set(skus(stranger.get(SEARCH, {"q": "lamp"}))) <= own
    assert set(skus(stranger.get(SEARCH, {"q": "blue", "mode": "semantic"}))) == own
    assert set(skus(post_json(stranger, SEARCH, {"image": {"product": "red-shoes"}}))) == {"red-boots"}
    assert set(skus(stranger.get("/api/v1/products/red-shoes/similar"))) == {"red-boots"}
    assert problem_of(stranger.get("/api/v1/products/blue-shoes/similar"))["status"] == 404
    facets = stranger.get(SEARCH, {"facet_by": "color,category,brand,price(0..1000)"}).json()["facet_counts"]
    assert {facet["field_name"]: sum(value["count"] for value in facet["counts"]) for facet in facets} == {
        "color": 2,
        "category": 0,
        "brand": 0,
        "price": 0,
    }


def test_a_filter_of_another_stores_words_matches_nothing(shop: Store) -> None:
    stranger = client_of(Store.objects.get(slug="other"))
    assert skus(stranger.get(SEARCH, {"filter_by": "category:=shoes"})) == []
    assert skus(stranger.get(SEARCH, {"filter_by": "brand:=halden", "q": "red"})) == []


def test_a_search_id_of_another_store_gives_its_hits_to_nobody(shop: Store) -> None:
    search_id = client_of(shop).get(SEARCH).json()["search_id"]
    stranger = client_of(Store.objects.get(slug="other"))
    answer = stranger.get(SEARCH, {"search_id": search_id})
    assert answer.json()["pool_renewed"]
    assert set(skus(answer)) == {"red-shoes", "red-boots"}


def test_a_hidden_product_is_not_there_for_anybody(shop: Store, client: Client) -> None:
    shop.products.filter(sku="red-shoes").update(is_published=False)
    assert client.get("/api/v1/products/red-shoes/similar").status_code == 404
    assert problem_of(post_json(client, SEARCH, {"image": {"product": "red-shoes"}}))["field"] == "image.product"
    assert "red-shoes" not in skus(client.get(SEARCH))
    assert "red-shoes" not in skus(client.get(SEARCH, {"q": "red"}))
