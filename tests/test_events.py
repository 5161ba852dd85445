"""Events over HTTP: kept once, refused one by one, apart by store, bounded in time, forgotten on request and by age."""

from __future__ import annotations

import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from catalog.models import Product, Store
from search.events import erasure, recording
from search.events.records import SearchEvent, SearchLog
from tests.api_fixtures import client_of, post_json, problem_of
from tests.shop import make_product, make_store

pytestmark = pytest.mark.django_db

EVENTS = "/api/v1/events"


@pytest.fixture
def store() -> Store:
    """A store with two products, beside one with another."""
    store = make_store("shop")
    for sku in ("red", "blue"):
        make_product(store, sku, colours=())
    make_product(make_store("other"), "green", colours=())
    return store


@pytest.fixture
def client(store: Store) -> Client:
    return client_of(store)


def event(name: str = "e1", **facts: Any) -> dict[str, Any]:
    return {"id": name, "type": "click", "product": "red", **facts}


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 202, answer.content
    return [result["status"] for result in answer.json()["results"]]


def test_one_event_is_kept_as_it_was_said(client: Client, store: Store) -> None:
    at = timezone.now() - timedelta(hours=1)
    said = event(type="purchase", search_id="s1", position=3, visitor="v-1", value="39.90", occurred_at=at.isoformat())
    answer = post_json(client, EVENTS, said)
    assert answer.json() == {
        "accepted": 1,
        "duplicate": 0,
        "refused": 0,
        "results": [{"id": "e1", "status": "accepted"}],
    }
    row = SearchEvent.objects.get()
    assert (row.store, row.event_id, row.kind, row.sku) == (store, "e1", "purchase", "red")
    assert (row.search_id, row.position, row.visitor, str(row.value)) == ("s1", 3, "v-1", "39.9000")
    assert row.occurred_at == at


def test_what_is_not_said_is_empty_and_happened_now(client: Client) -> None:
    post_json(client, EVENTS, event())
    row = SearchEvent.objects.get()
    assert (row.search_id, row.position, row.visitor, row.value) == ("", None, "", None)
    assert abs(row.occurred_at - timezone.now()) < timedelta(minutes=1)


def test_the_same_event_twice_is_one_row_and_keeps_its_first_facts(client: Client) -> None:
    assert statuses(post_json(client, EVENTS, event())) == ["accepted"]
    assert statuses(post_json(client, EVENTS, event(type="purchase"))) == ["duplicate"]
    assert [row.kind for row in SearchEvent.objects.all()] == ["click"]


def test_the_same_event_twice_in_one_batch_is_one_row(client: Client) -> None:
    batch = {"events": [event("a"), event("b"), event("a")]}
    assert statuses(post_json(client, EVENTS, batch)) == ["accepted", "accepted", "duplicate"]
    assert SearchEvent.objects.count() == 2


def test_a_bad_event_refuses_itself_alone_and_says_why(client: Client) -> None:
    old, ahead = timezone.now() - timedelta(hours=49), timezone.now() + timedelta(hours=1)
    bad: dict[str, Any] = {
        "type": event("kind", type="look"),
        "product": event("gone", product="pink"),
        "position": event("place", position=0),
        "visitor": event("mail", visitor="anna@shop.example"),
        "value": event("value", value=-1),
        "colour": event("name", colour="red"),
        "id": {"type": "click", "product": "red"},
    }
    batch = [event("good"), *bad.values(), event("old", occurred_at=old.isoformat())]
    batch += [event("ahead", occurred_at=ahead.isoformat()), 7, None, event("nul", product="r\x00d"), event("i d")]
    answer = post_json(client, EVENTS, {"events": batch})
    assert statuses(answer) == ["accepted", *["refused"] * 13]
    results = answer.json()["results"]
    assert [result["field"] for result in results[1:10]] == [*bad, "occurred_at", "occurred_at"]
    assert [result["id"] for result in results[1:4]] == ["kind", "gone", "place"]
    assert results[2]["message"] == "There is no product 'pink' in this store."
    assert [row.event_id for row in SearchEvent.objects.all()] == ["good"]


def test_a_clock_that_is_a_little_ahead_is_taken_for_now(client: Client) -> None:
    ahead = timezone.now() + timedelta(minutes=5)
    assert statuses(post_json(client, EVENTS, event(occurred_at=ahead.isoformat()))) == ["accepted"]
    assert SearchEvent.objects.get().occurred_at <= timezone.now()


@pytest.mark.parametrize(
    "body", [[], "text", {"events": []}, {"events": {}}, {"events": [{}], "more": 1}, {"events": [{}] * 101}]
)
def test_another_shape_is_refused_whole(client: Client, body: Any) -> None:
    assert problem_of(post_json(client, EVENTS, body))["status"] == 400


def test_a_form_is_no_event(client: Client) -> None:
    assert problem_of(client.post(EVENTS, event()))["code"] == "unsupported_media_type"


def test_a_batch_is_two_statements_of_sql_whatever_its_size(store: Store, django_assert_num_queries: Any) -> None:
    events = [recording.NewEvent(f"e{number}", "click", "red") for number in range(100)]
    # Savepoint, timeout, skus, insert, timeout back, release.
    with django_assert_num_queries(6):
        recorded = recording.record_events(store, events, known=Product.objects.filter(store=store))
    assert {one.status for one in recorded} == {"accepted"}


# --- one store only --------------------------------------------------------------------------------------------------


def test_a_key_writes_into_its_own_store_and_knows_no_other_stores_products(client: Client, store: Store) -> None:
    assert statuses(post_json(client, EVENTS, event(product="green"))) == ["refused"]
    stranger = client_of(Store.objects.get(slug="other"))
    assert statuses(post_json(client, EVENTS, event())) == ["accepted"]
    assert statuses(post_json(stranger, EVENTS, event(product="green"))) == ["accepted"]
    assert {(row.store.slug, row.sku) for row in SearchEvent.objects.all()} == {("shop", "red"), ("other", "green")}


def test_a_hidden_product_is_unknown_to_a_page_and_known_to_a_server(client: Client, store: Store) -> None:
    store.products.filter(sku="red").update(is_published=False)
    assert statuses(post_json(client, EVENTS, event())) == ["refused"]
    assert statuses(post_json(client_of(store, kind="secret"), EVENTS, event())) == ["accepted"]


def test_without_a_key_nothing_is_kept(store: Store) -> None:
    assert post_json(Client(), EVENTS, event()).status_code == 401
    assert not SearchEvent.objects.exists()


def test_events_do_not_use_up_what_a_key_may_search(store: Store, settings: Settings) -> None:
    settings.THROTTLE_PUBLISHABLE_PER_MINUTE = 1
    client = client_of(store)
    assert [post_json(client, EVENTS, event()).status_code for _ in range(2)] == [202, 429]
    assert client.get("/api/v1/products").status_code == 200


# --- never blocking --------------------------------------------------------------------------------------------------


def test_while_redis_is_down_events_are_kept(client: Client, settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    assert statuses(post_json(client, EVENTS, event())) == ["accepted"]


@pytest.mark.django_db(transaction=True)
def test_a_postgres_that_is_stuck_costs_an_event_its_timeout_and_then_a_503(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "STATEMENT_TIMEOUT_MS", 200)
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE search_searchevent IN ACCESS EXCLUSIVE MODE")
            is_held.set()
            may_end.wait(30)
            cursor.execute("ROLLBACK")
        connections["default"].close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert is_held.wait(10)
    answer = post_json(client, EVENTS, event())
    may_end.set()
    holder.join()
    assert (problem_of(answer)["code"], answer["Retry-After"]) == ("database_timeout", "5")
    assert statuses(post_json(client, EVENTS, event())) == ["accepted"]


def test_the_time_limit_ends_with_the_batch(store: Store) -> None:
    with recording.bounded_statements(), connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("1500ms",)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
    with pytest.raises(OperationalError), recording.bounded_statements(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', '20', true)")
        cursor.execute("SELECT pg_sleep(5)")


# --- forgetting ------------------------------------------------------------------------------------------------------


def keep_event(store: Store, name: str, **facts: Any) -> SearchEvent:
    plain = {"kind": "click", "sku": "red", "occurred_at": timezone.now(), **facts}
    return SearchEvent.objects.create(store=store, event_id=name, **plain)


def keep_search(store: Store, name: str, **facts: Any) -> SearchLog:
    plain = {"mode": "words", "words": "red", "found": 1, "took_ms": 5, "created_at": timezone.now(), **facts}
    return SearchLog.objects.create(store=store, search_id=name, **plain)


def test_a_secret_key_erases_a_visitor_of_its_store_and_nobody_else(store: Store, client: Client) -> None:
    other = Store.objects.get(slug="other")
    for number, (shop, visitor) in enumerate(((store, "anna"), (store, "anna"), (store, "ben"), (other, "anna"))):
        keep_event(shop, f"e{number}", visitor=visitor)
    path = "/api/v1/visitors/anna/events"
    assert problem_of(client.delete(path))["code"] == "forbidden"
    secret = client_of(store, kind="secret")
    assert [secret.delete(path).json() for _ in range(2)] == [{"erased": 2}, {"erased": 0}]
    left = SearchEvent.objects.values_list("store__slug", "visitor")
    assert set(left) == {("shop", "ben"), ("other", "anna")}


def test_the_command_erases_a_visitor_in_one_store_or_in_every_one(store: Store) -> None:
    other = Store.objects.get(slug="other")
    for number, shop in enumerate((store, store, other, other)):
        keep_event(shop, f"e{number}", visitor="anna")
    said = StringIO()
    call_command("erase_visitor", "anna", store="shop", stdout=said)
    assert said.getvalue() == "2 events, 0 searches and 0 photos erased\n"
    call_command("erase_visitor", "anna", stdout=said)
    assert not SearchEvent.objects.exists()
    with pytest.raises(CommandError, match="There is no store 'shoop'"):
        call_command("erase_visitor", "anna", store="shoop")


def test_events_without_a_visitor_are_nobodys_to_erase(store: Store) -> None:
    keep_event(store, "e1")
    assert erasure.erase_visitor(store, "") == 0
    assert SearchEvent.objects.count() == 1


def test_events_and_searches_are_deleted_when_their_time_is_over(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EVENT_RETENTION_DAYS = 30
    monkeypatch.setattr(erasure, "BATCH", 2)
    old = timezone.now() - timedelta(days=31)
    for number in range(5):
        keep_event(store, f"old{number}", occurred_at=old)
        keep_search(store, f"old{number}", created_at=old)
    keep_event(store, "new")
    keep_search(store, "new", created_at=timezone.now() - timedelta(days=29))
    assert erasure.delete_old() == 10
    assert [row.event_id for row in SearchEvent.objects.all()] == ["new"]
    assert [row.search_id for row in SearchLog.objects.all()] == ["new"]


def test_one_run_deletes_a_bounded_number_and_the_next_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "BATCH", 2)
    monkeypatch.setattr(erasure, "MAX_BATCHES", 2)
    for number in range(6):
        keep_event(store, f"old{number}", occurred_at=timezone.now() - timedelta(days=999))
    assert [erasure.delete_old() for _ in range(3)] == [4, 2, 0]
