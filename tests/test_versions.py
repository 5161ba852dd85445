"""Another version beside the live one: built under edits, compared, let through its gates, promoted, rolled back."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from pytest_django import Settings

from catalog.models import Product, ProductImage, Store
from search import indexing, milvus, retrieval, versions, warming
from search.choices import Mode
from search.errors import EncoderMismatch, IndexUnavailable, VersionRefused
from search.events.records import SearchLog
from search.indexing.work import read, take, write
from search.models import IndexEntry, IndexVersion, StoreCalibration, VersionState
from search.query import Query, RowFilter
from search.result import Result
from search.routes import vector_search
from search.upgrading import building, gates, jobs, pace, promotion
from search.upgrading.records import JobState, VersionChange, VersionComparison
from search.vectors import query_vectors
from tests.encoders import ColourEncoder
from tests.shop import make_product
from tests.version_fixtures import TurnedEncoder

pytestmark = pytest.mark.django_db

Build = Callable[..., IndexVersion]


def semantic(shop: Store, text: str = "red", **facts: Any) -> Result:
    return retrieval.search(Query(shop.pk, text=text, mode=Mode.SEMANTIC, per_page=3, **facts))


def best(result: Result) -> set[str]:
    return {hit.product.sku for hit in result.hits[:2]}


def compared(version: IndexVersion) -> VersionComparison:
    row = jobs.ask_comparison(version, by="test")
    assert jobs.run_comparison(row.pk)
    row.refresh_from_db()
    return row


def promoted(version: IndexVersion, **facts: Any) -> VersionChange:
    row = jobs.ask_promotion(version, by="test", **facts)
    assert jobs.run_change(row.pk)
    row.refresh_from_db()
    return row


def settled(version: IndexVersion) -> list[indexing.Difference]:
    indexing.sweep(version)
    return list(indexing.verify(version))


def test_a_version_of_another_encoder_is_built_under_edits_promoted_and_taken_back(
    shop: Store, live_index: IndexVersion, turned_encoder: TurnedEncoder, build: Build, settings: Settings
) -> None:
    settings.INDEX_BUILD_BATCH_SIZE = 3
    version = building.start_build(encoder="turned", index_type="FLAT")
    building.go_on(budget_s=0.0)
    version.refresh_from_db()
    # One batch, though there was no time: a busy live index never stops a build for good.
    assert (turned_encoder.images_encoded, version.filled_at, version.fill_after_id > 0) == (3, None, True)
    first = ProductImage.objects.filter(product__store=shop).order_by("pk").first()
    assert first is not None
    Product.objects.filter(pk=first.product_id).update(price=999)
    ProductImage.objects.filter(product__sku="red-boots").delete()
    new = make_product(shop, "late-red", colours=("red",))
    while version.filled_at is None:
        building.go_on(budget_s=5.0)
        version.refresh_from_db()
    building.make_ready(version)
    indexing.sweep(live_index)
    assert (settled(version), settled(live_index)) == ([], [])
    assert best(semantic(shop)) <= {"red-shoes", "red-lamp", "late-red"}

    row = compared(version)
    assert (row.state, row.message) == (JobState.DONE, "")
    assert row.figures["overlap"]["all"]["mean"] == pytest.approx(1.0)
    assert row.figures["recall"]["after"]["mean"] == 1.0
    assert {one["form"] for one in row.samples} == {"words", "photo"}
    change = promoted(version)
    assert (change.state, change.message) == (JobState.DONE, "")
    live_index.refresh_from_db()
    assert (versions.live_version(), live_index.state) == (version, VersionState.STANDBY)
    result = semantic(shop)
    assert (result.index_version, best(result) <= {"red-shoes", "red-lamp", "late-red"}) == (version.collection, True)

    # The one before goes on following, so that going back loses nothing.
    Product.objects.filter(pk=new.pk).update(is_published=False)
    for one in versions.whole_versions():
        indexing.sweep(one)
    assert promotion.rollback(version, by="test").pk == live_index.pk
    assert (versions.live_version(), list(indexing.verify(live_index))) == (live_index, [])
    with pytest.raises(VersionRefused, match="not live"):
        promotion.rollback(IndexVersion.objects.get(pk=version.pk), by="a second press")
    assert [(one.kind, one.asked_by) for one in VersionChange.objects.order_by("pk")] == [
        ("promote", "test"),
        ("rollback", "test"),
    ]


def test_a_version_of_the_same_encoder_copies_vectors_and_so_does_the_standby(
    shop: Store, live_index: IndexVersion, colour_encoder: ColourEncoder, build: Build
) -> None:
    encoded = colour_encoder.images_encoded
    version = build("colour")
    assert colour_encoder.images_encoded == encoded
    versions.promote(version)
    make_product(shop, "new", colours=("green",))
    for one in versions.whole_versions():
        indexing.sweep(one)
    assert colour_encoder.images_encoded == encoded + 1


def test_a_build_goes_on_after_a_kill_at_any_step(
    shop: Store, live_index: IndexVersion, turned_encoder: TurnedEncoder, build: Build, settings: Settings
) -> None:
    settings.INDEX_BUILD_BATCH_SIZE = 4
    version = building.start_build(encoder="turned", index_type="FLAT")
    # Killed before there was a collection; and with a batch claimed, written, and not marked.
    assert not milvus.has_collection(version.collection)
    building.go_on(budget_s=0.0)
    version.refresh_from_db()
    rest = indexing.stale_image_ids(version, after_id=version.fill_after_id, limit=4)
    batch = take(version, rest)
    read(batch)
    write(batch)
    IndexEntry.objects.filter(version=version).update(claimed_until=timezone.now() - timedelta(seconds=1))
    # Killed after the last batch was marked, and before anybody wrote how far it was.
    IndexVersion.objects.filter(pk=version.pk).update(fill_after_id=0)
    while version.filled_at is None:
        building.go_on(budget_s=5.0)
        version.refresh_from_db()
    assert (list(indexing.verify(version)), indexing.count_stale(version)) == ([], 0)
    row = jobs.ask_comparison(version, by="test")
    VersionComparison.objects.update(state=JobState.RUNNING, claimed_until=timezone.now() + timedelta(minutes=1))
    assert jobs.run_asked() == 0
    VersionComparison.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert jobs.run_asked() == 1
    row.refresh_from_db()
    assert (row.state, row.attempts) == (JobState.DONE, 1)


def test_of_two_promoters_one_wins_and_the_other_is_told(
    shop: Store, live_index: IndexVersion, turned_encoder: TurnedEncoder, build: Build
) -> None:
    first, second = build("turned"), build("colour")
    rows = []
    for version in (first, second):
        assert compared(version).state == JobState.DONE
        rows.append(jobs.ask_promotion(version, by="test"))
    with pytest.raises(VersionRefused, match="promoted already"):
        jobs.ask_promotion(first, by="the same again")
    assert jobs.run_asked() == 2
    for row in rows:
        row.refresh_from_db()
    assert [row.state for row in rows] == [JobState.DONE, JobState.REFUSED]
    # Its comparison was with a version that is not live any more.
    assert "compared: not compared" in rows[1].message
    with pytest.raises(VersionRefused, match="another version when this was asked"):
        versions.promote(second, instead_of=live_index.pk)
    assert versions.live_version() == first


def lower_quality(version: IndexVersion) -> None:
    row = VersionComparison.objects.get()
    change = {"mean": -0.02, "low": -0.03, "high": -0.01, "p": 0.01, "is_significant": True}
    row.figures["judged"] = [{"set": "s", "store": "shop", "metrics": {"NDCG@10": {"difference": change}}}]
    row.save()


def lower_recall(version: IndexVersion) -> None:
    row = VersionComparison.objects.get()
    row.figures["recall"]["after"]["mean"] = 0.98
    row.save()


def forget_comparison(version: IndexVersion) -> None:
    VersionComparison.objects.all().delete()


def calibrate_live(version: IndexVersion) -> None:
    routes = {"text": {"slope": 1.0, "intercept": 0.0, "floor": 0.5}}
    live = versions.live_version()
    StoreCalibration.objects.create(store=Store.objects.get(slug="shop"), fingerprint=live.fingerprint, routes=routes)


def refuse_a_photo(version: IndexVersion) -> None:
    entry = IndexEntry.objects.filter(version=version).first()
    assert entry is not None
    IndexEntry.objects.filter(pk=entry.pk).update(error="The file is missing.")
    milvus.delete_rows(version.collection, [entry.image_id])


def unfill(version: IndexVersion) -> None:
    IndexVersion.objects.filter(pk=version.pk).update(filled_at=None)
    IndexEntry.objects.filter(version=version).delete()


@pytest.mark.parametrize(
    ("harm", "gate", "fix"),
    [
        (unfill, "built", "index_versions list"),
        (calibrate_live, "ready", "index_versions prepare"),
        (forget_comparison, "compared", "index_versions compare"),
        (lower_quality, "judged quality", "judge more queries"),
        (lower_recall, "recall", "search parameters"),
        (refuse_a_photo, "complete", "Reindex"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_failed_gate_refuses_and_names_the_fix_and_force_goes_past_it_with_a_reason(
    shop: Store,
    live_index: IndexVersion,
    turned_encoder: TurnedEncoder,
    build: Build,
    harm: Callable[[IndexVersion], None],
    gate: str,
    fix: str,
) -> None:
    version = build("turned")
    assert compared(version).state == JobState.DONE
    harm(version)
    change = promoted(version)
    assert [one["name"] for one in change.gates if not one["is_passed"]] == [gate]
    assert (change.state, f"- {gate}: " in change.message, fix in change.message) == (JobState.REFUSED, True, True)
    assert versions.live_version() == live_index
    with pytest.raises(VersionRefused, match="needs a reason"):
        jobs.ask_promotion(version, by="test", is_forced=True)
    forced = promoted(version, is_forced=True, reason="the sale begins")
    assert (forced.state, forced.reason, versions.live_version()) == (JobState.DONE, "the sale begins", version)


def test_completeness_mends_what_was_lost_and_follows_what_changes_meanwhile(
    shop: Store, live_index: IndexVersion, turned_encoder: TurnedEncoder, build: Build
) -> None:
    version = build("turned")
    image = ProductImage.objects.filter(product__sku="red-lamp").get()
    milvus.delete_rows(version.collection, [image.pk])
    Product.objects.filter(sku="blue-lamp").update(price=3)
    gone = ProductImage.objects.filter(product__sku="black-lamp").get()
    ProductImage.objects.filter(pk=gone.pk).delete()
    assert gates.complete(version).is_passed
    assert list(indexing.verify(version)) == []


def test_a_query_of_another_model_is_refused_though_the_dimension_is_the_same(
    shop: Store, live_index: IndexVersion, turned_encoder: TurnedEncoder, build: Build
) -> None:
    version = build("turned")
    asked = query_vectors(Query(shop.pk, text="red", mode=Mode.SEMANTIC), live_index)
    assert asked.vectors.shape[1] == version.dimension
    with pytest.raises(EncoderMismatch, match="colour-1"):
        vector_search(asked, version, wanted=RowFilter(store_id=shop.pk), limit=3)
    turned_encoder.fingerprint = "turned-2"
    gate = gates.known_model(version)
    assert (gate.is_passed, "weights of turned changed" in gate.detail) == (False, True)


def test_a_list_that_was_begun_is_read_on_in_its_own_version(
    shop: Store, live_index: IndexVersion, turned_encoder: TurnedEncoder, build: Build
) -> None:
    first = semantic(shop)
    version = build("turned")
    versions.promote(version)
    later = semantic(shop, page=2, search_id=first.search_id)
    assert (later.index_version, later.pool_renewed) == (live_index.collection, False)
    assert semantic(shop).index_version == version.collection
    live_index.refresh_from_db()
    versions.retire(live_index)
    IndexVersion.objects.filter(pk=live_index.pk).update(retired_at=timezone.now() - timedelta(hours=2))
    assert versions.drop_retired() == 1
    dropped = semantic(shop, page=2, search_id=first.search_id)
    assert (dropped.index_version, dropped.pool_renewed) == (version.collection, True)


def test_the_standby_is_retired_when_its_time_is_over(shop: Store, live_index: IndexVersion, build: Build) -> None:
    versions.promote(build("colour"))
    IndexVersion.objects.filter(pk=live_index.pk).update(demoted_at=timezone.now() - timedelta(hours=25))
    assert versions.drop_retired() == 0
    live_index.refresh_from_db()
    assert live_index.state == VersionState.RETIRED
    with pytest.raises(VersionRefused, match="No earlier version"):
        promotion.rollback(versions.live_version(), by="test")
    with pytest.raises(VersionRefused, match="is live"):
        promotion.retire(versions.live_version(), by="test")
    with pytest.raises(VersionRefused, match="retired"):
        versions.promote(live_index)


def test_a_build_takes_less_while_searches_are_slower_than_before(shop: Store, live_index: IndexVersion) -> None:
    version = versions.plan_version(encoder="colour", index_type="FLAT")

    def searched(took_ms: int, seconds_ago: float) -> None:
        SearchLog.objects.bulk_create(
            SearchLog(
                store=shop,
                search_id=uuid.uuid4().hex,
                mode="words",
                found=1,
                took_ms=took_ms,
                created_at=timezone.now() - timedelta(seconds=seconds_ago),
            )
            for _ in range(pace.MIN_SEARCHES)
        )

    assert pace.adjusted_share(version) == 0.5
    searched(20, 60)
    searched(40, 0)
    assert [pace.adjusted_share(version) for _ in range(3)] == [0.25, 0.125, 0.0625]
    assert version.search_ms_before == 20.0
    SearchLog.objects.filter(took_ms=40).delete()
    assert pace.adjusted_share(version) == 0.0625 * 1.25


def test_no_version_is_planned_past_the_limit_or_with_parameters_that_it_does_not_have(
    live_index: IndexVersion, turned_encoder: TurnedEncoder
) -> None:
    from search.errors import InvalidIndex

    for facts, message in (
        ({"index_type": "HNSW", "build": {"nlist": 3}}, "no parameter 'nlist'"),
        ({"index_type": "HNSW", "build": {"M": 1}}, "from 2 to"),
        ({"index_type": "FLAT", "search": {"ef": 3}}, "no parameter 'ef'"),
    ):
        with pytest.raises(InvalidIndex, match=message):
            building.start_build(encoder="turned", **facts)
    made = building.start_build(encoder="turned", index_type="HNSW", build={"M": 8}, search={"ef": 64})
    assert (made.index_params["M"], made.search_params) == (8, {"ef": 64})
    building.start_build(encoder="colour", index_type="FLAT")
    with pytest.raises(VersionRefused, match="2 versions are being built"):
        building.start_build(encoder="colour", index_type="FLAT")


def test_exact_search_is_what_numpy_says(
    shop: Store, live_index: IndexVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    from search.milvus import exact

    monkeypatch.setattr(exact, "VECTOR_PAGE_ROWS", 3)
    images = list(ProductImage.objects.filter(product__store=shop).order_by("pk").values_list("pk", flat=True))
    known = milvus.read_vectors(live_index.collection, images)
    rows = np.stack([known[pk] for pk in images])
    asked = query_vectors(Query(shop.pk, text="navy", mode=Mode.SEMANTIC), live_index).vectors
    found = milvus.exact_search(live_index.collection, asked, wanted=RowFilter(store_id=shop.pk), limit=5)
    order = np.lexsort((images, -(asked @ rows.T)[0]))[:5]
    assert [hit.image_id for hit in found[0]] == [images[place] for place in order]


def test_a_collection_that_cannot_be_made_leaves_no_version_behind(
    live_index: IndexVersion, settings: Settings
) -> None:
    known, settings.MILVUS_URI, settings.MILVUS_TIMEOUT_S = settings.MILVUS_URI, "http://127.0.0.1:1", 0.2
    milvus.close_client()
    try:
        with pytest.raises(IndexUnavailable):
            versions.create_version(encoder="colour", index_type="FLAT")
    finally:
        settings.MILVUS_URI = known
        milvus.close_client()
    assert IndexVersion.objects.count() == 1


def test_a_searching_process_loads_the_coming_encoder_and_a_promotion_waits_for_it(
    shop: Store,
    live_index: IndexVersion,
    turned_encoder: TurnedEncoder,
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warming, "_states", {})
    version = build("turned")
    encoded = turned_encoder.texts_encoded
    semantic(shop)
    assert (turned_encoder.texts_encoded, warming.searchers("turned-1")) == (encoded, [])
    IndexVersion.objects.filter(pk=version.pk).update(warm_since=timezone.now())
    semantic(shop)
    for thread in [one for one in threading.enumerate() if one.name == "warm-encoder"]:
        thread.join()
    assert turned_encoder.texts_encoded == encoded + 1
    assert [one.state for one in warming.searchers("turned-1")] == [warming.WARM]
    assert "1 searching processes" in gates.warm(version).detail
    monkeypatch.setattr(warming, "_states", {"turned-1": "There is no such folder on this machine."})
    warming._announce("turned-1")
    gate = gates.warm(version)
    assert (gate.is_passed, "no such folder on this machine" in gate.detail) == (False, True)
