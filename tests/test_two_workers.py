"""Two workers on one image, in every order of their steps, with an edit, a delete or a crash thrown in.

Leases are over at once here, so either worker may take the image from the other at any step. Whatever the order, what
a sweep leaves afterwards must be what Postgres says.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from catalog.models import Product, ProductImage
from search import indexing, milvus
from search.indexing.orphans import remove_orphans
from search.indexing.work import Batch, finish, read, take, write
from search.models import IndexEntry, IndexVersion
from tests.shop import add_photo, make_product, make_store

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = ("take", "read", "write", "finish")
ORDERS = sorted(set(itertools.permutations("AAAABBBB")))


class Worker:
    """One worker that does a step at a time."""

    def __init__(self, version: IndexVersion, image_id: int) -> None:
        self.version, self.image_id = version, image_id
        self.steps = self._steps()

    def step(self) -> None:
        next(self.steps, None)

    def _steps(self) -> Iterator[None]:
        batch: Batch = take(self.version, [self.image_id])
        yield
        if not batch.claims:
            return
        for do in (read, write, finish):
            do(batch)
            yield


def edit_price(image: ProductImage) -> None:
    Product.objects.filter(pk=image.product_id).update(price=99)


def replace_photo(image: ProductImage) -> None:
    other = add_photo(image.product, "blue", kind="lifestyle")
    ProductImage.objects.filter(pk=image.pk).update(file=other.file.name, sha256=other.sha256)


def delete_image(image: ProductImage) -> None:
    ProductImage.objects.filter(pk=image.pk).delete()


def nothing(image: ProductImage) -> None:
    pass


def settle(version: IndexVersion) -> None:
    for _ in range(3):
        indexing.sweep(version)
    assert list(indexing.verify(version)) == []
    assert indexing.count_stale(version) == 0


def price_in_milvus(version: IndexVersion, image_id: int, price_minor: int) -> int:
    wanted = f"id == {image_id} and price_minor == {price_minor}"
    return milvus.count_rows(version.collection, filter_expression=wanted)


@pytest.mark.parametrize("event", [nothing, edit_price, replace_photo, delete_image], ids=lambda event: event.__name__)
def test_no_order_of_two_workers_loses_an_event(
    live_index: IndexVersion, settings: Settings, event: Callable[[ProductImage], None]
) -> None:
    settings.INDEX_LEASE_S = 0
    store = make_store()
    for number, order in enumerate(ORDERS):
        image = make_product(store, f"p{number}", price=10).images.get()
        workers = {name: Worker(live_index, image.pk) for name in "AB"}
        for place, name in enumerate(order):
            if place == number % len(order):
                event(image)
            workers[name].step()
    settle(live_index)
    images = list(ProductImage.objects.select_related("product"))
    assert milvus.count_rows(live_index.collection) == len(images)
    for image in images[:10]:
        assert price_in_milvus(live_index, image.pk, int(image.product.price or 0) * 100) == 1


@pytest.mark.parametrize("steps_done", range(len(STEPS)), ids=lambda n: f"after_{n}_steps")
def test_a_crash_after_any_step_is_made_good_once_the_lease_ends(
    live_index: IndexVersion, settings: Settings, steps_done: int
) -> None:
    image = make_product(make_store(), "a", price=10).images.get()
    crashed = Worker(live_index, image.pk)
    for _ in range(steps_done):
        crashed.step()
    if steps_done:
        assert indexing.sweep(live_index).work.indexed == 0
        with connection.cursor() as cursor:
            cursor.execute("UPDATE search_indexentry SET claimed_until = now() - interval '1 second'")
    assert indexing.sweep(live_index).work.indexed == 1
    settle(live_index)


def test_an_old_write_that_lands_late_is_done_again(live_index: IndexVersion, settings: Settings) -> None:
    settings.INDEX_LEASE_S = 0
    image = make_product(make_store(), "a", price=10).images.get()
    slow, quick = Worker(live_index, image.pk), Worker(live_index, image.pk)
    slow.step()
    slow.step()
    edit_price(image)
    for _ in STEPS:
        quick.step()
    slow.step()
    assert price_in_milvus(live_index, image.pk, 1000) == 1
    slow.step()
    settle(live_index)
    assert price_in_milvus(live_index, image.pk, 9900) == 1


def test_a_write_after_the_orphan_was_removed_leaves_no_row(live_index: IndexVersion, settings: Settings) -> None:
    settings.INDEX_LEASE_S = 0
    image = make_product(make_store(), "a").images.get()
    slow = Worker(live_index, image.pk)
    slow.step()
    slow.step()
    delete_image(image)
    assert remove_orphans(live_index, [image.pk]) == 1
    slow.step()
    slow.step()
    assert milvus.count_rows(live_index.collection) == 1
    settle(live_index)
    assert milvus.count_rows(live_index.collection) == 0
    assert not IndexEntry.objects.exists()


def test_an_image_edit_that_commits_before_an_older_product_edit_loses_neither(live_index: IndexVersion) -> None:
    product = make_product(make_store(), "a", price=10)
    image = product.images.get()
    drawn, may_commit = threading.Event(), threading.Event()

    def edit_product_slowly() -> None:
        try:
            with transaction.atomic():
                Product.objects.filter(pk=product.pk).update(price=99)
                drawn.set()
                may_commit.wait(20)
        finally:
            connection.close()

    slow = threading.Thread(target=edit_product_slowly)
    slow.start()
    assert drawn.wait(20)
    replace_photo(image)
    indexing.sweep(live_index)
    assert price_in_milvus(live_index, image.pk, 1000) == 1
    may_commit.set()
    slow.join()
    image.refresh_from_db()
    product.refresh_from_db()
    assert product.revision < image.revision
    indexing.sweep(live_index, is_recent_only=True)
    assert price_in_milvus(live_index, image.pk, 9900) == 1
    settle(live_index)


def test_two_sweeps_at_once_share_the_work_and_do_nothing_twice(live_index: IndexVersion, settings: Settings) -> None:
    settings.INDEX_BATCH_SIZE = 4
    store = make_store()
    for number in range(40):
        make_product(store, f"p{number}")
    reports: list[indexing.SweepReport] = []

    def work() -> None:
        try:
            reports.append(indexing.sweep(live_index))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(report.work.indexed for report in reports) == 40
    assert sum(report.work.embedded for report in reports) == 40
    settle(live_index)
