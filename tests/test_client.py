"""The Python client against the live server, and against one that refuses, stalls or is not there."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client as DjangoClient
from pytest_django.live_server_helper import LiveServer

from catalog.models import Product, Store
from catalog.models.keys import create_api_key
from tests.shop import photo_bytes
from vitrine_client import Client, Problem, Unreachable
from vitrine_client.answers import SearchAnswer
from vitrine_client.requests import Event, Search

database = pytest.mark.django_db(transaction=True)


def client_of(store: Store, live_server: LiveServer, kind: str) -> Client:
    _, key = create_api_key(store=store, name="client", kind=kind)
    return Client(live_server.url, key, timeout_s=60)


@pytest.fixture
def vitrine(shop: Store, live_server: LiveServer) -> Iterator[Client]:
    """A client with a publishable key of the shop."""
    with client_of(shop, live_server, "publishable") as client:
        yield client


@pytest.fixture
def writing(shop: Store, live_server: LiveServer) -> Iterator[Client]:
    """A client with a secret key of the shop."""
    with client_of(shop, live_server, "secret") as client:
        yield client


def skus(answer: SearchAnswer) -> list[str]:
    return [hit["product"]["sku"] for hit in answer["hits"]]


@database
def test_words_are_searched(vitrine: Client) -> None:
    answer = vitrine.search(q="red shoes", facet_by=["color", {"field_name": "price", "ranges": [{"to": 50}]}])
    assert (skus(answer), answer["found"]) == (["red-shoes"], 1)
    assert answer["hits"][0]["product"]["price"] == {"amount": "10.00", "currency": "EUR"}
    assert [facet["field_name"] for facet in answer["facet_counts"]] == ["color", "price"]
    assert answer.keys() == SearchAnswer.__annotations__.keys() - {"explain"}


@database
def test_photos_are_searched_uploaded_and_stored(vitrine: Client) -> None:
    blue = {"blue-shoes", "blue-lamp"}
    assert set(skus(vitrine.search_photo(photo_bytes("blue"), per_page=2))) == blue
    boxed = vitrine.search_photo(
        photo_bytes("blue"), per_page=1, image={"box": [0, 0, 0.5, 0.5]}, filter_by="category:=lamps"
    )
    assert skus(boxed) == ["blue-lamp"]
    stored = vitrine.upload_image(photo_bytes("blue"))
    assert set(skus(vitrine.search(image={"id": stored["id"]}, per_page=2))) == blue
    vitrine.delete_image(stored["id"])
    with pytest.raises(Problem) as gone:
        vitrine.search(image={"id": stored["id"]})
    assert (gone.value.status, gone.value.field) == (400, "image.id")


@database
def test_all_hits_are_read_by_cursor(vitrine: Client) -> None:
    hits = list(vitrine.hits(sort_by="price", per_page=3, include_fields="product.sku,next_cursor"))
    assert [hit["product"]["sku"] for hit in hits][:2] == ["red-shoes", "red-lamp"]
    assert len({hit["product"]["sku"] for hit in hits}) == len(hits) == 8


@database
def test_several_searches_give_answers_and_problems(vitrine: Client) -> None:
    first, second, third = vitrine.multi_search([{"q": "red shoes"}, {"filter_by": "x:=1"}, {}], per_page=1)
    assert not isinstance(first, Problem)
    assert skus(first) == ["red-shoes"]
    assert isinstance(second, Problem)
    assert (second.status, second.code, second.field) == (400, "invalid_query", "filter_by")
    assert not isinstance(third, Problem)
    assert third["found"] == 8


@database
def test_similar_products_are_found_by_a_sku_with_odd_signs(vitrine: Client, shop: Store) -> None:
    Product.objects.filter(store=shop, sku="red-shoes").update(sku="red/shoes? 1&")
    answer = vitrine.similar(
        "red/shoes? 1&", per_page=1, explain=True, include_fields=["hits.product.sku", "hits.scores"]
    )
    assert answer["hits"][0]["product"] == {"sku": "red-lamp"}
    assert answer["hits"][0]["scores"][0]["route"] == "image"


@database
def test_products_are_written_read_and_deleted(writing: Client) -> None:
    made = writing.create_product(
        sku="new/1", title="New hat", price="19.90", category="Clothes > Hats", attributes={"color": ["red"]}
    )
    assert (made["sku"], made["price"]["amount"], made["in_stock"]) == ("new/1", "19.90", False)
    with pytest.raises(Problem, match="409 sku_taken"):
        writing.create_product(sku="new/1", title="Again")
    assert writing.update_product("new/1", quantity=3)["quantity"] == 3
    assert writing.replace_product("new/1", title="Newer hat")["price"]["amount"] is None
    assert writing.product("new/1")["title"] == "Newer hat"
    assert [one["sku"] for one in writing.products(per_page=1, in_stock=False)["products"]] == ["new/1"]
    writing.delete_product("new/1")
    with pytest.raises(Problem) as gone:
        writing.product("new/1")
    assert (gone.value.status, gone.value.code) == (404, "not_found")


@database
def test_products_are_imported_with_a_result_for_each(writing: Client) -> None:
    answer = writing.import_products(
        [{"sku": "a", "title": "Ä hat"}, {"sku": "b"}, {"sku": "red-shoes", "quantity": 9}]
    )
    assert (answer["created"], answer["updated"], answer["refused"]) == (1, 1, 1)
    assert [result["outcome"] for result in answer["results"]] == ["created", "refused", "updated"]
    assert Product.objects.get(sku="a").title == "Ä hat"


@database
def test_events_are_recorded_once(vitrine: Client) -> None:
    found = vitrine.search(q="red shoes")
    click: Event = {
        "id": "e-1",
        "type": "click",
        "product": "red-shoes",
        "search_id": found["search_id"],
        "position": 1,
    }
    answer = vitrine.send_events([click, {"id": "e-2", "type": "purchase", "product": "no-such", "value": "9.90"}])
    assert (answer["accepted"], answer["refused"]) == (1, 1)
    assert (answer["results"][1]["id"], answer["results"][1]["field"]) == ("e-2", "product")
    assert vitrine.send_events([click])["duplicate"] == 1


@database
def test_suggestions_come_as_typed(vitrine: Client) -> None:
    answer = vitrine.suggest("re", limit=5)
    assert answer["q"] == "re"
    assert {"red-shoes", "red-lamp"} <= {one["sku"] for one in answer["suggestions"] if one["type"] == "product"}
    assert vitrine.suggest("")["q"] == ""


@database
def test_a_refusal_says_its_code_and_fields(vitrine: Client) -> None:
    with pytest.raises(Problem) as refused:
        vitrine.search(page=0, qq="x")  # type: ignore[typeddict-unknown-key]
    assert (refused.value.status, refused.value.code, refused.value.field) == (400, "invalid_request", "qq")
    assert str(refused.value) == "400 invalid_request: Unknown parameter 'qq': did you mean q?"
    with pytest.raises(Problem, match="403 forbidden"):
        vitrine.delete_product("red-shoes")
    with pytest.raises(Problem, match="401 invalid_key"):
        Client(vitrine._base, "pk_no").search()


def test_the_clients_fields_are_those_of_the_description() -> None:
    answer = DjangoClient().get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    description = answer.json()["components"]["schemas"]
    assert Search.__annotations__.keys() == description["SearchInRequest"]["properties"].keys()
    assert SearchAnswer.__annotations__.keys() == description["SearchOut"]["properties"].keys()


# --- a server that refuses, stalls or is not there -------------------------------------------------------------------

Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def server() -> Iterator[Callable[..., tuple[str, list[str]]]]:
    """Starts a server that gives these answers one after another; its address, and the requests that it got."""
    servers: list[ThreadingHTTPServer] = []

    def start(*answers: Answer) -> tuple[str, list[str]]:
        left, got = list(answers), []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                got.append(f"{self.command} {self.path} {self.headers.get('Idempotency-Key', '')}".strip())
                status, headers, body = left.pop(0)
                if status == 0:
                    return
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST

            def log_message(self, *args: object) -> None:
                pass

        one = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(one)
        threading.Thread(target=one.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{one.server_address[1]}/", got

    yield start
    for one in servers:
        one.shutdown()
        one.server_close()


BUSY = (429, {"Retry-After": "1"}, b'{"code": "too_many_requests", "detail": "Wait.", "status": 429}')
DOWN = (503, {"Retry-After": "0"}, b'{"code": "index_unavailable", "detail": "Down.", "status": 503}')
DONE = (200, {}, b'{"found": 1}')
LOST = (0, {}, b"")


def test_a_busy_server_is_asked_again(server: Callable[..., tuple[str, list[str]]]) -> None:
    address, got = server(BUSY, DOWN, DONE)
    assert Client(address, "pk_x").search(q="x") == {"found": 1}
    assert got == ["POST /api/v1/search"] * 3


def test_a_server_that_stays_busy_is_a_problem(server: Callable[..., tuple[str, list[str]]]) -> None:
    address, got = server(*[DOWN] * 3)
    with pytest.raises(Problem) as refused:
        Client(address, "pk_x", retries=2).search()
    assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (503, "index_unavailable", 0)
    assert len(got) == 3


@pytest.mark.parametrize("status", [400, 409, 500, 502, 301])
def test_anything_else_is_not_asked_again(server: Callable[..., tuple[str, list[str]]], status: int) -> None:
    address, got = server((status, {"Location": "/elsewhere"}, b"<html>no json"))
    with pytest.raises(Problem) as refused:
        Client(address, "pk_x").search()
    assert (refused.value.status, refused.value.code) == (status, "unknown")
    assert len(got) == 1


def test_a_lost_answer_is_asked_for_once_more_under_the_same_key(server: Callable[..., tuple[str, list[str]]]) -> None:
    address, got = server(LOST, DONE)
    assert Client(address, "sk_x").create_product(sku="a", title="A") == {"found": 1}
    assert len(got) == 2
    assert got[0] == got[1]
    assert re.fullmatch(r"POST /api/v1/products [0-9a-f-]{36}", got[0])


def test_a_server_that_never_answers_is_unreachable(server: Callable[..., tuple[str, list[str]]]) -> None:
    address, got = server(LOST, LOST, DONE)
    with pytest.raises(Unreachable, match="was not answered"):
        Client(address, "pk_x").search()
    assert got == ["POST /api/v1/search"] * 2


def test_no_server_is_unreachable() -> None:
    with pytest.raises(Unreachable, match=r"GET http://127\.0\.0\.1:9/api/v1/products/a was not answered"):
        Client("http://127.0.0.1:9", "pk_x", retries=0).product("a")
