"""ETags: 304 for a reader who has it, 412 for a writer who had something older."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from catalog.api.etags import etag_of
from catalog.models import Product, Store
from catalog.models.keys import create_api_key
from search.models import Synonym
from tests.api_fixtures import client_of, post_json, problem_of
from tests.shop import brand, make_product, make_store

pytestmark = pytest.mark.django_db
BODIES: dict[str, dict[str, Any]] = {
    "rules": {
        "name": "A",
        "triggers": [{"kind": "words", "match": "any"}],
        "actions": [{"kind": "banner", "banner": {"n": 1}}],
    },
    "synonyms": {"phrases": ["sneakers", "running shoes"]},
    "presets": {"name": "sale", "parameters": {"per_page": 48}},
    "products": {"sku": "red-shoes", "title": "Red shoes"},
}
CHANGES: dict[str, dict[str, Any]] = {
    "rules": {"name": "B"},
    "synonyms": {"phrases": ["bags", "purses"]},
    "presets": {"parameters": {}},
    "products": {"title": "Blue shoes"},
}
each_kind = pytest.mark.parametrize("kind", BODIES)


@pytest.fixture
def store(db: None) -> Store:
    return make_store("shop")


@pytest.fixture
def client(store: Store) -> Client:
    return client_of(store, kind="secret")


def create(client: Client, kind: str) -> tuple[str, str]:
    """The path and the tag of a new record."""
    answer = post_json(client, f"/api/v1/{kind}", BODIES[kind])
    assert answer.status_code == 201, answer.content
    return f"/api/v1/{kind}/{answer.json().get('id', 'red-shoes')}", answer["ETag"]


def patch(client: Client, path: str, body: object, **headers: str) -> Any:
    return client.patch(path, body, "application/json", headers={k.replace("_", "-"): v for k, v in headers.items()})


@each_kind
def test_a_reader_who_has_it_gets_304(client: Client, kind: str) -> None:
    path, made = create(client, kind)
    first = client.get(path)
    assert first["ETag"] == made
    assert made.startswith('"')
    for known in (made, f"W/{made}", f'"other", {made}', "*"):
        again = client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", made), known
    for other in ('"other"', "nonsense", ""):
        assert client.get(path, headers={"If-None-Match": other}).status_code == 200


@each_kind
def test_a_writer_who_read_something_older_gets_412_and_nothing_is_written(client: Client, kind: str) -> None:
    path, made = create(client, kind)
    changed = patch(client, path, CHANGES[kind], If_Match=made)
    assert changed.status_code == 200, changed.content
    assert changed["ETag"] not in ("", made)
    now = client.get(path)
    assert now["ETag"] == changed["ETag"]
    for late in (
        patch(client, path, BODIES[kind], If_Match=made),
        client.put(path, BODIES[kind], "application/json", headers={"If-Match": made}),
        client.delete(path, headers={"If-Match": made}),
        client.delete(path, headers={"If-Match": f"W/{changed['ETag']}"}),
    ):
        assert late.status_code == 412
        assert problem_of(late)["code"] == "precondition_failed"
    assert client.get(path).json() == now.json()
    assert client.delete(path, headers={"If-Match": changed["ETag"]}).status_code == 204


@each_kind
def test_the_same_content_has_the_same_tag(client: Client, kind: str) -> None:
    path, made = create(client, kind)
    put = client.put(path, BODIES[kind], "application/json", headers={"If-Match": "*"})
    assert (put.status_code, put["ETag"]) == (200, made)


def test_put_can_be_bound_to_there_being_nothing(client: Client) -> None:
    path = "/api/v1/products/new"
    body = {"title": "New"}
    assert client.put(path, body, "application/json", headers={"If-Match": "*"}).status_code == 412
    assert Product.objects.count() == 0
    assert client.put(path, body, "application/json", headers={"If-None-Match": "*"}).status_code == 201
    assert client.put(path, body, "application/json", headers={"If-None-Match": "*"}).status_code == 412


def test_a_tag_says_all_that_the_answer_says(client: Client, store: Store) -> None:
    make_product(store, "red-shoes", brand=brand(store, "Halden"))
    before = client.get("/api/v1/products/red-shoes")["ETag"]
    store.brands.update(name="Halden & Son")
    assert client.get("/api/v1/products/red-shoes")["ETag"] != before


def test_a_list_has_a_tag_too(client: Client) -> None:
    create(client, "rules")
    listed = client.get("/api/v1/rules")
    assert client.get("/api/v1/rules", headers={"If-None-Match": listed["ETag"]}).status_code == 304


def test_a_tag_depends_on_the_content_alone() -> None:
    assert etag_of({"a": 1}) == etag_of({"a": 1}) != etag_of({"a": 2})


@pytest.mark.django_db(transaction=True)
def test_of_two_writers_at_once_who_read_the_same_one_wins() -> None:
    _, key = create_api_key(store=make_store("shop"), name="test", kind="secret")
    path, made = create(Client(headers={"X-API-Key": key}), "synonyms")
    barrier, statuses = threading.Barrier(2), []

    def write(word: str) -> None:
        client = Client(headers={"X-API-Key": key})
        barrier.wait()
        statuses.append(patch(client, path, {"phrases": [word, "x"]}, If_Match=made).status_code)
        connection.close()

    threads = [threading.Thread(target=write, args=(word,)) for word in ("a1", "b1")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 412]
    assert Synonym.objects.get().phrases in (["a1", "x"], ["b1", "x"])
