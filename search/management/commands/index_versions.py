"""`manage.py index_versions`: list, build, prepare, compare, promote, roll back and retire versions of the index."""

from __future__ import annotations

import getpass
import os
import socket
from argparse import ArgumentParser
from time import monotonic, sleep
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from search.errors import SearchError
from search.evaluation.sets import InvalidQuerySet
from search.evaluation.setups import find_version
from search.management.building import build_here
from search.models import IndexVersion
from search.upgrading import jobs, promotion
from search.upgrading.building import make_ready, progress_of, start_build
from search.upgrading.records import JobState
from search.upgrading.telling import figure_rows, version_data

LOOK_S = 1.0
IDLE_HINT_S = 30.0


class Command(BaseCommand):
    help = "Versions of the index: build another beside the live one, compare, promote, roll back, retire."

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True, parser_class=ArgumentParser)
        parts.add_parser("list", help="every version, its state and how far it is")
        build = parts.add_parser("build", help="build another version; the workers do it, at a pace that searches bear")
        build.add_argument("--encoder", default=settings.ENCODER_MODEL, help="hub name or folder (ENCODER_MODEL)")
        build.add_argument("--index-type", default=settings.INDEX_TYPE, help="AUTO, FLAT, HNSW, IVF_PQ (INDEX_TYPE)")
        build.add_argument("--param", action="append", default=[], metavar="NAME=N", help="such as M=32; may repeat")
        build.add_argument("--search-param", action="append", default=[], metavar="NAME=N", help="such as ef=256")
        build.add_argument("--here", action="store_true", help="do it in this process, as fast as it can, and wait")
        build.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="with --here (cores)")
        build.add_argument("--no-wait", action="store_true", help="do not stay to show the progress")
        for name, text in _ON_ONE.items():
            one = parts.add_parser(name, help=text)
            one.add_argument("version", nargs="?" if name == "rollback" else None, help="its number or name")
            if name == "compare":
                one.add_argument("--show", action="store_true", help="only show the newest one there is")
            if name in ("promote", "rollback", "retire"):
                one.add_argument("--reason", default="", help="kept with what was done")
            if name in ("promote", "rollback"):
                one.add_argument("--force", action="store_true", help="past the gates; needs --reason")

    def handle(self, *args: Any, part: str, **options: Any) -> None:
        try:
            getattr(self, f"_{part}")(options)
        except InvalidQuerySet as error:
            raise CommandError(str(error)) from error
        except SearchError as error:
            raise CommandError(error.message) from error

    def _list(self, options: dict[str, Any]) -> None:
        table = Table()
        for name in ("", "collection", "state", "encoder", "index", "photos", "behind by"):
            table.add_column(name, overflow="fold")
        for version in IndexVersion.objects.all():
            data = version_data(version)
            progress, lag = data["progress"], data["lag_seconds"]
            table.add_row(
                str(version.pk),
                version.collection,
                version.state,
                f"{data['model']} ({version.fingerprint})",
                f"{version.index_type} {version.index_params or ''} {version.search_params or ''}",
                f"{progress['done']:,} of {progress['images']:,}" if progress else "-",
                "-" if lag is None else f"{lag:,.0f} s",
            )
        Console().print(table)

    def _build(self, options: dict[str, Any]) -> None:
        version = start_build(
            encoder=options["encoder"],
            index_type=options["index_type"],
            build=_numbers(options["param"]),
            search=_numbers(options["search_param"]),
        )
        promotion.record_build(version, by=_who())
        self.stdout.write(f"Building {version.collection}, version {version.pk}.")
        if options["here"]:
            build_here(version, threads=max(1, options["threads"]))
        elif not options["no_wait"]:
            _watch(version)
        self.stdout.write(f"Next: manage.py index_versions compare {version.pk}")

    def _prepare(self, options: dict[str, Any]) -> None:
        version = find_version(options["version"])
        for reason in make_ready(version):
            self.stderr.write(reason)
        self.stdout.write(f"What belongs to the encoder of {version.collection} is ready, as far as it can be.")

    def _compare(self, options: dict[str, Any]) -> None:
        version = find_version(options["version"])
        if not options["show"]:
            asked = jobs.ask_comparison(version, by=_who())
            if not jobs.run_comparison(asked.pk):
                raise CommandError("Somebody else compares this version now: look again with --show.")
        row = version.comparisons.exclude(state__in=(JobState.WAITING, JobState.RUNNING)).first()
        if row is None:
            raise CommandError(f"{version.collection} was not compared yet: leave out --show.")
        if row.state != JobState.DONE:
            raise CommandError(row.message)
        table = Table(title=f"{row.baseline_name} and {version.collection}", title_justify="left")
        for name in ("", "live", "this version", ""):
            table.add_column(name, overflow="fold")
        for line in figure_rows(row.figures):
            table.add_row(*line)
        Console().print(table)

    def _promote(self, options: dict[str, Any]) -> None:
        version = find_version(options["version"])
        row = jobs.ask_promotion(version, by=_who(), reason=options["reason"], is_forced=options["force"])
        if not jobs.run_change(row.pk):
            raise CommandError("A worker took this promotion at the same moment: see index_versions list.")
        row.refresh_from_db()
        for gate in row.gates:
            self.stdout.write(f"{'passed ' if gate['is_passed'] else 'FAILED '} {gate['name']}: {gate['detail']}")
        if row.state != JobState.DONE:
            raise CommandError(row.message)
        self.stdout.write(self.style.SUCCESS(f"{version.collection} is live."))

    def _rollback(self, options: dict[str, Any]) -> None:
        leaving = find_version(options["version"] or "live")
        if options["force"] and not options["reason"]:
            raise CommandError("--force needs --reason.")
        back = promotion.rollback(leaving, by=_who(), reason=options["reason"], is_forced=options["force"])
        self.stdout.write(self.style.SUCCESS(f"{back.collection} is live again, instead of {leaving.collection}."))

    def _retire(self, options: dict[str, Any]) -> None:
        version = find_version(options["version"])
        promotion.retire(version, by=_who(), reason=options["reason"])
        self.stdout.write(f"{version.collection} follows nothing any more, and is dropped within hours.")


_ON_ONE = {
    "prepare": "calibrate and fit for its encoder what stores have for the live one",
    "compare": "measure it beside the live version",
    "promote": "ask its gates and make it live",
    "rollback": "back to the version before the live one, at once",
    "retire": "follow the catalogue no more; it is dropped later",
}


def _watch(version: IndexVersion) -> None:
    """Show the workers' progress until the version holds the whole catalogue. Ctrl-C leaves them at it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    moved_at, last = monotonic(), -1
    with Progress(*columns, console=Console()) as bar:
        task = bar.add_task(f"Building {version.collection}")
        while version.filled_at is None:
            found = progress_of(version)
            bar.update(task, completed=found.done, total=found.images)
            if found.done != last:
                moved_at, last = monotonic(), found.done
            elif monotonic() - moved_at > IDLE_HINT_S:
                bar.console.print("Nothing moves: does a worker serve the index queue? Otherwise build --here.")
                moved_at = monotonic()
            sleep(LOOK_S)
            version.refresh_from_db()


def _numbers(stated: list[str]) -> dict[str, int]:
    found = {}
    for text in stated:
        name, _, number = text.partition("=")
        if not name or not number.strip().lstrip("-").isdecimal():
            raise CommandError(f"{text!r} is not NAME=NUMBER, such as M=32.")
        found[name.strip()] = int(number)
    return found


def _who() -> str:
    """The operating system's user, as far as it has a name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"command line: {user}@{socket.gethostname()}"[:200]
