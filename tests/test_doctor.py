"""What `manage.py doctor` finds on an installation, and on broken ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings
from redis import Redis

from catalog.models import Store
from search import heartbeat, milvus
from search.models import IndexEntry, IndexVersion
from workers.doctor import Finding, Status, background, engines, examine, installation, machine, stores

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs beside the tests: nobody need wait for its answer."""
    monkeypatch.setattr(background, "ANSWER_S", 0.05)


def said(check: Callable[[], Iterator[Finding]], status: Status) -> list[str]:
    """What a check says with this status, with the fix, which every complaint has."""
    found = [one for one in check() if one.status is status]
    assert all(one.fix or status is Status.OK for one in found)
    return [f"{one.says} -> {one.fix}" for one in found]


def test_a_sound_installation_has_no_complaint_but_of_its_workers(shop: Store, live_index: IndexVersion) -> None:
    IndexVersion.objects.update(is_doubted=False)
    found = examine()
    wrong = {one.part for one in found if one.status is Status.PROBLEM}
    # No worker runs beside the tests; the test encoder has no weights on disk.
    assert wrong <= {"worker", "beat", "encoder"}
    assert "worker" in wrong
    parts = {one.part for one in found}
    assert {"postgres", "redis", "milvus", "index", "media", "disk", "clock", "settings", "hosts", "python"} <= parts


def test_the_command_writes_json_and_fails_on_a_problem(shop: Store) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="problem") as failed:
        call_command("doctor", "--json", stdout=out)
    assert failed.value.returncode == 1
    rows = json.loads(out.getvalue())
    assert all(row.keys() == {"part", "status", "says", "fix"} for row in rows)


def test_a_part_that_is_down_is_named_and_the_others_still_speak(live_index: IndexVersion, settings: Settings) -> None:
    address, redis = settings.MILVUS_URI, settings.REDIS_URL
    settings.MILVUS_URI, settings.MILVUS_TIMEOUT_S = "http://user:hidden-word@127.0.0.1:9", 0.2
    settings.REDIS_URL = "redis://:hidden-word@127.0.0.1:9/0"
    milvus.close_client()
    try:
        found = examine()
    finally:
        settings.MILVUS_URI, settings.REDIS_URL = address, redis
        milvus.close_client()
    by_part = {one.part: one for one in found if one.status is Status.PROBLEM}
    assert {"redis", "milvus", "index"} <= by_part.keys()
    assert "MILVUS_URI" in by_part["milvus"].fix
    assert "every trigger is in place" in [one.says for one in found]
    assert "hidden-word" not in str(found)


def test_a_disabled_trigger_is_a_problem(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'catalog_product'::regclass AND tgname LIKE 'pgtrigger_draw%'"
        )
        cursor.execute(f"ALTER TABLE catalog_product DISABLE TRIGGER {cursor.fetchone()[0]}")
    (problem,) = said(stores.check_postgres, Status.PROBLEM)
    assert "catalog_product.draw_revision is DISABLED" in problem
    assert "pgtrigger install" in problem


def test_a_forgotten_migration_is_a_problem(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations WHERE app = 'search')"
        )
    assert "manage.py migrate" in said(stores.check_postgres, Status.PROBLEM)[0]


def test_redis_that_throws_tasks_away_is_a_problem(settings: Settings) -> None:
    with Redis.from_url(settings.REDIS_URL) as client:
        before = client.config_get("maxmemory-policy")["maxmemory-policy"]  # type: ignore[index]
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            (problem,) = said(stores.check_redis, Status.PROBLEM)
        finally:
            client.config_set("maxmemory-policy", before)
    assert "allkeys-lru" in problem
    assert said(stores.check_redis, Status.PROBLEM) == []


def test_the_index_is_counted_and_its_lag_told(shop: Store, live_index: IndexVersion) -> None:
    assert said(engines.check_index, Status.PROBLEM) == []
    assert "holds 10 photos" in said(engines.check_index, Status.OK)[0]
    IndexVersion.objects.update(synced_at="2020-01-01T00:00:00Z")
    assert "s behind" in said(engines.check_index, Status.PROBLEM)[0]
    entry = IndexEntry.objects.order_by("pk")[0]
    milvus.delete_rows(live_index.collection, [entry.image_id])
    assert "9 rows, and 10 photos" in said(engines.check_index, Status.WARNING)[0]
    milvus.drop_collection(live_index.collection)
    assert "is not in Milvus" in said(engines.check_index, Status.PROBLEM)[0]


def test_other_weights_than_the_index_was_built_with_are_a_problem(
    live_index: IndexVersion, colour_encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(colour_encoder), "is_ready", True, raising=False)
    assert said(engines.check_encoder, Status.PROBLEM) == []
    IndexVersion.objects.update(fingerprint="another")
    assert "rebuild_index" in said(engines.check_encoder, Status.PROBLEM)[0]


def test_a_public_host_must_not_be_a_demo_nor_speak_plain_http(settings: Settings) -> None:
    assert said(installation.check_settings, Status.PROBLEM) == []
    settings.ALLOWED_HOSTS, settings.DEMO, settings.DEBUG, settings.HTTPS = ["shop.example"], True, True, False
    problems = " ".join(said(installation.check_settings, Status.PROBLEM))
    for word in ("VITRINE_DEMO", "DEBUG", "HTTPS=1"):
        assert word in problems
    assert "METRICS_TOKEN" in " ".join(said(installation.check_settings, Status.WARNING))


def test_media_that_cannot_be_written_are_a_problem(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    settings.MEDIA_ROOT = tmp_path / "file"
    (problem,) = [one for one in examine() if one.part == "media"]
    assert (problem.status, bool(problem.fix)) == (Status.PROBLEM, True)
    settings.MEDIA_ROOT = tmp_path / "media"
    assert said(machine.check_media, Status.OK) != []
    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []


def test_the_schedule_is_seen_by_its_last_task() -> None:
    assert "never seen" in said(background.check_beat, Status.PROBLEM)[0]
    heartbeat.note_beat()
    assert said(background.check_beat, Status.PROBLEM) == []
    cache.set("beat-seen-at", 1.0)
    assert "last seen" in said(background.check_beat, Status.PROBLEM)[0]
