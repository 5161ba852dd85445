"""What a photo file says beside its pixels (where it was taken, by whom, with what) is cut off before it is kept.

JPEG, PNG and WebP are cut without touching a pixel; other formats are drawn anew where they carry anything. How a photo is
turned and its colour profile stay, because they belong to how it looks. Whatever lies behind the picture (a zip, a page) goes.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import ExifTags, Image, ImageOps, features

_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
# Pixels and how they are to be shown: https://www.w3.org/TR/png-3/#11Chunks
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD pHYs acTL fcTL fdAT".split()
)
# https://developers.google.com/speed/webp/docs/riff_container
_WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WEBP_HAS_EXIF, _WEBP_HAS_XMP = 0x08, 0x04
# JPEG's markers without a segment: stuffed zeros, TEM, the restarts, a second start.
_BARE = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))
_SOS, _EOI, _APP0, _APP1, _APP2, _APP14, _COM = 0xDA, 0xD9, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_REDRAWN_QUALITY = 95
_OTHERS = ("GIF", "TIFF", "BMP", *(("AVIF",) if features.check("avif") else ()))
# What Pillow notes of a picture that says nothing beside its pixels.
_PLAIN_INFO = frozenset(
    (
        *("background", "transparency", "duration", "loop", "version", "extension", "icc_profile", "gamma", "dpi"),
        *("compression", "bbox", "disposal", "timestamp", "chroma"),
    )
)


def without_metadata(data: bytes) -> bytes:
    """The same picture without metadata; the same bytes where there was none, so cutting again changes nothing.

    `data` is a file whose header Pillow reads. Of a damaged file what can be read is kept. Formats that are drawn anew raise
    what Pillow raises.
    """
    if data.startswith(b"\xff\xd8"):
        return b"".join(_cut_jpeg(data))
    if data.startswith(_PNG_HEAD):
        return b"".join(_cut_png(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _cut_webp(data)
    return _redrawn(data)


def _cut_jpeg(data: bytes) -> Iterator[bytes]:
    """The first picture alone: a phone's file may hold more, each with a place of its own."""
    yield b"\xff\xd8"
    if turn := _turn_of(data, "JPEG"):
        exif = b"Exif\x00\x00" + turn
        yield struct.pack(">BBH", 0xFF, _APP1, len(exif) + 2) + exif
    place = 2
    while (place := data.find(b"\xff", place)) != -1:
        # Any number of 0xFF may stand before a marker; what stands between segments is nothing of the picture.
        while place < len(data) and data[place] == 0xFF:
            place += 1
        if place >= len(data):
            return
        marker, place = data[place], place + 1
        if marker == _EOI:
            yield b"\xff\xd9"
            return
        if marker in _BARE:
            continue
        body = data[place : place + int.from_bytes(data[place : place + 2], "big")]
        place += len(body)
        if len(body) < 2:
            return
        if _is_kept(marker, body[2:]):
            yield bytes((0xFF, marker)) + body
        if marker == _SOS:
            end = _end_of_scan(data, place)
            yield data[place:end]
            place = end


def _is_kept(marker: int, body: bytes) -> bool:
    """Tables, frames and scans; of the application's segments JFIF's (without a thumbnail), Adobe's and the colour profile."""
    if marker == _APP0:
        return body.startswith(b"JFIF\x00") and body[12:14] == b"\x00\x00"
    if marker == _APP2:
        return body.startswith(b"ICC_PROFILE\x00")
    if marker == _APP14:
        return body.startswith(b"Adobe")
    return not (0xE0 <= marker <= 0xEF or marker == _COM)


def _end_of_scan(data: bytes, place: int) -> int:
    """Where the coded pixels end: at a marker that is neither a stuffed byte nor a restart."""
    while (place := data.find(b"\xff", place)) != -1:
        follows = data[place + 1] if place + 1 < len(data) else 0
        if follows != 0 and not 0xD0 <= follows <= 0xD7 and follows != 0xFF:
            return place
        place += 1
    return len(data)


def _cut_png(data: bytes) -> Iterator[bytes]:
    yield _PNG_HEAD
    turn = _turn_of(data, "PNG")
    place = len(_PNG_HEAD)
    while place + 8 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        chunk, place = data[place : place + length + 12], place + length + 12
        if kind == b"IDAT" and turn:
            yield struct.pack(">I", len(turn)) + b"eXIf" + turn + struct.pack(">I", zlib.crc32(b"eXIf" + turn))
            turn = b""
        if kind in _PNG_KEPT:
            yield chunk
        if kind == b"IEND":
            return


def _cut_webp(data: bytes) -> bytes:
    parts = []
    turn = _turn_of(data, "WEBP")
    place, end = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while place + 8 <= end:
        kind, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        chunk, place = data[place : place + 8 + length + length % 2], place + 8 + length + length % 2
        if kind == b"VP8X" and len(chunk) >= 9:
            flags = chunk[8] & ~(_WEBP_HAS_XMP | (0 if turn else _WEBP_HAS_EXIF))
            chunk = chunk[:8] + bytes((flags,)) + chunk[9:]
        if kind in _WEBP_KEPT:
            parts.append(chunk)
    if turn:
        parts.append(b"EXIF" + struct.pack("<I", len(turn)) + turn + b"\x00" * (len(turn) % 2))
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _redrawn(data: bytes) -> bytes:
    """TIFF: its pixels, as a TIFF. GIF, AVIF: as they are where they say nothing, else the first frame as a JPEG on white."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(data), formats=_OTHERS) as image:
        kind = image.format
        if kind == "BMP" or (kind != "TIFF" and set(image.info) <= _PLAIN_INFO):
            return data
        upright = ImageOps.exif_transpose(image)
        # Without the file's tags, which Pillow would write again.
        plain = Image.new(upright.mode, upright.size)
        plain.paste(upright)
        if upright.mode == "P" and (palette := upright.getpalette("RGB")):
            plain.putpalette(palette)
        if kind == "TIFF":
            plain.save(out, "TIFF", compression="tiff_adobe_deflate")
            return out.getvalue()
        rgba = upright.convert("RGBA")
    flat = Image.new("RGB", rgba.size, "white")
    flat.paste(rgba, mask=rgba.getchannel("A"))
    flat.save(out, "JPEG", quality=_REDRAWN_QUALITY)
    return out.getvalue()


def _turn_of(data: bytes, kind: str) -> bytes:
    """A TIFF block that says only how the photo is turned (EXIF's Orientation); empty for one that stands upright."""
    with Image.open(io.BytesIO(data), formats=(kind,)) as image:
        orientation = image.getexif().get(ExifTags.Base.Orientation) if "exif" in image.info else None
    if not isinstance(orientation, int) or not 2 <= orientation <= 8:
        return b""
    tag = struct.pack(">HHIHH", ExifTags.Base.Orientation, 3, 1, orientation, 0)
    return b"MM\x00\x2a\x00\x00\x00\x08" + struct.pack(">H", 1) + tag + b"\x00\x00\x00\x00"
