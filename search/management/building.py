"""Builds a version in the process of a command, as fast as it can."""

from __future__ import annotations

from time import monotonic, sleep

from django.conf import settings
from django.core.management.base import CommandError

from search import indexing, versions
from search.management.progress import index_with_progress
from search.models import IndexVersion
from search.upgrading.building import make_ready

WAIT_S = 60.0


def build_here(version: IndexVersion, *, threads: int) -> None:
    """Index until nothing is left, then make ready what belongs to the encoder. A worker beside us may hold claims: we wait
    for it no longer than a lease and a bit."""
    versions.ensure_collection(version)
    version.refresh_from_db()
    deadline = monotonic() + settings.INDEX_LEASE_S + WAIT_S
    index_with_progress(version, threads=threads)
    while waiting := indexing.count_stale(version):
        if monotonic() > deadline:
            raise CommandError(f"{waiting} images are not indexed yet: run the command again to resume.")
        sleep(1)
        if indexing.sweep(version, threads=threads).work.indexed:
            deadline = monotonic() + settings.INDEX_LEASE_S + WAIT_S
    version.refresh_from_db()
    if version.filled_at is None:
        indexing.sweep(version, threads=threads)
        version.refresh_from_db()
    if version.prepared_at is None:
        make_ready(version)
