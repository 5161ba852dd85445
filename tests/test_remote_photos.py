"""Photos known by address are fetched from a real HTTP server on loopback, once, and refused with a reason."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from catalog.models import ProductImage
from search.remote_photos import MAX_ATTEMPTS, fetch_waiting_photos
from tests.shop import make_product, make_store, photo_bytes

pytestmark = pytest.mark.django_db


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves /red.png, says 503 on /busy, 404 elsewhere, and text on /text. Counts requests by path."""

    counts: dict[str, int] = {}

    def do_GET(self) -> None:
        self.counts[self.path] = self.counts.get(self.path, 0) + 1
        status = {"/red.png": 200, "/text": 200, "/busy": 503}.get(self.path, 404)
        body = photo_bytes("red") if self.path == "/red.png" else b"not a photo"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[str]:
    settings.IMAGE_FETCH_ALLOW_LOOPBACK = True
    settings.MEDIA_ROOT = tmp_path
    Handler.counts = {}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def image_at(url: str) -> ProductImage:
    product = make_product(make_store(), "a", colours=())
    return ProductImage.objects.create(product=product, source_url=url)


def test_a_photo_is_fetched_once_and_gets_its_file(server: str) -> None:
    image = image_at(f"{server}/red.png")
    assert (fetch_waiting_photos(), fetch_waiting_photos()) == (1, 0)
    image.refresh_from_db()
    assert image.file.read() == photo_bytes("red")
    assert (image.width, image.height, len(image.sha256), image.fetch_error) == (32, 40, 64, "")
    assert Handler.counts == {"/red.png": 1}


def test_a_server_that_is_busy_is_asked_again_later(server: str) -> None:
    image = image_at(f"{server}/busy")
    assert fetch_waiting_photos() == 0
    image.refresh_from_db()
    assert "503" in image.fetch_error
    assert image.fetch_after is not None and image.fetch_after > timezone.now()
    fetch_waiting_photos()
    assert Handler.counts == {"/busy": 1}
    ProductImage.objects.update(fetch_after=timezone.now())
    fetch_waiting_photos()
    assert Handler.counts == {"/busy": 2}


@pytest.mark.parametrize("path", ["/text", "/missing"])
def test_what_is_no_photo_is_refused_for_good_with_the_reason(server: str, path: str) -> None:
    image = image_at(f"{server}{path}")
    fetch_waiting_photos()
    image.refresh_from_db()
    assert image.fetch_error
    assert image.fetch_attempts == MAX_ATTEMPTS
    assert not image.file


def test_a_private_address_is_never_asked(server: str, settings: Settings) -> None:
    settings.IMAGE_FETCH_ALLOW_LOOPBACK = False
    image = image_at(f"{server}/red.png")
    fetch_waiting_photos()
    image.refresh_from_db()
    assert "private address" in image.fetch_error
    assert Handler.counts == {}
