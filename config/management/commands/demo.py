"""`manage.py demo` (called by `make demo`): everything on this machine, with the demo catalogue, until Ctrl-C."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.demo import check_port, start_demo
from config.embedded.folder import DataFolderError, locked, open_data_dir
from config.embedded.milvus import ENGINES
from config.part import PartError
from config.supervisor import StopRequested, Supervisor, stop_on_signals

FREE_BYTES = 1024 * 2**20


class Command(BaseCommand):
    help = "Run every part on this machine with the demo catalogue, until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the web server's port (8000)")
        parser.add_argument("--milvus", choices=ENGINES, default="lite", help="Milvus Lite, or the 2.3.5 server")

    def handle(self, *args: Any, port: int, milvus: str, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "the demo makes a user and keys that everybody knows: run `make demo`, which sets VITRINE_DEMO=1."
            )
        try:
            open_data_dir(settings.DATA_DIR, free_bytes=FREE_BYTES)
            with locked(settings.DATA_DIR):
                check_port(port)
                self._run(port, milvus)
        except (DataFolderError, PartError) as error:
            raise CommandError(str(error)) from error

    def _run(self, port: int, milvus: str) -> None:
        supervisor = Supervisor(say=self._say)
        with stop_on_signals():
            try:
                start_demo(supervisor, port=port, milvus_engine=milvus, say=self._say)
                supervisor.watch()
            except StopRequested:
                self._say("stopping")
            finally:
                supervisor.stop()

    def _say(self, message: str) -> None:
        # At once, and without fail when the terminal has gone: the parts must still be stopped.
        try:
            self.stdout.write(f"== {message}")
            self.stdout.flush()
        except OSError:
            pass
