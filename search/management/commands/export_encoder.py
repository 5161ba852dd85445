"""`manage.py export_encoder`: the encoder's towers as ONNX files, kept only if they rank like torch does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.encoder import Encoder
from search.errors import SearchError
from search.management.stores import find_store
from search.onnx import samples


class Command(BaseCommand):
    help = "Export an encoder to ONNX for ENCODER_BACKEND=onnx; refused, with the figures, if its rankings differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--encoder", default=settings.ENCODER_MODEL, help="hub name or path (ENCODER_MODEL)")
        parser.add_argument("--output", type=Path, default=settings.ENCODER_EXPORTS[0], help="the export's folder")
        parser.add_argument("--precision", choices=("fp32", "int8"), default="fp32")
        parser.add_argument("--samples", type=int, default=200, help="photos, and their titles, to compare rankings on")
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--store", help="compare on this store's published photos, by its slug")
        source.add_argument("--folder", type=Path, help="compare on photos.ndjson and photos (default: drawn products)")

    def handle(self, *args: Any, encoder: str, output: Path, precision: str, **options: Any) -> None:
        try:
            # torch and the exporter are heavy, and the exporter is an extra: `manage.py help` needs neither.
            from search.onnx.accepting import export_accepted
        except ImportError as error:
            raise CommandError(
                f"{error.name} is missing: install the extra with pip install -c constraints.txt '.[onnx]'."
            ) from error
        try:
            source = Encoder(encoder, device="cpu", threads=settings.ENCODER_THREADS)
            found = _samples(options["store"], options["folder"], options["samples"])
            export_accepted(source, output, found, precision=precision, show=self.stdout.write)
        except SearchError as error:
            raise CommandError(error.message) from error
        self.stdout.write(self.style.SUCCESS(f"{output} ranks like {encoder}: set ENCODER_BACKEND=onnx to use it."))


def _samples(slug: str | None, folder: Path | None, count: int) -> samples.Samples:
    if slug:
        return samples.from_store(find_store(slug), count)
    return samples.from_folder(folder, count) if folder else samples.from_demo(count)
