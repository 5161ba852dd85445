"""Photos with their titles, for the comparison of an export with its source: of a store, of a folder, or drawn."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from catalog.demo.assortment import demo_products
from catalog.demo.photo import draw_photo
from catalog.models import ProductImage, Store
from catalog.models.product import ImageKind
from search.errors import InvalidImage, InvalidQuery
from search.images import decode_image

MAX_SIDE_PX = 512
# Fewer say too little: ten of twenty photos overlap by themselves.
LEAST = 20
_DEMO_SEED = 31
_KEPT = 0.8


@dataclass(frozen=True, slots=True)
class Samples:
    """`photos` are indexed. `texts` ask for them by title, `answers` says which; `views` are the photos as queries:
    mirrored and cropped, in the same order."""

    photos: list[Image.Image]
    texts: list[str]
    answers: list[frozenset[int]]
    views: list[Image.Image]


def from_demo(count: int) -> Samples:
    """Products of the demo's generator, of a seed of our own."""
    products = demo_products(_DEMO_SEED, count)
    return _samples([(product.title, draw_photo(product, view=0, size=(240, 300))) for product in products])


def from_store(store: Store, count: int) -> Samples:
    """Published catalogue photos of the store, in the order of their digests: arbitrary, and the same each time."""
    rows = ProductImage.objects.filter(
        product__store=store, product__is_published=True, kind=ImageKind.CATALOG
    ).exclude(file="")
    found = []
    for image in rows.select_related("product").order_by("sha256")[:count]:
        with image.file.open("rb") as file:
            found += _decoded(image.product.title, file.read())
    return _samples(found)


def from_folder(folder: Path, count: int) -> Samples:
    """A folder as `manage.py train_encoder --folder` takes it: photos.ndjson with `file` and `title`, and the photos."""
    labels = folder / "photos.ndjson"
    if not labels.is_file():
        raise InvalidQuery(f"{labels} is missing: one line of JSON for each photo, with its file and title.")
    rows = [json.loads(line) for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
    random.Random(_DEMO_SEED).shuffle(rows)
    return _samples(
        [pair for row in rows[:count] for pair in _decoded(row["title"], (folder / row["file"]).read_bytes())]
    )


def _decoded(title: str, data: bytes) -> list[tuple[str, Image.Image]]:
    try:
        return [(title, decode_image(data, max_side=MAX_SIDE_PX))]
    except InvalidImage:
        return []


def _samples(pairs: Sequence[tuple[str, Image.Image]]) -> Samples:
    if len(pairs) < LEAST:
        raise InvalidQuery(f"Only {len(pairs)} photos to compare rankings on; at least {LEAST} are needed.")
    by_title: dict[str, set[int]] = {}
    for number, (title, _) in enumerate(pairs):
        by_title.setdefault(title, set()).add(number)
    photos = [photo for _, photo in pairs]
    chance = random.Random(_DEMO_SEED)
    return Samples(
        photos=photos,
        texts=list(by_title),
        answers=[frozenset(numbers) for numbers in by_title.values()],
        views=[_view(photo, chance) for photo in photos],
    )


def _view(photo: Image.Image, chance: random.Random) -> Image.Image:
    width, height = (max(1, round(side * _KEPT)) for side in photo.size)
    left, top = chance.randint(0, photo.width - width), chance.randint(0, photo.height - height)
    return ImageOps.mirror(photo.crop((left, top, left + width, top + height)))
