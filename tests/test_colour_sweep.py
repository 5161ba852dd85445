"""Palettes follow photos: made once for each pixels, gone with the image, and the product's is its first photo's."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection
from PIL import Image
from pytest_django import Settings

from catalog.models import Product, ProductImage, Store
from search.colour.bins import BY_NAME
from search.colour.reading import product_palettes
from search.colour.records import ImagePalette
from search.colour.sweep import count_stale, make_palettes, refresh_palettes
from tests.shop import add_photo, make_product, make_store
from workers import celery_app, tasks


@pytest.fixture
def store(db: None, settings: Settings, tmp_path: object) -> Store:
    settings.MEDIA_ROOT = tmp_path
    return make_store()


def colours_of(product: Product) -> list[str]:
    return [swatch.hex for swatch in product_palettes([product.pk]).get(product.pk, ())]


def refreshed() -> int:
    return refresh_palettes().made


def test_each_photo_gets_a_palette_once(store: Store) -> None:
    shoe = make_product(store, "shoe", colours=("red", "blue"))
    make_product(store, "plain", colours=())
    assert count_stale() == 2
    assert refreshed() == 2
    assert count_stale() == refreshed() == 0
    palettes = ImagePalette.objects.filter(image__product=shoe).order_by("image")
    assert [palette.swatches[0].hex for palette in palettes] == ["#c81e28", "#2846be"]
    assert [palette.bins for palette in palettes] == [1 << BY_NAME["red"].bit, 1 << BY_NAME["blue"].bit]


def test_a_photo_that_changes_is_looked_at_again_and_one_that_moves_is_not(store: Store) -> None:
    product = make_product(store, "shoe", colours=("red",))
    refreshed()
    image = product.images.get()
    image.position = 7
    image.save()
    assert count_stale() == 0
    data = BytesIO()
    Image.new("RGB", (20, 20), (40, 70, 190)).save(data, "PNG")
    image.file.save("blue.png", ContentFile(data.getvalue()), save=False)
    image.sha256 = "b" * 64
    image.save()
    assert colours_of(product) == ["#c81e28"]
    assert refreshed() == 1
    assert colours_of(product) == ["#2846be"]


def test_a_photo_that_cannot_be_read_has_no_palette_until_its_bytes_change(store: Store) -> None:
    product = make_product(store, "odd", colours=())
    broken = add_photo(product, "red", data=b"not a photo")
    gone = add_photo(product, "blue", position=1)
    gone.file.storage.delete(gone.file.name)
    report = refresh_palettes()
    assert (report.made, report.refused) == (2, 2)
    assert refreshed() == 0
    assert "not an image" in ImagePalette.objects.get(image=broken).problem
    assert "missing from the media storage" in ImagePalette.objects.get(image=gone).problem
    assert colours_of(product) == []
    ProductImage.objects.filter(pk=broken.pk).update(sha256="c" * 64)
    assert count_stale() == 1


def test_an_image_that_is_deleted_takes_its_palette_with_it_by_whatever_means(store: Store) -> None:
    product = make_product(store, "shoe", colours=("red", "blue", "green"))
    refreshed()
    first, second, _ = product.images.all()
    first.delete()
    assert colours_of(product) == ["#2846be"]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM catalog_productimage WHERE id = %s", [second.pk])
    assert colours_of(product) == ["#28963c"]
    product.delete()
    assert not ImagePalette.objects.exists()


def test_the_products_palette_is_its_first_catalogue_photos(store: Store) -> None:
    product = make_product(store, "shoe", colours=())
    add_photo(product, "green", kind="lifestyle")
    blue = add_photo(product, "blue", position=2)
    refreshed()
    assert colours_of(product) == ["#2846be"]
    red = add_photo(product, "red", position=1)
    refreshed()
    assert colours_of(product) == ["#c81e28"]
    ProductImage.objects.filter(pk=red.pk).update(position=5)
    assert colours_of(product) == ["#2846be"]
    ProductImage.objects.filter(pk=blue.pk).update(kind="lifestyle")
    assert colours_of(product) == ["#c81e28"]
    other = make_product(store, "other", colours=())
    ProductImage.objects.filter(pk=red.pk).update(product=other)
    assert (colours_of(product), colours_of(other)) == ([], ["#c81e28"])
    assert product_palettes([product.pk, other.pk]).keys() == {other.pk}


def test_a_photo_that_loses_its_colours_leaves_the_place_to_the_next(store: Store) -> None:
    product = make_product(store, "shoe", colours=("red", "blue"))
    refreshed()
    first = product.images.first()
    assert first is not None
    first.file.storage.delete(first.file.name)
    ProductImage.objects.filter(pk=first.pk).update(sha256="d" * 64)
    refreshed()
    assert colours_of(product) == ["#2846be"]


def test_an_image_that_goes_while_its_palette_is_made_leaves_nothing(store: Store) -> None:
    product = make_product(store, "shoe", colours=("red", "blue"))
    first, second = product.images.all()
    ids = [first.pk, second.pk]
    first.delete()
    assert [row.pk for row in make_palettes(ids)] == [second.pk]


def test_a_sweep_ends_with_its_time_and_the_next_goes_on(store: Store) -> None:
    make_product(store, "shoe", colours=("red", "blue"))
    assert refresh_palettes(budget_s=-1).made == 0
    assert refresh_palettes(is_recent_only=True).made == 2


def test_the_tasks_and_the_command_make_what_is_missing(store: Store) -> None:
    make_product(store, "shoe", colours=("red",))
    tasks.palettes_recent()
    assert ImagePalette.objects.count() == 1
    make_product(store, "boot", colours=("blue",))
    tasks.palettes_all()
    assert ImagePalette.objects.count() == 2
    make_product(store, "lamp", colours=("green",))
    call_command("palettes")
    call_command("palettes")
    assert ImagePalette.objects.exclude(product=None).count() == 3


def test_every_task_of_the_schedule_is_one_that_workers_know() -> None:
    scheduled = {entry["task"] for entry in django_settings.CELERY_BEAT_SCHEDULE.values()}
    assert "workers.tasks.palettes_recent" in scheduled
    assert scheduled <= set(celery_app.tasks)
