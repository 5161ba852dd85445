"""`export.json`, which makes a folder of ONNX files an export: whose towers they are, how inputs become tensors, and the
proof that they rank like the source."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from search.errors import EncoderUnavailable

NAME = "export.json"
FORMAT = 1
IMAGE_TOWER, TEXT_TOWER, TOKENIZER = "image.onnx", "text.onnx", "tokenizer.json"


@dataclass(frozen=True, slots=True)
class PhotoSteps:
    """An RGB image -> pixels: resize, crop the middle, then `pixel * scale[channel] + shift[channel]`.

    Sizes are (height, width) in pixels. With `shortest_px` the shorter side becomes that and the other follows,
    instead of `resize_px`; `crop_px` may be None. `resample` is Pillow's number of the filter.
    """

    resize_px: tuple[int, int] | None
    shortest_px: int | None
    crop_px: tuple[int, int] | None
    resample: int
    scale: tuple[float, float, float]
    shift: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export says of itself. `files` maps each file's name to its SHA-256; `agreement` is empty until proven."""

    source: str
    fingerprint: str
    pixels_version: str
    precision: str
    dimension: int
    photo: PhotoSteps
    text_inputs: tuple[str, ...]
    files: dict[str, str]
    made_with: dict[str, str] = field(default_factory=dict)
    agreement: dict[str, Any] = field(default_factory=dict)


def is_export(folder: Path) -> bool:
    """Whether this folder says that it is an export; whether it is whole shows when it loads."""
    return (folder / NAME).is_file()


def write(manifest: Manifest, folder: Path) -> None:
    stated = {"format": FORMAT, **dataclasses.asdict(manifest)}
    (folder / NAME).write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")


def read(folder: Path) -> Manifest:
    """The folder's manifest. Raises `EncoderUnavailable` where it cannot be understood."""
    try:
        stated = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if stated.pop("format") != FORMAT:
            raise ValueError("another format")
        photo: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in stated["photo"].items()
        }
        stated |= {"photo": PhotoSteps(**photo), "text_inputs": tuple(stated["text_inputs"])}
        return Manifest(**stated)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EncoderUnavailable(
            f"{folder / NAME} cannot be read as an encoder's export ({type(error).__name__}: {error})."
            " Make it again: manage.py export_encoder."
        ) from error


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_files(manifest: Manifest, folder: Path) -> None:
    """Raises `EncoderUnavailable` where a file is missing or is not the one that was proven."""
    for name, sha256 in manifest.files.items():
        path = folder / name
        if not path.is_file() or digest(path) != sha256:
            raise EncoderUnavailable(
                f"{path} is missing or is not the file that was exported. Make the export again: manage.py export_encoder."
            )
