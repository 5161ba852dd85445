"""Spans of a search and of an edit followed to its upsert; the id and the trace that a task takes over from its sender."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from celery.app.task import Context
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from catalog.models import Product, Store
from search import heartbeat
from telemetry import tracing
from telemetry.work import Work, current_work, working
from tests.api_fixtures import client_of
from workers import observing, tasks, warming


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.set_up_with(exporter)
    yield exporter
    tracing.shut_down()


def _named(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def _parents(spans: InMemorySpanExporter) -> dict[str, set[str]]:
    """Each span's name with the names of those that it stands below."""
    finished = spans.get_finished_spans()
    by_id = {span.context.span_id: span.name for span in finished}
    found: dict[str, set[str]] = {}
    for span in finished:
        found.setdefault(span.name, set()).add(by_id.get(span.parent.span_id, "?") if span.parent else "")
    return found


@pytest.mark.django_db
def test_a_search_is_one_tree_from_the_request_to_milvus(client: Client, spans: InMemorySpanExporter) -> None:
    answer = client.get("/api/v1/search", {"q": "red shoes", "facet_by": "brand"})
    parents = _parents(spans)
    assert parents["GET /api/v1/search"] == {""}
    assert parents["search"] == {"GET /api/v1/search"}
    for stage in ("understand", "lexical", "encode", "ann", "facets", "hydrate"):
        assert parents[f"search {stage}"] == {"search"}, stage
    assert parents["milvus searching"] == {"search ann"}
    request = _named(spans)["GET /api/v1/search"]
    assert request.attributes is not None
    assert request.attributes["vitrine.request_id"] == answer["X-Request-ID"]
    assert request.attributes["http.response.status_code"] == 200
    assert len({span.context.trace_id for span in spans.get_finished_spans()}) == 1


@pytest.mark.django_db
def test_health_checks_leave_no_span(spans: InMemorySpanExporter) -> None:
    assert Client().get("/health/ready").status_code == 200
    assert spans.get_finished_spans() == ()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The headers of messages that were put into the queue, which stays empty."""
    headers: list[dict[str, Any]] = []

    def publish(*args: object, **kwargs: Any) -> None:
        headers.append(kwargs["headers"])

    monkeypatch.setattr("kombu.messaging.Producer.publish", publish)
    return headers


def _run(task: Any, headers: dict[str, Any]) -> None:
    """What a worker does with a message of these headers."""
    task.push_request(**headers)
    try:
        observing.begin_task(task_id="1", task=SimpleNamespace(name=task.name, request=Context(headers)))
        task.run()
        observing.end_task(task_id="1", task=task, state="SUCCESS")
    finally:
        task.pop_request()


def test_an_edit_is_one_trace_from_the_request_to_its_upsert(
    transactional_db: None, shop: Store, spans: InMemorySpanExporter, sent: list[dict[str, Any]]
) -> None:
    sent.clear()
    heartbeat.nudge_begins()
    answer = client_of(shop, kind="secret").patch(
        "/api/v1/products/red-shoes",
        {"price": "77.00"},
        content_type="application/json",
        headers={"X-Request-ID": "edit-0001"},
    )
    assert answer.status_code == 200
    (headers,) = sent
    assert headers["request_id"] == "edit-0001"
    done = REGISTRY.get_sample_value("vitrine_tasks_total", {"task": "sweep_recent", "outcome": "success"}) or 0
    _run(tasks.sweep_recent, headers)
    parents = _parents(spans)
    assert parents["task sweep_recent"] == {"PATCH /api/v1/products/<path:sku>"}
    for step in ("claim", "read", "copy", "upsert", "mark"):
        assert parents[f"index {step}"] == {"task sweep_recent"}, step
    # The photo is the same: its vector is read back and not made again.
    assert "index encode" not in parents
    assert "index upsert" in parents["milvus writing"]
    assert len({span.context.trace_id for span in spans.get_finished_spans()}) == 1
    assert REGISTRY.get_sample_value("vitrine_tasks_total", {"task": "sweep_recent", "outcome": "success"}) == done + 1
    assert (REGISTRY.get_sample_value("vitrine_task_wait_seconds_count", {"queue": ""}) or 0) > 0


def test_a_thousand_writes_are_one_nudge_until_a_sweep_begins(
    transactional_db: None, shop: Store, sent: list[dict[str, Any]], settings: Any
) -> None:
    client = client_of(shop, kind="secret")
    sent.clear()
    heartbeat.nudge_begins()
    for price in ("11.00", "12.00", "13.00"):
        client.patch("/api/v1/products/red-shoes", {"price": price}, content_type="application/json")
    assert len(sent) == 1
    tasks.sweep_recent.run()
    client.patch("/api/v1/products/red-shoes", {"price": "14.00"}, content_type="application/json")
    assert len(sent) == 2
    # Nothing changed, so nobody is woken.
    tasks.sweep_recent.run()
    client.patch("/api/v1/products/red-shoes", {"price": "14.00"}, content_type="application/json")
    with transaction.atomic():
        Product.objects.get(sku="red-shoes", store=shop).save()
        assert len(sent) == 2
    assert len(sent) == 3


@pytest.mark.django_db
def test_a_task_works_under_its_senders_id_and_the_schedules_under_its_own(spans: InMemorySpanExporter) -> None:
    headers: dict[str, Any] = {}
    with working(Work("request-9")):
        observing.send_work(headers=headers)
    assert (headers["request_id"], headers["sent_at"] <= time.time()) == ("request-9", True)
    for asked, expected in ((headers, "request-9"), ({}, "task-id-1")):
        task = SimpleNamespace(name="workers.tasks.tidy", request=Context(asked))
        observing.begin_task(task_id="task-id-1", task=task)
        work = current_work()
        with tracing.span("inside"):
            pass
        observing.end_task(task_id="task-id-1", task=task, state="FAILURE")
        assert work is not None
        assert (work.request_id, work.task) == (expected, "tidy")
        assert current_work() is None
    # Nobody's trace: the schedule's tasks leave no spans.
    assert spans.get_finished_spans() == ()


def test_expired_tasks_are_counted() -> None:
    labels = {"task": "sweep_recent", "outcome": "expired"}
    before = REGISTRY.get_sample_value("vitrine_tasks_total", labels) or 0
    observing.count_expired(sender=tasks.sweep_recent, request=Context(), expired=True, terminated=False)
    assert REGISTRY.get_sample_value("vitrine_tasks_total", labels) == before + 1


@pytest.mark.django_db
def test_spans_reach_a_collector_with_those_of_postgres_and_redis_and_no_values() -> None:
    received: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        tracing.set_up(service="vitrine-test", endpoint=f"http://127.0.0.1:{server.server_port}/")
        try:
            with tracing.span("around"):
                with connection.get_new_connection(connection.get_connection_params()) as other:
                    other.execute("SELECT 1 WHERE 'hidden-value' = %s", ["hidden-parameter"])
                cache.set("hidden-name", "hidden-text")
        finally:
            tracing.shut_down()
            server.shutdown()
    sent = b"".join(received)
    for told in (b"vitrine-test", b"around", b"SELECT", b"SET"):
        assert told in sent
    for hidden in (b"hidden-parameter", b"hidden-name", b"hidden-text"):
        assert hidden not in sent


def test_only_a_worker_of_the_index_loads_the_encoder_as_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = threading.Event()
    monkeypatch.setattr(warming, "load_encoder", loaded.set)
    queues = warming.app.amqp.queues
    monkeypatch.setattr(queues, "_consume_from", {"import": queues["default"]})
    warming.warm_if_indexing()
    assert not loaded.wait(0.05)
    monkeypatch.setattr(queues, "_consume_from", {"index": queues["default"]})
    warming.warm_if_indexing()
    assert loaded.wait(5)


def test_nothing_of_opentelemetry_is_imported_while_traces_are_off() -> None:
    code = "import telemetry.tracing as t, sys; t.set_up(service='x', endpoint='')\nwith t.span('a', b=1): pass\n"
    code += "assert not any(name.startswith('opentelemetry') for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
