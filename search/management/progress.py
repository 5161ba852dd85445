"""The progress bar of the commands that index."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from search import indexing
from search.indexing import IndexReport
from search.models import IndexVersion

WITHOUT_LIMIT_S = 7 * 86400.0


def index_with_progress(version: IndexVersion, *, threads: int) -> None:
    """Sweep a version until nothing is left, with a bar, then print the counts and each stage's seconds."""
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(f"Indexing {version.collection}", total=indexing.count_stale(version))

        def show(report: IndexReport) -> None:
            progress.advance(task, report.indexed)

        report = indexing.sweep(version, threads=threads, budget_s=WITHOUT_LIMIT_S, on_batch=show)
    work = report.work
    stages = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in work.seconds.items())
    console.print(
        f"{version.collection}: {work.indexed} images indexed ({work.embedded} embedded, {work.refused} refused), "
        f"{report.removed} removed{f'; {stages}' if stages else ''}"
    )
