"""`manage.py fit_attributes`: learns to see a store's attributes on its photos, and says how well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.attributes.fashion import fashion_figures
from search.attributes.fitting import Figures
from search.attributes.learning import PRECISION, fit_store
from search.attributes.report import as_json, markdown_table, reliability_table
from search.encoder import get_encoder
from search.errors import SearchError
from search.management.stores import find_store


class Command(BaseCommand):
    help = "Fits a store's attributes and categories on the photos of its labelled products, and prints how well."

    def add_arguments(self, parser: CommandParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--store", help="the store's slug")
        source.add_argument("--fashion", type=Path, help="measure on the fashion set's zip instead; nothing is stored")
        parser.add_argument("--attribute", action="append", default=[], help="its code, or category; may repeat")
        parser.add_argument("--precision", type=float, default=PRECISION, help="wanted of suggestions (%(default)s)")
        parser.add_argument("--encoder", help="with --fashion: a folder or hub name (ENCODER_MODEL)")
        parser.add_argument("--cache", type=Path, help="with --fashion: a folder that keeps the photos' vectors")
        parser.add_argument("--json", type=Path, help="write the figures to this file")
        parser.add_argument("--markdown", action="store_true", help="print the reliability curves too, as Markdown")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0.5 <= options["precision"] < 1:
            raise CommandError(f"--precision is {options['precision']}: give 0.5 or more, and less than 1.")
        try:
            figures = self._fashion(options) if options["fashion"] else self._store(options)
        except SearchError as error:
            raise CommandError(error.message) from error
        if not figures:
            raise CommandError("No attribute could be fitted.")
        self.stdout.write(markdown_table(figures))
        if options["markdown"]:
            self.stdout.write("\n" + reliability_table(figures))
        if options["json"]:
            options["json"].write_text(json.dumps(as_json(figures), indent=1) + "\n", encoding="utf-8")

    def _store(self, options: Mapping[str, Any]) -> dict[str, Figures]:
        store = find_store(options["store"])
        figures = {}
        for name, found in fit_store(store, names=options["attribute"], precision=options["precision"]):
            if isinstance(found, Figures):
                figures[name] = found
            else:
                self.stderr.write(f"{name}: not fitted: {found}.")
        return figures

    def _fashion(self, options: Mapping[str, Any]) -> dict[str, Figures]:
        if not options["fashion"].is_file():
            raise CommandError(f"There is no file {options['fashion']}.")
        encoder = get_encoder(options["encoder"])
        return fashion_figures(
            options["fashion"], encoder=encoder, precision=options["precision"], cache=options["cache"]
        )
