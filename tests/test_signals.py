"""Business signals and boosts: values, bounds, what is told, and to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from catalog.models import Product, Store
from catalog.models.keys import KeyKind
from search.choices import Mode, Signal
from search.models import RankingModifier
from search.query import Filters, Modifier, Query
from search.ranking import signals
from search.retrieval import begun, search
from search.run import Boost
from tests.api_fixtures import client_of, post_json, problem_of, skus

pytestmark = pytest.mark.django_db

SEARCH = "/api/v1/search"


def order_of(query: Query) -> list[str]:
    return [hit.product.sku for hit in search(query).hits]


def asked(shop: Store, *modifiers: Modifier) -> Query:
    return Query(shop.pk, mode=Mode.BROWSE, modifiers=modifiers, explain=True)


def test_stock_counts_plenty_few_and_none() -> None:
    assert signals.stock_value(np.array([0, 1, 4, 5, 900])).tolist() == [0.0, 0.5, 0.5, 1.0, 1.0]


def test_freshness_halves_with_each_half_life() -> None:
    assert signals.freshness_value(np.array([0.0, 10.0, 20.0, -3.0, np.inf]), 10.0).tolist() == [1, 0.5, 0.25, 1, 0]


def test_nothing_declared_moves_nothing(shop: Store) -> None:
    plain = order_of(asked(shop))
    assert order_of(replace(asked(shop), modifiers=None)) == plain
    assert search(asked(shop)).hits[0].signals == {}


def test_a_declared_modifier_moves_products_and_says_by_how_much(shop: Store) -> None:
    RankingModifier.objects.create(store=shop, signal="stock", weight=-0.9)
    hits = search(Query(shop.pk, mode=Mode.BROWSE)).hits
    assert {hit.product.sku for hit in hits[:2]} == {"black-lamp", "black-shoes"}
    assert hits[0].signals == {"stock": 1.0}
    assert hits[2].signals == {"stock": 0.55}
    RankingModifier.objects.update(is_active=False)
    assert search(Query(shop.pk, mode=Mode.BROWSE, explain=True)).hits[0].signals == {}


def test_another_stores_modifier_moves_nothing(shop: Store) -> None:
    plain = order_of(Query(shop.pk, mode=Mode.BROWSE))
    RankingModifier.objects.create(store=Store.objects.get(slug="other"), signal="stock", weight=2)
    assert order_of(Query(shop.pk, mode=Mode.BROWSE, per_page=19)) == plain


def test_freshness_lifts_what_is_new(shop: Store) -> None:
    Product.objects.filter(store=shop).update(created_at=timezone.now() - timedelta(days=300))
    Product.objects.filter(store=shop, sku="blue-lamp").update(created_at=timezone.now())
    assert (
        order_of(replace(asked(shop, Modifier(Signal.FRESHNESS, 2.0, 10.0)), mode=Mode.WORDS, text="lamp"))[0]
        == "blue-lamp"
    )


def test_sorting_by_price_is_not_moved(shop: Store) -> None:
    RankingModifier.objects.create(store=shop, signal="stock", weight=2)
    answer = client_of(shop).get(SEARCH, {"sort_by": "price:asc"})
    assert skus(answer)[0] == "red-shoes"


def test_all_signals_are_read_in_one_statement(shop: Store, django_assert_num_queries: Any) -> None:
    ids = np.array(Product.objects.filter(store=shop).values_list("pk", flat=True), np.int64)
    wanted = [Modifier(signal, 0.5) for signal in Signal]
    with django_assert_num_queries(1):
        values = signals.signal_values(np.append(ids, 10**9), wanted)
    assert [value.shape for value in values] == [(9,)] * 4
    assert [float(value[-1]) for value in values] == [0.0] * 4


def test_boosts_are_read_in_two_statements_and_bounded(shop: Store, django_assert_num_queries: Any) -> None:
    products = Product.objects.filter(store=shop).order_by("pk")
    known = dict(products.values_list("pk", "sku"))
    lamps, shoes = (products.filter(sku__endswith=noun) for noun in ("lamp", "shoes"))
    run = begun(asked(shop), None, is_kept=False, clock=monotonic)
    run.boosts = [
        Boost("lamps", 1e9, lamps),
        Boost("red", 2.0, filters=Filters(attributes=(("color", ("red",)),))),
        Boost("shoes", 0.0, shoes),
        Boost("category", 3.0, filters=Filters(categories=("shoes",))),
    ]
    assert run.names
    with django_assert_num_queries(2):
        up, red, down, category = signals.boost_factors(run, np.array(list(known), np.int64))
    assert red.tolist() == [2.0 if sku.startswith("red-") else 1.0 for sku in known.values()]
    assert category.tolist() == [3.0 if sku.endswith("-shoes") else 1.0 for sku in known.values()]
    is_lamp = np.array([sku.endswith("lamp") for sku in known.values()])
    assert up.tolist() == np.where(is_lamp, np.float32(signals.MAX_FACTOR), np.float32(1)).tolist()
    assert down.tolist() == np.where(is_lamp, np.float32(1), np.float32(signals.MIN_FACTOR)).tolist()


def test_margin_moves_the_order_and_is_told_to_secret_keys_only(shop: Store) -> None:
    Product.objects.filter(store=shop, sku="red-lamp").update(margin=0.9)
    RankingModifier.objects.create(store=shop, signal="margin", weight=2)
    body = {"explain": True, "sort_by": "relevance"}
    page = post_json(client_of(shop), SEARCH, body).json()
    assert page["hits"][0]["product"]["sku"] == "red-lamp"
    assert "margin" not in str(page)
    plain = search(asked(shop))
    assert {hit["product"]["sku"]: hit["score"] for hit in page["hits"]} == {
        hit.product.sku: hit.score for hit in plain.hits
    }
    secret = post_json(client_of(shop, kind=KeyKind.SECRET), SEARCH, body).json()
    assert secret["hits"][0]["signals"] == {"margin": 2.8}
    assert secret["hits"][0]["product"]["margin"] == 0.9


def test_margin_is_written_with_a_secret_key_and_never_read_with_another(shop: Store) -> None:
    secret, page = client_of(shop, kind=KeyKind.SECRET), client_of(shop)
    answer = secret.patch("/api/v1/products/red-lamp", {"margin": 0.35}, content_type="application/json")
    assert (answer.status_code, answer.json()["margin"]) == (200, 0.35)
    assert secret.get("/api/v1/products/red-lamp").json()["margin"] == 0.35
    for path in ("/api/v1/products/red-lamp", "/api/v1/products", "/api/v1/products/red-lamp/similar", SEARCH):
        assert b"margin" not in page.get(path).content
    for wrong in (1.1, -0.1, "much"):
        refused = secret.patch("/api/v1/products/red-lamp", {"margin": wrong}, content_type="application/json")
        assert refused.status_code == 400


def test_only_a_secret_key_sets_modifiers(shop: Store) -> None:
    body = {"modifiers": [{"signal": "stock", "weight": -0.9}]}
    assert problem_of(post_json(client_of(shop), SEARCH, body))["field"] == "modifiers"
    found = skus(post_json(client_of(shop, kind=KeyKind.SECRET), SEARCH, body))
    assert set(found[:2]) == {"black-lamp", "black-shoes"}


@pytest.mark.parametrize(
    "stated",
    [
        [{"signal": "luck", "weight": 1}],
        [{"signal": "stock", "weight": 99}],
        [{"signal": "stock", "weight": -1}],
        [{"signal": "freshness", "weight": 1, "half_life_days": 0}],
        [{"signal": "stock", "weight": 1}, {"signal": "stock", "weight": 2}],
    ],
)
def test_modifiers_that_cannot_be_are_refused(shop: Store, stated: list[dict[str, Any]]) -> None:
    answer = post_json(client_of(shop, kind=KeyKind.SECRET), SEARCH, {"modifiers": stated})
    assert (answer.status_code, problem_of(answer)["field"].split(".")[0]) == (400, "modifiers")


def test_staff_see_the_modifiers_of_their_own_stores_only(shop: Store) -> None:
    other = Store.objects.get(slug="other")
    RankingModifier.objects.create(store=shop, signal="stock", weight=0.1)
    hidden = RankingModifier.objects.create(store=other, signal="margin", weight=0.2)
    user = User.objects.create_user("anna", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="search"))
    shop.members.add(user)
    browser = Client()
    browser.force_login(user)
    assert browser.get("/admin/search/rankingmodifier/").content.count(b'name="_selected_action"') == 1
    assert browser.get(f"/admin/search/rankingmodifier/{hidden.pk}/change/").status_code == 302
