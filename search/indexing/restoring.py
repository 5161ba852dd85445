"""Brings a lost, emptied or wrong collection back from Postgres: what `manage.py restore_index` calls."""

from __future__ import annotations

from dataclasses import dataclass
from time import sleep

from django.core.files.storage import default_storage

from catalog.models import ProductImage
from search import milvus, versions
from search.indexing.entries import clear_entries
from search.indexing.restored import came_back
from search.indexing.verify import resolve_doubt
from search.indexing.work import MISSING_FILE
from search.models import IndexEntry, IndexVersion

# Files looked for in one go; the others are looked for the next time.
MAX_LOOKED_FOR = 10_000


@dataclass(frozen=True, slots=True)
class Restored:
    """What was found of one version: whether its collection was gone (or dropped), whether Postgres had gone back, how many
    images differed and are queued again, and how many missing files are there again."""

    is_new_collection: bool
    is_postgres_older: bool
    differing: int
    files_back: int


def prepare_restore(version: IndexVersion, *, from_scratch: bool = False) -> Restored:
    """Make the version's collection whole again as far as nothing is indexed: sweeps, or the caller, fill it.

    A collection that is gone is made anew, empty. One that is there is loaded and compared row by row, and what differs is
    queued. `from_scratch` drops it first. Safe to do twice, and beside workers. Raises `IndexUnavailable`.
    """
    is_new = versions.restore_lost_collection(version, is_dropped_first=from_scratch)
    milvus.load_collection(version.collection)
    is_older = came_back(version)
    while (differing := resolve_doubt(version)) is None:
        # A worker compares at this moment; what it has looked at already may be what we just changed.
        sleep(1)
    return Restored(is_new, is_older, differing, retry_missing_files(version))


def retry_missing_files(version: IndexVersion) -> int:
    """Queue the images again whose file was missing and is there now (media restored after Postgres). Returns how many."""
    start = MISSING_FILE.split("{", 1)[0]
    missing = IndexEntry.objects.filter(version=version, error__startswith=start).order_by("pk")
    ids = list(missing.values_list("image_id", flat=True)[:MAX_LOOKED_FOR])
    files = ProductImage.objects.filter(pk__in=ids).exclude(file="").values_list("pk", "file")
    return clear_entries([image_id for image_id, name in files if default_storage.exists(name)])
