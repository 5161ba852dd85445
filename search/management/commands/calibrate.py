"""`manage.py calibrate`: fits how sure each route's scores are, from a store's own catalogue."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.models import Store
from search.calibration.confidence import FILE_NAME, Calibration
from search.calibration.off_topic import MEASURING_TEXTS
from search.calibration.stores import CalibrationFailed, StoreFit, calibrate_missing, calibrate_store
from search.choices import Mode
from search.errors import SearchError
from search.management.stores import find_store
from search.query import Query
from search.retrieval import search

FIRST = 20
COLUMNS = ("queries", "hits", "kept", "wrong_below", "off_topic_below", "off_topic_silent", "calibration_error")


def off_topic_left_out(store: Store) -> tuple[float, float]:
    """For texts that the fit never saw: the mean share of the first hits below the floor, and the share of silent texts."""
    shares = []
    for text in MEASURING_TEXTS:
        asked = Query(store.pk, text=text, mode=Mode.SEMANTIC, per_page=FIRST)
        everything = len(search(replace(asked, min_confidence=0.0), is_kept=False).hits)
        shares.append(1 - len(search(asked, is_kept=False).hits) / max(1, everything))
    return sum(shares) / len(shares), sum(share == 1 for share in shares) / len(shares)


class Command(BaseCommand):
    help = "Fit each route's confidence and floor from a store's own catalogue, for the live index."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--store", help="the store's slug; without it every store that has no calibration yet")
        parser.add_argument("--seed", type=int, default=0, help="draws other products and photos")
        parser.add_argument(
            "--output", type=Path, help=f"also write {FILE_NAME} here, to lie beside an encoder's weights"
        )

    def handle(self, *args: Any, store: str | None, seed: int, output: Path | None, **options: Any) -> None:
        try:
            if store is None:
                done = calibrate_missing()
                self.stdout.write(f"{len(done)} stores calibrated: {', '.join(map(str, done)) or 'none was missing'}")
                return
            chosen = find_store(store)
            self._report(chosen, calibrate_store(chosen, seed=seed), output)
        except (CalibrationFailed, SearchError) as error:
            raise CommandError(str(error)) from error

    def _report(self, store: Store, fit: StoreFit, output: Path | None) -> None:
        self.stdout.write(f"{fit.products} products, encoder {fit.fingerprint}; figures on queries left out of the fit")
        self.stdout.write(f"{'route':10}" + "".join(f"{name:>18}" for name in ("floor", *COLUMNS)))
        for name, route in fit.routes.items():
            values = [route.calibration.floor, *(getattr(route, column) for column in COLUMNS)]
            self.stdout.write(f"{name:10}" + "".join(f"{value:>18.4g}" for value in values))
        left_out, silent = off_topic_left_out(store)
        self.stdout.write(
            f"other off-topic texts, asked by meaning: {left_out:.2f} of their first {FIRST} hits are left out,"
            f" {silent:.2f} of them find nothing"
        )
        if output is not None:
            calibration = Calibration({name: route.calibration for name, route in fit.routes.items()})
            text = json.dumps({"fingerprint": fit.fingerprint, "routes": calibration.to_json()}, indent=2)
            (output / FILE_NAME if output.is_dir() else output).write_text(text + "\n", encoding="utf-8")
