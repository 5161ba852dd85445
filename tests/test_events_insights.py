"""The page of insights: figures by period, of the user's own stores alone, and nothing that a shopper wrote as HTML."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Store
from search.events import insights
from search.events.insights import Period
from search.events.records import SearchEvent, SearchLog
from tests.shop import make_product, make_store

pytestmark = pytest.mark.django_db

_numbers = count()


@pytest.fixture
def store() -> Store:
    store = make_store("shop")
    make_product(store, "a", colours=(), title="A dress")
    return store


@pytest.fixture
def client(store: Store) -> Client:
    """A merchandiser of one store, signed in."""
    user = User.objects.create_user("anna", password="pw", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_searchlog", "view_searchevent"]))
    store.members.add(user)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def period() -> Period:
    today = timezone.localdate()
    return Period(today - timedelta(days=6), today)


def searched(store: Store, words: str, **facts: Any) -> str:
    plain = {"mode": "words", "words": words, "found": 3, "took_ms": 5, "created_at": timezone.now(), **facts}
    return SearchLog.objects.create(store=store, search_id=f"s{next(_numbers)}", **plain).search_id


def did(store: Store, search_id: str, kind: str = "click", sku: str = "a") -> None:
    name = f"e{next(_numbers)}"
    SearchEvent.objects.create(
        store=store, event_id=name, kind=kind, sku=sku, search_id=search_id, occurred_at=timezone.now()
    )


def page(client: Client, **query: Any) -> Any:
    return client.get(reverse("admin:search_searchlog_insights"), query)


def test_words_are_counted_with_their_clicks_and_steps_of_typing_are_not(store: Store, period: Period) -> None:
    for clicked in (True, True, False):
        search_id = searched(store, "red dress", filters={"in_stock": True} if clicked else {})
        if clicked:
            did(store, search_id)
            did(store, search_id, "purchase")
    searched(store, "boots", found=0)
    searched(store, "red dr", is_superseded=True)
    searched(store, "old", created_at=timezone.now() - timedelta(days=8))
    searched(make_store("other"), "others")
    popular = insights.popular_words(store, period)
    assert [(row.text, row.searches, row.clicked, row.filtered, row.found) for row in popular] == [
        ("red dress", 3, 2, 2, 3),
        ("boots", 1, 0, 0, 0),
    ]
    assert [row.text for row in insights.words_without_hits(store, period)] == ["boots"]
    figures = insights.summary(store, period)
    assert (figures.searches, figures.without_hits, figures.clicked, figures.median_ms) == (4, 1, 2, 5)
    assert len(figures.days) == 7
    assert (figures.days[-1].searches, figures.days[-1].without_hits) == (4, 1)


def test_photos_are_counted_by_their_digest(store: Store, period: Period) -> None:
    for found in (0, 5):
        searched(store, "", mode="image", photo_digest="f" * 64, found=found)
    searched(store, "navy", mode="composed", photo_digest="0" * 64, found=0)
    assert [(row.text[0], row.searches) for row in insights.popular_photos(store, period)] == [("f", 2), ("0", 1)]
    assert {row.text[0] for row in insights.photos_without_hits(store, period)} == {"f", "0"}
    assert insights.words_without_hits(store, period) == []


def test_not_relevant_is_counted_by_words_and_product(store: Store, period: Period) -> None:
    for _ in range(2):
        did(store, searched(store, "red"), "not_relevant")
    did(store, "unknown", "not_relevant", sku="gone")
    rows = insights.not_relevant(store, period)
    assert [(row.words, row.sku, row.title, row.count) for row in rows] == [
        ("red", "a", "A dress", 2),
        ("", "gone", "", 1),
    ]
    assert insights.summary(store, period).not_relevant == 3


def test_a_store_without_searches_has_a_page(client: Client) -> None:
    answer = page(client)
    assert answer.status_code == 200
    assert "No data" in answer.content.decode()


def test_the_page_shows_its_store_and_days(client: Client, store: Store) -> None:
    did(store, searched(store, "red dress"))
    did(store, searched(store, "red dress"), "not_relevant")
    text = page(client).content.decode()
    assert text.count("red dress") >= 2
    assert "50.0 %" in text
    assert "A dress" in text
    yesterday = timezone.localdate() - timedelta(days=1)
    assert "red dress" not in page(client, **{"from": "2020-01-01", "to": yesterday.isoformat()}).content.decode()


def test_a_merchandiser_sees_no_other_store(client: Client, store: Store) -> None:
    other = make_store("other")
    searched(other, "secret plans")
    assert "secret plans" not in page(client).content.decode()
    assert page(client, store=other.pk).status_code == 404
    assert page(client, store="x").status_code == 404
    for name in ("searchlog", "searchevent"):
        rows = client.get(reverse(f"admin:search_{name}_changelist"))
        assert rows.status_code == 200
        assert "secret plans" not in rows.content.decode()


def test_staff_without_the_permission_see_no_page(store: Store) -> None:
    user = User.objects.create_user("ben", password="pw", is_staff=True)
    store.members.add(user)
    client = Client()
    client.force_login(user)
    assert page(client).status_code == 403
    assert page(Client()).status_code == 302


def test_staff_of_no_store_are_told_so(client: Client, store: Store) -> None:
    store.members.clear()
    searched(store, "red dress")
    text = page(client).content.decode()
    assert "member of no store" in text
    assert "red dress" not in text


def test_what_shoppers_wrote_is_never_html(client: Client, store: Store) -> None:
    attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    product = store.products.get()
    product.title = attack
    product.save()
    for facts in ({}, {"found": 0}, {"photo_digest": attack, "found": 0}):
        did(store, searched(store, attack, **facts), "not_relevant")
    did(store, searched(store, attack), "not_relevant", sku=attack)
    for answer in (page(client), client.get(reverse("admin:search_searchlog_changelist"))):
        text = answer.content.decode()
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert(1)" not in text
        assert "<img src=x" not in text


@pytest.mark.parametrize(
    "query",
    [
        {"from": "0001-01-01", "to": "9999-12-31"},
        {"from": "9999-12-31"},
        {"to": "0001-01-01"},
        {"from": "nonsense", "to": "\x00"},
        {"from": "2026-02-30"},
        {"store": ""},
    ],
)
def test_any_dates_give_a_page(client: Client, query: dict[str, str]) -> None:
    assert page(client, **query).status_code == 200


def test_the_period_is_as_long_as_events_are_kept(client: Client, store: Store, settings: Any) -> None:
    settings.EVENT_RETENTION_DAYS = 10
    period: Period = page(client, **{"from": "2020-01-01"}).context["period"]
    assert period == Period(timezone.localdate() - timedelta(days=10), timezone.localdate())
    assert isinstance(period.first, date)


def test_searches_and_events_are_read_only(client: Client, store: Store) -> None:
    did(store, searched(store, "red"))
    for name, row in (("searchlog", SearchLog.objects.get()), ("searchevent", SearchEvent.objects.get())):
        assert client.get(reverse(f"admin:search_{name}_add")).status_code == 403
        assert client.get(reverse(f"admin:search_{name}_change", args=[row.pk])).status_code == 200
        assert client.post(reverse(f"admin:search_{name}_change", args=[row.pk]), {}).status_code == 403
        assert client.post(reverse(f"admin:search_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
