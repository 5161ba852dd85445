"""`manage.py tune_ranking`: learn the second stage's weights from judged queries, kept only if they are better."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import Progress

from search.errors import SearchError
from search.evaluation.sets import InvalidQuerySet
from search.evaluation.setups import LIVE, find_version
from search.evaluation.stores import find_set
from search.management.stores import find_store
from search.ranking.tuning import examples_of, save_weights, tune


class Command(BaseCommand):
    help = "Learn how to re-rank the best hits of a store's searches; saves weights only where they help beyond noise."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--store", required=True, help="the store's slug")
        parser.add_argument(
            "--set", action="append", required=True, dest="sets", metavar="FILE|NAME", help="may be given again"
        )
        parser.add_argument("--index-version", default=LIVE, help="an index version's number or name (live)")
        parser.add_argument("--dry-run", action="store_true", help="measure, and save nothing")

    def handle(
        self, *args: Any, store: str, sets: list[str], index_version: str, dry_run: bool, **options: Any
    ) -> None:
        try:
            owner, version = find_store(store), find_version(index_version)
            judged = [find_set(owner, name) for name in sets]
            examples = []
            with Progress() as progress:
                task = progress.add_task("Asking", total=sum(len(one.queries) for one in judged))
                for one in judged:
                    examples += examples_of(owner, one, version, on_query=lambda: progress.advance(task))
            tuned = tune(examples)
        except (InvalidQuerySet, ValueError) as error:
            raise CommandError(str(error)) from error
        except SearchError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"weights: {tuned.weights}")
        self.stdout.write(
            f"NDCG@10 on {tuned.held_out} held-out queries: {tuned.before:.3f} before, {tuned.after:.3f} after, "
            f"{tuned.change.shown_mean} ({tuned.change.shown_p})"
        )
        if not tuned.is_better:
            raise CommandError(
                "The weights are not better beyond noise: nothing is saved. More judged queries may help."
            )
        if not dry_run:
            save_weights(owner, version, tuned, sets=[one.name for one in judged])
            self.stdout.write("Saved: searches of this store use them from now on.")
