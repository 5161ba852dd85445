"""`manage.py generate_demo DIR`: draws the demo catalogue into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from catalog.demo.assortment import DEFAULT_COUNT
from catalog.demo.writer import DEFAULT_SCENES, write_demo


class Command(BaseCommand):
    help = "Draw the demo catalogue (products, photos, scenes) into a folder; the same seed gives the same files."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="an empty or new folder, or one that this command wrote")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--products", type=int, default=DEFAULT_COUNT, help=f"how many products (default {DEFAULT_COUNT})"
        )
        parser.add_argument(
            "--scenes", type=int, default=DEFAULT_SCENES, help=f"how many scenes (default {DEFAULT_SCENES})"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["products"] < 1 or options["scenes"] < 0:
            raise CommandError("--products must be at least 1 and --scenes at least 0.")
        columns = (TextColumn("Drawing the demo catalogue"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, disable=options["verbosity"] == 0) as bar:
            task = bar.add_task("drawing", total=None)
            try:
                write_demo(
                    options["folder"],
                    seed=options["seed"],
                    count=options["products"],
                    scenes=options["scenes"],
                    progress=lambda done, total: bar.update(task, completed=done, total=total),
                )
            except OSError as error:
                raise CommandError(f"The demo catalogue was not written: {error}") from error
        self.stdout.write(f"Wrote {options['products']} products to {options['folder']}.")
