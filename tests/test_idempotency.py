"""`Idempotency-Key`: the same key and body are answered once more, and nothing is done twice."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from catalog.api import idempotency
from catalog.models import ApiKey, IdempotencyRecord, Product, Store
from catalog.models.keys import create_api_key
from search.models import QueryImage, Synonym
from tests.api_fixtures import client_of, post_json, problem_of, upload
from tests.shop import make_store

pytestmark = pytest.mark.django_db
KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
SYNONYM = {"phrases": ["sneakers", "running shoes"]}


@pytest.fixture
def store(db: None) -> Store:
    return make_store("shop")


@pytest.fixture
def client(store: Store) -> Client:
    return client_of(store, kind="secret")


def create(client: Client, body: object, *, key: str = "one", path: str = "/api/v1/synonyms") -> Any:
    return post_json(client, path, body, headers={"Idempotency-Key": key})


def test_the_same_request_is_answered_again_and_done_once(client: Client) -> None:
    first = post_json(client, "/api/v1/synonyms", SYNONYM, headers=KEY)
    again = post_json(client, "/api/v1/synonyms", SYNONYM, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert (again["ETag"], again["Location"]) == (first["ETag"], first["Location"])
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Synonym.objects.count() == 1


def test_a_key_may_be_sent_bare_or_in_quotes(client: Client) -> None:
    assert create(client, SYNONYM, key="abc").json() == create(client, SYNONYM, key='"abc"').json()


def test_without_the_header_each_request_is_done(client: Client) -> None:
    post_json(client, "/api/v1/synonyms", SYNONYM)
    post_json(client, "/api/v1/synonyms", SYNONYM)
    assert Synonym.objects.count() == 2
    assert IdempotencyRecord.objects.count() == 0


def test_another_body_under_the_same_key_is_a_422(client: Client) -> None:
    create(client, SYNONYM)
    answer = create(client, {"phrases": ["bags", "purses"]})
    assert answer.status_code == 422
    assert problem_of(answer)["code"] == "idempotency_key_reused"
    assert Synonym.objects.count() == 1


def test_another_path_under_the_same_key_is_a_422(client: Client) -> None:
    create(client, SYNONYM)
    assert create(client, SYNONYM, path="/api/v1/presets").status_code == 422


def test_keys_of_two_stores_do_not_meet(client: Client) -> None:
    other = client_of(make_store("other"), kind="secret")
    assert create(client, SYNONYM).json() != create(other, SYNONYM).json()
    assert Synonym.objects.count() == 2


def test_a_refused_request_is_not_kept_and_may_be_put_right(client: Client) -> None:
    assert create(client, {"phrases": ["alone"]}).status_code == 400
    assert create(client, SYNONYM).status_code == 201
    assert IdempotencyRecord.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9", '""'])
def test_a_key_that_is_none_is_a_400(client: Client, key: str) -> None:
    answer = create(client, SYNONYM, key=key)
    assert answer.status_code == 400
    assert problem_of(answer)["field"] == "Idempotency-Key"


def test_after_a_day_the_key_is_new(client: Client) -> None:
    create(client, SYNONYM)
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert create(client, {"phrases": ["bags", "purses"]}).status_code == 201
    assert IdempotencyRecord.objects.count() == 1


def test_expired_records_are_tidied(client: Client) -> None:
    create(client, SYNONYM)
    create(client, SYNONYM, key="two")
    IdempotencyRecord.objects.filter(key="one").update(created_at=timezone.now() - timedelta(hours=25))
    IdempotencyRecord.objects.expired().delete()
    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["two"]


def test_a_product_is_made_once(client: Client) -> None:
    body = {"sku": "new", "title": "New"}
    first, again = (create(client, body, path="/api/v1/products") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert create(client, body, key="two", path="/api/v1/products").status_code == 409


def test_a_form_is_known_by_its_parts_and_not_by_its_boundary(client: Client) -> None:
    def send(photo: SimpleUploadedFile, boundary: str) -> Any:
        body = b"".join(
            [
                f"--{boundary}\r\n".encode(),
                b'Content-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n',
                photo.read(),
                f"\r\n--{boundary}--\r\n".encode(),
            ]
        )
        kind = f"multipart/form-data; boundary={boundary}"
        return client.generic("POST", "/api/v1/images", body, content_type=kind, headers={"Idempotency-Key": "photo"})

    first, again, other = send(upload("red"), "aaa"), send(upload("red"), "bbb"), send(upload("blue"), "aaa")
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.json() == first.json()
    assert QueryImage.objects.count() == 1


def test_an_import_is_answered_again_line_by_line(client: Client) -> None:
    def send() -> Any:
        lines = b'{"sku": "a", "title": "A"}\n{"sku": "b", "title": ""}\n'
        headers = {"Idempotency-Key": "import", "Accept": "application/x-ndjson"}
        return client.generic(
            "POST", "/api/v1/products/import", lines, content_type="application/x-ndjson", headers=headers
        )

    first, again = send(), send()
    assert first.status_code == 200
    assert b"created" in first.content
    assert again.content == first.content
    assert Product.objects.count() == 1


def at_once(*calls: Any) -> None:
    def closing(call: Any) -> None:
        try:
            call()
        finally:
            connection.close()

    threads = [threading.Thread(target=closing, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_write_once_and_get_one_answer() -> None:
    _, key = create_api_key(store=make_store("shop"), name="test", kind="secret")
    barrier, answers = threading.Barrier(2), []

    def send() -> None:
        client = Client(headers={"X-API-Key": key})
        barrier.wait()
        answers.append(create(client, SYNONYM))

    at_once(send, send)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert sorted("Idempotency-Replayed" in answer for answer in answers) == [False, True]
    assert Synonym.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_whose_twin_does_not_end_is_a_409(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "WAIT_MS", 100)
    store = make_store("shop")
    client = client_of(store, kind="secret")
    key = ApiKey.objects.get(store=store)
    has_begun, may_end, answers = threading.Event(), threading.Event(), []

    def work() -> None:
        with transaction.atomic():
            IdempotencyRecord.objects.create(api_key=key, key="one", fingerprint="x")
            has_begun.set()
            may_end.wait(20)
            transaction.set_rollback(True)

    def send() -> None:
        has_begun.wait(20)
        answers.append(create(client, SYNONYM))
        may_end.set()

    at_once(work, send)
    assert answers[0].status_code == 409
    assert problem_of(answers[0])["code"] == "idempotency_conflict"
    assert create(client, SYNONYM).status_code == 201, "the twin left nothing behind"
