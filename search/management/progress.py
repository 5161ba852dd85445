"""The progress bar of the commands that index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from django.conf import settings
from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from search import indexing
from search.indexing import IndexReport
from search.models import IndexVersion

WITHOUT_LIMIT_S = 7 * 86400.0
WAIT_S = 60.0


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


@contextmanager
def counting(title: str, *, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar; what it gives is called with how many more are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console()) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count: progress.advance(task, count)


def fill_with_progress(version: IndexVersion, *, threads: int) -> None:
    """Index until nothing is left. A worker beside us may hold claims: we wait for it no longer than a lease and a bit.

    Raises `CommandError` that says how many images are left.
    """
    deadline = monotonic() + settings.INDEX_LEASE_S + WAIT_S
    index_with_progress(version, threads=threads)
    while waiting := indexing.count_stale(version):
        if monotonic() > deadline:
            raise CommandError(f"{waiting} images are not indexed yet: run the command again to resume.")
        sleep(1)
        if indexing.sweep(version, threads=threads).work.indexed:
            deadline = monotonic() + settings.INDEX_LEASE_S + WAIT_S
