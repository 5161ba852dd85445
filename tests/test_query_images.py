"""Stored query photos: kept small, without metadata, for a short time, and for one store."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from catalog.models import Store
from search import query_images
from search.models import QueryImage
from tests.api_fixtures import base64_photo, client_of, post_json, problem_of, skus, upload

pytestmark = pytest.mark.django_db

SEARCH = "/api/v1/search"
IMAGES = "/api/v1/images"


def test_a_stored_photo_is_searched_by_its_id_until_it_is_deleted(client: Client) -> None:
    stored = client.post(IMAGES, {"image": upload("blue")})
    assert stored.status_code == 201
    facts = stored.json()
    assert (facts["width"], facts["height"]) == (32, 40)
    assert client.get(f"{IMAGES}/{facts['id']}").json() == facts
    asked = {"image": {"id": facts["id"]}, "per_page": 2}
    assert set(skus(post_json(client, SEARCH, asked))) == {"blue-shoes", "blue-lamp"}
    assert client.delete(f"{IMAGES}/{facts['id']}").status_code == 204
    assert problem_of(client.get(f"{IMAGES}/{facts['id']}"))["status"] == 404
    assert problem_of(client.delete(f"{IMAGES}/{facts['id']}"))["status"] == 404
    assert problem_of(post_json(client, SEARCH, asked))["field"] == "image.id"


def test_a_photo_is_stored_from_base64_and_from_an_address(empty_client: Client, photo_url: str) -> None:
    for asked in ({"base64": base64_photo("red")}, {"url": photo_url}):
        assert post_json(empty_client, IMAGES, asked).status_code == 201


def test_a_stored_photo_is_small_and_carries_no_metadata(empty_client: Client) -> None:
    image = Image.new("RGB", (3000, 1500), "red")
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 0.0)
    buffer = BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    facts = empty_client.post(IMAGES, {"image": SimpleUploadedFile("p.jpg", buffer.getvalue())}).json()
    assert (facts["width"], facts["height"]) == (1024, 512)
    kept = bytes(QueryImage.objects.get(pk=facts["id"]).data)
    assert b"taken at home" not in kept
    with Image.open(BytesIO(kept)) as opened:
        assert (opened.format, opened.size, dict(opened.getexif())) == ("JPEG", (1024, 512), {})


def test_a_stored_photo_expires(empty_client: Client) -> None:
    facts = empty_client.post(IMAGES, {"image": upload("blue")}).json()
    QueryImage.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert empty_client.get(f"{IMAGES}/{facts['id']}").status_code == 404
    assert problem_of(post_json(empty_client, SEARCH, {"image": {"id": facts["id"]}}))["code"] == "invalid_query"


@pytest.mark.parametrize("body", [{}, {"base64": "AAAA", "url": "http://example.com/a.jpg"}, {"base64": "%%%"}])
def test_a_photo_to_store_is_named_in_exactly_one_way(empty_client: Client, body: dict[str, str]) -> None:
    assert problem_of(post_json(empty_client, IMAGES, body))["status"] == 400
    assert QueryImage.objects.count() == 0


def test_the_tidy_task_deletes_expired_photos_and_no_others(empty_client: Client) -> None:
    expired, kept = (empty_client.post(IMAGES, {"image": upload("blue")}).json()["id"] for _ in range(2))
    QueryImage.objects.filter(pk=expired).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert query_images.delete_expired() == 1
    assert list(QueryImage.objects.values_list("pk", flat=True)) == [kept]


def test_another_stores_key_neither_reads_searches_nor_deletes_a_photo(empty_client: Client) -> None:
    stored = empty_client.post(IMAGES, {"image": upload("blue")}).json()["id"]
    stranger = client_of(Store.objects.get(slug="other"))
    assert stranger.get(f"{IMAGES}/{stored}").status_code == 404
    assert stranger.delete(f"{IMAGES}/{stored}").status_code == 404
    assert problem_of(post_json(stranger, SEARCH, {"image": {"id": stored}}))["field"] == "image.id"
    assert empty_client.get(f"{IMAGES}/{stored}").status_code == 200


@pytest.mark.parametrize("image_id", ["x", "%00", "%20", "x" * 500, "..%2F"])
def test_an_odd_id_is_simply_not_there(empty_client: Client, image_id: str) -> None:
    assert problem_of(empty_client.get(f"{IMAGES}/{image_id}"))["status"] == 404
