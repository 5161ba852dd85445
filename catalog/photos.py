"""Product photos as files: a light check of the bytes, what they say beside the picture cut off, and keeping them once.

The index decodes each photo later and in full; here a photo need only be one, by its header.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import ExifTags, Image, UnidentifiedImageError, features

from catalog.photo_metadata import without_metadata

EXTENSIONS = {
    "JPEG": "jpg",
    "MPO": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "GIF": "gif",
    "BMP": "bmp",
    "TIFF": "tif",
    **({"AVIF": "avif"} if features.check("avif") else {}),
}
# Pillow opens an MPO (a phone's JPEG with several pictures) as JPEG; to name it in `formats` would be a KeyError.
_FORMATS = tuple(name for name in EXTENSIONS if name != "MPO")
ACCEPTED = ", ".join(_FORMATS)
_TURNED_SIDEWAYS = {5, 6, 7, 8}


# A storage that does not give or take a file at this moment: a full or broken disk, a bucket that cannot be reached.
STORAGE_ERRORS = (OSError, BotoCoreError, ClientError)


class InvalidPhoto(ValueError):
    """Bytes that are not a photo we keep; the message says why."""


class StorageUnavailable(Exception):
    """The media storage does not take files at this moment. Retryable: it says nothing of the photo."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as it is kept: `data` has no metadata, and `sha256` is of it. `width` and `height` are pixels, upright."""

    data: bytes = field(repr=False)
    sha256: str
    width: int
    height: int
    extension: str

    def name_in(self, store_id: int) -> str:
        """Where the photo lies in the storage: identical bytes of one store are one file."""
        return f"products/{store_id}/{self.sha256[:2]}/{self.sha256}.{self.extension}"


def inspect_photo(data: bytes) -> Photo:
    """Read the header of an image file, and cut off what it says of place, device and author.

    Raises `InvalidPhoto` for anything but an image within the limits.
    """
    max_bytes: int = settings.IMAGE_MAX_BYTES
    if not data:
        raise InvalidPhoto("the photo has no bytes")
    if len(data) > max_bytes:
        raise InvalidPhoto(f"the photo has {len(data):,} bytes; at most {max_bytes:,} are accepted")
    # Pillow promises no exception type for hostile bytes (ValueError, SyntaxError, struct.error, MemoryError ... were
    # seen), and the code inside only calls Pillow, so no bug of ours can hide in the broad catch.
    try:
        _check_pixels(*_read_header(data)[:2])
        data = without_metadata(data)
        width, height, extension = _read_header(data)
    except InvalidPhoto:
        raise
    except UnidentifiedImageError as error:
        raise InvalidPhoto(f"the file is not an image in an accepted format ({ACCEPTED})") from error
    except Image.DecompressionBombError as error:
        raise InvalidPhoto(f"the photo has too many pixels; at most {settings.IMAGE_MAX_PIXELS:,}") from error
    except Exception as error:
        raise InvalidPhoto(f"the photo is damaged ({type(error).__name__})") from error
    _check_pixels(width, height)
    return Photo(data, hashlib.sha256(data).hexdigest(), width, height, extension)


def keep_photo(photo: Photo, *, store_id: int) -> str:
    """Write the photo into the storage unless it lies there whole, and return its name. Raises `StorageUnavailable`."""
    name = photo.name_in(store_id)
    try:
        if default_storage.exists(name):
            # A shorter file is what a crash, or a full disk, left in the middle of writing.
            if default_storage.size(name) == len(photo.data):
                return name
            default_storage.delete(name)
        return default_storage.save(name, ContentFile(photo.data))
    except STORAGE_ERRORS as error:
        raise StorageUnavailable(f"The media storage does not take photos: {error}") from error


def _check_pixels(width: int, height: int) -> None:
    if width < 1 or height < 1 or width * height > settings.IMAGE_MAX_PIXELS:
        raise InvalidPhoto(
            f"the photo is {width} x {height} pixels; between 1 and {settings.IMAGE_MAX_PIXELS:,} pixels are accepted"
        )


def _read_header(data: bytes) -> tuple[int, int, str]:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        width, height = image.size
        extension = EXTENSIONS[image.format or ""]
        if "exif" in image.info and image.getexif().get(ExifTags.Base.Orientation) in _TURNED_SIDEWAYS:
            width, height = height, width
    return width, height, extension
