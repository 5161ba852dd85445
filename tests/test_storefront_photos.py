"""The shop page through Django's client: photos, likeness, products in full, outages, and what stays private."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from io import BytesIO

import pytest
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from catalog.models import Product, Store
from search import milvus
from search.calibration.confidence import Calibration, RouteCalibration
from search.models import IndexVersion, QueryImage, StoreCalibration
from storefront.security import UPLOADS_PER_MINUTE
from tests.encoders import COLOURS, ColourEncoder
from tests.shop import make_product, photo_bytes
from tests.storefront_fixtures import PART, texts, titles

pytest_plugins = ["tests.storefront_fixtures"]
pytestmark = pytest.mark.django_db


def upload(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("photo.png", data, content_type="image/png")


def two_halves(left: str, right: str) -> bytes:
    image = Image.new("RGB", (80, 60), COLOURS[left])
    image.paste(COLOURS[right], (40, 0, 80, 60))
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


# --- photos -----------------------------------------------------------------------------------------------------------


def test_a_photo_is_kept_once_and_named_in_the_address(visitor: Client, boutique: Store) -> None:
    response = visitor.post("/photos", {"photo_file": upload(photo_bytes("blue")), "category": "shoes"})
    kept = QueryImage.objects.get()
    assert (response.status_code, response["Location"]) == (303, f"/?photo={kept.pk}&category=shoes")
    page = visitor.get(response["Location"])
    assert titles(page)[0] == "Blue shoes"
    assert texts(page, "found") == ["6 products, closest first"]
    shown = visitor.get(f"/photos/{kept.pk}")
    assert (shown["Content-Type"], Image.open(BytesIO(shown.content)).size) == ("image/jpeg", (32, 40))


def test_a_photo_of_nothing_in_the_shop_finds_nothing_and_the_nearest_on_request(
    visitor: Client, boutique: Store, live_index: IndexVersion
) -> None:
    sure = Calibration({"image": RouteCalibration(slope=50.0, intercept=-45.0, floor=0.5)})
    StoreCalibration.objects.create(store=boutique, fingerprint=live_index.fingerprint, routes=sure.to_json())
    visitor.post("/photos", {"photo_file": upload(photo_bytes((128, 0, 128)))})
    photo = QueryImage.objects.get().pk
    page = visitor.get(f"/?photo={photo}")
    assert (titles(page), texts(page, "found")) == ([], ["0 products"])
    assert f'href="/?photo={photo}&amp;nearest=1"' in page.content.decode()
    nearest = visitor.get(f"/?photo={photo}&nearest=1")
    assert len(titles(nearest)) == 12
    assert "These are the nearest that the shop has" in nearest.content.decode()


def test_htmx_gets_the_results_of_an_uploaded_photo_at_once(visitor: Client, boutique: Store) -> None:
    response = visitor.post("/photos", {"photo_file": upload(photo_bytes("green")), "q": "lamp"}, headers=PART)
    assert response["HX-Push-Url"] == f"/?q=lamp&photo={QueryImage.objects.get().pk}"
    assert titles(response)[0] == "Green lamp"


def test_a_box_searches_by_its_part_of_the_photo(visitor: Client, boutique: Store) -> None:
    visitor.post("/photos", {"photo_file": upload(two_halves("red", "green"))})
    photo = QueryImage.objects.get().pk
    assert {title.split()[0] for title in titles(visitor.get(f"/?photo={photo}&box=0,0,0.45,1"))[:2]} == {"Red"}
    response = visitor.get(f"/?photo={photo}&box=0.55,0,1,1")
    assert {title.split()[0] for title in titles(response)[:2]} == {"Green"}
    assert b'value="0.55,0,1,1"' in response.content


@pytest.mark.parametrize("data", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40])
def test_a_bad_photo_is_refused_with_a_reason_and_not_kept(visitor: Client, boutique: Store, data: bytes) -> None:
    plain = visitor.post("/photos", {"photo_file": upload(data)})
    part = visitor.post("/photos", {"photo_file": upload(data)}, headers=PART)
    assert (plain.status_code, part.status_code) == (400, 400)
    assert b"This photo does not work" in plain.content
    assert (part["HX-Retarget"], part["HX-Reswap"]) == ("#trouble", "innerHTML")
    assert not QueryImage.objects.exists()


def test_a_photo_too_large_is_refused_unread(visitor: Client, boutique: Store, settings: Settings) -> None:
    settings.IMAGE_MAX_BYTES = 2**20
    response = visitor.post("/photos", {"photo_file": upload(b"x" * (2**20 + 1))}, headers=PART)
    assert (response.status_code, response.content) == (400, b"The photo is larger than 1 MB: make it smaller.")


def test_uploads_have_a_limit_each_minute(visitor: Client, boutique: Store) -> None:
    answers = [
        visitor.post("/photos", {"photo_file": upload(b"bad")}, headers=PART).content.decode()
        for _ in range(UPLOADS_PER_MINUTE + 1)
    ]
    assert "wait a moment" not in answers[-2]
    assert "wait a moment" in answers[-1]
    assert (
        visitor.post("/photos", {"photo_file": upload(photo_bytes("red"))}, REMOTE_ADDR="10.1.1.1").status_code == 303
    )


def test_uploads_go_on_without_redis(visitor: Client, boutique: Store, settings: Settings) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    }
    assert visitor.post("/photos", {"photo_file": upload(photo_bytes("red"))}).status_code == 303


def test_a_post_without_the_token_is_refused(boutique: Store) -> None:
    guarded = Client(enforce_csrf_checks=True)
    assert guarded.post("/photos", {"photo_file": upload(photo_bytes("red"))}).status_code == 403
    assert not QueryImage.objects.exists()


def test_a_photo_belongs_to_its_store_and_to_its_time(visitor: Client, boutique: Store) -> None:
    visitor.post("/photos", {"photo_file": upload(photo_bytes("blue"))})
    photo = QueryImage.objects.get().pk
    assert visitor.get(f"/s/other/photos/{photo}").status_code == 404
    assert visitor.get(f"/s/other/?photo={photo}").status_code == 400
    QueryImage.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    late = visitor.get(f"/?photo={photo}&q=lamp")
    assert late.status_code == 400
    assert b"This photo is no longer here" in late.content
    assert texts(late, "nothing-acts") == ["Only the words Only the photo See everything"]


# --- likeness and products --------------------------------------------------------------------------------------------


def test_more_like_this_leaves_the_product_itself_out(visitor: Client, boutique: Store) -> None:
    response = visitor.get("/?like=red-shoes")
    assert titles(response)[0] == "Red lamp"
    assert "Red shoes" not in titles(response)
    assert texts(response, "heading") == ["Like Red shoes 11 products, closest first"]


def test_words_beside_a_likeness_move_it(visitor: Client, boutique: Store) -> None:
    assert {title.split()[0] for title in titles(visitor.get("/?like=red-shoes&q=blue"))[:4]} == {"Red", "Blue"}


def test_a_product_has_a_page_and_a_part_for_the_dialog(visitor: Client, boutique: Store) -> None:
    whole = visitor.get("/p/red-shoes")
    part = visitor.get("/p/red-shoes", headers={"HX-Request": "true"})
    assert b"<html" in whole.content
    assert b"<html" not in part.content
    for response in (whole, part):
        assert texts(response, "product-title") == ["Red shoes"]
        assert texts(response, "product-price") == ["€10.00"]
        assert texts(response, "facts") == ["Category Shoes Colour Red Article red-shoes"]
    row = visitor.get("/similar/red-shoes", headers={"HX-Request": "true"})
    assert titles(row)[0] == "Red lamp"
    assert visitor.get("/similar/red-shoes")["Location"] == "/?like=red-shoes"


def test_a_sku_may_hold_anything(visitor: Client, boutique: Store) -> None:
    make_product(boutique, "a/b ?#&é", title="Odd sku")
    page = visitor.get("/").content.decode()
    link = re.search(r'href="(/p/a[^"]+)"', page)
    assert link
    assert texts(visitor.get(unescape(link[1])), "product-title") == ["Odd sku"]
    assert visitor.get("/p/%00").status_code == 404


def test_hidden_products_and_other_stores_products_have_no_page(visitor: Client, boutique: Store) -> None:
    Product.objects.filter(sku="red-lamp").update(is_published=False)
    assert visitor.get("/p/red-lamp").status_code == 404
    assert visitor.get("/p/other-shoes").status_code == 404
    assert visitor.get("/s/other/p/red-shoes").status_code == 404
    assert visitor.get("/similar/other-shoes", headers={"HX-Request": "true"}).content.strip() == b""


# --- outages and safety -----------------------------------------------------------------------------------------------


def test_words_answer_with_a_note_while_milvus_is_down(visitor: Client, boutique: Store, settings: Settings) -> None:
    uri = settings.MILVUS_URI
    settings.MILVUS_URI = "http://127.0.0.1:1"
    settings.MILVUS_TIMEOUT_S = 0.2
    milvus.close_client()
    try:
        words, likeness = visitor.get("/?q=red+shoes"), visitor.get("/?like=red-shoes")
        row = visitor.get("/similar/red-shoes", headers={"HX-Request": "true"})
    finally:
        settings.MILVUS_URI = uri
        milvus.close_client()
    assert (words.status_code, titles(words)) == (200, ["Red shoes"])
    assert texts(words, "note") == ["Photo and meaning search is resting: these products match by their words."]
    assert likeness.status_code == 503
    assert b"Photo search is resting" in likeness.content
    assert (row.status_code, row.content.strip()) == (200, b"")


def test_a_photo_without_its_encoder_is_a_503_that_says_words_work(
    visitor: Client, boutique: Store, colour_encoder: ColourEncoder
) -> None:
    visitor.post("/photos", {"photo_file": upload(photo_bytes("red"))})
    colour_encoder.fingerprint = "other weights"
    response = visitor.get("/", {"photo": QueryImage.objects.get().pk})
    assert response.status_code == 503
    assert b"Searching by words still works" in response.content


def test_every_file_that_the_page_names_exists(visitor: Client, boutique: Store) -> None:
    page = visitor.get("/").content.decode()
    named = set(re.findall(r'(?:src|href)="/static/([^"]+)"', page))
    assert len(named) == 6
    assert {name for name in named if not finders.find(name)} == set()


def test_pages_load_from_this_site_alone(visitor: Client, boutique: Store) -> None:
    for url in ("/", "/p/red-shoes", "/?q=x"):
        response = visitor.get(url)
        assert response["Content-Security-Policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        page = response.content.decode()
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)
        assert not re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
