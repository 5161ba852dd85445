"""Indexing on real Postgres and real Milvus: what a change, a failure or a second worker leaves behind."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from catalog.models import Brand, Category, Product, ProductImage
from search import indexing, milvus, versions
from search.errors import EncoderUnavailable, IndexUnavailable
from search.indexing.entries import Mark, claim, mark
from search.models import IndexEntry, IndexVersion, VersionState
from tests.encoders import ColourEncoder
from tests.shop import add_photo, brand, category, make_product, make_store

pytestmark = pytest.mark.django_db


def entries(version: IndexVersion) -> dict[int, IndexEntry]:
    return {entry.image_id: entry for entry in IndexEntry.objects.filter(version=version)}


def differences(version: IndexVersion) -> list[indexing.Difference]:
    return list(indexing.verify(version))


def test_a_sweep_indexes_every_image_once(live_index: IndexVersion, colour_encoder: ColourEncoder) -> None:
    store = make_store()
    for sku in "abc":
        make_product(store, sku, colours=("red", "blue"))
    first = indexing.sweep(live_index)
    second = indexing.sweep(live_index)
    assert (first.work.indexed, first.work.embedded) == (6, 6)
    assert (second.work.indexed, second.work.embedded) == (0, 0)
    assert milvus.count_rows(live_index.collection) == 6
    assert differences(live_index) == []


def test_a_price_change_rewrites_the_row_and_embeds_nothing(
    live_index: IndexVersion, colour_encoder: ColourEncoder
) -> None:
    product = make_product(make_store(), "a", price="10")
    indexing.sweep(live_index)
    Product.objects.update(price="12.50")
    report = indexing.sweep(live_index)
    assert (report.work.indexed, report.work.embedded) == (1, 0)
    assert colour_encoder.images_encoded == 1
    image = product.images.get()
    assert milvus.count_rows(live_index.collection, filter_expression=f"id == {image.pk} and price_minor == 1250") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another title", "description": "words only"},
        {"quantity": 6},
        {"price": "10"},
        {"url": "https://shop.example/a"},
    ],
)
def test_a_change_that_the_index_does_not_hold_queues_nothing(
    live_index: IndexVersion, change: dict[str, object]
) -> None:
    make_product(make_store(), "a", price="10", quantity=7)
    indexing.sweep(live_index)
    Product.objects.update(**change)
    assert indexing.count_stale(live_index) == 0


def test_raw_sql_and_stale_instances_cannot_hide_a_change(live_index: IndexVersion) -> None:
    product = make_product(make_store(), "a", price="10")
    indexing.sweep(live_index)
    before = Product.objects.get(pk=product.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_product SET price = 11 WHERE id = %s", [product.pk])
    changed = Product.objects.get(pk=product.pk).revision
    before.price = 11
    before.title = "saved from an older read, with the older revision"
    before.save()
    assert changed > before.revision
    assert Product.objects.get(pk=product.pk).revision == changed
    assert indexing.count_stale(live_index) == 1


def test_hiding_and_showing_embeds_nothing(live_index: IndexVersion, colour_encoder: ColourEncoder) -> None:
    store = make_store()
    for sku in "abc":
        make_product(store, sku)
    indexing.sweep(live_index)
    Product.objects.update(is_published=False)
    indexing.sweep(live_index)
    assert milvus.count_rows(live_index.collection, filter_expression="published == true") == 0
    Product.objects.update(is_published=True)
    indexing.sweep(live_index)
    assert milvus.count_rows(live_index.collection, filter_expression="published == true") == 3
    assert colour_encoder.images_encoded == 3


def test_renaming_a_brand_or_moving_a_category_writes_nothing_to_milvus(live_index: IndexVersion) -> None:
    store = make_store()
    shoes = category(store, "Clothes", "Shoes")
    make_product(store, "a", category=shoes, brand=brand(store, "Norrvik"))
    indexing.sweep(live_index)
    Brand.objects.update(name="Sudvik")
    sport = category(store, "Sport")
    shoes.refresh_from_db()
    Category.objects.move(shoes, sport, "first-child")
    assert indexing.count_stale(live_index) == 0


def test_a_deleted_image_leaves_milvus_and_its_entry_goes(live_index: IndexVersion) -> None:
    product = make_product(make_store(), "a", colours=("red", "blue"))
    indexing.sweep(live_index)
    product.images.order_by("position")[0].delete()
    report = indexing.sweep(live_index, is_recent_only=True)
    assert report.removed == 1
    assert milvus.count_rows(live_index.collection) == 1
    assert len(entries(live_index)) == 1


def test_a_deleted_store_leaves_nothing_behind(live_index: IndexVersion) -> None:
    kept, gone = make_store("kept"), make_store("gone")
    make_product(kept, "a")
    for sku in "abc":
        make_product(gone, sku)
    indexing.sweep(live_index)
    gone.delete()
    assert indexing.sweep(live_index).removed == 3
    assert milvus.count_rows(live_index.collection) == 1
    assert differences(live_index) == []


def test_a_product_that_changes_store_is_found_there_and_not_here(live_index: IndexVersion) -> None:
    old, new = make_store("old"), make_store("new")
    product = make_product(old, "a")
    indexing.sweep(live_index)
    Product.objects.filter(pk=product.pk).update(store=new)
    indexing.sweep(live_index)
    counts = [
        milvus.count_rows(live_index.collection, filter_expression=f"store_id == {store.pk}") for store in (old, new)
    ]
    assert counts == [0, 1]
    assert differences(live_index) == []


def test_a_bad_photo_keeps_its_error_until_it_changes(live_index: IndexVersion, colour_encoder: ColourEncoder) -> None:
    product = make_product(make_store(), "a", colours=())
    image = add_photo(product, "red", data=b"this is no image")
    first = indexing.sweep(live_index)
    assert (first.work.refused, milvus.count_rows(live_index.collection)) == (1, 0)
    assert entries(live_index)[image.pk].error
    Product.objects.update(price="3")
    assert indexing.sweep(live_index).work.refused == 1
    assert indexing.count_stale(live_index) == 0
    assert differences(live_index) == []
    good = add_photo(product, "blue")
    ProductImage.objects.filter(pk=image.pk).update(file=good.file.name, sha256=good.sha256)
    indexing.sweep(live_index)
    assert entries(live_index)[image.pk].error == ""
    assert milvus.count_rows(live_index.collection) == 2


def test_a_photo_whose_file_is_missing_says_so(live_index: IndexVersion) -> None:
    product = make_product(make_store(), "a")
    image = product.images.get()
    image.file.storage.delete(image.file.name)
    indexing.sweep(live_index)
    assert "missing from the media storage" in entries(live_index)[image.pk].error


def test_an_outage_blames_no_image_and_backs_off(live_index: IndexVersion, colour_encoder: ColourEncoder) -> None:
    make_product(make_store(), "a")
    colour_encoder.fingerprint = "other weights"
    with pytest.raises(EncoderUnavailable, match="rebuild_index"):
        indexing.sweep(live_index)
    entry = IndexEntry.objects.get()
    assert (entry.error, entry.attempts, entry.claim_token) == ("", 1, None)
    assert entry.next_attempt_at is not None and entry.next_attempt_at > timezone.now()
    assert indexing.sweep(live_index).work.indexed == 0
    colour_encoder.fingerprint = "colour-1"
    IndexEntry.objects.update(next_attempt_at=timezone.now())
    assert indexing.sweep(live_index).work.indexed == 1
    assert IndexEntry.objects.get().attempts == 0


def test_a_claim_keeps_others_away_until_its_lease_ends(live_index: IndexVersion) -> None:
    image = make_product(make_store(), "a").images.get()
    assert set(claim(live_index, [image.pk], token=uuid.uuid4())) == {image.pk}
    assert claim(live_index, [image.pk], token=uuid.uuid4()) == {}
    assert indexing.index_images(live_index, [image.pk]).indexed == 0
    IndexEntry.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert indexing.index_images(live_index, [image.pk]).indexed == 1


def test_whoever_marks_without_the_claim_clears_the_entry_and_its_owner_too(live_index: IndexVersion) -> None:
    image = make_product(make_store(), "a").images.get()
    product = image.product
    facts = (image.pk, product.store_id, image.revision, product.revision, image.sha256)
    slow, quick = uuid.uuid4(), uuid.uuid4()
    claim(live_index, [image.pk], token=slow)
    IndexEntry.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    claim(live_index, [image.pk], token=quick)
    assert mark(live_index, [Mark(*facts)], token=slow) == {image.pk}
    assert mark(live_index, [Mark(*facts)], token=quick) == {image.pk}
    entry = IndexEntry.objects.get()
    assert (entry.image_revision, entry.product_revision, entry.content_hash, entry.claim_token) == (
        None,
        None,
        "",
        None,
    )
    assert indexing.sweep(live_index).work.indexed == 1


def test_rows_lost_by_milvus_are_found_and_written_again(live_index: IndexVersion) -> None:
    store = make_store()
    products = [make_product(store, sku) for sku in "abc"]
    indexing.sweep(live_index)
    lost = products[1].images.get().pk
    milvus.delete_rows(live_index.collection, [lost])
    found = differences(live_index)
    assert [(d.image_id, d.kind) for d in found] == [(lost, "missing in Milvus")]
    assert indexing.repair(live_index, found) == 1
    indexing.sweep(live_index)
    assert differences(live_index) == []


def test_rows_that_postgres_never_knew_are_found_and_removed(live_index: IndexVersion) -> None:
    image = make_product(make_store(), "a").images.get()
    indexing.sweep(live_index)
    IndexEntry.objects.all().delete()
    ProductImage.objects.filter(pk=image.pk).delete()
    found = differences(live_index)
    assert [(d.image_id, d.kind) for d in found] == [(image.pk, "in Milvus, but its image is gone")]
    indexing.repair(live_index, found)
    indexing.sweep(live_index)
    assert milvus.count_rows(live_index.collection) == 0
    assert differences(live_index) == []


def test_reindexing_on_request_does_the_images_again(live_index: IndexVersion, colour_encoder: ColourEncoder) -> None:
    image = make_product(make_store(), "a").images.get()
    indexing.sweep(live_index)
    assert indexing.clear_entries([image.pk]) == 1
    assert indexing.sweep(live_index).work.indexed == 1
    assert colour_encoder.images_encoded == 1
    indexing.clear_entries([image.pk], with_vectors=True)
    indexing.sweep(live_index)
    assert colour_encoder.images_encoded == 2


def test_a_sweep_that_finds_rows_missing_compares_and_writes_them_again(live_index: IndexVersion) -> None:
    store = make_store()
    products = [make_product(store, sku) for sku in "abcd"]
    indexing.sweep(live_index)
    milvus.delete_rows(live_index.collection, [products[0].images.get().pk, products[2].images.get().pk])
    report = indexing.sweep(live_index)
    assert (report.repaired, report.work.indexed) == (2, 2)
    assert differences(live_index) == []


def test_after_an_outage_the_next_sweep_compares_row_by_row(live_index: IndexVersion, settings: Settings) -> None:
    store = make_store()
    first = make_product(store, "a")
    indexing.sweep(live_index)
    make_product(store, "b")
    uri, settings.MILVUS_URI, settings.MILVUS_TIMEOUT_S = settings.MILVUS_URI, "http://127.0.0.1:1", 0.2
    milvus.close_client()
    try:
        with pytest.raises(IndexUnavailable):
            indexing.sweep(live_index, is_recent_only=True)
    finally:
        settings.MILVUS_URI = uri
        milvus.close_client()
    milvus.delete_rows(live_index.collection, [first.images.get().pk])
    IndexEntry.objects.update(next_attempt_at=None)
    report = indexing.sweep(live_index, is_recent_only=True)
    assert report.repaired == 2
    assert differences(live_index) == []


def test_a_collection_that_is_gone_is_made_again_and_filled(live_index: IndexVersion) -> None:
    make_product(make_store(), "a")
    indexing.sweep(live_index)
    milvus.drop_collection(live_index.collection)
    version = versions.ensure_live_version()
    assert version == live_index
    assert indexing.sweep(version).work.indexed == 1
    assert differences(version) == []


def test_a_rebuild_with_the_same_encoder_copies_the_vectors(
    live_index: IndexVersion, colour_encoder: ColourEncoder
) -> None:
    store = make_store()
    for sku in "abc":
        make_product(store, sku)
    indexing.sweep(live_index)
    rebuilt = versions.create_version(encoder=colour_encoder.name, index_type="FLAT")
    report = indexing.sweep(rebuilt)
    versions.promote(rebuilt)
    assert (report.work.indexed, report.work.embedded, colour_encoder.images_encoded) == (3, 0, 3)
    assert versions.live_version() == rebuilt
    live_index.refresh_from_db()
    assert live_index.state == VersionState.STANDBY
    assert milvus.has_collection(live_index.collection)
    assert differences(rebuilt) == []
