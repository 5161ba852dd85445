"""Reads training sets from zips and folders into samples, and their photos into one uint8 cache on disk."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.core.files.storage import default_storage
from numpy.typing import NDArray
from PIL import Image

from search.training.captions import FIELDS, Attributes
from search.training.vocabulary import KINDS, LABEL_GROUPS, LABEL_KINDS, TITLE_MATERIALS, TITLE_PATTERNS

logger = logging.getLogger(__name__)

VALIDATION_PERCENT = {"fashion": 5, "home": 15, "street": 10, "demo": 5, "folder": 5, "catalogue": 5}
# What `Sample.archive` says of a photo in the media storage, wherever that is.
STORAGE = "storage:"
MIN_CROP_PX = 24
MIN_BRAND = 12


@dataclass(frozen=True, slots=True)
class Sample:
    """One photo: where its bytes are, what is known about it, and on which side of the split it stands.

    `archive` is a zip's path, `STORAGE`, or empty for a plain file. `queries` are shoppers' words with their gains.
    """

    source: str
    key: str
    file: str
    archive: str
    title: str
    attributes: Attributes
    is_validation: bool
    box: tuple[float, float, float, float] | None = None
    queries: tuple[tuple[str, float], ...] = ()


def is_held_out(source: str, key: str) -> bool:
    """The split: a hash of the id or the sender, so that it is the same on every machine and for every run."""
    return int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16) % 100 < VALIDATION_PERCENT[source]


def read_fashion(path: Path) -> list[Sample]:
    """The fashion set: 60x80 photos of every product, and the 224x224 ones as further views of the same product."""
    samples = []
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("products.csv").decode("utf-8"))))
    brands = _brands({row["id"]: row["title"] for row in rows})
    for row in rows:
        kind = _fashion_kind(row)
        attributes = Attributes(
            kind=kind,
            group=KINDS[kind][0] if kind in KINDS else row["subCategory"].lower(),
            color=row["baseColour"].lower(),
            gender=row["gender"].lower(),
            usage=row["usage"].lower(),
            season=row["season"].lower(),
            pattern=_said(row["title"], TITLE_PATTERNS),
            material=_said(row["title"], [(material, material) for material in TITLE_MATERIALS]),
            brand=brands.get(row["id"], ""),
        )
        held_out = is_held_out("fashion", row["id"])
        for file in (row["image"], row["image_224"]):
            if file and not (held_out and file == row["image_224"]):
                samples.append(Sample("fashion", row["id"], file, str(path), row["title"], attributes, held_out))
    return samples


def _said(title: str, patterns: Sequence[tuple[str, str]]) -> str:
    """The value of the first pattern that begins a word of the title; empty where none does."""
    return next((value for pattern, value in patterns if re.search(rf"\b(?:{pattern})", title.lower())), "")


def _brands(titles: Mapping[str, str]) -> dict[str, str]:
    """The brand of each title that has one: what stands before "Men", "Women", "Boys"... and begins `MIN_BRAND` titles."""
    starts = {}
    for key, title in titles.items():
        before = re.split(r"\b(?:men|women|boys|girls|kids|unisex|infants)\b", title.lower(), maxsplit=1)
        if len(before) == 2 and 0 < len(before[0].split()) <= 4:
            starts[key] = " ".join(before[0].split())
    counts = Counter(starts.values())
    return {key: brand for key, brand in starts.items() if counts[brand] >= MIN_BRAND}


def _fashion_kind(row: dict[str, str]) -> str:
    kind = row["articleType"].lower()
    return {"hat": "hats", "waistcoat": "vests", "rain jacket": "jackets"}.get(kind, kind)


def _labelled(label: str, *, gender: str = "") -> Attributes | None:
    """Attributes of a photo that has one label only; None for a label that says too little ("accessories")."""
    label = label.lower()
    if label in LABEL_KINDS:
        kind = LABEL_KINDS[label]
        return Attributes(kind=kind, group=KINDS[kind][0], gender=gender)
    if label in LABEL_GROUPS:
        return Attributes(group=LABEL_GROUPS[label], gender=gender)
    return None


def read_home(path: Path) -> list[Sample]:
    """Clothes photographed at home; split by sender, so that no room is on both sides."""
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("images.csv").decode("utf-8"))))
    samples = []
    for row in rows:
        attributes = _labelled(row["label"], gender="kids" if row["kids"] == "True" else "")
        if attributes is not None:
            held_out = is_held_out("home", row["sender_id"])
            samples.append(Sample("home", row["sender_id"], row["image"], str(path), "", attributes, held_out))
    return samples


def read_street(path: Path) -> list[Sample]:
    """Crops of street photos by their boxes: worn clothes, cluttered backgrounds."""
    with zipfile.ZipFile(path) as archive:
        photos = json.loads(archive.read("boxes.json"))
    samples = []
    for name, photo in photos.items():
        for item in photo["items"]:
            x1, y1, x2, y2 = item["box"]
            attributes = _labelled(item["label"])
            small_px = min((x2 - x1) * photo["width"], (y2 - y1) * photo["height"])
            if attributes is None or small_px < MIN_CROP_PX:
                continue
            held_out = is_held_out("street", name)
            samples.append(
                Sample("street", name, f"photos/{name}", str(path), "", attributes, held_out, box=(x1, y1, x2, y2))
            )
    return samples


def open_photos(samples: Sequence[Sample]) -> Iterator[Image.Image]:
    """The samples' photos, RGB, in order; boxes are cut out with a tenth of margin on each side."""
    archives: dict[str, zipfile.ZipFile] = {}
    try:
        for sample in samples:
            if sample.archive not in ("", STORAGE) and sample.archive not in archives:
                archives[sample.archive] = zipfile.ZipFile(sample.archive)
            data = _bytes(sample, archives)
            with Image.open(io.BytesIO(data)) as photo:
                image = photo.convert("RGB")
            yield _cut(image, sample.box) if sample.box else image
    finally:
        for archive in archives.values():
            archive.close()


def _bytes(sample: Sample, archives: Mapping[str, zipfile.ZipFile]) -> bytes:
    if sample.archive == STORAGE:
        with default_storage.open(sample.file) as file:
            return bytes(file.read())
    return archives[sample.archive].read(sample.file) if sample.archive else Path(sample.file).read_bytes()


def _cut(image: Image.Image, box: tuple[float, float, float, float]) -> Image.Image:
    x1, y1, x2, y2 = box
    dx, dy = (x2 - x1) / 10, (y2 - y1) / 10
    return image.crop(
        (
            int(max(0.0, x1 - dx) * image.width),
            int(max(0.0, y1 - dy) * image.height),
            int(min(1.0, x2 + dx) * image.width),
            int(min(1.0, y2 + dy) * image.height),
        )
    )


def cache_photos(samples: Sequence[Sample], folder: Path, *, side_px: int) -> NDArray[np.uint8]:
    """The photos squashed to squares, (n, side, side, 4) uint8 on disk: RGB and a foreground mask (255 = product).

    Decoded once: an epoch is then tensor work alone. The file is named by what it holds, so a changed set makes a new one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(repr([(s.archive, s.file, s.box) for s in samples]).encode()).hexdigest()[:16]
    path = folder / f"photos-{side_px}-{digest}.npy"
    if not path.exists():
        logger.info("decoding %d photos into %s", len(samples), path)
        part = path.with_suffix(".part")
        array = np.lib.format.open_memmap(part, "w+", np.uint8, (len(samples), side_px, side_px, 4))
        for i, image in enumerate(open_photos(samples)):
            pixels = np.asarray(image.resize((side_px, side_px), Image.Resampling.BICUBIC, reducing_gap=2.0))
            array[i, :, :, :3] = pixels
            array[i, :, :, 3] = foreground_mask(pixels)
        array.flush()
        part.rename(path)
    return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]


def foreground_mask(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """255 where the product is: all but the near-white region that touches the border (white products stay whole)."""
    white = pixels.min(axis=2) > 243
    reached = np.zeros_like(white)
    reached[[0, -1], :] = white[[0, -1], :]
    reached[:, [0, -1]] |= white[:, [0, -1]]
    while True:
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= grown[:, :-1]
        grown[:, :-1] |= grown[:, 1:]
        grown &= white
        if (grown == reached).all():
            return np.where(reached, 0, 255).astype(np.uint8)
        reached = grown


def read_folder(folder: Path, *, source: str = "folder") -> list[Sample]:
    """Any labelled photos: a folder with `photos.ndjson`, one object per line.

    `file` (relative) and `key` (the product's id) are needed; `title` and the fields of `Attributes` are optional.
    """
    samples = []
    for line in (folder / "photos.ndjson").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        attributes = Attributes(**{field: row[field].lower() for field in FIELDS if row.get(field)})
        samples.append(
            Sample(
                source=source,
                key=row["key"],
                file=str(folder / row["file"]),
                archive="",
                title=row.get("title", ""),
                attributes=attributes,
                is_validation=is_held_out(source, row["key"]),
            )
        )
    return samples
