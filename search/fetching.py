"""Fetches an image from an address that somebody else chose: never a private one, never more than the limits.

Addresses are checked after DNS and the connection goes to the address that was checked, so a name that changes its
answer in between gains nothing. Redirects are followed by hand, each hop checked like the first.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from django.conf import settings
from requests_hardened.client import HTTPSession
from requests_hardened.config import Config
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from search.deadlines import bounded_s
from search.errors import InvalidImage

MAX_REDIRECTS = 3
CHUNK_BYTES = 64 * 1024
_REDIRECTS = {301, 302, 303, 307, 308}
_USER_AGENT = "Vitrine image fetcher"


class UnreachableImage(InvalidImage):
    """The address did not answer in time, or answered that it cannot now: another try later may succeed."""


def fetch_image(url: str, *, field: str = "image.url") -> bytes:
    """The bytes behind an http(s) URL, at most `IMAGE_MAX_BYTES`, within `IMAGE_FETCH_TIMEOUT_S` in all.

    Follows at most 3 redirects, to http and https only, and never from https back to http. Raises `InvalidImage` when
    the address is refused or has no image, `UnreachableImage` (a kind of it) when trying later may help.
    """
    deadline = monotonic() + bounded_s(settings.IMAGE_FETCH_TIMEOUT_S)
    with _errors_named(url, deadline=deadline, field=field), _Session(deadline) as session:
        target = _checked(url, field=field)
        for _ in range(MAX_REDIRECTS + 1):
            if monotonic() > deadline:
                raise TimeoutError
            with session.get(target, stream=True, allow_redirects=False) as response:
                if response.status_code not in _REDIRECTS:
                    return _body(response, deadline=deadline, field=field)
                target = _next_target(target, response.headers.get("Location", ""), field=field)
        raise InvalidImage(f"{_short(url)} redirects more than {MAX_REDIRECTS} times. Give the last URL.", field=field)


def _checked(url: str, *, field: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidImage(f"{_short(url)} is not a URL: {error}.", field=field) from error
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidImage(f"{_short(url)} is not an http or https URL.", field=field)
    if parts.username is not None or parts.password is not None:
        raise InvalidImage("A URL with a user name or a password in it is not fetched.", field=field)
    return url


def _next_target(current: str, location: str, *, field: str) -> str:
    """Where a redirect leads. Raises `InvalidImage` for another scheme than http(s), and for https to http."""
    if not location:
        raise InvalidImage(f"{_short(current)} redirects to nowhere.", field=field)
    target = _checked(urljoin(current, location), field=field)
    if urlsplit(current).scheme == "https" and urlsplit(target).scheme != "https":
        raise InvalidImage(f"{_short(current)} redirects from https to http, which is not followed.", field=field)
    return target


def _body(response: requests.Response, *, deadline: float, field: str) -> bytes:
    url, status = _short(response.url), response.status_code
    if status in (408, 425, 429) or status >= 500:
        raise UnreachableImage(f"{url} answered {status}. Try again later.", field=field)
    if status != 200:
        raise InvalidImage(f"{url} answered {status}, not an image.", field=field)
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        # We asked for plain bytes: a few compressed ones could become gigabytes.
        raise InvalidImage(f"{url} answered compressed bytes that were not asked for.", field=field)
    max_bytes: int = settings.IMAGE_MAX_BYTES
    too_large = InvalidImage(f"The image at {url} has more than {max_bytes:,} bytes. Give a smaller one.", field=field)
    stated = response.headers.get("Content-Length", "")
    announced = int(stated) if stated.isdecimal() and len(stated) < 19 else None
    if announced is not None and announced > max_bytes:
        raise too_large
    data = bytearray()
    # read1 returns what has arrived: read would wait for a whole chunk of a server that drips.
    while chunk := response.raw.read1(CHUNK_BYTES, decode_content=False):
        data += chunk
        if len(data) > max_bytes:
            raise too_large
        if monotonic() > deadline:
            raise TimeoutError
    if monotonic() > deadline:
        # The watch shut the socket, which reads like an end.
        raise TimeoutError
    if announced is not None and len(data) < announced:
        raise UnreachableImage(f"{url} ended early, after {len(data):,} of {announced:,} bytes.", field=field)
    return bytes(data)


@contextmanager
def _errors_named(url: str, *, deadline: float, field: str) -> Iterator[None]:
    """Turn what requests, urllib3 and sockets raise into ours. Says nothing of what a private address would answer."""
    try:
        yield
    except InvalidIPAddress as error:
        raise InvalidImage(f"{_short(url)} leads to a private address, which is not fetched.", field=field) from error
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError) as error:
        raise InvalidImage(f"{_short(url)} is not a URL that can be fetched.", field=field) from error
    except (requests.RequestException, HTTPError, OSError) as error:
        if isinstance(error, requests.Timeout | TimeoutError) or monotonic() > deadline:
            limit_s = settings.IMAGE_FETCH_TIMEOUT_S
            raise UnreachableImage(f"{_short(url)} did not answer within {limit_s:g} s.", field=field) from error
        raise UnreachableImage(f"{_short(url)} could not be fetched. Check the address.", field=field) from error


def _short(url: str) -> str:
    """An address as messages and logs may have it: without what stands behind `?`, which is where signatures are."""
    shown = url.partition("#")[0].partition("?")[0] + ("?..." if "?" in url else "")
    return shown if len(shown) <= 120 else f"{shown[:117]}..."


class _Session(HTTPSession):  # type: ignore[misc]  # the library has no types
    """A hardened session whose every socket is shut at the deadline, whatever is being read then."""

    def __init__(self, deadline: float) -> None:
        self.allow_loopback: bool = settings.IMAGE_FETCH_ALLOW_LOOPBACK
        super().__init__(
            Config(
                ip_filter_enable=True,
                ip_filter_allow_loopback_ips=self.allow_loopback,
                never_redirect=True,
                default_timeout=(settings.IMAGE_CONNECT_TIMEOUT_S, max(0.1, deadline - monotonic())),
                user_agent_override=_USER_AGENT,
            )
        )
        # A proxy of the environment would resolve names itself, behind the check; .netrc would send passwords.
        self.trust_env = False
        self.headers["Accept"] = "image/*"
        self.headers["Accept-Encoding"] = "identity"
        for scheme in ("http", "https"):
            self.mount(f"{scheme}://", _Adapter(scheme, deadline, allow_loopback=self.allow_loopback))


class _Adapter(IPFilterAdapter):  # type: ignore[misc]  # the library has no types
    """The address filter, with connections that end at the deadline: a read timeout restarts with every byte."""

    def __init__(self, scheme: str, deadline: float, *, allow_loopback: bool) -> None:
        self._deadline = deadline
        self._timers: list[threading.Timer] = []
        super().__init__(is_https_proto=scheme == "https", allow_loopback=allow_loopback)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        pool: HTTPConnectionPool = super().get_connection_with_tls_context(*args, **kwargs)
        make = pool.ConnectionCls
        watch = self._watch

        class WatchedConnection(make):  # type: ignore[misc, valid-type]  # http's class or https'
            def connect(self) -> None:
                super().connect()
                watch(self.sock)

        if not getattr(make, "is_watched", False):
            WatchedConnection.is_watched = True
            pool.ConnectionCls = WatchedConnection
        return pool

    def _watch(self, connected: socket.socket) -> None:
        def shut() -> None:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(max(0.0, self._deadline - monotonic()), shut)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def close(self) -> None:
        for timer in self._timers:
            timer.cancel()
        super().close()
