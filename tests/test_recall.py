"""Sampled searches asked again exactly, and what people see of it: a metric, an alarm, a page."""

from __future__ import annotations

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from numpy.typing import NDArray
from pytest_django import Settings

from search import milvus
from search.choices import Match
from search.milvus import ImageHit
from search.models import IndexEntry, IndexVersion, RecallSample
from search.query import RowFilter
from search.recall import alarms, replay
from search.recall.buckets import bucket_of
from search.recall.noting import note_search, take_notes
from search.routes import vector_route
from search.vectors import VectorQuery
from tests.vectors import fill, unit_rows
from workers import tasks


# --- replays --------------------------------------------------------------------------------------------------------
@pytest.fixture
def sampled(live_index: IndexVersion, settings: Settings) -> IndexVersion:
    """A live index of sixty rows, all of whose searches are noted."""
    settings.RECALL_SAMPLE_SHARE = 1.0
    fill(live_index, unit_rows(60), store_id=1)
    return live_index


def ask(version: IndexVersion, *, vector: NDArray[np.float32] | None = None, wanted: RowFilter | None = None) -> None:
    """A search as the vector route makes it."""
    asked = unit_rows(1, seed=5) if vector is None else vector
    query = VectorQuery("image", (asked,), (1.0,), version.fingerprint, Match.ANY)
    vector_route(query, version, wanted=wanted or RowFilter(1), limit=30)


def figures() -> list[tuple[int, int]]:
    return list(RecallSample.objects.order_by("pk").values_list("found", "expected"))


def test_a_search_is_noted_and_replayed_as_right(sampled: IndexVersion) -> None:
    ask(sampled)
    ask(sampled, wanted=RowFilter(1, price_max=1))
    replay.replay_noted()
    # Nothing passes the second one's filter: there is nothing to find.
    assert figures() == [(10, 10)]
    sample = RecallSample.objects.get()
    assert (sample.passing, sample.total, sample.selectivity, sample.version) == (60, 60, 1.0, sampled)
    assert take_notes(10) == []


def test_the_share_decides_how_many_searches_are_noted(sampled: IndexVersion, settings: Settings) -> None:
    settings.RECALL_SAMPLE_SHARE = 0.0
    ask(sampled)
    assert take_notes(10) == []


def note_with(version: IndexVersion, shown: list[int]) -> None:
    hits = [ImageHit(image_id, image_id, 0.5) for image_id in shown]
    note_search(version, unit_rows(1, seed=5), wanted=RowFilter(1), found=[hits])


def nearest(version: IndexVersion) -> list[int]:
    exact = milvus.scan_nearest(version.collection, unit_rows(1, seed=5), wanted=RowFilter(1), limit=60)
    return [hit.image_id for hit in exact.hits[0]]


def test_a_missed_neighbour_is_counted(sampled: IndexVersion) -> None:
    order = nearest(sampled)
    note_with(sampled, [*order[:3], *order[5:12]])
    replay.replay_noted()
    assert figures() == [(8, 10)]


def test_what_was_edited_came_or_went_meanwhile_is_no_miss(sampled: IndexVersion) -> None:
    order = nearest(sampled)
    # An exact answer at its time, when 0, 1 and 2 of today's order were not there or did not pass.
    note_with(sampled, order[3:13])
    entries = IndexEntry.objects.filter(version=sampled)
    entries.filter(image_id=order[0]).update(indexed_at=timezone.now())
    entries.filter(image_id=order[1]).update(claim_token=uuid.uuid4())
    entries.filter(image_id=order[2]).update(product_revision=2)
    # And one of the answer has gone since.
    entries.filter(image_id=order[5]).delete()
    milvus.delete_rows(sampled.collection, [order[5]])
    assert replay.replay_noted().unclear == 0
    assert figures() == [(9, 9)]


def test_an_edited_row_hides_no_real_miss(sampled: IndexVersion) -> None:
    order = nearest(sampled)
    note_with(sampled, order[2:12])
    IndexEntry.objects.filter(version=sampled, image_id=order[0]).update(indexed_at=timezone.now())
    replay.replay_noted()
    assert figures() == [(9, 10)]


def test_a_replay_without_unchanged_rows_says_nothing(sampled: IndexVersion) -> None:
    note_with(sampled, nearest(sampled)[:10])
    IndexEntry.objects.filter(version=sampled).update(indexed_at=timezone.now())
    assert replay.replay_noted().unclear == 1
    assert figures() == []


def test_a_replay_reads_no_more_than_its_budget_of_rows(sampled: IndexVersion, settings: Settings) -> None:
    settings.RECALL_REPLAY_MAX_ROWS = 1
    for highest in (1_000, 2_000, 2_000):
        ask(sampled, wanted=RowFilter(1, price_max=highest))
    assert replay.replay_noted().left == 2
    assert figures() == [(10, 10)]


@pytest.mark.parametrize(("share", "bucket"), [(0.0, 0.001), (0.001, 0.001), (0.002, 0.01), (0.5, 0.5), (1.0, 1.0)])
def test_buckets_hold_the_shares_up_to_their_end(share: float, bucket: float) -> None:
    assert bucket_of(share) == bucket


# --- what people see ------------------------------------------------------------------------------------------------
def show(version: IndexVersion, found: int, *, searches: int = 30, selectivity: float = 0.05) -> None:
    now = timezone.now()
    RecallSample.objects.bulk_create(
        RecallSample(
            version=version, passing=5, total=100, selectivity=selectivity, expected=10, found=found, asked_at=now
        )
        for _ in range(searches)
    )


def test_recall_by_selectivity_is_a_metric(live_index: IndexVersion) -> None:
    show(live_index, 9)
    show(live_index, 10, selectivity=1.0)
    text = Client().get("/metrics").content.decode()
    assert 'vitrine_recall_at_10{selectivity="0.05"} 0.9' in text
    assert 'vitrine_recall_at_10{selectivity="1"} 1.0' in text
    assert 'vitrine_recall_searches{selectivity="0.05"} 30.0' in text


def test_low_recall_raises_an_alarm_with_what_to_do(live_index: IndexVersion, caplog: pytest.LogCaptureFixture) -> None:
    show(live_index, 10, selectivity=1.0)
    show(live_index, 5, searches=alarms.FEWEST_SEARCHES - 1, selectivity=0.2)
    assert alarms.current_alarms() == []
    show(live_index, 9)
    tasks.replay_recall()
    assert "finds 0.900 of the ten nearest where up to 5 % of its rows pass" in caplog.text
    assert "run manage.py tune_index --apply" in caplog.text
    IndexVersion.objects.update(tuned_at=timezone.now(), index_type="IVF_PQ")
    (alarm,) = alarms.current_alarms()
    assert "rebuild_index --index-type HNSW" in str(alarm)


def test_the_admin_shows_recall_by_day_with_its_alarms(live_index: IndexVersion, admin_client: Client) -> None:
    address = reverse("admin:search_recallsample_changelist")
    assert b"Nothing was measured" in admin_client.get(address).content
    show(live_index, 9)
    page = admin_client.get(f"{address}?days=30&version=nonsense").content.decode()
    assert "up to 5 % pass" in page
    assert "<polyline" in page
    assert 'role="alert"' in page
    assert "run manage.py tune_index --apply" in page


def test_figures_are_deleted_when_their_time_is_over(live_index: IndexVersion, settings: Settings) -> None:
    show(live_index, 10, searches=2)
    RecallSample.objects.filter(pk=RecallSample.objects.latest("pk").pk).update(
        asked_at=timezone.now() - timedelta(days=settings.RECALL_RETENTION_DAYS, hours=1)
    )
    tasks.tidy()
    assert RecallSample.objects.count() == 1
