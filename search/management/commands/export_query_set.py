"""`manage.py export_query_set NAME`: write a judged set of the database as a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.evaluation.sets import InvalidQuerySet, JudgedQuery, write_set
from search.evaluation.stores import find_set
from search.management.stores import find_store


class Command(BaseCommand):
    help = "Write a set of judged queries as NDJSON, with uploaded photos in a folder beside it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the set's name")
        parser.add_argument("--store", required=True, help="the store's slug")
        parser.add_argument("--output", type=Path, required=True, help="the NDJSON file to write")

    def handle(self, *args: Any, name: str, store: str, output: Path, **options: Any) -> None:
        try:
            judged = find_set(find_store(store), name)
            write_set(output, [_with_photo(query, output) for query in judged.queries])
        except InvalidQuerySet as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{output} was not written: {error}") from error
        self.stdout.write(f"{len(judged.queries)} queries in {output}")


def _with_photo(query: JudgedQuery, output: Path) -> JudgedQuery:
    """The query with its photo copied beside the file."""
    if not query.image:
        return query
    folder = output.parent / f"{output.stem}-photos"
    folder.mkdir(parents=True, exist_ok=True)
    with default_storage.open(query.image) as file:
        (folder / Path(query.image).name).write_bytes(file.read())
    return replace(query, image=f"{folder.name}/{Path(query.image).name}")
