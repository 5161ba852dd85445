"""`manage.py export_vectors FILE.parquet`: the live index's vectors, so that another installation need not encode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search import indexing, versions
from search.errors import SearchError
from search.management.progress import counting


class Command(BaseCommand):
    help = (
        "Write the vectors of the live index to a Parquet file, with each photo's hash and the encoder's fingerprint."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="replaced when it is complete")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            version = versions.live_version()
            with counting(f"Exporting {version.collection}", total=version.entries.count()) as advance:
                count = indexing.export_vectors(version, file, on_rows=advance)
        except SearchError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"{file} cannot be written ({error.strerror}): name a file on another disk.") from error
        self.stdout.write(
            self.style.SUCCESS(f"{count} vectors of {version.encoder}, fingerprint {version.fingerprint}, in {file}.")
        )
