"""`manage.py export_visitor VISITOR`: everything that is tied to a visitor, as JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from catalog.models import Store
from search.events.visitors import export_visitor
from search.management.stores import find_store


class Command(BaseCommand):
    help = "Print a visitor's events, searches and stored photos as JSON, of one store or of every one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("visitor", help="the pseudonym that the shop sent with the events")
        parser.add_argument("--store", default="", help="the store's slug; without it every store")

    def handle(self, *args: Any, visitor: str, store: str, **options: Any) -> None:
        stores = [find_store(store)] if store else list(Store.objects.order_by("pk"))
        found = [export_visitor(each, visitor) for each in stores]
        self.stdout.write(json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
