"""`manage.py services`: the embedded services in the foreground, for running web and worker one by one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import embedded
from config.doubt import doubting
from config.embedded.folder import DataFolderError, locked, open_data_dir
from config.embedded.milvus import ENGINES
from config.embedded.services import make_services
from config.part import PartError
from config.supervisor import StopRequested, Supervisor, stop_on_signals

FREE_BYTES = 512 * 2**20


class Command(BaseCommand):
    help = "Run the embedded Postgres, Redis and Milvus until Ctrl-C (those without a URL of their own)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--milvus", choices=ENGINES, default="lite", help="Milvus Lite, or the 2.3.5 server")

    def handle(self, *args: Any, milvus: str, **options: Any) -> None:
        if not settings.EMBEDDED_SERVICES:
            raise CommandError("DATABASE_URL, REDIS_URL and MILVUS_URI are all set: there is nothing to start.")
        try:
            open_data_dir(settings.DATA_DIR, free_bytes=FREE_BYTES)
            with locked(settings.DATA_DIR):
                self._run(milvus)
        except (DataFolderError, PartError) as error:
            raise CommandError(str(error)) from error

    def _run(self, milvus: str) -> None:
        supervisor = Supervisor(say=self.stdout.write)
        with stop_on_signals():
            try:
                parts = make_services(settings.DATA_DIR, settings.EMBEDDED_SERVICES, milvus_engine=milvus)
                supervisor.start(*doubting(parts))
                self._announce()
                supervisor.watch()
            except StopRequested:
                pass
            finally:
                supervisor.stop()

    def _announce(self) -> None:
        found = embedded.endpoints(settings.DATA_DIR)
        addresses = {"postgres": found.database_url, "redis": found.redis_url, "milvus": found.milvus_uri}
        for name in settings.EMBEDDED_SERVICES:
            self.stdout.write(f"{name:8} {addresses[name]}")
        self.stdout.write(
            "\nIn other terminals, as you need them:\n"
            "  python manage.py migrate\n"
            "  python manage.py runserver\n"
            "  celery -A workers worker -Q index,import,default\n"
            "  celery -A workers beat\n"
            "Ctrl-C stops the services.\n"
        )
