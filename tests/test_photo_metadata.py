"""Where a photo was taken, and with what, is kept nowhere: by the format, and by each way in that the product has."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import ExifTags, Image, ImageOps
from PIL.PngImagePlugin import PngInfo
from pytest_django import Settings

from catalog.importing import run_import_job
from catalog.models import ImportJob, ProductImage, Store
from catalog.photo_metadata import without_metadata
from catalog.photos import inspect_photo
from search.models import QueryImage, RuleTrigger
from search.remote_photos import fetch_waiting_photos
from tests.api_fixtures import client_of, post_json
from tests.shop import make_product, make_store

SECRET = b"GPSATHOME"
ZIP = b"PK\x03\x04<html><script>alert(1)</script>"


def located_photo(kind: str = "JPEG", *, orientation: int = 6) -> bytes:
    """A real photo file: noise of 40 x 30 that says where it was taken, in EXIF, XMP and a comment, with a zip behind it."""
    image = Image.effect_noise((40, 30), 80).convert("RGB")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = SECRET.decode()
    exif[ExifTags.IFD.GPSInfo] = {
        ExifTags.GPS.GPSLatitudeRef: "N",
        ExifTags.GPS.GPSLatitude: (52.0, 31.0, 12.0),
        ExifTags.GPS.GPSLongitudeRef: "E",
        ExifTags.GPS.GPSLongitude: (13.0, 24.0, 18.0),
        ExifTags.GPS.GPSAreaInformation: SECRET,
    }
    xmp = b"<x:xmpmeta><rdf>" + SECRET + b"</rdf></x:xmpmeta>"
    out = io.BytesIO()
    texts = PngInfo()
    texts.add_text("Comment", SECRET.decode())
    texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
    more = {
        "JPEG": {"exif": exif, "xmp": xmp, "comment": SECRET},
        "PNG": {"exif": exif, "pnginfo": texts},
        "WEBP": {"exif": exif, "xmp": xmp, "lossless": True},
        "TIFF": {"exif": exif.tobytes(), "description": SECRET.decode()},
        "GIF": {"comment": SECRET},
        "AVIF": {"exif": exif, "xmp": xmp},
    }[kind]
    image.save(out, kind, **more)
    assert SECRET in out.getvalue()
    return out.getvalue() + ZIP


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return ImageOps.exif_transpose(image).convert("RGB").tobytes()


def gps(data: bytes) -> dict[int, object]:
    with Image.open(io.BytesIO(data)) as image:
        return dict(image.getexif().get_ifd(ExifTags.IFD.GPSInfo))


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF"])
def test_a_photo_is_the_same_picture_without_what_it_said(kind: str, orientation: int) -> None:
    photo = located_photo(kind, orientation=orientation)
    kept = without_metadata(photo)
    assert SECRET not in kept and ZIP not in kept and not gps(kept)
    if kind in ("GIF", "AVIF"):  # drawn anew, as a JPEG
        assert kept.startswith(b"\xff\xd8")
    else:
        assert pixels(kept) == pixels(photo)
    assert without_metadata(kept) == kept
    turned = orientation == 6 and kind != "GIF"
    found = inspect_photo(photo)
    assert (found.width, found.height) == ((30, 40) if turned else (40, 30))


def test_a_photo_that_says_nothing_is_kept_byte_by_byte() -> None:
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP"):
        out = io.BytesIO()
        Image.effect_noise((40, 30), 80).convert("RGB").save(out, kind)
        assert without_metadata(out.getvalue()) == out.getvalue(), kind


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_file_cut_anywhere_is_cut_and_never_a_crash(kind: str) -> None:
    photo = located_photo(kind)
    for end in range(60, len(photo), 7):
        try:
            kept = inspect_photo(photo[:end]).data
        except ValueError:
            continue
        assert SECRET not in kept


# --- each way in -----------------------------------------------------------------------------------------------------


@pytest.fixture
def store(db: None, settings: Settings, tmp_path: Path) -> Store:
    settings.MEDIA_ROOT = tmp_path / "media"
    store = make_store("shop")
    make_product(store, "A", colours=())
    return store


def by_import(store: Store, url: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("products.ndjson", json.dumps({"sku": "B", "title": "B", "images": [{"file": "b.jpg"}]}))
        archive.writestr("b.jpg", located_photo())
    file = SimpleUploadedFile("products.zip", packed.getvalue())
    run_import_job(ImportJob.objects.create(store=store, file=file).pk)


def by_api(store: Store, url: str) -> None:
    form = {"sku": "B", "title": "B", "images": SimpleUploadedFile("b.jpg", located_photo())}
    assert client_of(store, kind="secret").post("/api/v1/products", form).status_code == 201


def by_address(store: Store, url: str) -> None:
    ProductImage.objects.create(product=store.products.get(), source_url=url)
    assert fetch_waiting_photos() == 1


def by_admin(store: Store, url: str) -> None:
    product = store.products.get()
    form = {
        "store": store.pk,
        "sku": "A",
        "title": "A",
        "quantity": 1,
        "is_published": "on",
        "images-TOTAL_FORMS": 1,
        "images-INITIAL_FORMS": 0,
        "images-0-kind": "catalog",
        "images-0-position": 0,
        "images-0-file": SimpleUploadedFile("b.jpg", located_photo()),
    }
    assert staff().post(reverse("admin:catalog_product_change", args=[product.pk]), form).status_code == 302


def by_query_upload(store: Store, url: str) -> None:
    photo = SimpleUploadedFile("b.jpg", located_photo())
    assert client_of(store).post("/api/v1/images", {"image": photo}).status_code == 201


def by_query_base64(store: Store, url: str) -> None:
    text = base64.b64encode(located_photo()).decode()
    assert post_json(client_of(store), "/api/v1/images", {"base64": text}).status_code == 201


def by_query_address(store: Store, url: str) -> None:
    answer = post_json(client_of(store), "/api/v1/images", {"url": url})
    assert answer.status_code == 201, answer.content


def by_shop_page(store: Store, url: str) -> None:
    Client().post("/photos", {"photo_file": SimpleUploadedFile("b.jpg", located_photo())})


def by_playground(store: Store, url: str) -> None:
    form = {"state": "store=shop", "photo_file": SimpleUploadedFile("b.jpg", located_photo())}
    assert staff().post(reverse("admin:search_playground_photo"), form).status_code == 302


def by_rule(store: Store, url: str) -> None:
    rule = {
        "name": "R",
        "triggers": [{"kind": "similar", "image": {"base64": base64.b64encode(located_photo()).decode()}}],
        "actions": [{"kind": "pin", "product": "A", "position": 1}],
    }
    answer = post_json(client_of(store, kind="secret"), "/api/v1/rules", rule)
    assert answer.status_code == 201, answer.content


WAYS: list[Callable[[Store, str], None]] = [
    *(by_import, by_api, by_address, by_admin, by_rule, by_playground),
    *(by_query_upload, by_query_base64, by_query_address, by_shop_page),
]


def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def kept_bytes(media: Path) -> Iterator[bytes]:
    """Whatever was kept anywhere: files, query photos, rules' photos."""
    yield from (path.read_bytes() for path in media.rglob("*") if path.is_file())
    yield from (bytes(data) for data in QueryImage.objects.values_list("data", flat=True))
    yield from (bytes(data) for data in RuleTrigger.objects.values_list("photo", flat=True) if data)


@pytest.mark.django_db
@pytest.mark.parametrize("way", WAYS)
def test_no_way_in_keeps_where_a_photo_was_taken(
    store: Store, settings: Settings, serve: Callable[[bytes], str], way: Callable[[Store, str], None]
) -> None:
    way(store, serve(located_photo()))
    kept = list(kept_bytes(Path(settings.MEDIA_ROOT)))
    assert len(kept) == 1
    assert SECRET not in kept[0] and ZIP not in kept[0] and not gps(kept[0])


# --- polyglots -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_photo_that_is_a_page_too_is_served_as_the_photo_alone(store: Store) -> None:
    by_api(store, "")
    image = ProductImage.objects.get()
    answer = Client().get(image.file.url)
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert ZIP not in b"".join(answer)  # type: ignore[arg-type]  # a file's answer streams


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["page.html", "photo.svg", "photo.jpg.html"])
def test_a_name_gives_no_photo_another_type(store: Store, name: str) -> None:
    form = {"sku": "B", "title": "B", "images": SimpleUploadedFile(name, located_photo(), content_type="text/html")}
    assert client_of(store, kind="secret").post("/api/v1/products", form).status_code == 201
    assert ProductImage.objects.get().file.name.endswith(".jpg")
