"""Figures, request ids and log lines."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from django.conf import settings as live_settings
from django.test import Client
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

import search.serving.lanes  # noqa: F401  (its figures, which the tests' client goes past)
from catalog.models import Store
from search.api.gauges import GAUGES
from search.milvus import close_client
from telemetry.logs import JsonLinesFormatter, PlainFormatter, WorkFilter, redacted
from telemetry.shared import ENDED, serve_figures, shared_figures
from telemetry.work import Work, request_id, working
from tests.api_fixtures import client_of, post_json, problem_of

ROOT = Path(__file__).parent.parent
OBSERVABILITY = ROOT / "deploy" / "observability"
# What Prometheus itself and django-prometheus add.
SUFFIXES = ("_bucket", "_sum", "_count", "_total", "_created")


@pytest.fixture(autouse=True, scope="module")
def loaded() -> None:
    """Have every module that counts something imported, as a process that answered a request has."""
    assert Client().get("/health/live").status_code == 200


def figures() -> dict[str, str]:
    """Every figure of ours by its name in /metrics, with its sentence."""
    counted = {
        family.name + ("_total" if family.type == "counter" else ""): family.documentation
        for family in REGISTRY.collect()
        if family.name.startswith("vitrine_")
    }
    return counted | {name: sentence for name, (sentence, _) in GAUGES.items()}


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_the_documents_have_every_figure_with_its_sentence_and_no_other() -> None:
    text = (ROOT / "docs" / "observability.md").read_text()
    rows = dict(re.findall(r"^\| `(vitrine_\w+)`[^|]*\| ([^|]+) \|", text, re.MULTILINE))
    assert rows == figures()
    for sentence in rows.values():
        assert re.fullmatch(r"[A-Z0-9].{5,}\.", sentence), sentence


def test_labels_are_named_in_the_documents() -> None:
    text = (ROOT / "docs" / "observability.md").read_text()
    rows = dict(re.findall(r"^\| `(vitrine_\w+)`((?: `\w+`)*) \|", text, re.MULTILINE))
    stated = {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in rows.items()}
    known = {name: labels for name, (_, labels) in GAUGES.items()}
    for name in figures().keys() - GAUGES.keys():
        known[name] = tuple(REGISTRY._names_to_collectors[name]._labelnames)  # type: ignore[attr-defined]
    assert stated == known


def _expressions() -> Iterator[str]:
    board = json.loads((OBSERVABILITY / "grafana.json").read_text())
    assert (board["schemaVersion"], board["uid"]) == (39, "vitrine")
    for panel in board["panels"]:
        assert panel["type"] == "row" or (panel["description"] and panel["targets"]), panel["title"]
        yield from (target["expr"] for target in panel.get("targets", ()))
    for group in yaml.safe_load((OBSERVABILITY / "alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"].keys() == {"summary", "action"}, rule["alert"]
            yield rule["expr"]


def test_the_dashboard_and_the_alerts_ask_for_figures_that_exist() -> None:
    known = {family.name for family in REGISTRY.collect()} | figures().keys()
    used = {name for line in _expressions() for name in re.findall(r"\b(?:vitrine|django)_\w+", line)}
    assert len(used) > 30
    unknown = {name for name in used if not ({name, *(name.removesuffix(suffix) for suffix in SUFFIXES)} & known)}
    assert unknown == set()


def test_panels_of_the_dashboard_do_not_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads((OBSERVABILITY / "grafana.json").read_text())["panels"]:
        place = panel["gridPos"]
        cells = {(x + place["x"], y + place["y"]) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.django_db
def test_a_search_leaves_its_outcome_its_stages_and_its_caches(client: Client) -> None:
    before = value("vitrine_searches_total", mode="words", outcome="full")
    empty = value("vitrine_search_empty_total", mode="words")
    stages = value("vitrine_search_stage_seconds_count", stage="ann", mode="words")
    misses = value("vitrine_pools_total", result="miss")
    assert client.get("/api/v1/search", {"q": "red shoes"}).status_code == 200
    assert (
        client.get("/api/v1/search", {"q": "red", "filter_by": "price:>9000", "search_id": "x" * 22}).status_code == 200
    )
    assert value("vitrine_searches_total", mode="words", outcome="full") == before + 2
    assert value("vitrine_search_empty_total", mode="words") == empty + 1
    assert value("vitrine_search_stage_seconds_count", stage="ann", mode="words") >= stages + 1
    assert value("vitrine_pools_total", result="miss") == misses + 1
    assert value("vitrine_milvus_call_seconds_count", call="searching") > 0
    assert value("vitrine_index_images_total", result="indexed") >= 10
    client.get("/api/v1/search", {"q": "red", "sort_by": "luck"})
    assert value("vitrine_problems_total", status="400", code="invalid_query") > 0


@pytest.mark.django_db
def test_a_search_without_milvus_is_counted_as_degraded_by_it(client: Client, settings: Any) -> None:
    before = value("vitrine_search_degraded_total", part="milvus")
    errors = value("vitrine_milvus_errors_total", call="connecting")
    address = settings.MILVUS_URI
    settings.MILVUS_URI, settings.MILVUS_TIMEOUT_S = "http://127.0.0.1:9", 0.2
    close_client()
    try:
        assert client.get("/api/v1/search", {"q": "red"}).json()["degraded"] == ["milvus"]
    finally:
        settings.MILVUS_URI = address
        close_client()
    assert value("vitrine_search_degraded_total", part="milvus") == before + 1
    assert value("vitrine_milvus_errors_total", call="connecting") > errors


COUNTING = """
import os, sys
os.environ["PROMETHEUS_MULTIPROC_DIR"] = sys.argv[1]
from prometheus_client import Gauge
from telemetry.metrics import ENCODED, ENCODER_SECONDS
Gauge("vitrine_at_work", "At work.", multiprocess_mode="livesum").set(1)
ENCODED.labels("text").inc(3)
ENCODER_SECONDS.labels("text").observe(0.02)
print(os.getpid())
"""


def _sample(text: bytes, name: str) -> float:
    families = text_string_to_metric_families(text.decode())
    return sum(one.value for family in families for one in family.samples if one.name == name)


def test_counts_of_processes_that_ended_stay_and_their_gauges_and_files_go(tmp_path: Path) -> None:
    for times in (1, 2):
        done = subprocess.run(
            [sys.executable, "-c", COUNTING, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert (tmp_path / f"counter_{done.stdout.strip()}.db").exists()
        for _ in range(2):
            text = shared_figures(str(tmp_path))
            assert _sample(text, "vitrine_encoded_total") == 3 * times
            assert _sample(text, "vitrine_encoder_seconds_count") == times
            assert _sample(text, "vitrine_at_work") == 0
        assert sorted(path.name for path in tmp_path.glob("*.db")) == [f"counter_{ENDED}.db", f"histogram_{ENDED}.db"]


def test_this_process_counts_where_all_look() -> None:
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == live_settings.METRICS_DIR
    assert list(Path(live_settings.METRICS_DIR).glob(f"counter_{os.getpid()}.db"))


def test_a_worker_without_a_web_server_answers_for_itself(tmp_path: Path) -> None:
    server = serve_figures("127.0.0.1:0", folder=str(tmp_path), token="a-long-token")
    address = f"http://127.0.0.1:{server.server_port}"
    bearer = {"Authorization": "Bearer a-long-token"}
    try:
        assert requests.get(f"{address}/metrics", timeout=5).status_code == 403
        assert requests.get(f"{address}/admin", headers=bearer, timeout=5).status_code == 404
        answer = requests.get(f"{address}/metrics", headers=bearer, timeout=5)
        assert (answer.status_code, answer.headers["Content-Type"][:10]) == (200, "text/plain")
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("stated", "is_kept"),
    [("order-1001:try.2", True), ("short", False), ("a" * 129, False), ("x" * 8 + "\n", False), ('x"><script>', False)],
)
def test_a_sane_request_id_is_kept_and_any_other_replaced(stated: str, is_kept: bool) -> None:
    made = request_id(stated)
    assert (made == stated) is is_kept
    assert re.fullmatch(r"[A-Za-z0-9._:-]{8,128}", made)


@pytest.mark.django_db
def test_every_answer_and_every_problem_says_the_request_id(empty_client: Client) -> None:
    found = empty_client.get("/api/v1/search", headers={"X-Request-ID": "my-request-1"})
    assert found["X-Request-ID"] == "my-request-1"
    wrong = empty_client.get("/api/v1/search", {"sort_by": "luck"})
    assert problem_of(wrong)["request_id"] == wrong["X-Request-ID"] != "my-request-1"
    assert Client().get("/nowhere").headers["X-Request-ID"]


@pytest.mark.django_db
def test_the_access_log_says_whose_request_it_was_and_no_secret(
    empty_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.addFilter(WorkFilter())
    caplog.handler.setFormatter(JsonLinesFormatter(secrets=["only-for-tests"]))
    store = Store.objects.get(slug="shop")
    client = client_of(store, kind="secret")
    key = client.defaults["HTTP_X_API_KEY"] if "HTTP_X_API_KEY" in client.defaults else client.headers["X-API-Key"]
    with caplog.at_level("INFO", "vitrine.access"):
        post_json(
            client, "/api/v1/search?note=hidden-words", {"q": "private words"}, headers={"X-Request-ID": "abcdefgh"}
        )
        Client().get("/health/live")
    (record,) = [one for one in caplog.records if one.name == "vitrine.access"]
    line = json.loads(caplog.handler.format(record))
    assert (line["method"], line["route"], line["request_id"], line["store"]) == (
        "POST",
        "/api/v1/search",
        "abcdefgh",
        "shop",
    )
    assert (line["level"], line["logger"], line["status"]) == ("INFO", "vitrine.access", 200)
    assert line["took_ms"] > 0
    assert line["key"] == "_".join(key.split("_")[:2])
    assert not {"words", key} & set(re.findall(r"\w+", json.dumps(line)))


def _line(formatter: logging.Formatter, message: str, error: Exception | None = None) -> str:
    info = (type(error), error, None) if error else None
    record = logging.LogRecord("search.api", logging.ERROR, "", 0, message, (), info)
    WorkFilter().filter(record)
    return formatter.format(record)


@pytest.mark.parametrize("kind", [PlainFormatter, JsonLinesFormatter])
@pytest.mark.parametrize(
    "secret",
    [
        "sk_1a2b3c4d_abcdefghijklmnopqrstuvwxyz012345",
        "postgres://vitrine:hunter2hunter2@db/vitrine",
        "Authorization: Bearer 0123456789abcdef",
        "SECRET_KEY is django-insecure-0000",
    ],
)
def test_no_line_holds_a_secret_not_even_a_traceback(kind: type[logging.Formatter], secret: str) -> None:
    formatter = kind(secrets=["django-insecure-0000"])  # type: ignore[call-arg]
    for line in (_line(formatter, f"failed with {secret}"), _line(formatter, "failed", ValueError(secret))):
        assert "***" in line
        for part in ("abcdefghijklmnop", "hunter2", "0123456789abcdef", "django-insecure"):
            assert part not in line


def test_lines_are_of_the_request_in_which_they_were_logged() -> None:
    with working(Work("request-1", store="shop", task="sweep_recent")):
        line = json.loads(_line(JsonLinesFormatter(), "done"))
        assert (line["request_id"], line["store"], line["task"]) == ("request-1", "shop", "sweep_recent")
        assert "[request-1] done" in _line(PlainFormatter(), "done")
    assert "request_id" not in json.loads(_line(JsonLinesFormatter(), "done"))


def test_what_looks_like_no_secret_stays() -> None:
    text = "GET https://shop.example/photos/1.jpg by pk_1a2b3c4d in 3 ms"
    assert redacted(text) == text
