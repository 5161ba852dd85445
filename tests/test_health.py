"""Health, metrics and the API's pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core import checks
from django.db import connection
from django.test import Client
from pytest_django import Settings

from catalog.models import Store
from search import milvus
from search.checks import check_index, check_limits
from search.models import IndexVersion
from workers import celery_app


@pytest.mark.django_db
def test_all_parts_answer_by_name(live_index: IndexVersion) -> None:
    body = Client().get("/health/ready").json()
    assert (body["status"], body["degraded"]) == ("ok", [])
    assert set(body["parts"]) == {"postgres", "redis", "milvus", "encoder", "index"}
    assert body["parts"]["index"] == {"status": "up", "detail": live_index.collection}


def test_a_living_process_asks_no_part() -> None:
    assert Client().get("/health/live").json() == {"status": "ok"}
    assert Client().post("/health/live").status_code == 405


@pytest.mark.django_db
def test_parts_that_are_down_degrade_and_are_named(live_index: IndexVersion, settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    address = settings.MILVUS_URI
    settings.MILVUS_URI, settings.MILVUS_TIMEOUT_S = "http://127.0.0.1:9", 0.5
    milvus.close_client()
    try:
        answer = Client().get("/health/ready")
    finally:
        settings.MILVUS_URI = address
        milvus.close_client()
    assert (answer.status_code, answer.json()["degraded"]) == (200, ["redis", "milvus"])


@pytest.mark.django_db
def test_without_an_index_the_detail_says_what_to_run(db: None) -> None:
    parts = Client().get("/health/ready").json()["parts"]
    assert parts["index"] == {
        "status": "down",
        "detail": "There is no live index yet: run manage.py index to build the first one.",
    }


@pytest.fixture
def no_postgres(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Postgres on a socket where nothing listens."""
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "/nonexistent")
        yield
        connection.close()


def test_without_postgres_nothing_is_ready_and_a_search_is_a_503(no_postgres: None) -> None:
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert "postgres" in answer.json()["degraded"]
    search = Client().get("/api/v1/search", headers={"X-API-Key": "pk_a_b", "Origin": "https://shop.example"})
    assert (search.status_code, search.json()["code"]) == (503, "database_unavailable")
    assert search["Retry-After"] == "5"
    assert Client().get("/metrics").status_code == 200


@pytest.mark.django_db
def test_metrics_hold_djangos_figures_and_ours(shop: Store) -> None:
    # Tests that commit leave nudges behind.
    with celery_app.connection_for_write() as broker:
        broker.default_channel.queue_purge("index")
    text = Client().get("/metrics").content.decode()
    for line in (
        "vitrine_products 10.0",
        "vitrine_images 10.0",
        'vitrine_index_entries{state="indexed"} 10.0',
        'vitrine_index_entries{state="stale"} 0.0',
        'vitrine_index_entries{state="error"} 0.0',
        'vitrine_queue_length{queue="index"} 0.0',
    ):
        assert line in text
    assert "vitrine_index_lag_seconds" in text
    assert "django_http_requests_total" in text


@pytest.mark.django_db
def test_metrics_are_for_this_machine_or_the_bearer_of_the_token(settings: Settings) -> None:
    settings.DEMO = False
    afar = Client(REMOTE_ADDR="203.0.113.9")
    assert Client().get("/metrics").status_code == 200
    assert afar.get("/metrics").status_code == 403
    assert Client(REMOTE_ADDR="").get("/metrics").status_code == 403
    assert Client().get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    settings.METRICS_TOKEN = "secret"
    assert Client().get("/metrics").status_code == 403
    assert afar.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 403
    assert afar.get("/metrics", headers={"Authorization": "Bearer secret"}).status_code == 200


def test_the_docs_page_loads_nothing_from_elsewhere() -> None:
    page = Client().get("/api/docs").content.decode()
    assert "/static/drf_spectacular_sidecar/swagger-ui-dist/" in page
    assert "https://" not in page.replace("https://swagger.io", "")


def test_settings_that_do_not_fit_together_are_found_at_the_start(settings: Settings) -> None:
    assert check_limits(None) == check_index(None) == []
    settings.IMAGE_MAX_BYTES, settings.QUERY_IMAGE_LIFETIME_S = 30 * 2**20, 0
    settings.SEARCH_POOL_SIZE, settings.INDEX_TYPE = 20_000, "ANNOY"
    found: list[checks.CheckMessage] = [*check_limits(None), *check_index(None)]
    assert [message.id for message in found] == ["search.W001", "search.E001", "search.E002", "search.E003"]
