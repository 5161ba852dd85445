"""All that is tied to one visitor: shown to them and erased, by the API and by commands, and nothing of anybody else."""

from __future__ import annotations

import base64
import json
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from catalog.models import Store
from search.events.records import SearchEvent, SearchLog
from search.events.search_log import WAITING, keep_searches
from search.models import QueryImage
from search.redis_client import redis_client
from tests.api_fixtures import base64_photo, client_of, post_json, problem_of

pytestmark = pytest.mark.django_db
ANNA = "/api/v1/visitors/anna"


def leave_traces(store: Store, visitor: str, *, is_kept: bool) -> str:
    """A search, a photo and a click as a shop's page makes them; returns the search's id."""
    client = client_of(store)
    search_id = str(client.get("/api/v1/search", {"q": f"{visitor} looks for red"}).json()["search_id"])
    if is_kept:
        keep_searches()
    assert post_json(client, "/api/v1/images", {"base64": base64_photo("red"), "visitor": visitor}).status_code == 201
    event = {"id": f"e-{visitor}", "type": "click", "product": "red-shoes", "visitor": visitor, "search_id": search_id}
    assert post_json(client, "/api/v1/events", event).json()["accepted"] == 1
    return search_id


@pytest.fixture
def secret(empty_client: Client) -> Client:
    """A client with a secret key; anna's search is kept, ben's still waits in Redis."""
    store = Store.objects.get(slug="shop")
    redis_client().delete(WAITING)
    leave_traces(store, "anna", is_kept=True)
    leave_traces(store, "ben", is_kept=False)
    return client_of(store, kind="secret")


def counts(shown: dict[str, Any]) -> dict[str, int]:
    return {name: len(shown[name]) for name in ("events", "searches", "photos")}


def test_everything_of_a_visitor_is_shown_and_erased_and_nothing_of_others(secret: Client) -> None:
    shown = secret.get(ANNA).json()
    assert counts(shown) == {"events": 1, "searches": 1, "photos": 1}
    assert (shown["visitor"], shown["searches"][0]["words"]) == ("anna", "anna looks for red")
    assert (shown["events"][0]["sku"], shown["events"][0]["search_id"]) == (
        "red-shoes",
        shown["searches"][0]["search_id"],
    )
    with Image.open(BytesIO(base64.b64decode(shown["photos"][0]["jpeg"]))) as photo:
        assert photo.size == (32, 40)
    assert secret.delete(ANNA).json() == {"events": 1, "searches": 1, "photos": 1}
    assert counts(secret.get(ANNA).json()) == {"events": 0, "searches": 0, "photos": 0}
    # What waits in Redis is shown and erased, too.
    ben = secret.get("/api/v1/visitors/ben").json()
    assert [search["words"] for search in ben["searches"]] == ["ben looks for red"]
    assert secret.delete("/api/v1/visitors/ben").json() == {"events": 1, "searches": 1, "photos": 1}
    keep_searches()
    assert (SearchLog.objects.count(), SearchEvent.objects.count(), QueryImage.objects.count()) == (0, 0, 0)


def test_the_commands_show_and_erase_the_same(secret: Client) -> None:
    said = StringIO()
    call_command("export_visitor", "ben", stdout=said)
    shown = {one["store"]: counts(one) for one in json.loads(said.getvalue())}
    nothing = {"events": 0, "searches": 0, "photos": 0}
    assert shown == {"shop": {"events": 1, "searches": 1, "photos": 1}, "other": nothing}
    said = StringIO()
    call_command("erase_visitor", "ben", store="shop", stdout=said)
    assert said.getvalue() == "1 events, 1 searches and 1 photos erased\n"
    assert list(SearchEvent.objects.values_list("visitor", flat=True)) == ["anna"]


def test_only_a_secret_key_may_and_another_store_has_another_anna(secret: Client, empty_client: Client) -> None:
    assert problem_of(empty_client.get(ANNA))["code"] == problem_of(empty_client.delete(ANNA))["code"] == "forbidden"
    other = client_of(Store.objects.get(slug="other"), kind="secret")
    assert counts(other.get(ANNA).json()) == {"events": 0, "searches": 0, "photos": 0}
    assert other.delete(ANNA).json() == {"events": 0, "searches": 0, "photos": 0}
    assert SearchEvent.objects.filter(visitor="anna").exists()


def test_without_redis_nothing_is_erased_and_it_says_so(secret: Client, settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    for answer in (secret.get(ANNA), secret.delete(ANNA)):
        assert (answer.status_code, problem_of(answer)["code"]) == (503, "searches_unavailable")
    assert SearchEvent.objects.filter(visitor="anna").exists()


def test_a_visitor_is_a_pseudonym(empty_client: Client) -> None:
    answer = post_json(empty_client, "/api/v1/images", {"base64": base64_photo("red"), "visitor": "anna@mail.example"})
    assert (answer.status_code, answer.json()["field"]) == (400, "visitor")
    assert not QueryImage.objects.filter(created_at__lte=timezone.now()).exists()
