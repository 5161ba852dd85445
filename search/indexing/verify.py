"""Compare the truth, the entries and the rows of Milvus, image by image, and put differences back into the queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection
from django.db.models import F, Max
from django.utils import timezone

from catalog.models import ProductImage
from search import milvus
from search.errors import IndexUnavailable
from search.indexing.entries import take_back
from search.models import IndexEntry, IndexVersion

RANGE_IDS = 20_000
# Of the advisory locks; the version's number is added.
_COMPARE_LOCK = 0x7669746300000000

# What a row, an entry or an image says of itself: (store, image revision, product revision).
Facts = tuple[int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """One image whose three accounts disagree; `kind` is a short phrase that says how."""

    image_id: int
    kind: str


def verify(
    version: IndexVersion, *, on_range: Callable[[int, int], None] = lambda done, total: None
) -> Iterator[Difference]:
    """Every difference between Postgres, the entries and Milvus, in id ranges, at Strong consistency.

    Images that are being worked on at this moment are passed over; a difference is looked at twice before it is told.
    """
    ends = [
        ProductImage.objects.aggregate(last=Max("pk"))["last"] or 0,
        IndexEntry.objects.filter(version=version).aggregate(last=Max("image_id"))["last"] or 0,
    ]
    total = max(ends)
    for first in range(0, total + 1, RANGE_IDS):
        # Rows with ids beyond all that Postgres knows belong to the last range.
        last = first + RANGE_IDS - 1 if first + RANGE_IDS <= total else 2**62
        suspects = {difference.image_id for difference in _compare(version, first=first, last=last)}
        if suspects:
            yield from (
                difference
                for difference in _compare(version, first=min(suspects), last=max(suspects))
                if difference.image_id in suspects
            )
        on_range(min(last, total), total)


def differing(version: IndexVersion, image_ids: Iterable[int]) -> list[Difference]:
    """Those of these images whose three accounts disagree now, those being worked on included, at Strong consistency."""
    wanted = sorted(set(image_ids))
    found: list[Difference] = []
    while wanted:
        # Near ids are read in one range.
        near = [image_id for image_id in wanted if image_id < wanted[0] + RANGE_IDS]
        chosen = set(near)
        compared = _compare(version, first=near[0], last=near[-1], is_claimed_told=True)
        found += [difference for difference in compared if difference.image_id in chosen]
        wanted = wanted[len(near) :]
    return found


def repair(version: IndexVersion, differences: Iterable[Difference]) -> int:
    """Clear the entries of these images so that a sweep does them again. Returns how many."""
    ids = sorted({difference.image_id for difference in differences})
    take_back(version, ids)
    return len(ids)


def doubt(version: IndexVersion) -> None:
    """Have the next sweep compare the collection row by row before anything else."""
    IndexVersion.objects.filter(pk=version.pk).update(is_doubted=True, doubt_count=F("doubt_count") + 1)


def has_lost_rows(version: IndexVersion) -> bool:
    """A quick look by counts alone: fewer rows than marked entries, or more than there are entries, cannot be right."""
    rows = milvus.count_rows(version.collection)
    entries = IndexEntry.objects.filter(version=version)
    marked = entries.filter(image_revision__isnull=False, error="").count()
    return not marked <= rows <= entries.count()


def resolve_doubt(version: IndexVersion) -> int | None:
    """Compare row by row, queue the differences, and clear the doubt. Returns how many differed.

    A doubt that comes meanwhile stays, and so does this one where the comparison does not come to its end (Milvus fails,
    the process is killed). None where another process compares at this moment: it is the other's to finish.
    """
    with _comparing(version) as is_ours:
        if not is_ours:
            return None
        version.refresh_from_db(fields=["is_doubted", "doubt_count"])
        try:
            differing = repair(version, list(verify(version)))
        except IndexUnavailable:
            if not version.is_doubted:
                doubt(version)
            raise
        IndexVersion.objects.filter(pk=version.pk, doubt_count=version.doubt_count).update(is_doubted=False)
        return differing


@contextmanager
def _comparing(version: IndexVersion) -> Iterator[bool]:
    """Hold the right to compare this version, if nobody else has it; it ends with the connection."""
    key = _COMPARE_LOCK + version.pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _compare(version: IndexVersion, *, first: int, last: int, is_claimed_told: bool = False) -> list[Difference]:
    # The copy is read before the truth: what is written between the two shows as newer, and the second look clears it.
    rows: dict[int, Facts] = {}
    found: list[Difference] = []
    for row in milvus.iterate_rows(version.collection, first_id=first, last_id=last):
        if row.id in rows:
            found.append(Difference(row.id, "stored twice in Milvus"))
        rows[row.id] = (row.store_id, row.image_revision, row.product_revision)
    entries = _entries(version, first=first, last=last)
    truth: dict[int, Facts] = {
        image_id: (store_id, image_revision, product_revision)
        for image_id, store_id, image_revision, product_revision in ProductImage.objects.filter(pk__range=(first, last))
        .exclude(file="")
        .values_list("pk", "product__store_id", "revision", "product__revision")
    }
    for image_id in sorted(rows.keys() | entries.keys() | truth.keys()):
        entry = entries.get(image_id)
        if entry is not None and entry.is_claimed:
            kind = "being worked on" if is_claimed_told else ""
        else:
            kind = _difference(truth.get(image_id), entry, rows.get(image_id))
        if kind:
            found.append(Difference(image_id, kind))
    return found


@dataclass(frozen=True, slots=True)
class _Entry:
    facts: Facts
    has_error: bool
    is_claimed: bool


def _entries(version: IndexVersion, *, first: int, last: int) -> dict[int, _Entry]:
    now = timezone.now()
    rows = IndexEntry.objects.filter(version=version, image_id__range=(first, last)).values_list(
        "image_id", "store_id", "image_revision", "product_revision", "error", "claimed_until"
    )
    return {
        image_id: _Entry((store_id, image_revision, product_revision), bool(error), until is not None and until > now)
        for image_id, store_id, image_revision, product_revision, error, until in rows
    }


def _difference(truth: Facts | None, entry: _Entry | None, row: Facts | None) -> str:
    """How the three accounts of one image differ, or an empty text."""
    if truth is None:
        if row is not None:
            return "in Milvus, but its image is gone"
        return "entry of an image that is gone" if entry is not None else ""
    if entry is None:
        return "never indexed" if row is None else "in Milvus without an entry"
    if entry.facts != truth:
        return "waiting to be indexed"
    if entry.has_error:
        return "in Milvus, but its entry has an error" if row is not None else ""
    if row is None:
        return "missing in Milvus"
    return "" if row == truth else "in Milvus with other revisions or another store"
