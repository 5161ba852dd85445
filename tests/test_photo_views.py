"""`search.photo_care` and its setting: crops of a shopper's photo are queries too, and the best view counts."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw
from pytest_django import Settings

from search import indexing
from search.checks import check_limits
from search.choices import Mode
from search.models import IndexVersion
from search.photo_care import centre, photo_views, product_box
from search.query import Query
from search.retrieval import search
from tests.encoders import COLOURS
from tests.shop import make_product, make_store


def framed(colour: str) -> Image.Image:
    """A product's colour in the middle of a wide frame of another."""
    photo = Image.new("RGB", (100, 100), COLOURS["green"])
    photo.paste(COLOURS[colour], (25, 25, 75, 75))
    return photo


def test_without_crops_the_photo_alone_is_asked() -> None:
    photo = framed("red")
    assert photo_views(photo, crops=()) == [photo]


def test_a_crop_is_the_middle_and_never_empty() -> None:
    assert centre(framed("red"), 0.5).getcolors() == [(2500, COLOURS["red"])]
    assert centre(Image.new("RGB", (1, 3)), 0.1).size == (1, 1)
    assert [view.size for view in photo_views(framed("red"), crops=(0.8, 0.6))] == [(100, 100), (80, 80), (60, 60)]


def test_the_cut_is_the_box_of_the_product_with_a_margin() -> None:
    photo = Image.new("RGB", (200, 240), (205, 200, 190))
    ImageDraw.Draw(photo).rectangle((70, 60, 130, 180), fill=COLOURS["red"])
    width, height = product_box(photo).size
    assert 60 <= width <= 90
    assert 120 <= height <= 160
    assert len(photo_views(photo, crops=(0.8,), is_cut=True)) == 3


def test_a_photo_without_a_product_stays_whole() -> None:
    plain, tiny = Image.new("RGB", (80, 60), (205, 200, 190)), Image.new("RGB", (3, 3))
    assert product_box(plain) is plain
    assert product_box(tiny) is tiny


@pytest.mark.django_db
def test_a_crop_finds_what_a_frame_hides(live_index: IndexVersion, settings: Settings) -> None:
    store = make_store()
    for colour in ("red", "green", "blue"):
        make_product(store, colour, colours=(colour,))
    indexing.sweep(live_index)
    scores = {}
    for crops in ((), (0.5,)):
        settings.QUERY_PHOTO_CROPS = crops
        result = search(Query(store.pk, image=framed("red"), mode=Mode.IMAGE, image_digest=str(crops)))
        scores[crops] = {hit.product.sku: hit.score for hit in result.hits}
        assert len(result.hits) == 3
    assert max(scores[()], key=scores[()].__getitem__) == "green"
    assert max(scores[0.5,], key=scores[0.5,].__getitem__) == "red"


def test_a_share_that_is_none_is_named(settings: Settings) -> None:
    settings.QUERY_PHOTO_CROPS = (0.8, 1.5)
    assert [error.msg for error in check_limits(None)] == ["QUERY_PHOTO_CROPS has 1.5."]
