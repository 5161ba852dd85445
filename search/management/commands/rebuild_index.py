"""`manage.py rebuild_index`: build a new version beside the live one, then promote it. Search goes on meanwhile."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from search import versions
from search.errors import SearchError
from search.management.progress import fill_with_progress
from search.models import IndexVersion, VersionState


class Command(BaseCommand):
    help = "Build a new index version (another encoder or index type) beside the live one and promote it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--encoder", default=settings.ENCODER_MODEL, help="hub name or path (ENCODER_MODEL)")
        parser.add_argument("--index-type", default=settings.INDEX_TYPE, help="AUTO, FLAT, HNSW or IVF_PQ (INDEX_TYPE)")
        parser.add_argument("--if-needed", action="store_true", help="only if encoder, weights or index type differ")
        parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)

    def handle(self, *args: Any, encoder: str, index_type: str, if_needed: bool, threads: int, **options: Any) -> None:
        try:
            if if_needed and versions.is_current(encoder=encoder, index_type=index_type):
                self.stdout.write("The live version has this encoder and index type already.")
                return
            version = _unfinished(encoder, index_type) or versions.create_version(
                encoder=encoder, index_type=index_type
            )
            fill_with_progress(version, threads=max(1, threads))
            versions.promote(version)
        except SearchError as error:
            raise CommandError(error.message) from error
        self.stdout.write(self.style.SUCCESS(f"{version.collection} is live."))


def _unfinished(encoder: str, index_type: str) -> IndexVersion | None:
    """A version of the same making that an interrupted rebuild left."""
    kind, fingerprint = versions.making(encoder=encoder, index_type=index_type)
    return IndexVersion.objects.filter(state=VersionState.BUILDING, index_type=kind, fingerprint=fingerprint).first()
