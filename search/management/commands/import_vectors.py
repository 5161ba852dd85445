"""`manage.py import_vectors FILE.parquet`: fill the live index with vectors that were made elsewhere by the same encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search import indexing, versions
from search.errors import SearchError
from search.management.progress import counting


class Command(BaseCommand):
    help = "Index the images whose photo has a vector in this file without encoding them. Safe to run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="written by manage.py export_vectors")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            version = versions.ensure_live_version()
            with counting(f"Importing into {version.collection}", total=None) as advance:
                done = indexing.import_vectors(version, file, on_rows=advance)
        except SearchError as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            self.style.SUCCESS(
                f"{done.written} images indexed by {done.read} vectors; {done.left} are left for the worker to encode."
            )
        )
