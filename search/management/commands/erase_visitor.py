"""`manage.py erase_visitor VISITOR`: delete all events of a visitor who asked for it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalog.models import Store
from search.events.erasure import erase_visitor
from search.management.stores import find_store


class Command(BaseCommand):
    help = "Delete all events of a visitor, in one store or in every one. Safe to run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("visitor", help="the pseudonym that the shop sent with the events")
        parser.add_argument("--store", default="", help="the store's slug; without it every store")

    def handle(self, *args: Any, visitor: str, store: str, **options: Any) -> None:
        stores = [find_store(store)] if store else list(Store.objects.all())
        erased = sum(erase_visitor(each, visitor) for each in stores)
        self.stdout.write(f"{erased:,} events erased")
