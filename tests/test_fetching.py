"""Fetching an image from an address that somebody else chose, against a real server on this machine."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pytest_django import Settings

from search.errors import InvalidImage
from search.fetching import UnreachableImage, fetch_image
from tests.shop import photo_bytes

PHOTO = photo_bytes("red")


class Server(BaseHTTPRequestHandler):
    """Each path misbehaves in its own way."""

    seen: list[dict[str, str]] = []

    def do_GET(self) -> None:
        type(self).seen.append(dict(self.headers))
        name = self.path.strip("/").split("/")[0]
        getattr(self, f"do_{name}", self.do_missing)()

    def answer(self, body: bytes, *, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_photo(self) -> None:
        self.answer(PHOTO, Content_Length=str(len(PHOTO)))

    def do_unannounced(self) -> None:
        self.answer(PHOTO)

    def do_chunked(self) -> None:
        self.protocol_version = "HTTP/1.1"
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (PHOTO[:50], PHOTO[50:])) + b"0\r\n\r\n"
        self.answer(body, Transfer_Encoding="chunked", Connection="close")

    def do_missing(self) -> None:
        self.answer(b"no", status=404)

    def do_broken(self) -> None:
        self.answer(b"no", status=503)

    def do_large(self) -> None:
        self.answer(b"x" * 2000, Content_Length="2000")

    def do_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 1000)
        except OSError:
            pass

    def do_short(self) -> None:
        self.answer(PHOTO[:20], Content_Length=str(len(PHOTO)))

    def do_zipped(self) -> None:
        self.answer(gzip.compress(b"\0" * 10_000_000), Content_Encoding="gzip")

    def do_drip(self) -> None:
        self.answer(b"x", Content_Length="900")
        self._drip()

    def do_dripping_headers(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
        self._drip()

    def _drip(self) -> None:
        try:
            for _ in range(100):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    def do_hop(self) -> None:
        self.answer(b"", status=302, Location="/photo")

    def do_circle(self) -> None:
        self.answer(b"", status=301, Location="/circle")

    def do_to_file(self) -> None:
        self.answer(b"", status=302, Location="file:///etc/passwd")

    def do_to_private(self) -> None:
        self.answer(b"", status=302, Location="http://10.0.0.1/photo")

    def do_to_nowhere(self) -> None:
        self.answer(b"", status=302)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site(settings: Settings) -> Iterator[str]:
    """The server's address, with loopback allowed and a small limit of bytes."""
    settings.IMAGE_FETCH_ALLOW_LOOPBACK = True
    settings.IMAGE_FETCH_TIMEOUT_S = 10.0
    settings.IMAGE_MAX_BYTES = 1000
    Server.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("path", ["photo", "unannounced", "chunked", "hop"])
def test_the_bytes_of_an_image_arrive(site: str, path: str) -> None:
    assert fetch_image(f"{site}/{path}") == PHOTO


def test_the_server_learns_nothing_of_us_but_the_fetchers_name(site: str) -> None:
    fetch_image(f"{site}/photo")
    assert Server.seen[0]["User-Agent"] == "Vitrine image fetcher"
    assert Server.seen[0]["Accept-Encoding"] == "identity"
    assert not {"Authorization", "Cookie", "Referer"} & Server.seen[0].keys()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("missing", "answered 404"),
        ("large", "more than 1,000 bytes"),
        ("endless", "more than 1,000 bytes"),
        ("zipped", "compressed bytes"),
        ("circle", "redirects more than 3 times"),
        ("to_file", "is not an http or https URL"),
        ("to_private", "leads to a private address"),
        ("to_nowhere", "redirects to nowhere"),
    ],
)
def test_what_will_not_become_an_image_is_refused_for_good(site: str, path: str, said: str) -> None:
    with pytest.raises(InvalidImage, match=said) as refused:
        fetch_image(f"{site}/{path}")
    assert not isinstance(refused.value, UnreachableImage)
    assert refused.value.field == "image.url"


@pytest.mark.parametrize(("path", "said"), [("broken", "answered 503"), ("short", r"ended early|could not be fetched")])
def test_what_may_work_later_is_told_apart(site: str, path: str, said: str) -> None:
    with pytest.raises(UnreachableImage, match=said):
        fetch_image(f"{site}/{path}")


@pytest.mark.parametrize("path", ["drip", "dripping_headers"])
def test_a_server_that_drips_is_left_at_the_deadline(site: str, path: str, settings: Settings) -> None:
    settings.IMAGE_FETCH_TIMEOUT_S = 0.6
    started = time.monotonic()
    with pytest.raises(UnreachableImage, match=r"did not answer within 0\.6 s"):
        fetch_image(f"{site}/{path}")
    # It would drip for five seconds.
    assert time.monotonic() - started < 3


PRIVATE_HOSTS = """
    127.0.0.1 localhost [::1] 10.1.2.3 169.254.169.254 192.168.0.1 0.0.0.0 [::ffff:127.0.0.1] 2130706433 0x7f.1
    100.64.0.1 [fd00::1] 224.0.0.1 0177.0.0.1 017700000001 0x7f000001 127.1 127.0.0.1. LOCALHOST 0 255.255.255.255
    [::] [fe80::1] [::ffff:a9fe:a9fe] [64:ff9b::7f00:1] [2002:7f00:1::] 172.16.0.1 198.18.0.1 %31%32%37.0.0.1
"""


@pytest.mark.parametrize("host", PRIVATE_HOSTS.split())
def test_private_addresses_are_never_asked_however_they_are_written(host: str) -> None:
    with pytest.raises(InvalidImage, match=r"private address|could not be fetched|not a URL"):
        fetch_image(f"http://{host}:1/photo")


def test_a_name_that_changes_its_answer_is_asked_once_and_its_first_address_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = ["93.184.216.34", "127.0.0.1", "127.0.0.1"]
    connected: list[object] = []

    def resolve(host: str, port: int, *args: object, **options: object) -> list[object]:
        address = host if host[0].isdigit() else answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(self: socket.socket, address: object) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(UnreachableImage):
        fetch_image("http://rebinding.example/photo")
    assert (connected, len(answers)) == ([("93.184.216.34", 80)], 2)
    # The next fetch asks again, and is refused by what it is told now.
    with pytest.raises(InvalidImage, match="private address"):
        fetch_image("http://rebinding.example/photo")


def test_loopback_is_refused_without_a_connection(settings: Settings) -> None:
    settings.IMAGE_FETCH_ALLOW_LOOPBACK = False
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        with pytest.raises(InvalidImage, match="private address"):
            fetch_image(f"http://localhost:{listener.getsockname()[1]}/photo")
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_proxy_of_the_environment_is_not_used(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert fetch_image(f"{site}/photo") == PHOTO


NO_WEB_ADDRESSES = [
    *("", "photo.jpg", "file:///etc/passwd", "ftp://example.com/a.jpg", "data:image/png;base64,AAAA", "http://"),
    *("http://a:b@example.com/", "http://[::1", "http://example.com:99999/", "gopher://example.com", "//example.com/a"),
    *("http://exa mple.com/", "http://\x00/", f"http://{'a' * 300}.com/", "http://.../"),
]


@pytest.mark.parametrize("url", NO_WEB_ADDRESSES)
def test_what_is_no_public_web_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidImage) as refused:
        fetch_image(url)
    assert len(refused.value.message) < 300
