"""What a web process takes on: lanes, quick refusals, readiness, and its end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.fixtures import DjangoAssertNumQueries

from search import milvus
from search.api import health
from search.deadlines import left_s
from search.models import IndexVersion
from search.serving import draining, gate
from search.serving.gate import ADMIN, CATALOGUE, SEARCH, Gate, lane_of
from search.serving.lanes import Lane, Place
from search.serving.pace import WINDOW, Pace


def lane(*, slots: int = 1, queue: int = 1, burst_s: float = 0.05, standing_s: float = 0.005, **facts: Any) -> Lane:
    pace = Pace(least=slots, most=slots, start=slots, slower=2.0)
    return Lane("test", pace=pace, queue=queue, burst_s=burst_s, standing_s=standing_s, **facts)


def entered(one: Lane) -> Place:
    place = one.enter()
    assert place is not None
    return place


def test_a_lane_takes_its_slots_lets_few_wait_and_refuses_the_rest() -> None:
    one = lane(burst_s=5.0)
    place = entered(one)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(one.enter)
        while not one.waiting:
            threading.Event().wait(0.001)
        assert one.enter() is None, "the queue is full"
        assert one.is_shedding
        one.leave(place, "a")
        given = waiting.result(5)
    assert given is not None, "who waits gets the place"
    one.leave(given, "a")
    assert (one.at_work, entered(one).is_given) == (0, True)


def test_a_queue_that_stands_is_not_waited_for_as_long_as_a_burst() -> None:
    now = 100.0
    one = lane(queue=8, burst_s=0.5, standing_s=0.001, clock=lambda: now)
    place = entered(one)
    now += 0.4
    assert not one._stands(now), "it was empty a moment ago"
    now += 0.2
    assert one._stands(now)
    assert one.enter() is None
    one.leave(place, "a")
    assert one._stands(now), "it is empty because somebody was refused"
    now += 0.6
    one.leave(entered(one), "a")
    assert not one._stands(now)


def test_as_many_are_taken_at_once_as_leave_each_quick_enough() -> None:
    pace = Pace(least=2, most=5, start=4, slower=2.0)

    def many(count: int, took_s: float, *, kind: str = "words", was_alone: bool = False, is_wanted: bool = True) -> int:
        for _ in range(count):
            pace.note(kind, took_s, was_alone=was_alone, is_wanted=is_wanted)
        return pace.limit

    assert many(40, 9.0) == 4, "nobody knows yet how long one takes alone"
    many(5, 0.010, was_alone=True, is_wanted=False)
    many(5, 0.100, kind="photos", was_alone=True, is_wanted=False)
    assert many(2 * WINDOW, 0.012, is_wanted=False) == 4, "nobody waits"
    assert many(2 * WINDOW, 0.012) == 5, "there is room, up to the most"
    assert many(2 * WINDOW, 0.120, kind="photos") == 5, "a photo may take as long as photos take"
    assert many(8 * WINDOW, 0.030) == 2, "each takes three times its time, down to the least"
    assert many(2 * WINDOW, 0.018) == 2, "slow enough already"


def test_a_lane_learns_from_whoever_had_it_alone() -> None:
    now = 100.0
    one = lane(slots=2, clock=lambda: now)
    first, second = entered(one), entered(one)
    now += 7.0
    one.leave(first, "a")
    one.leave(second, "a")
    assert not one.pace._alone["a"].count
    place = entered(one)
    now += 0.5
    one.leave(place, "a")
    assert (one.pace._alone["a"].count, one.pace._alone["a"].seconds) == (1, 0.5)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/v1/search", SEARCH),
        ("POST", "/api/v1/multi_search", SEARCH),
        ("POST", "/api/v1/events", SEARCH),
        ("GET", "/api/v1/products/a/similar", SEARCH),
        ("POST", "/1/indexes/shop/query", SEARCH),
        ("GET", "/", SEARCH),
        ("PUT", "/api/v1/products/a", CATALOGUE),
        ("POST", "/api/v1/products/import", CATALOGUE),
        ("POST", "/admin/login/", ADMIN),
        ("GET", "/health/ready", ""),
        ("GET", "/metrics", ""),
        ("GET", "/static/a.css", ""),
        ("OPTIONS", "/api/v1/search", ""),
    ],
)
def test_each_request_goes_through_the_lane_of_its_kind(method: str, path: str, name: str) -> None:
    assert lane_of(method, path) == name


class Unread:
    """A body that nobody may look at."""

    def read(self, *args: object) -> bytes:
        raise AssertionError("a refused body was read")


def ask(application: Gate, path: str, **environ: str) -> tuple[str, dict[str, str], bytes]:
    told: list[Any] = []
    stated = {"REQUEST_METHOD": "POST", "PATH_INFO": path, "wsgi.input": Unread(), **environ}
    body = b"".join(application(stated, lambda status, headers, *rest: told.extend([status, dict(headers)])))
    return told[0], told[1], body


def plain(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [str(left_s() is not None).encode()]


def test_a_refused_request_is_a_503_that_says_when_to_come_again_and_others_are_answered() -> None:
    full = lane(queue=0)
    application = Gate(plain, lanes={SEARCH: full, CATALOGUE: lane(), ADMIN: lane()})
    assert ask(application, "/api/v1/search")[::2] == ("200 OK", b"True"), "with a deadline"
    place = entered(full)
    status, headers, body = ask(application, "/api/v1/search")
    problem = json.loads(body)
    assert (status, headers["Content-Type"]) == ("503 Service Unavailable", "application/problem+json")
    assert (problem["code"], problem["status"], headers["Content-Length"]) == ("overloaded", 503, str(len(body)))
    assert headers["Retry-After"] in "123"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert ask(application, "/", HTTP_ACCEPT="text/html")[1]["Content-Type"].startswith("text/html")
    for path in ("/health/live", "/metrics", "/admin/", "/api/v1/products"):
        assert ask(application, path)[0] == "200 OK"
    full.leave(place, "a")
    assert ask(application, "/api/v1/search")[0] == "200 OK"


def test_an_application_that_raises_gives_its_place_back() -> None:
    def broken(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        raise ValueError

    one = lane()
    with pytest.raises(ValueError):
        ask(Gate(broken, lanes={SEARCH: one}), "/")
    assert one.at_work == 0


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "_is_draining", False)
    draining.begin()


@pytest.mark.django_db
def test_a_process_that_stops_is_not_ready_and_ends_its_connections(stopping: None) -> None:
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()["web"]) == (503, {"status": "stopping"})
    assert Client().get("/health/live").status_code == 200
    status, headers, _ = ask(Gate(plain, lanes={SEARCH: lane()}), "/")
    assert (status, headers["Connection"]) == ("200 OK", "close"), "who is there already is answered"


@pytest.mark.django_db
def test_readiness_tells_of_shedding_and_of_a_missing_collection(
    live_index: IndexVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = lane(queue=0)
    monkeypatch.setattr(gate, "process_lanes", lambda: {SEARCH: full})
    entered(full)
    assert full.enter() is None
    milvus.drop_collection(live_index.collection)
    body = Client().get("/health/ready").json()
    assert (body["status"], body["web"], body["degraded"]) == ("shedding", {"status": "shedding"}, ["index"])
    assert live_index.collection in body["parts"]["index"]["detail"]


@pytest.mark.django_db
def test_asking_often_whether_it_is_ready_asks_no_part_again(
    live_index: IndexVersion,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    settings.HEALTH_LIFETIME_S = 60.0
    monkeypatch.setattr(health, "_READINESS", health._Readiness())
    first = Client().get("/health/ready").json()
    with django_assert_num_queries(0):
        assert Client().get("/health/ready").json() == first
