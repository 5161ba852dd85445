"""Searches remembered: one push to Redis each, kept by a worker, without what would say who asked."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from catalog.models import Store
from search.choices import Mode
from search.events import search_log
from search.events.masking import kept_words
from search.events.records import SearchLog
from search.events.search_log import keep_searches, remember_search, supersede_search
from search.models import IndexVersion
from search.query import Query
from search.redis_client import redis_client
from search.retrieval import search
from tests.api_fixtures import base64_photo, client_of, post_json
from tests.shop import make_store
from workers import tasks

pytestmark = pytest.mark.django_db

SEARCH = "/api/v1/search"


def kept() -> list[SearchLog]:
    keep_searches()
    return list(SearchLog.objects.order_by("pk"))


def remember(store: Store, search_id: str = "s1", text: str = "red", **facts: Any) -> None:
    query = Query(store.pk, text=text, mode=Mode.WORDS, **facts)
    remember_search(query, search_id=search_id, found=3, index_version="v1", took_ms=4.6)


def test_a_search_of_the_api_is_remembered_with_its_facts(
    client: Client, shop: Store, live_index: IndexVersion
) -> None:
    asked = {"q": "  Red   SHOES ", "filter_by": "price:[5..20] && color:=red"}
    answer = client.get(SEARCH, asked).json()
    row = kept()[0]
    assert (row.store, row.search_id, row.mode, row.words) == (shop, answer["search_id"], "words", "red shoes")
    assert (row.found, row.index_version, row.photo_digest) == (1, live_index.collection, "")
    assert row.filters == {"price_min": "5", "price_max": "20", "attributes": {"color": ["red"]}}
    assert 0 < row.took_ms < 10_000
    assert abs(row.created_at - timezone.now()) < timedelta(minutes=1)


def test_photos_and_products_are_remembered_by_digest_and_id(client: Client, shop: Store) -> None:
    for _ in range(2):
        post_json(client, SEARCH, {"image": {"base64": base64_photo("red")}})
    client.get("/api/v1/products/red-shoes/similar")
    post_json(client, SEARCH, {"parts": [{"product": "red-shoes"}, {"product": "blue-shoes"}]})
    photo, again, similar, several = kept()
    assert (photo.mode, len(photo.photo_digest), photo.product_id) == ("image", 64, None)
    assert photo.photo_digest == again.photo_digest
    assert (similar.photo_digest, similar.product_id) == ("", shop.products.get(sku="red-shoes").pk)
    assert len(several.photo_digest) == 64


def test_later_pages_are_no_searches_of_their_own(client: Client) -> None:
    first = client.get(SEARCH, {"per_page": 3}).json()
    for page in (1, 2):
        client.get(SEARCH, {"per_page": 3, "page": page, "search_id": first["search_id"]})
    client.get(SEARCH, {"per_page": 3, "page": 2, "search_id": "gone"})
    assert [row.search_id for row in kept()] == [first["search_id"]]


def test_evaluations_and_trials_are_not_remembered(shop: Store) -> None:
    query = Query(shop.pk, text="red", mode=Mode.WORDS)
    search(query, is_kept=False)
    search(query, is_logged=False)
    assert kept() == []


def test_a_search_without_what_was_waved_away_is_the_same_question_again(client: Client) -> None:
    client.get(SEARCH, {"q": "red"})
    client.get(SEARCH, {"q": "red", "not_relevant": "red-lamp"})
    assert [row.is_superseded for row in kept()] == [False, True]


def test_while_redis_is_down_the_search_is_answered_and_the_log_says_so_once(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    for _ in range(3):
        assert client.get(SEARCH, {"q": "red"}).json()["found"] == 2
    assert len([record for record in caplog.records if record.name == "search.events.search_log"]) == 1
    tasks.keep_searches()
    assert "Searches wait to be kept" in caplog.text


def test_keeping_twice_or_after_a_worker_died_keeps_each_search_once() -> None:
    store = make_store("shop")
    remember(store, "s1")
    client = redis_client()
    client.rename(search_log.WAITING, search_log.TAKEN)
    remember(store, "s2")
    client.rpush(search_log.TAKEN, client.lrange(search_log.WAITING, 0, 0)[0])
    assert [row.search_id for row in kept()] == ["s1", "s2"]
    assert [row.search_id for row in kept()] == ["s1", "s2"]
    assert client.llen(search_log.WAITING) == client.llen(search_log.TAKEN) == 0


def test_many_searches_are_kept_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_log, "BATCH", 3)
    store = make_store("shop")
    for number in range(8):
        remember(store, f"s{number}")
    assert len(kept()) == 8


def test_a_list_that_nobody_empties_keeps_its_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_log, "MAX_WAITING", 3)
    store = make_store("shop")
    for number in range(5):
        remember(store, f"s{number}")
    assert [row.search_id for row in kept()] == ["s2", "s3", "s4"]


def test_searches_of_a_store_that_is_gone_are_dropped() -> None:
    store, other = make_store("shop"), make_store("other")
    remember(store, "s1")
    remember(other, "s2")
    store.delete()
    assert [row.search_id for row in kept()] == ["s2"]


def test_a_search_that_postgres_does_not_take_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    store = make_store("shop")
    remember(store, "s1")
    remember(store, "s" * 65)
    remember(store, "s2")
    assert [row.search_id for row in kept()] == ["s1", "s2"]
    assert "A search is not kept" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_one_worker_empties_the_list_at_a_time() -> None:
    store = make_store("shop")
    remember(store)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [search_log._LOCK])
            assert keep_searches() == 0
            cursor.execute("SELECT pg_advisory_unlock(%s)", [search_log._LOCK])
    finally:
        other.close()
    assert keep_searches() == 1


def test_what_is_typed_on_from_at_once_is_superseded() -> None:
    store, other = make_store("shop"), make_store("other")
    remember(store, "s1", "red dr")
    supersede_search(store, "s1")
    remember(store, "s2", "red dress")
    remember(other, "s1", "others")
    supersede_search(store, "nul\x00")
    supersede_search(store, "")
    assert [(row.words, row.is_superseded) for row in kept()] == [
        ("red dr", True),
        ("red dress", False),
        ("others", False),
    ]
    SearchLog.objects.filter(search_id="s2").update(created_at=timezone.now() - timedelta(seconds=30))
    supersede_search(store, "s2")
    assert not any(row.is_superseded for row in kept() if row.search_id == "s2")


def test_nothing_of_a_shopper_waits_in_redis() -> None:
    remember(make_store("shop"), text="Write to Anna.Example+x@mail.example or 030 / 1234567 please", owner="key:7")
    waiting = redis_client().lrange(search_log.WAITING, 0, -1)[0]
    assert json.loads(waiting)["words"] == "write to [email] or [number] please"
    assert b"key:7" not in waiting


def test_a_stranger_cannot_say_what_another_store_searched(shop: Store) -> None:
    client_of(Store.objects.get(slug="other")).get(SEARCH, {"q": "red"})
    assert {row.store.slug for row in kept()} == {"other"}


# --- masking ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Red  DRESS", "red dress"),
        ("call +44 20 7946 0958 now", "call [number] now"),
        ("(555) 123-4567", "[number]"),
        ("0049 170 123 45 67", "[number]"),
        ("٠١٢٣٤٥٦٧٨", "[number]"),
        ("4006381333931", "[number]"),
        ("a@b", "[email]"),
        ("größe 38 @home", "größe 38 @home"),
        ("levi 501 32 34", "levi 501 32 34"),
        ("120 x 80 x 75 cm", "120 x 80 x 75 cm"),
        ("AB1234567 shoe", "ab1234567 shoe"),
        ("spring 2025 2026", "spring 2025 2026"),
        ("", ""),
    ],
)
def test_addresses_and_long_numbers_are_masked_and_sizes_are_not(words: str, expected: str) -> None:
    assert kept_words(words) == expected


@given(st.text(max_size=600))
def test_kept_words_fit_their_column_and_are_kept_the_same_again(text: str) -> None:
    once = kept_words(text)
    assert len(once) <= 500
    assert "\x00" not in once
    assert kept_words(once) == once
