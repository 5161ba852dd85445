"""Builds a version in the process of a command, as fast as it can."""

from __future__ import annotations

from search import indexing, versions
from search.management.progress import fill_with_progress
from search.models import IndexVersion
from search.upgrading.building import make_ready


def build_here(version: IndexVersion, *, threads: int) -> None:
    """Index until nothing is left, then make ready what belongs to the encoder. Raises `CommandError` where images are left."""
    versions.ensure_collection(version)
    version.refresh_from_db()
    fill_with_progress(version, threads=threads)
    version.refresh_from_db()
    if version.filled_at is None:
        indexing.sweep(version, threads=threads)
        version.refresh_from_db()
    if version.prepared_at is None:
        make_ready(version)
