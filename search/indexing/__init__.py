"""Keeps the copy in Milvus in step with Postgres: what is stale or orphaned, and the work that mends it."""

from search.indexing.carrying import Carried, export_vectors, import_vectors
from search.indexing.entries import clear_entries
from search.indexing.orphans import remove_orphans
from search.indexing.restored import came_back, jump_ahead
from search.indexing.restoring import Restored, prepare_restore, retry_missing_files
from search.indexing.stale import count_stale, has_stale, orphan_image_ids, stale_image_ids
from search.indexing.sweep import SweepReport, sweep, waits_for_sweep
from search.indexing.verify import Difference, differing, doubt, repair, resolve_doubt, verify
from search.indexing.work import IndexReport, index_images

__all__ = [
    "Carried",
    "Difference",
    "IndexReport",
    "Restored",
    "SweepReport",
    "came_back",
    "clear_entries",
    "count_stale",
    "differing",
    "doubt",
    "export_vectors",
    "has_stale",
    "import_vectors",
    "index_images",
    "jump_ahead",
    "orphan_image_ids",
    "prepare_restore",
    "remove_orphans",
    "repair",
    "resolve_doubt",
    "retry_missing_files",
    "stale_image_ids",
    "sweep",
    "verify",
    "waits_for_sweep",
]
