"""`manage.py palettes`: find the colours of every photo that is new or changed. Safe to run twice, and resumes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from search.colour.sweep import count_stale, refresh_palettes
from search.management.progress import WITHOUT_LIMIT_S


class Command(BaseCommand):
    help = "Find the dominant colours of every photo that is new or changed."

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("Palettes", total=count_stale())
            report = refresh_palettes(budget_s=WITHOUT_LIMIT_S, on_batch=lambda done: progress.advance(task, done))
        console.print(f"{report.made} palettes made, {report.refused} photos refused")
