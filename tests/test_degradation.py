"""Parts that hang, break or are full: what shoppers get, and how little a dead part may cost them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings
from redis.exceptions import RedisError

from search import breakers, milvus
from search.breakers import Breaker, PartOpen, breaker_of
from search.deadlines import bounded_s, deadline_in
from search.encoding import encoding
from search.errors import EncoderBusy, EncoderUnavailable, IndexUnavailable
from search.redis_cache import redis_breaker
from search.serving import statements
from search.serving.statements import reading, statements_in_time, was_cancelled
from tests.api_fixtures import base64_photo, post_json, problem_of, skus


@dataclass
class Peer:
    """A port of this machine that takes connections and never says a word."""

    port: int
    taken: list[socket.socket] = field(default_factory=list)


@pytest.fixture
def hanging() -> Iterator[Peer]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = Peer(server.getsockname()[1])

        def take() -> None:
            while True:
                try:
                    peer.taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield peer
        server.shutdown(socket.SHUT_RDWR)
    for one in peer.taken:
        one.close()


def test_a_redis_that_hangs_is_asked_three_times_and_then_left_alone(
    client: Client, settings: Settings, hanging: Peer
) -> None:
    limits = {"socket_connect_timeout": 0.05, "socket_timeout": 0.05}
    address = f"redis://127.0.0.1:{hanging.port}/0"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": address, "OPTIONS": limits}}
    settings.REDIS_TIMEOUT_S = 0.05
    for _ in range(3):
        answer = client.get("/api/v1/search", {"q": "red lamp"})
        assert skus(answer) == ["red-lamp"]
        assert answer.json()["degraded"] == []
    assert redis_breaker(address).is_open
    # A search asks Redis half a dozen times; all three together cost three waits.
    assert len(hanging.taken) == settings.BREAKER_FAILURES
    with pytest.raises(RedisError, match="left alone"):
        cache.get("anything")
    assert "redis" in Client().get("/health/ready").json()["left_alone"]


def test_a_milvus_that_hangs_leaves_words_and_refuses_photos(client: Client, settings: Settings, hanging: Peer) -> None:
    address = settings.MILVUS_URI
    settings.MILVUS_URI = f"http://127.0.0.1:{hanging.port}"
    settings.MILVUS_CONNECT_TIMEOUT_S = settings.HEALTH_TIMEOUT_S = 0.1
    milvus.close_client()
    try:
        answers = [client.get("/api/v1/search", {"q": "red lamp"}) for _ in range(3)]
        tried = len(hanging.taken)
        answers.append(client.get("/api/v1/search", {"q": "red lamp"}))
        refused = post_json(client, "/api/v1/search", {"image": {"base64": base64_photo("red")}})
        assert len(hanging.taken) == tried, "an open breaker tries nothing"
    finally:
        settings.MILVUS_URI = address
        milvus.close_client()
    assert [answer.json()["degraded"] for answer in answers] == [["milvus"]] * 4
    assert {tuple(skus(answer)) for answer in answers} == {("red-lamp",)}
    assert (refused.status_code, problem_of(refused)["code"]) == (503, "index_unavailable")
    assert refused["Retry-After"] == "5"
    # At the other address nothing ever failed.
    assert client.get("/api/v1/search", {"q": "red lamp"}).json()["degraded"] == []


class Broken(Exception):
    """What a part raises."""


def failing(breaker: Breaker, error: Exception) -> None:
    with breaker.calling():
        raise error


def test_a_breaker_opens_after_failures_in_a_row_and_closes_after_one_good_trial(settings: Settings) -> None:
    settings.BREAKER_FAILURES, settings.BREAKER_RESET_S = 2, 60.0
    breaker = breaker_of("part", "somewhere", failures=(Broken,))
    for error in (Broken(), ValueError(), Broken()):
        # The part answered in between, if only that the call made no sense.
        with pytest.raises(type(error)):
            failing(breaker, error)
    assert not breaker.is_open
    with pytest.raises(Broken):
        failing(breaker, Broken())
    assert (breaker.is_open, breakers.open_parts()) == (True, ["part"])
    with pytest.raises(PartOpen), breaker.calling():
        pytest.fail("an open breaker calls nothing")
    breaker._breaker.reset_timeout = 0
    with breaker.calling(), pytest.raises(PartOpen), breaker.calling():
        pytest.fail("one alone is the trial")
    assert (breaker.is_open, breakers.open_parts()) == (False, [])


def test_a_trial_that_fails_opens_it_again(settings: Settings) -> None:
    settings.BREAKER_FAILURES, settings.BREAKER_RESET_S = 1, 60.0
    breaker = Breaker("part", failures=(Broken,), unless=(KeyError,))
    with pytest.raises(Broken):
        failing(breaker, Broken())
    breaker._breaker.reset_timeout = 0
    with pytest.raises(Broken):
        failing(breaker, Broken())
    breaker._breaker.reset_timeout = 60
    with pytest.raises(PartOpen):
        failing(breaker, Broken())


@pytest.mark.parametrize("kind", ["photo", "text"])
def test_more_encodings_than_places_are_refused_after_a_wait(settings: Settings, kind: str) -> None:
    settings.ENCODE_PHOTOS_AT_ONCE = settings.ENCODE_TEXTS_AT_ONCE = 1
    settings.ENCODE_WAIT_MS = 1.0
    with encoding(kind, "m"), pytest.raises(EncoderBusy, match="Try again"), encoding(kind, "m"):
        pytest.fail("there is one place")
    with encoding(kind, "m"):
        pass


def test_a_full_encoder_leaves_words_and_refuses_photos(client: Client, settings: Settings) -> None:
    settings.ENCODE_PHOTOS_AT_ONCE, settings.ENCODE_WAIT_MS = 1, 1.0
    photo = {"base64": base64_photo("red")}
    with encoding("photo", "another"):
        refused = post_json(client, "/api/v1/search", {"image": photo})
        worded = post_json(client, "/api/v1/search", {"image": photo, "q": "red lamp"})
    assert (refused.status_code, problem_of(refused)["code"]) == (503, "overloaded")
    assert (skus(worded), worded.json()["degraded"]) == (["red-lamp"], ["encoder"])
    assert skus(post_json(client, "/api/v1/search", {"image": photo}))[0].startswith("red")


def test_an_encoder_that_fails_is_left_alone(settings: Settings) -> None:
    settings.BREAKER_FAILURES = 1
    with pytest.raises(EncoderUnavailable, match="broken"), encoding("text", "m"):
        raise EncoderUnavailable("broken")
    with pytest.raises(EncoderUnavailable, match="left alone"), encoding("text", "m"):
        pytest.fail("an open breaker encodes nothing")
    with encoding("text", "other weights"):
        pass


def test_a_deadline_bounds_every_call_and_never_grows() -> None:
    assert bounded_s(3.0) == 3.0
    with deadline_in(1.0), deadline_in(5.0):
        assert 0.9 < bounded_s(3.0) <= 1.0
        assert bounded_s(0.2) == 0.2
        with deadline_in(-1.0):
            assert bounded_s(3.0) == 0.05
    assert bounded_s(3.0) == 3.0


def sleep_s(seconds: float) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])
        return cursor.fetchone()


def statement_timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_postgres_ends_what_a_deadline_leaves_no_time_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "_process_limit", 7.0)
    with pytest.raises(OperationalError) as raised, deadline_in(0.06), statements_in_time():
        sleep_s(20)
    assert was_cancelled(raised.value)
    assert statement_timeout() == "7s", "the next request has its own time"
    with deadline_in(0.05), statements_in_time(least_s=2.0):
        assert statement_timeout() == "2s"
        with statements_in_time():
            assert statement_timeout() == "50ms"
        assert statement_timeout() == "2s"
    with deadline_in(9.0), statements_in_time():
        assert statement_timeout() == "7s", "with time enough nobody pays for a setting"
    monkeypatch.setattr(statements, "_process_limit", None)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_only_a_connection_that_broke_is_worth_another_try() -> None:
    tries = 0

    def broken_once() -> int:
        nonlocal tries
        tries += 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())" if tries == 1 else "SELECT 42")
            return int(cursor.fetchone()[0])

    assert (reading(broken_once), tries) == (42, 2)

    def refused() -> None:
        nonlocal tries
        tries += 1
        raise IndexUnavailable("no")

    with pytest.raises(IndexUnavailable):
        reading(refused)
    assert tries == 3


@pytest.mark.parametrize("path", ["/", "/admin/"])
def test_a_page_without_postgres_is_a_503(transactional_db: None, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "/nonexistent")
        visitor = Client(raise_request_exception=False)
        visitor.cookies["sessionid"] = "a" * 32
        answer = visitor.get(path)
        connection.close()
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"].startswith("text/html")
