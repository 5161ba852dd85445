"""`manage.py find_duplicates`: products whose photos are one picture, kept for `collapse: duplicates`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.errors import SearchError
from search.management.stores import find_store
from search.ranking.twins import refresh_twins


class Command(BaseCommand):
    help = "Find a store's near-duplicates anew, by its photos' vectors and perceptual hashes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--store", required=True, help="the store's slug")

    def handle(self, *args: Any, store: str, **options: Any) -> None:
        try:
            report = refresh_twins(find_store(store))
        except SearchError as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f"{report.products:,} products compared: {report.twins:,} have a twin, in {report.groups:,} groups"
        )
