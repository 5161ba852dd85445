"""Hostile bytes over HTTP: each is answered with a 400 that says why, or taken as the odd but valid image that it is."""

from __future__ import annotations

import base64
import random
import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from search.models import QueryImage
from tests.api_fixtures import post_json, problem_of
from tests.shop import photo_bytes

pytestmark = pytest.mark.django_db

SEARCH = "/api/v1/search"
IMAGES = "/api/v1/images"


def png_of(width: int, height: int, *, data: bytes = b"") -> bytes:
    """A PNG whose header claims that size, whatever pixels follow."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def truncated(kind: str) -> bytes:
    whole = photo_bytes("red", size=(200, 200), kind=kind)
    return whole[: len(whole) * 2 // 3]


def scrambled(kind: str, seed: int) -> bytes:
    """A valid file with some bytes replaced, its first few excepted."""
    dice = random.Random(seed)
    data = bytearray(photo_bytes("red", size=(64, 64), kind=kind))
    for _ in range(20):
        data[dice.randrange(12, len(data))] = dice.randrange(256)
    return bytes(data)


REFUSED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "one byte": lambda: b"\xff",
    "text": lambda: b"<html><body>not found</body></html>",
    "svg with a script": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "pdf": lambda: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "eps that runs ghostscript": lambda: (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    ),
    "zip": lambda: b"PK\x03\x04" + b"\0" * 60,
    "a bomb's header": lambda: png_of(60_000, 60_000),
    "more pixels than bytes could hold": lambda: png_of(2_000_000_000, 2_000_000_000),
    "no width": lambda: png_of(0, 100),
    "a png with no pixels": lambda: png_of(100, 100),
    "a png of too few pixels": lambda: png_of(100, 100, data=b"\0" * 50),
    "jpeg start only": lambda: b"\xff\xd8\xff\xe0",
    "gif start only": lambda: b"GIF89a",
    "webp start only": lambda: b"RIFF\x00\x01\x00\x00WEBPVP8 ",
    "tiff that points at itself": lambda: b"II*\0\x08\0\0\0\x01\0\x11\x01\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0",
    "bmp of negative size": lambda: (
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, -5, -5, 1, 24, 0, 0, 0, 0, 0, 0)
    ),
    "half a jpeg": lambda: truncated("JPEG"),
    "half a png": lambda: truncated("PNG"),
    "half a webp": lambda: truncated("WEBP"),
    "half a gif": lambda: truncated("GIF"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_bytes_are_refused_with_the_reason_everywhere(empty_client: Client, name: str) -> None:
    data = REFUSED[name]()
    ways = [
        empty_client.post(SEARCH, {"image": SimpleUploadedFile("photo.jpg", data)}),
        empty_client.post(IMAGES, {"image": SimpleUploadedFile("photo.jpg", data)}),
        post_json(
            empty_client, SEARCH, {"image": {"base64": "data:image/png;base64," + base64.b64encode(data).decode()}}
        ),
    ]
    for answer in ways:
        refused = problem_of(answer)
        assert (refused["status"], refused["code"]) == (400, "invalid_image")
        assert len(refused["detail"]) > 20
    assert QueryImage.objects.count() == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_damaged_files_are_stored_or_refused_and_never_a_crash(empty_client: Client, kind: str) -> None:
    for seed in range(12):
        answer = empty_client.post(IMAGES, {"image": SimpleUploadedFile("photo", scrambled(kind, seed))})
        assert answer.status_code in (201, 400), (seed, answer.content)


def odd(mode: str, kind: str) -> bytes:
    buffer = BytesIO()
    Image.new(mode, (20, 10)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("CMYK", "JPEG"), ("L", "JPEG"), ("P", "GIF"), ("1", "PNG"), ("I;16", "PNG"), ("RGBA", "PNG"), ("F", "TIFF")],
)
def test_odd_but_honest_images_are_taken(empty_client: Client, mode: str, kind: str) -> None:
    answer = empty_client.post(IMAGES, {"image": SimpleUploadedFile("photo", odd(mode, kind))})
    assert answer.status_code == 201
    assert (answer.json()["width"], answer.json()["height"]) == (20, 10)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 300, "x\x00.png", "photo.exe", "фото.jpg", " "])
def test_the_files_name_and_stated_type_mean_nothing(empty_client: Client, name: str) -> None:
    head = f'--x\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\nContent-Type: text/html\r\n\r\n'
    body = head.encode() + photo_bytes("red") + b"\r\n--x--\r\n"
    answer = empty_client.generic("POST", IMAGES, body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 201
