"""`manage.py evaluate_encoder`: an encoder's figures on held-out photos of the training sets' files."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from search.encoder import Encoder
from search.errors import EncoderUnavailable
from search.evaluation.embedded import Embedder
from search.evaluation.estimates import Figure, as_markdown
from search.evaluation.measure import PARTS, Sets, measure

MARKS = ("<!-- figures: manage.py evaluate_encoder -->", "<!-- end of figures -->")


class Command(BaseCommand):
    help = "Measures an encoder on held-out products and senders: retrieval, labels, composed and distorted queries."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--encoder", help="folder or hub name; ENCODER_MODEL by default")
        parser.add_argument("--fashion", type=Path, required=True, help="zip with products.csv and photos")
        parser.add_argument("--home", type=Path, help="zip with images.csv and photos of clothes taken at home")
        parser.add_argument("--street", type=Path, help="zip with boxes.json and photos of outfits")
        parser.add_argument("--bad-images", type=Path, help="zip with odd pictures, as queries that nothing answers")
        parser.add_argument("--work", type=Path, required=True, help="folder that keeps the photos' vectors")
        parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS, help="measure these parts only")
        parser.add_argument("--limit", type=int, help="about so many products, for a quick look")
        parser.add_argument("--threads", type=int, default=1)
        parser.add_argument("--json", type=Path, help="write the figures here too")
        parser.add_argument("--markdown", type=Path, help="write the tables here too")
        parser.add_argument("--document", type=Path, help=f"put the tables between {MARKS[0]} and {MARKS[1]}")

    def handle(self, *args: Any, **options: Any) -> None:
        files = {"fashion": "fashion", "home": "home", "street": "street", "odd": "bad_images"}
        sets = Sets(**{name: options[option] for name, option in files.items()}, limit=options["limit"])
        given = (path for path in (sets.fashion, sets.home, sets.street, sets.odd) if path is not None)
        missing = [str(path) for path in (*given, *filter(None, [options["document"]])) if not path.exists()]
        if missing:
            raise CommandError(f"No such file: {', '.join(missing)}.")
        if options["document"]:
            between_marks(
                options["document"].read_text(encoding="utf-8"), ""
            )  # told now, and not after the measurement
        name = options["encoder"] or settings.ENCODER_MODEL
        encoder = Encoder(name, device=settings.ENCODER_DEVICE, threads=options["threads"])
        try:
            figures = measure(Embedder(encoder, options["work"]), sets, parts=options["only"])
        except EncoderUnavailable as error:
            raise CommandError(str(error)) from error
        self._write(figures, encoder, options)

    def _write(self, figures: list[Figure], encoder: Encoder, options: dict[str, Any]) -> None:
        tables = as_markdown(figures)
        if options["json"]:
            rows = [asdict(figure) for figure in figures]
            report = {"encoder": Path(encoder.name).name, "fingerprint": encoder.fingerprint, "figures": rows}
            options["json"].write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        if options["markdown"]:
            options["markdown"].write_text(tables, encoding="utf-8")
        if options["document"]:
            text = f"Weights with the fingerprint `{encoder.fingerprint}`.\n\n{tables}"
            document = options["document"].read_text(encoding="utf-8")
            options["document"].write_text(between_marks(document, text), encoding="utf-8")
        self.stdout.write(tables)


def between_marks(document: str, tables: str) -> str:
    """The document with the tables between its marks; raises CommandError where it has none."""
    before, start, rest = document.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not start or not end:
        raise CommandError(f"The document has no {MARKS[0]} ... {MARKS[1]}: put both lines where the tables belong.")
    return f"{before}{start}\n{tables.strip()}\n\n{end}{after}"
