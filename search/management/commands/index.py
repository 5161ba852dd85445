"""`manage.py index`: bring the index in step with the catalogue, with a progress bar. Safe to run twice, and resumes."""

from __future__ import annotations

import os
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from search import versions, words
from search.errors import SearchError
from search.management.progress import index_with_progress


class Command(BaseCommand):
    help = "Index every image that is new or changed, and remove what is gone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="batches in work at once (cores)")

        parser.add_argument(
            "--upgrade", action="store_true", help="first rebuild, if ENCODER_MODEL's weights or INDEX_TYPE changed"
        )

    def handle(self, *args: Any, threads: int, upgrade: bool, **options: Any) -> None:
        if upgrade:
            call_command("rebuild_index", if_needed=True, threads=threads, stdout=self.stdout)
        try:
            words.refresh_stale_words()
            words.refresh_vocabularies()
            versions.ensure_live_version()
            for version in versions.whole_versions():
                index_with_progress(version, threads=max(1, threads))
        except SearchError as error:
            raise CommandError(error.message) from error
