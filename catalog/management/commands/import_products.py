"""`manage.py import_products FILE --store S`: import a product file with a progress bar. Safe to run twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table

from catalog.importing import ImportReport, Progress, Refusal, UnreadableFile, import_file
from catalog.models import Store

SHOWN = 10


class Command(BaseCommand):
    help = (
        "Import products from a CSV, NDJSON, Shopify or WooCommerce file, or from a folder or zip with photos. "
        "Rows are known by their SKU: run it again and only what changed is written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file, folder or zip")
        parser.add_argument("--store", required=True, help="the store's slug")
        parser.add_argument("--create-store", action="store_true", help="make the store if it is not there")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="the column of a field, as in title=product_name; attributes.NAME=COLUMN makes an attribute of one",
        )
        parser.add_argument("--member", default="", help="the data file in a zip or folder that holds several")
        parser.add_argument("--dry-run", action="store_true", help="read and compare everything, write nothing")
        parser.add_argument("--report", type=Path, help="write refused rows and photos to this file (NDJSON)")

    def handle(self, *args: Any, **options: Any) -> None:
        mapping = _mapping(options["map"])
        store = _store(options["store"], is_created=options["create_store"], is_dry_run=options["dry_run"])
        console = Console()
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with ProgressBar(*columns, console=console) as bar, _refused_file(options["report"]) as refused:
            task = bar.add_task(f"Importing {escape(options['file'].name)}", total=1.0)
            try:
                report = import_file(
                    store=store,
                    source=options["file"],
                    mapping=mapping,
                    member=options["member"],
                    on_progress=lambda progress: _show(bar, task, progress),
                    on_refused=lambda row: _write(refused, row),
                    is_dry_run=options["dry_run"],
                )
            except UnreadableFile as error:
                raise CommandError(str(error)) from error
            bar.update(task, completed=1.0)
        _print(console, report, is_dry_run=options["dry_run"], file=options["report"])


def _mapping(pairs: list[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        field, mark, column = pair.partition("=")
        if not mark or not field.strip():
            raise CommandError(f'--map "{pair}" is not FIELD=COLUMN, such as title=product_name')
        mapping[field.strip()] = column.strip()
    return mapping


def _store(slug: str, *, is_created: bool, is_dry_run: bool) -> Store:
    store = Store.objects.filter(slug=slug).first()
    if store is None and is_dry_run:
        raise CommandError(f'there is no store "{slug}" yet; a dry run makes none')
    if store is None and is_created:
        store = Store.objects.create(slug=slug, name=slug.replace("-", " ").capitalize())
    if store is None:
        known = ", ".join(Store.objects.values_list("slug", flat=True)[:20]) or "none yet"
        raise CommandError(f'there is no store "{slug}" (stores: {known}); make it with --create-store')
    return store


@contextmanager
def _refused_file(path: Path | None) -> Iterator[IO[str] | None]:
    if path is None:
        yield None
    else:
        with path.open("w", encoding="utf-8") as file:
            yield file


def _write(file: IO[str] | None, row: Refusal) -> None:
    if file:
        facts = {"line": row.line, "sku": row.sku, "reason": row.reason}
        file.write(json.dumps(facts, ensure_ascii=False) + "\n")


def _show(bar: ProgressBar, task: TaskID, progress: Progress) -> None:
    rows = f"{progress.report.rows:,} rows"
    bar.update(task, completed=progress.fraction or 0.0, description=f"Importing, {rows}")


def _print(console: Console, report: ImportReport, *, is_dry_run: bool, file: Path | None) -> None:
    table = Table(title="Dry run: nothing was written" if is_dry_run else None)
    for name in ("", "created", "updated", "unchanged", "refused"):
        table.add_column(name, justify="right" if name else "left")
    counts = (report.created, report.updated, report.unchanged, report.refused_count)
    table.add_row("products", *(f"{count:,}" for count in counts))
    images = (
        f"{report.images_added:,}",
        f"{report.images_removed:,} removed" if report.images_removed else "",
        "",
        f"{report.images_refused:,}",
    )
    table.add_row("photos", *images)
    console.print(table)
    rate = report.rows / report.seconds if report.seconds else 0.0
    console.print(f"{report.rows:,} rows in {report.seconds:.1f} s ({rate:,.0f} rows/s)")
    if report.ignored_columns:
        console.print(f"Columns not read: {escape(', '.join(report.ignored_columns))}", highlight=False)
    refused = (*report.refused, *report.refused_images)
    for row in refused[:SHOWN]:
        console.print(escape(f"line {row.line} {row.sku}: {row.reason}"), highlight=False)
    more = report.refused_count + report.images_refused - SHOWN
    if more > 0:
        console.print(f"... and {more:,} more" + ("" if file else "; --report FILE writes them all"))
    if file:
        console.print(f"Refused rows and photos are in {escape(str(file))}")
