"""`manage.py import_query_set FILE`: keep a judged set as rows, for the admin and for `evaluate --set NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.evaluation.sets import InvalidQuerySet, read_set
from search.evaluation.stores import store_set
from search.management.stores import find_store


class Command(BaseCommand):
    help = "Keep the judged queries of an NDJSON file as a set in the database, replacing the set of that name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--store", required=True, help="the store's slug")
        parser.add_argument("--name", help="the set's name (the file's, without its ending)")

    def handle(self, *args: Any, file: Path, store: str, name: str | None, **options: Any) -> None:
        try:
            judged = read_set(file)
            row = store_set(find_store(store), judged, name=name or judged.name)
        except InvalidQuerySet as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{len(judged.queries)} queries are in the set {row.name} of {store}.")
