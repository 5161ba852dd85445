"""`manage.py export_events`: what shoppers did, as triples for train_encoder or as a judged set for evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.evaluation.sets import write_set
from search.events.export import judged_queries, triples
from search.management.stores import find_store


class Command(BaseCommand):
    help = "Write a store's events as NDJSON: (query, product, gain) triples, or a set of judged queries."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--store", required=True, help="the store's slug")
        parser.add_argument("--output", type=Path, required=True, help="the NDJSON file to write")
        parser.add_argument(
            "--format",
            choices=["triples", "judged"],
            default="triples",
            help="for train_encoder --triples, or for evaluate --set (triples)",
        )
        parser.add_argument("--days", type=int, default=90, help="how far back (90)")
        parser.add_argument(
            "--correct-position",
            action="store_true",
            help="what was clicked further down counts more: a gain times log2(1 + position)",
        )

    def handle(self, *args: Any, store: str, output: Path, days: int, **options: Any) -> None:
        if not 1 <= days <= 3650:
            raise CommandError(f"--days is {days}: give 1 to 3650.")
        found, is_corrected = find_store(store), options["correct_position"]
        try:
            if options["format"] == "judged":
                queries = judged_queries(found, days=days, is_corrected=is_corrected)
                write_set(output, queries)
                self.stdout.write(f"{len(queries):,} judged queries in {output}")
                return
            lines = list(triples(found, days=days, is_corrected=is_corrected))
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text("".join(lines), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{output} was not written: {error}") from error
        self.stdout.write(f"{len(lines):,} triples in {output}")
