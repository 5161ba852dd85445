"""`search.images`: whatever the bytes are, an upright RGB image or `InvalidImage`, never anything else."""

from __future__ import annotations

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from pytest_django import Settings

from search.errors import InvalidImage
from search.images import FORMATS, decode_image, to_jpeg


def encoded(image: Image.Image, fmt: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


def half_red_half_blue(width: int = 40, height: int = 20) -> Image.Image:
    image = Image.new("RGB", (width, height), (220, 20, 20))
    image.paste((20, 20, 220), (width // 2, 0, width, height))
    return image


def png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_accepted_format_decodes_to_rgb(fmt: str) -> None:
    image = decode_image(encoded(half_red_half_blue(), fmt))
    assert (image.mode, image.size) == ("RGB", (40, 20))
    left, right = image.getpixel((5, 10)), image.getpixel((35, 10))
    assert isinstance(left, tuple) and left[0] > 180 and left[2] < 60
    assert isinstance(right, tuple) and right[2] > 180 and right[0] < 60


def test_several_pictures_in_one_jpeg_give_the_first() -> None:
    data = encoded(half_red_half_blue(), "MPO", save_all=True, append_images=[Image.new("RGB", (40, 20), "green")])
    pixel = decode_image(data).getpixel((5, 10))
    assert isinstance(pixel, tuple) and pixel[0] > 180


@pytest.mark.parametrize(
    ("mode", "fmt"),
    [("1", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "GIF"), ("RGBA", "PNG"), ("CMYK", "JPEG"), ("CMYK", "TIFF")],
)
def test_every_mode_becomes_rgb(mode: str, fmt: str) -> None:
    image = decode_image(encoded(Image.new("RGB", (8, 8), "white").convert(mode), fmt))
    assert image.mode == "RGB"
    assert np.asarray(image).min() >= 250


def test_a_16_bit_grey_keeps_its_middle() -> None:
    data = encoded(Image.fromarray(np.full((4, 4), 32768, dtype=np.uint16)), "PNG")
    assert decode_image(data).getpixel((0, 0)) == (127, 127, 127)


def test_float_pixels_are_scaled_to_their_own_range() -> None:
    data = encoded(Image.fromarray(np.array([[0.0, 2.0], [4.0, 8.0]], dtype=np.float32)), "TIFF")
    assert np.asarray(decode_image(data))[:, :, 0].tolist() == [[0, 63], [127, 255]]


def test_transparency_is_flattened_on_white() -> None:
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert decode_image(encoded(image, "PNG")).getpixel((1, 1)) == (255, 255, 255)


def test_a_palette_with_a_transparent_colour_is_flattened_on_white() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 20, 30, 200, 0, 0])
    assert decode_image(encoded(image, "PNG", transparency=0)).getpixel((1, 1)) == (255, 255, 255)


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (6, 6), color) for color in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    assert decode_image(data).getpixel((3, 3)) == (255, 0, 0)


def test_orientation_is_applied_and_metadata_dropped() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "where I live"
    image = decode_image(encoded(half_red_half_blue(40, 20), "JPEG", exif=exif, comment=b"secret"))
    assert image.size == (20, 40)
    top = image.getpixel((10, 5))
    assert isinstance(top, tuple) and top[0] > 180
    assert image.info == {}
    assert dict(image.getexif()) == {}


def test_the_longer_side_is_bounded_and_small_images_stay() -> None:
    photo = half_red_half_blue(1600, 400)
    assert decode_image(encoded(photo, "JPEG"), max_side=320).size == (320, 80)
    assert decode_image(encoded(photo, "PNG"), max_side=320).size == (320, 80)
    assert decode_image(encoded(half_red_half_blue(), "PNG"), max_side=320).size == (40, 20)


def test_a_sliver_keeps_one_pixel() -> None:
    assert decode_image(encoded(Image.new("RGB", (3000, 2)), "PNG"), max_side=100).size == (100, 1)


def test_pixels_are_counted_before_decoding(settings: Settings) -> None:
    settings.IMAGE_MAX_PIXELS = 1_000_000
    with pytest.raises(InvalidImage, match="too many pixels \\(1001 x 1000\\); at most 1,000,000"):
        decode_image(png_claiming(1001, 1000))


def test_a_decompression_bomb_is_refused() -> None:
    with pytest.raises(InvalidImage, match="too many pixels"):
        decode_image(png_claiming(60_000, 60_000))


def test_bytes_are_counted_first(settings: Settings) -> None:
    settings.IMAGE_MAX_BYTES = 10
    with pytest.raises(InvalidImage, match="11 bytes; at most 10"):
        decode_image(b"01234567890")


def test_no_bytes_say_so() -> None:
    with pytest.raises(InvalidImage, match="no bytes") as caught:
        decode_image(b"")
    assert caught.value.field == "image"


@pytest.mark.parametrize(
    "data", [b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"GIF89a", b"\0" * 999]
)
def test_what_is_no_image_names_the_accepted_formats(data: bytes) -> None:
    with pytest.raises(InvalidImage, match=r"JPEG, PNG|damaged"):
        decode_image(data)


def test_a_format_outside_the_list_is_refused_although_pillow_reads_it() -> None:
    with pytest.raises(InvalidImage, match="Send one of JPEG"):
        decode_image(encoded(half_red_half_blue(), "PPM"))


@pytest.mark.parametrize("fmt", [fmt for fmt in FORMATS if fmt != "GIF"])
def test_a_truncated_image_is_refused(fmt: str) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    data = encoded(noise, fmt)
    with pytest.raises(InvalidImage):
        decode_image(data[: len(data) // 2])


@pytest.mark.parametrize("fmt", FORMATS)
def test_flipped_bytes_never_raise_anything_else(fmt: str) -> None:
    generator = random.Random(7)
    good = encoded(half_red_half_blue(), fmt)
    for _ in range(60):
        data = bytearray(good)
        for _ in range(generator.randrange(1, 12)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        try:
            image = decode_image(bytes(data), max_side=64)
        except InvalidImage as error:
            assert error.message.endswith((".", "AVIF.")) and error.code == "invalid_image"
        else:
            assert image.mode == "RGB" and image.info == {}


def test_a_stored_photo_is_a_small_jpeg() -> None:
    data = to_jpeg(half_red_half_blue(400, 200), max_side=100)
    assert data.startswith(b"\xff\xd8")
    assert decode_image(data).size == (100, 50)
