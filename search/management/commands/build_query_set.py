"""`manage.py build_query_set`: a judged query set made from a store's own catalogue, as a file for `evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.evaluation.building import KINDS, build, read_facts
from search.evaluation.sets import InvalidQuerySet, write_set
from search.management.stores import find_store


class Command(BaseCommand):
    help = "Write a judged query set made from the store's categories, attributes, titles or photos."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--store", required=True, help="the store's slug")
        parser.add_argument("--kind", required=True, choices=list(KINDS))
        parser.add_argument("--count", type=int, default=200, help="how many queries at most (200)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed and catalogue give the same file (1)")
        parser.add_argument("--color", default="", help="the code of the colour attribute, where it is not guessed")
        parser.add_argument("--output", type=Path, required=True, help="the NDJSON file to write")

    def handle(self, *args: Any, store: str, kind: str, count: int, seed: int, **options: Any) -> None:
        if count < 1:
            raise CommandError(f"--count is {count}: ask for at least 1 query.")
        try:
            facts = read_facts(find_store(store), color_code=options["color"])
            queries = build(facts, kind, count=count, seed=seed)
            write_set(options["output"], queries)
        except InvalidQuerySet as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{options['output']} was not written: {error}") from error
        self.stdout.write(f"{len(queries)} queries from {len(facts.products):,} products in {options['output']}")
