"""`manage.py doctor`: look the installation over and say what to fix; exit 1 on a problem."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workers.doctor import Finding, Status, examine


class Command(BaseCommand):
    help = "Check packages, settings, Postgres, Redis, Milvus, the index, the machine and the workers; exit 1 on a problem."
    # What is wrong with the settings is the doctor's to say.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="write the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = examine()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in found], ensure_ascii=False, indent=2))
        else:
            for finding in found:
                self._say(finding)
        problems = sum(finding.status is Status.PROBLEM for finding in found)
        if problems:
            raise CommandError(f"{problems} problem{'s' if problems > 1 else ''}.", returncode=1)

    def _say(self, finding: Finding) -> None:
        style = {
            Status.OK: self.style.SUCCESS,
            Status.WARNING: self.style.WARNING,
            Status.PROBLEM: self.style.ERROR,
        }[finding.status]
        self.stdout.write(f"{style(f'{finding.status.value:8}')} {finding.part:12} {finding.says}")
        if finding.fix:
            self.stdout.write(f"{'':21} -> {finding.fix}")
