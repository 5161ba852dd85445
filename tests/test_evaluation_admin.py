"""Judged sets in the admin: a file taken in, one given out, queries edited by the file's rules, and stores kept apart."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalog.models import Store
from search.evaluation.records import JudgedQueryRow, JudgedSetRow, JudgmentRow
from search.evaluation.sets import JudgedQuery, JudgedSet, lines_of, parse_lines
from search.evaluation.stores import find_set, store_set
from tests.shop import make_store

pytestmark = pytest.mark.django_db

QUERIES = (
    JudgedQuery("red", {"a": 2, "b": 1}, text="red", slices={"kind": "colour"}),
    JudgedQuery("photo", {"a": 1}, photo_of="a", distortion="blur-mild", seed=4),
)


@pytest.fixture
def store() -> Store:
    return make_store("mine")


@pytest.fixture
def client(store: Store) -> Client:
    """A merchandiser of one store, signed in."""
    user = User.objects.create_user("anna", password="pw", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__model__startswith="judg"))
    store.members.add(user)
    client = Client()
    client.force_login(user)
    return client


def query_form(row: JudgedSetRow, **facts: Any) -> dict[str, Any]:
    rows = {
        "judgments-TOTAL_FORMS": "1",
        "judgments-INITIAL_FORMS": "0",
        "judgments-0-sku": "a",
        "judgments-0-gain": "2",
    }
    plain = {"judged_set": row.pk, "key": "blue", "seed": "0", "filters": "", "slices": "", "region": ""}
    return {**plain, "text_weight": "1", "image_weight": "1", **rows, **facts}


def add_set(client: Client, store: Store, content: bytes) -> Any:
    file = SimpleUploadedFile("colours.ndjson", content)
    return client.post(
        reverse("admin:search_judgedsetrow_add"), {"store": store.pk, "name": "colours", "file": file}, follow=True
    )


def test_an_uploaded_file_becomes_a_set_and_comes_back_the_same(client: Client, store: Store) -> None:
    answer = add_set(client, store, lines_of(QUERIES).encode())
    assert "2 queries are in colours." in answer.content.decode()
    assert find_set(store, "colours").queries == QUERIES
    pk = JudgedSetRow.objects.get().pk
    page = reverse("admin:search_judgedsetrow_changelist")
    file = client.post(page, {"action": "download", "_selected_action": [pk]})
    assert file["Content-Disposition"] == 'attachment; filename="colours.ndjson"'
    assert parse_lines(file.content.decode().splitlines(), name="colours") == QUERIES


def test_a_bad_file_is_refused_with_its_line_and_changes_nothing(client: Client, store: Store) -> None:
    answer = add_set(client, store, b'{"id": "q", "text": "red", "judgments": {"a": -1}}')
    said = answer.content.decode().replace("&#x27;", "'")
    assert "colours.ndjson, line 1: the gain of 'a' is -1: give a whole number from 0 to 1000." in said
    assert "is not UTF-8 text" in add_set(client, store, b"\xff\xfe").content.decode()
    photo = b'{"id": "q", "image": "a.jpg", "judgments": {"a": 1}}'
    assert "manage.py import_query_set" in add_set(client, store, photo).content.decode()
    assert not JudgedSetRow.objects.exists()


def test_a_query_is_written_by_hand_under_the_rules_of_the_file(client: Client, store: Store) -> None:
    row = store_set(store, JudgedSet("mine", QUERIES), name="mine")
    add = reverse("admin:search_judgedqueryrow_add")
    assert client.get(add).status_code == 200
    answer = client.post(add, query_form(row, text="blue", mode="image"))
    assert "is not possible here" in answer.content.decode()
    client.post(add, query_form(row, text="blue", filters='{"category": ["shoes"]}'))
    added = JudgedQueryRow.objects.get(key="blue")
    assert list(added.judgments.values_list("sku", "gain")) == [("a", 2)]
    assert {query.id for query in find_set(store, "mine").queries} == {"red", "photo", "blue"}
    assert client.get(reverse("admin:search_judgedqueryrow_change", args=[added.pk])).status_code == 200


def test_another_stores_sets_are_neither_listed_nor_offered(client: Client, store: Store) -> None:
    other = store_set(make_store("other"), JudgedSet("secret-set", QUERIES), name="secret-set")
    store_set(store, JudgedSet("mine", QUERIES), name="mine")
    for name in ("judgedsetrow_changelist", "judgedqueryrow_changelist", "judgedqueryrow_add"):
        page = client.get(reverse(f"admin:search_{name}"))
        assert page.status_code == 200
        assert "secret-set" not in page.content.decode()
    query = other.queries.first()
    assert query is not None
    assert client.get(reverse("admin:search_judgedqueryrow_change", args=[query.pk])).status_code == 302
    client.post(reverse("admin:search_judgedqueryrow_add"), query_form(other, text="blue"))
    assert not JudgedQueryRow.objects.filter(key="blue").exists()
    assert JudgmentRow.objects.filter(query__judged_set=other).count() == 3
