"""`manage.py verify_index`: compare Postgres, the entries and Milvus row by row; exit 1 on any difference."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search import indexing, versions
from search.errors import SearchError

SHOWN = 20


class Command(BaseCommand):
    help = "Compare the catalogue, the index entries and Milvus: ids, stores and both revisions of every image."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="queue the differing images to be indexed again")

    def handle(self, *args: Any, repair: bool, **options: Any) -> None:
        total = 0
        try:
            for version in [versions.live_version()]:
                found = list(indexing.verify(version))
                total += len(found)
                for kind, count in Counter(difference.kind for difference in found).most_common():
                    self.stdout.write(f"{version.collection}: {count} {kind}")
                for difference in found[:SHOWN]:
                    self.stdout.write(f"  image {difference.image_id}: {difference.kind}")
                if repair:
                    self.stdout.write(f"{indexing.repair(version, found)} images queued again")
        except SearchError as error:
            raise CommandError(error.message) from error
        if total:
            raise CommandError(f"{total} differences.", returncode=1)
        self.stdout.write(self.style.SUCCESS("No difference between Postgres, the entries and Milvus."))
