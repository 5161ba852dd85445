"""Keeps palettes in step with photos: a set difference in SQL says which are missing or of other pixels, batches make them.

The table is the queue, so any number of sweeps may run at once; one that another is at work on is passed over.
"""
# ruff: noqa: S608  (the pieces put together here are this module's own constants; values are bound)

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from django.core.files.storage import default_storage
from django.db import connection, transaction

from catalog.models import ProductImage
from search.colour.bins import bin_mask
from search.colour.palette import RECIPE, SIDE_PX, photo_palette
from search.colour.records import PLACES, ImagePalette
from search.errors import InvalidImage
from search.images import decode_image

BATCH = 100
PAGE = 5000
# How many of the photos that changed last a recent sweep looks at: the same short look however many there are in all.
RECENT = 2000
_FIELDS = [
    "sha256",
    "recipe",
    "problem",
    "bins",
    *(f"{name}{place}" for place in PLACES for name in ("l", "a", "b", "share")),
]
# The first key of the advisory locks that this module takes; the second is a batch's first image.
_LOCK = 0x70616C65

_STALE = """
    LEFT JOIN search_imagepalette p ON p.image_id = i.id
    WHERE i.file <> '' AND (p.image_id IS NULL OR (p.sha256, p.recipe) IS DISTINCT FROM (i.sha256, %(recipe)s))
"""
_ALL = "FROM catalog_productimage i" + _STALE
_RECENT = "FROM (SELECT id, file, sha256 FROM catalog_productimage ORDER BY revision DESC LIMIT %(recent)s) i" + _STALE


@dataclass(slots=True)
class PaletteReport:
    """What a sweep did: palettes made, and photos among them that have none because they cannot be read."""

    made: int = 0
    refused: int = 0


def refresh_palettes(
    *,
    is_recent_only: bool = False,
    budget_s: float = 600.0,
    on_batch: Callable[[int], None] = lambda done: None,
) -> PaletteReport:
    """Make what is missing or out of date, or only what changed lately, within the time budget. Safe to run twice at once."""
    report = PaletteReport()
    deadline = monotonic() + budget_s
    for ids in _batches(is_recent_only=is_recent_only):
        if monotonic() > deadline:
            break
        rows = make_palettes(ids)
        report.made += len(rows)
        report.refused += sum(bool(row.problem) for row in rows)
        on_batch(len(rows))
    return report


def make_palettes(image_ids: Sequence[int]) -> list[ImagePalette]:
    """Make the palettes of those of these images that still need one, and return them; none while another is at it."""
    with _taken(image_ids[0]) as is_ours:
        if not is_ours:
            return []
        stale = _ids(_ALL + " AND i.id = ANY(%(ids)s)", ids=list(image_ids))
        photos = ProductImage.objects.filter(pk__in=stale).order_by("pk").values_list("pk", "file", "sha256")
        rows = [_palette_of(image_id, file, sha256) for image_id, file, sha256 in photos]
        return _keep(rows)


def count_stale() -> int:
    """How many photos have no palette of their present pixels."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) " + _ALL, {"recipe": RECIPE})
        return int(cursor.fetchone()[0])


def _batches(*, is_recent_only: bool) -> Iterator[list[int]]:
    after = 0
    while ids := _ids(
        (_RECENT if is_recent_only else _ALL) + " AND i.id > %(after)s", after=after, recent=RECENT, limit=PAGE
    ):
        after = ids[-1]
        for start in range(0, len(ids), BATCH):
            yield ids[start : start + BATCH]


def _ids(sql: str, *, limit: int = PAGE, **parameters: int | list[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT i.id {sql} ORDER BY i.id LIMIT %(limit)s",
            {"recipe": RECIPE, "limit": limit, **parameters},
        )
        return [row[0] for row in cursor.fetchall()]


def _palette_of(image_id: int, file: str, sha256: str) -> ImagePalette:
    row = ImagePalette(image_id=image_id, sha256=sha256, recipe=RECIPE)
    try:
        with default_storage.open(file, "rb") as stored:
            photo = decode_image(stored.read(), max_side=SIDE_PX)
    except InvalidImage as error:
        row.problem = error.message
    except FileNotFoundError:
        row.problem = f"The file {file} is missing from the media storage: upload it again."
    else:
        row.swatches = photo_palette(photo)
        row.bins = bin_mask(row.swatches)
    return row


@transaction.atomic
def _keep(rows: Sequence[ImagePalette]) -> list[ImagePalette]:
    """Write the rows of images that are still there. What changed meanwhile differs in its hash, and is found again."""
    images = ProductImage.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    alive = set(images.select_for_update(no_key=True).values_list("pk", flat=True))
    kept = [row for row in rows if row.pk in alive]
    ImagePalette.objects.bulk_create(kept, update_conflicts=True, unique_fields=["image"], update_fields=_FIELDS)
    return kept


@contextmanager
def _taken(image_id: int) -> Iterator[bool]:
    """Whether this batch is ours: workers that find the same work do not do it twice. The lock dies with the connection."""
    key = [_LOCK, image_id % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
