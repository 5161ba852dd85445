"""Keeps the copy in Milvus in step with Postgres: what is stale or orphaned, and the work that mends it."""

from search.indexing.entries import clear_entries
from search.indexing.orphans import remove_orphans
from search.indexing.stale import count_stale, has_stale, orphan_image_ids, stale_image_ids
from search.indexing.sweep import SweepReport, sweep, waits_for_sweep
from search.indexing.verify import Difference, differing, doubt, repair, resolve_doubt, verify
from search.indexing.work import IndexReport, index_images

__all__ = [
    "Difference",
    "IndexReport",
    "SweepReport",
    "clear_entries",
    "count_stale",
    "differing",
    "doubt",
    "has_stale",
    "index_images",
    "orphan_image_ids",
    "remove_orphans",
    "repair",
    "resolve_doubt",
    "stale_image_ids",
    "sweep",
    "verify",
    "waits_for_sweep",
]
