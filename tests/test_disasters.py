"""A lost Milvus, a Milvus or a Postgres of an earlier time, a lost Redis, media that come back late: each converges."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import redis
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from catalog.models import ImportJob, Product, ProductImage, Store
from catalog.models.imports import ImportState
from config.doubt import doubt_index
from search import indexing, milvus, versions
from search.events.search_log import keep_searches
from search.indexing.facts import read_facts
from search.models import IndexEntry, IndexVersion
from tests.api_fixtures import post_json, skus
from tests.encoders import COLOURS, ColourEncoder, colour_vector
from tests.shop import add_photo, make_product, make_store
from workers import tasks

pytestmark = pytest.mark.django_db
SEQUENCES = ("catalog_product_id_seq", "catalog_productimage_id_seq", "catalog_revision")


def run(*command: str) -> str:
    said = StringIO()
    call_command(*command, stdout=said)
    return said.getvalue()


def differences(version: IndexVersion) -> list[indexing.Difference]:
    return list(indexing.verify(version))


def vector_of(version: IndexVersion, image: ProductImage) -> np.ndarray:
    return milvus.read_vectors(version.collection, [image.pk])[image.pk]


def replace_photo(image: ProductImage, colour: str) -> None:
    other = add_photo(image.product, colour)
    ProductImage.objects.filter(pk=image.pk).update(file=other.file.name, sha256=other.sha256)
    other.delete()


def sequence_values() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(last_value, 1) FROM pg_sequences WHERE sequencename = ANY(%s) ORDER BY sequencename",
            [list(SEQUENCES)],
        )
        return [int(row[0]) for row in cursor.fetchall()]


@contextmanager
def restored_to_now() -> Iterator[None]:
    """Everything that the block does to Postgres is undone, its sequences too, as after restoring a dump. Milvus stays."""
    before, savepoint = sequence_values(), transaction.savepoint()
    yield
    transaction.savepoint_rollback(savepoint)
    with connection.cursor() as cursor:
        for name, value in zip(SEQUENCES, before, strict=True):
            cursor.execute("SELECT setval(%s, %s)", [name, value])


def test_a_postgres_of_an_earlier_time_is_noticed_and_every_row_put_right(live_index: IndexVersion) -> None:
    store = make_store()
    kept, edited, deleted = (make_product(store, sku, price="10") for sku in ("kept", "edited", "deleted"))
    photo = edited.images.get()
    indexing.sweep(live_index)
    with restored_to_now():
        make_product(store, "later", colours=("blue", "green"))
        Product.objects.filter(pk=edited.pk).update(price="99")
        replace_photo(photo, "blue")
        Product.objects.filter(pk=deleted.pk).delete()
        indexing.sweep(live_index)
        assert differences(live_index) == []
        highest = sequence_values()
    # The lost time's numbers are drawn again before anybody notices.
    Product.objects.filter(pk=kept.pk).update(price="11")
    assert differences(live_index) != []
    indexing.sweep(live_index)
    assert differences(live_index) == []
    assert milvus.count_rows(live_index.collection) == 3
    assert np.allclose(vector_of(live_index, photo), colour_vector(COLOURS["red"]), atol=1e-4)
    assert all(value > lost for value, lost in zip(sequence_values(), highest, strict=True))
    # It is noticed once.
    assert indexing.came_back(live_index) is False


def test_a_vector_of_another_time_is_not_taken_for_the_photos_own(live_index: IndexVersion) -> None:
    """The product is edited before anybody compares: its row would be written anew with the vector that lies there."""
    product = make_product(make_store(), "a", price="10")
    image = product.images.get()
    indexing.sweep(live_index)
    with restored_to_now():
        replace_photo(image, "blue")
        indexing.sweep(live_index)
    Product.objects.update(price="11")
    indexing.sweep(live_index, is_recent_only=True)
    assert np.allclose(vector_of(live_index, image), colour_vector(COLOURS["red"]), atol=1e-4)


def test_a_milvus_that_lost_its_last_writes_gives_no_old_vector(live_index: IndexVersion) -> None:
    product = make_product(make_store(), "a", price="10")
    image = product.images.get()
    indexing.sweep(live_index)
    (before,) = milvus.iterate_rows(live_index.collection)
    facts = read_facts([image.pk])[0]
    replace_photo(image, "blue")
    indexing.sweep(live_index)
    # What a killed engine may do: the row is again as it was before the last write.
    milvus.upsert_rows(live_index.collection, [facts.row(colour_vector(COLOURS["red"]))])
    assert next(iter(milvus.iterate_rows(live_index.collection))) == before
    Product.objects.update(price="11")
    indexing.sweep(live_index, is_recent_only=True)
    assert np.allclose(vector_of(live_index, image), colour_vector(COLOURS["blue"]), atol=1e-4)
    assert differences(live_index) == []


def test_a_doubt_outlives_a_comparison_that_is_cut_off_and_one_that_began_before_it(
    live_index: IndexVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_product(make_store(), "a")
    indexing.sweep(live_index)
    doubt_index()

    def killed(*args: object, **options: object) -> Iterator[indexing.Difference]:
        raise SystemExit

    def overtaken(*args: object, **options: object) -> Iterator[indexing.Difference]:
        indexing.doubt(live_index)
        return iter(())

    for verify in (killed, overtaken):
        with monkeypatch.context() as patch, suppress(SystemExit):
            patch.setattr(import_module("search.indexing.verify"), "verify", verify)
            indexing.resolve_doubt(live_index)
        live_index.refresh_from_db()
        assert live_index.is_doubted
    indexing.sweep(live_index, is_recent_only=True)
    live_index.refresh_from_db()
    assert not live_index.is_doubted


@pytest.mark.parametrize("arguments", [[], ["--from-scratch"]])
def test_restore_index_makes_a_lost_collection_again_and_twice_is_once(
    live_index: IndexVersion, colour_encoder: ColourEncoder, arguments: list[str]
) -> None:
    store = make_store()
    for sku in "abc":
        make_product(store, sku)
    indexing.sweep(live_index)
    if not arguments:
        milvus.drop_collection(live_index.collection)
    said = run("restore_index", "--threads", "1", *arguments)
    assert "is made anew" in said
    assert "no difference" in said
    assert differences(live_index) == []
    assert milvus.count_rows(live_index.collection) == 3
    # Outside tools find it by its alias again.
    assert milvus.count_rows(settings.INDEX_COLLECTION_PREFIX) == 3
    encoded = colour_encoder.images_encoded
    assert "0 images differed" in run("restore_index", "--threads", "1")
    assert colour_encoder.images_encoded == encoded


def test_restore_index_puts_right_what_differs_and_removes_what_is_too_much(live_index: IndexVersion) -> None:
    first, second = (make_product(make_store(slug), "a").images.get() for slug in ("one", "two"))
    indexing.sweep(live_index)
    milvus.delete_rows(live_index.collection, [first.pk])
    facts = read_facts([second.pk])[0].row(colour_vector(COLOURS["red"]))
    stranger = replace(facts, id=second.pk + 1)
    milvus.upsert_rows(live_index.collection, [stranger])
    assert "2 images differed" in run("restore_index", "--threads", "1")
    assert differences(live_index) == []


def test_photos_that_come_back_after_the_index_are_indexed(live_index: IndexVersion) -> None:
    image = make_product(make_store(), "a").images.get()
    data = default_storage.open(image.file.name).read()
    default_storage.delete(image.file.name)
    indexing.sweep(live_index)
    assert "is missing" in IndexEntry.objects.get().error
    assert "0 missing files are there again" in run("restore_index", "--threads", "1")
    Path(image.file.path).write_bytes(data)
    assert "1 missing files are there again" in run("restore_index", "--threads", "1")
    assert IndexEntry.objects.get().error == ""
    assert milvus.count_rows(live_index.collection) == 1


def test_a_storage_that_fails_is_no_fault_of_the_photo_and_stops_no_other(live_index: IndexVersion) -> None:
    store = make_store()
    broken, whole = (make_product(store, sku).images.get() for sku in "ab")
    path = Path(broken.file.path)
    data = path.read_bytes()
    path.unlink()
    path.mkdir()
    indexing.sweep(live_index)
    entry = IndexEntry.objects.get(image_id=broken.pk)
    assert (entry.error, entry.attempts, entry.claim_token) == ("", 1, None)
    assert IndexEntry.objects.get(image_id=whole.pk).indexed_at is not None
    path.rmdir()
    path.write_bytes(data)
    IndexEntry.objects.update(next_attempt_at=None)
    indexing.sweep(live_index)
    assert differences(live_index) == []


def test_a_lost_redis_costs_a_kept_list_and_no_import(client: Client, shop: Store) -> None:
    job = ImportJob.objects.create(store=shop, file=ContentFile(b"sku,title\nnew,New shoes\n", name="feed.csv"))
    body = {"q": "shoes", "per_page": 1}
    first = post_json(client, "/api/v1/search", body)
    # Pools, throttles, searches that wait to be kept, and the queues.
    with redis.from_url(settings.REDIS_URL) as connection:
        connection.flushall()
    second = post_json(client, "/api/v1/search", {**body, "page": 2, "search_id": first.json()["search_id"]})
    assert second.json()["pool_renewed"]
    assert len(skus(second)) == 1
    assert skus(second) != skus(first)
    assert int(second["RateLimit-Remaining"]) == int(second["RateLimit-Limit"]) - 1
    tasks.import_forgotten()
    job.refresh_from_db()
    assert (job.state, job.created_count) == (ImportState.DONE, 1)
    keep_searches()


def test_vectors_go_out_and_come_back_without_encoding(
    live_index: IndexVersion, colour_encoder: ColourEncoder, tmp_path: Path
) -> None:
    store, file = make_store(), tmp_path / "vectors.parquet"
    changed = make_product(store, "a", colours=("red", "blue"))
    make_product(store, "b", colours=("green",))
    indexing.sweep(live_index)
    assert "3 vectors" in run("export_vectors", str(file))
    before = colour_encoder.images_encoded
    kept = {
        row.id: vector_of(live_index, ProductImage(pk=row.id)) for row in milvus.iterate_rows(live_index.collection)
    }
    replace_photo(changed.images.get(position=0), "yellow")
    milvus.drop_collection(live_index.collection)
    assert "2 images indexed by 3 vectors; 1 are left" in run("import_vectors", str(file))
    assert colour_encoder.images_encoded == before
    for image in ProductImage.objects.exclude(pk=changed.images.get(position=0).pk):
        assert np.array_equal(vector_of(live_index, image), kept[image.pk])
    assert "0 images indexed by 3 vectors; 1 are left" in run("import_vectors", str(file))
    indexing.sweep(live_index)
    assert colour_encoder.images_encoded == before + 1
    assert differences(live_index) == []


def test_photos_are_told_by_their_bytes_and_not_by_their_ids(
    live_index: IndexVersion, colour_encoder: ColourEncoder, tmp_path: Path
) -> None:
    store, file = make_store(), tmp_path / "vectors.parquet"
    make_product(store, "a", colours=("red", "blue"))
    indexing.sweep(live_index)
    run("export_vectors", str(file))
    Product.objects.all().delete()
    indexing.sweep(live_index)
    encoded = colour_encoder.images_encoded
    again = make_product(store, "b", colours=("blue",)).images.get()
    run("import_vectors", str(file))
    assert np.allclose(vector_of(live_index, again), colour_vector(COLOURS["blue"]), atol=1e-4)
    assert colour_encoder.images_encoded == encoded


def test_vectors_of_another_encoder_or_dimension_are_refused_by_name(live_index: IndexVersion, tmp_path: Path) -> None:
    make_product(make_store(), "a")
    indexing.sweep(live_index)
    file = tmp_path / "vectors.parquet"
    run("export_vectors", str(file))
    for facts in ({"fingerprint": "colour-2"}, {"dimension": 8}):
        IndexVersion.objects.update(**facts)
        with pytest.raises(CommandError) as refused:
            run("import_vectors", str(file))
        for name in ("colour-1", "16", *(str(value) for value in facts.values())):
            assert name in str(refused.value)


@pytest.mark.parametrize("cut", [0, 10, 600])
def test_a_damaged_file_of_vectors_is_refused_and_a_failed_export_leaves_the_old_one(
    live_index: IndexVersion, tmp_path: Path, cut: int
) -> None:
    make_product(make_store(), "a")
    indexing.sweep(live_index)
    file = tmp_path / "vectors.parquet"
    run("export_vectors", str(file))
    whole = file.read_bytes()
    file.write_bytes(whole[:cut])
    with pytest.raises(CommandError, match="cannot be read as Parquet"):
        run("import_vectors", str(file))
    milvus.drop_collection(live_index.collection)
    with pytest.raises(CommandError):
        run("export_vectors", str(file))
    assert file.read_bytes() == whole[:cut]
    assert list(tmp_path.glob(".*")) == []


def test_a_collection_that_workers_restore_at_the_same_moment_is_made_once(live_index: IndexVersion) -> None:
    milvus.drop_collection(live_index.collection)
    assert versions.restore_lost_collection(live_index) is True
    assert versions.restore_lost_collection(live_index) is False
