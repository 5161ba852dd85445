"""`manage.py erase_visitor VISITOR`: delete everything that is tied to a visitor who asked for it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalog.models import Store
from search.events.visitors import erase_all
from search.management.stores import find_store


class Command(BaseCommand):
    help = "Delete a visitor's events, searches and stored photos, in one store or in every one. Safe to run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("visitor", help="the pseudonym that the shop sent with the events")
        parser.add_argument("--store", default="", help="the store's slug; without it every store")

    def handle(self, *args: Any, visitor: str, store: str, **options: Any) -> None:
        stores = [find_store(store)] if store else list(Store.objects.order_by("pk"))
        erased = [erase_all(each, visitor) for each in stores]
        events, searches, photos = (
            sum(getattr(one, kind) for one in erased) for kind in ("events", "searches", "photos")
        )
        self.stdout.write(f"{events:,} events, {searches:,} searches and {photos:,} photos erased")
