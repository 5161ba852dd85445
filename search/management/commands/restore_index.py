"""`manage.py restore_index`: bring Milvus back from Postgres after a disaster of either, and check it. Safe to run twice."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search import indexing, versions, words
from search.errors import SearchError
from search.indexing import Restored
from search.management.progress import fill_with_progress
from search.models import IndexVersion


class Command(BaseCommand):
    help = (
        "Make Milvus what Postgres says: collections that are gone are made anew, rows that differ are written again. "
        "After a lost or wiped Milvus, and after Postgres was restored to an earlier time. Workers may run meanwhile."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from-scratch", action="store_true", help="drop the collections first, and encode all anew"
        )
        parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="batches in work at once (cores)")

    def handle(self, *args: Any, from_scratch: bool, threads: int, **options: Any) -> None:
        try:
            words.refresh_stale_words()
            for version in versions.open_versions() or [versions.ensure_live_version()]:
                self._say(version, indexing.prepare_restore(version, from_scratch=from_scratch))
                fill_with_progress(version, threads=max(1, threads))
                self._check(version)
        except SearchError as error:
            raise CommandError(error.message) from error

    def _say(self, version: IndexVersion, found: Restored) -> None:
        if found.is_new_collection:
            self.stdout.write(f"{version.collection}: was gone and is made anew")
        if found.is_postgres_older:
            self.stdout.write(
                f"{version.collection}: holds rows of a later time; Postgres was restored to an earlier one"
            )
        self.stdout.write(
            f"{version.collection}: {found.differing} images differed, {found.files_back} missing files are there again"
        )

    def _check(self, version: IndexVersion) -> None:
        left = list(indexing.verify(version))
        if left:
            raise CommandError(
                f"{version.collection}: {len(left)} images differ still, such as {left[0].image_id} ({left[0].kind}). "
                "The catalogue may be changing: run the command again."
            )
        self.stdout.write(self.style.SUCCESS(f"{version.collection}: no difference between Postgres and Milvus."))
