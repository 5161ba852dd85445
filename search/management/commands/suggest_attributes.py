"""`manage.py suggest_attributes`: puts what the photos show and the products do not say before the merchandisers."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.attributes.suggesting import suggest
from search.errors import SearchError
from search.management.stores import find_store


class Command(BaseCommand):
    help = "Suggests attribute values and categories from a store's photos; they wait for a yes in the admin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--store", required=True, help="the store's slug")

    def handle(self, *args: Any, store: str, **options: Any) -> None:
        try:
            report = suggest(find_store(store))
        except SearchError as error:
            raise CommandError(error.message) from error
        if not report.attributes:
            raise CommandError(
                f"Nothing is fitted for {store} and the live index's encoder: run manage.py fit_attributes --store {store}."
            )
        self.stdout.write(
            f"{report.attributes} attributes looked at: {report.missing} missing values and {report.disagreements} "
            f"disagreements wait, {report.dropped} dropped."
        )
