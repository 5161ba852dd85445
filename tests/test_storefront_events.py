"""What the shop page reports, and what its cards and answers carry for it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from catalog.models import Store
from search.events.records import SearchEvent, SearchLog
from search.events.search_log import keep_searches
from storefront import security
from tests.shop import make_product, make_store
from tests.storefront_fixtures import PART

pytest_plugins = ["tests.storefront_fixtures"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> Store:
    store = make_store("shop")
    make_product(store, "red", colours=())
    make_product(make_store("other"), "green", colours=())
    return store


def event(name: str = "e1", **facts: Any) -> dict[str, Any]:
    return {"id": name, "type": "click", "product": "red", "search_id": "s1", "position": 2, "visitor": "v-1", **facts}


def report(events: object, *, client: Client | None = None, path: str = "/events", **headers: str) -> int:
    text = events if isinstance(events, str) else json.dumps(events)
    return (client or Client()).post(path, {"events": text}, headers=headers).status_code


def test_a_report_is_kept_in_the_pages_store(store: Store) -> None:
    assert report([event("a"), event("b", type="impression"), event("c", product="green")]) == 204
    assert report([event("a", product="green")], path="/s/other/events") == 204
    rows = SearchEvent.objects.order_by("pk").values_list("store__slug", "event_id", "kind", "sku")
    assert list(rows) == [
        ("shop", "a", "click", "red"),
        ("shop", "b", "impression", "red"),
        ("other", "a", "click", "green"),
    ]


def test_a_page_cannot_say_that_somebody_paid(store: Store) -> None:
    assert report([event(type="purchase", value=9999), event("x", type=["click"]), 7]) == 204
    assert not SearchEvent.objects.exists()


def test_a_report_needs_the_pages_token(store: Store) -> None:
    visitor = Client(enforce_csrf_checks=True)
    assert report([event()], client=visitor) == 403
    token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', visitor.get("/").content.decode())
    assert token
    answer = visitor.post("/events", {"events": json.dumps([event()]), "csrfmiddlewaretoken": token[1]})
    assert answer.status_code == 204
    assert Client().get("/events").status_code == 405


@pytest.mark.parametrize("header", [{"DNT": "1"}, {"Sec-GPC": "1"}])
def test_a_browser_that_asks_not_to_be_tracked_is_not(store: Store, header: dict[str, str]) -> None:
    assert report([event("a"), event("b", type="impression"), event("c", type="not_relevant")], **header) == 204
    row = SearchEvent.objects.get()
    assert (row.event_id, row.kind, row.visitor) == ("c", "not_relevant", "")


@pytest.mark.parametrize(
    "text", ["", "nonsense", "{}", "7", "[" * 100_000, json.dumps([event()] * 101), " " * 70_000, "null"]
)
def test_a_misshapen_report_is_refused(store: Store, text: str) -> None:
    assert report(text) == 400
    assert not SearchEvent.objects.exists()


def test_an_address_reports_so_often_in_a_minute(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "REPORTS_PER_MINUTE", 2)
    assert [report([event(f"e{number}")]) for number in range(3)] == [204, 204, 429]
    assert SearchEvent.objects.count() == 2


def test_while_redis_is_down_reports_are_kept(store: Store, settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    assert report([event()]) == 204
    assert SearchEvent.objects.count() == 1


def cards(text: str) -> list[tuple[str, str, int]]:
    found = re.findall(r'<li class="card" data-sku="([^"]+)" data-search="([^"]+)" data-position="(\d+)"', text)
    return [(sku, search_id, int(position)) for sku, search_id, position in found]


def test_cards_say_which_search_found_them_and_where(boutique: Store, visitor: Client) -> None:
    text = visitor.get("/", {"q": "red"}).content.decode()
    keep_searches()
    search_id = SearchLog.objects.get(words="red").search_id
    assert [(found, position) for _, found, position in cards(text)] == [(search_id, 1), (search_id, 2)]
    assert 'data-events="/events"' in text
    assert 'data-events="/s/shop/events"' in visitor.get("/s/shop/").content.decode()
    similar = visitor.get("/similar/red-shoes", headers=PART).content.decode()
    assert [position for _, _, position in cards(similar)] == list(range(1, 9))


def test_further_pages_count_positions_on(boutique: Store, visitor: Client) -> None:
    for number in range(20):
        make_product(boutique, f"more-{number}", colours=())
    first = cards(visitor.get("/").content.decode())
    later = visitor.get("/", {"page": 2, "search_id": first[0][1]}, headers={**PART, "HX-Target": "next"})
    second = cards(later.content.decode())
    assert [position for _, _, position in first + second] == list(range(1, 33))
    assert {search_id for _, search_id, _ in first + second} == {first[0][1]}


def test_what_was_typed_on_from_is_no_question_of_its_own(boutique: Store, visitor: Client) -> None:
    def type_on(before: str, words: str, search_before: str) -> None:
        headers = {**PART, "HX-Current-URL": f"http://testserver/?q={before}", "X-Search-Before": search_before}
        visitor.get("/", {"q": words}, headers=headers)

    def last_id() -> str:
        keep_searches()
        return SearchLog.objects.order_by("-pk")[0].search_id

    visitor.get("/", {"q": "re"})
    type_on("re", "red", last_id())
    type_on("red", "lamp", last_id())
    type_on("lamp", "lamps", "x" * 100)
    keep_searches()
    asked = SearchLog.objects.order_by("pk").values_list("words", "is_superseded")
    assert list(asked) == [("re", True), ("red", False), ("lamp", False), ("lamps", False)]
