"""`manage.py evaluate`: how good the store's search is on judged queries, and whether another setup is better."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from catalog.models import Store
from search.errors import SearchError
from search.evaluation.asking import DEFAULT_DEPTH, Setup, ask, missing_skus
from search.evaluation.gate import drops, read_baseline, save_baseline
from search.evaluation.page import render_page
from search.evaluation.report import SetReport, as_json, measure
from search.evaluation.sets import InvalidQuerySet, JudgedSet
from search.evaluation.setups import LIVE, setup_of
from search.evaluation.stores import find_set
from search.management.progress import index_with_progress
from search.management.stores import find_store

SHOWN_SKUS = 5


class Command(BaseCommand):
    help = "Measure search on judged query sets; with --compare, two setups side by side."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--store", required=True, help="the store's slug")
        parser.add_argument(
            "--set", action="append", required=True, dest="sets", metavar="FILE|NAME", help="may be given again"
        )
        parser.add_argument(
            "--compare",
            action="append",
            default=[],
            metavar="SETUP",
            help="once: the live search against this; twice: the first against the second. SETUP is live, version=NAME,"
            " encoder=NAME, attack=pgd-4 (noise-N, pgd-N, patch-N, pgd-patch-N: on the query photos), or settings such as"
            " text_weight=2,rrf_constant=20,mode=semantic; several with commas",
        )
        parser.add_argument("--json", type=Path, help="write all figures here")
        parser.add_argument("--html", type=Path, help="write the report here, one file with everything in it")
        parser.add_argument("--baseline", type=Path, help="exit 1 where a figure fell below this file's interval")
        parser.add_argument("--save-baseline", type=Path, help="write the figures as a later --baseline")
        parser.add_argument("--limit", type=int, help="ask only the first N queries of each set")
        parser.add_argument(
            "--depth", type=int, default=DEFAULT_DEPTH, help=f"products asked for per query ({DEFAULT_DEPTH})"
        )
        parser.add_argument(
            "--keep-version", action="store_true", help="keep the index version that encoder=NAME had to build"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if len(options["compare"]) > 2:
            raise CommandError("--compare is given more than twice: two setups can be compared.")
        for name in ("limit", "depth"):
            if options[name] is not None and options[name] < 1:
                raise CommandError(f"--{name} is {options[name]}: give at least 1.")
        if options["depth"] < 10:
            raise CommandError(f"--depth is {options['depth']}: the metrics look at 10 products at least.")
        try:
            self._evaluate(**options)
        except InvalidQuerySet as error:
            raise CommandError(str(error)) from error
        except SearchError as error:
            raise CommandError(error.message) from error

    def _evaluate(self, **options: Any) -> None:
        store = find_store(options["store"])
        sets = [_first(find_set(store, name), options["limit"]) for name in options["sets"]]
        baseline = read_baseline(options["baseline"]) if options["baseline"] else {}
        warnings = _warnings(store, sets)
        with ExitStack() as stack:
            setups = [
                stack.enter_context(
                    setup_of(
                        stated,
                        index=lambda version: index_with_progress(version, threads=1),
                        is_version_kept=options["keep_version"],
                    )
                )
                for stated in _stated(options["compare"])
            ]
            reports = _measure(store, sets, setups, depth=options["depth"])
            made_at = timezone.now().strftime("%Y-%m-%d %H:%M UTC")
            console = Console()
            for warning in warnings:
                console.print(warning, style="yellow", highlight=False, markup=False)
            for report in reports:
                console.print(_table(report))
            if options["json"]:
                text = json.dumps(as_json(reports, store=store.slug, made_at=made_at), indent=1, ensure_ascii=False)
                _write(options["json"], f"{text}\n")
            if options["html"]:
                _write(options["html"], render_page(store, reports, made_at=made_at, warnings=warnings))
            if options["save_baseline"]:
                save_baseline(options["save_baseline"], reports, made_at=made_at)
            if fallen := drops(reports, baseline):
                raise CommandError("\n".join(["Search has become worse:", *map(str, fallen)]), returncode=1)


def _stated(compared: list[str]) -> list[str]:
    return [LIVE, *compared] if len(compared) < 2 else compared


def _first(judged: JudgedSet, limit: int | None) -> JudgedSet:
    return judged if limit is None else replace(judged, queries=judged.queries[:limit])


def _warnings(store: Store, sets: Sequence[JudgedSet]) -> list[str]:
    missing = missing_skus(store, sets)
    if not missing:
        return []
    named = ", ".join(missing[:SHOWN_SKUS]) + (" ..." if len(missing) > SHOWN_SKUS else "")
    return [f"{len(missing)} products that are judged right are not in the store, and count as not found: {named}"]


def _measure(store: Store, sets: Sequence[JudgedSet], setups: Sequence[Setup], *, depth: int) -> list[SetReport]:
    reports = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for judged in sets:
            runs = []
            for setup in setups:
                task = progress.add_task(f"{judged.name}: {setup.name}", total=len(judged.queries))
                runs.append(ask(store, judged, setup, depth=depth, on_answer=partial(progress.advance, task)))
            reports.append(measure(runs))
    return reports


def _table(report: SetReport) -> Table:
    table = Table(title=f"{report.name}, {len(report.runs[0].answers)} queries", title_justify="left")
    table.add_column("metric")
    for run in report.runs:
        table.add_column(run.setup.name, justify="right", overflow="fold")
    if len(report.runs) > 1:
        table.add_column("difference", justify="right")
    for row in report.rows:
        cells = [f"{one.mean:.3f} ({one.low:.3f}-{one.high:.3f})" for one in row.figures]
        if row.difference:
            cells.append(f"{row.difference.shown_mean} ({row.difference.shown_p})")
        table.add_row(row.metric, *cells)
    return table


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} was not written: {error}") from error
