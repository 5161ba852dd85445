"""Pytest plugin: a small indexed shop, and clients that call the API with its keys."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from catalog.models import Store
from catalog.models.keys import create_api_key
from search import indexing
from search.models import IndexVersion
from tests.kept import kept_shop
from tests.shop import brand, category, make_product, make_store, photo_bytes


def client_of(store: Store, *, kind: str = "publishable", **headers: str) -> Client:
    """A client that sends a fresh key of the store with every request."""
    _, key = create_api_key(store=store, name="test", kind=kind)
    return Client(headers={"X-API-Key": key, **headers})


def post_json(client: Client, path: str, body: object, **extra: Any) -> Any:
    return client.post(path, data=body, content_type="application/json", **extra)


def skus(answer: Any) -> list[str]:
    """The skus of a 200 answer's hits, in order."""
    assert answer.status_code == 200, answer.content
    return [hit["product"]["sku"] for hit in answer.json()["hits"]]


def problem_of(answer: Any) -> dict[str, Any]:
    """The answer's problem document, after checking that it is one."""
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert body["status"] == answer.status_code
    return body


def base64_photo(colour: str) -> str:
    return base64.b64encode(photo_bytes(colour)).decode()


def upload(colour: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("photo.png", photo_bytes(colour), content_type="image/png")


@pytest.fixture
def empty_client(db: None, settings: Settings, tmp_path: Path) -> Client:
    """Calls the API with a key of a store with red shoes, beside one with red boots; nothing is indexed."""
    settings.MEDIA_ROOT = tmp_path / "media"
    store = make_store("shop")
    make_product(store, "red-shoes", colours=("red",))
    make_product(make_store("other"), "red-boots", colours=("red",))
    return client_of(store)


@kept_shop
def shop(live_index: IndexVersion) -> Store:
    """Eight indexed products in four colours, shoes and lamps, at 10 to 80; another store has red shoes too."""
    store, other = make_store("shop"), make_store("other")
    shoes, lamps = category(store, "Clothes", "Shoes"), category(store, "Home", "Lamps")
    for place, colour in enumerate(("red", "blue", "green", "black")):
        for step, (kind, noun) in enumerate(((shoes, "shoes"), (lamps, "lamp"))):
            make_product(
                store,
                f"{colour}-{noun}",
                colours=(colour,),
                title=f"{colour.title()} {noun}",
                category=kind,
                brand=brand(store, "Norrvik" if step else "Halden"),
                price=(place * 2 + step + 1) * 10,
                quantity=0 if colour == "black" else 3,
            )
    make_product(other, "red-shoes", colours=("red",), title="Red shoes")
    make_product(other, "red-boots", colours=("red",), title="Red boots")
    indexing.sweep(live_index)
    return store


@pytest.fixture
def client(shop: Store) -> Client:
    """Calls the API with a publishable key of the shop."""
    return client_of(shop)


@pytest.fixture
def serve(settings: Settings) -> Iterator[Callable[[bytes], str]]:
    """Puts bytes at an address of this machine, which the fetcher is allowed to ask for; returns it."""

    class Bytes(BaseHTTPRequestHandler):
        body = b""

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.body)

        def log_message(self, *args: object) -> None:
            pass

    settings.IMAGE_FETCH_ALLOW_LOOPBACK = True
    with ThreadingHTTPServer(("127.0.0.1", 0), Bytes) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

        def at(body: bytes) -> str:
            Bytes.body = body
            return f"http://127.0.0.1:{server.server_address[1]}/photo"

        yield at
        server.shutdown()


@pytest.fixture
def photo_url(serve: Callable[[bytes], str]) -> str:
    """The address of a blue photo on this machine."""
    return serve(photo_bytes("blue"))
