"""`manage.py tune_index`: measure an index version's recall@10 at every selectivity, and choose its search parameters."""

from __future__ import annotations

import random
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import Progress

from search.errors import SearchError
from search.management.stores import find_store, largest_store
from search.milvus import SearchPlan
from search.models import IndexVersion
from search.recall import tuning
from search.recall.buckets import PROMISE, shown
from search.recall.questions import Questions, make_questions
from search.recall.tuning import Measured
from search.versions import live_version


class Command(BaseCommand):
    help = (
        "Measure recall@10 of an index version against exact search at every selectivity for a grid of search parameters, "
        f"and choose the cheapest that keep it at {PROMISE} everywhere. Reads every vector several times."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--collection", default="", help="a version by its collection; the live one by default")
        parser.add_argument("--store", default="", help="a store's slug; the store with the most products by default")
        parser.add_argument("--queries", type=int, default=50, help="at each selectivity (50)")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--apply", action="store_true", help="have searches use the chosen parameters from now on")

    def handle(
        self, *args: Any, collection: str, store: str, queries: int, seed: int, apply: bool, **options: Any
    ) -> None:
        if queries < 2:
            raise CommandError(f"--queries {queries}: at least 2 are needed, 50 say something.")
        generator = random.Random(seed)
        try:
            version = _version(collection)
            owner = find_store(store) if store else largest_store()
            with Progress() as progress:
                exact = progress.add_task("Exact answers", total=None)
                questions = make_questions(
                    version, owner, amount=queries, generator=generator, on_filter=lambda: progress.advance(exact)
                )
                plans = tuning.grid(version)
                task = progress.add_task("Measuring", total=len(plans))
                measured = tuning.measure(
                    version, plans, questions, generator=generator, on_plan=lambda: progress.advance(task)
                )
        except SearchError as error:
            raise CommandError(error.message) from error
        self.stdout.write("\n".join(table(measured, questions)))
        chosen = tuning.choose(measured)
        if chosen is None:
            raise CommandError(
                f"Nothing in the grid keeps recall@10 at {PROMISE} everywhere: nothing is changed. "
                "Rebuild with another index type: manage.py rebuild_index --index-type HNSW (a server) or FLAT (Milvus Lite)."
            )
        self.stdout.write(f"Chosen: {_named(chosen.plan)} ({chosen.cost_ms:.1f} ms).")
        if apply:
            tuning.apply(version, chosen.plan)
            self.stdout.write(self.style.SUCCESS(f"Searches of {version.collection} use it from now on."))
        elif chosen.plan != measured[0].plan:
            self.stdout.write("Nothing is changed: give --apply to have searches use it.")


def table(measured: list[Measured], questions: list[Questions]) -> list[str]:
    """A markdown table: a line for each plan, the cheapest first, recall@10 and p50 at each selectivity."""
    shares: dict[float, list[float]] = {}
    for asked in questions:
        shares.setdefault(asked.selectivity, []).append(asked.share)
    heads = [f"{shown(end)} ({', '.join(f'{share:.2%}' for share in own)})" for end, own in sorted(shares.items())]
    lines = [f"| parameters | {' | '.join(heads)} | mean ms | kept |", f"|---|{'---:|' * len(heads)}---:|---|"]
    for one in sorted(measured, key=lambda one: one.cost_ms):
        cells = [f"{one.recall[share]:.3f} / {one.p50_ms[share]:.1f}" for share in one.recall]
        now = " (now)" if one is measured[0] else ""
        kept = "yes" if one.keeps_promise else "no"
        lines.append(f"| {_named(one.plan)}{now} | {' | '.join(cells)} | {one.cost_ms:.1f} | {kept} |")
    return [*lines, "", "Recall@10 / p50 in ms; in brackets the share that the filters of each column let pass.", ""]


def _named(plan: SearchPlan) -> str:
    return ", ".join(f"{name} {value}" for name, value in plan.to_params().items())


def _version(collection: str) -> IndexVersion:
    if not collection:
        return live_version()
    version = IndexVersion.objects.filter(collection=collection).first()
    if version is None:
        known = ", ".join(IndexVersion.objects.values_list("collection", flat=True)) or "none"
        raise CommandError(f"There is no index version {collection!r}. Known: {known}.")
    return version
