"""`manage.py rebuild_index`: build a version here, compare it, and promote it through its gates. Search goes on meanwhile."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from search import versions
from search.errors import EncoderUnavailable, SearchError
from search.management.building import build_here
from search.models import IndexVersion, VersionState
from search.upgrading import jobs
from search.upgrading.records import JobState
from search.versions import encoder_of


class Command(BaseCommand):
    help = "Build a new index version (another encoder or index type) beside the live one and promote it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--encoder", default=settings.ENCODER_MODEL, help="hub name or path (ENCODER_MODEL)")
        parser.add_argument("--index-type", default=settings.INDEX_TYPE, help="AUTO, FLAT, HNSW or IVF_PQ (INDEX_TYPE)")
        parser.add_argument("--if-needed", action="store_true", help="only if encoder, weights or index type differ")
        parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
        parser.add_argument("--force", metavar="REASON", default="", help="promote past failed gates, for this reason")

    def handle(
        self,
        *args: Any,
        encoder: str,
        index_type: str,
        if_needed: bool,
        threads: int,
        force: str,
        **options: Any,
    ) -> None:
        try:
            if if_needed and versions.is_current(encoder=encoder, index_type=index_type):
                self.stdout.write("The live version has this encoder and index type already.")
                return
            version = _unfinished(encoder, index_type) or versions.create_version(
                encoder=encoder, index_type=index_type
            )
            build_here(version, threads=max(1, threads))
            self._promote(version, force=force)
        except SearchError as error:
            raise CommandError(error.message) from error
        self.stdout.write(self.style.SUCCESS(f"{version.collection} is live."))

    def _promote(self, version: IndexVersion, *, force: str) -> None:
        live = IndexVersion.objects.filter(state=VersionState.LIVE).first()
        if live is None:
            versions.promote(version)
            return
        if _can_answer(live):
            jobs.run_comparison(jobs.ask_comparison(version, by="manage.py rebuild_index").pk)
        row = jobs.ask_promotion(version, by="manage.py rebuild_index", reason=force, is_forced=bool(force))
        jobs.run_change(row.pk)
        row.refresh_from_db()
        if row.state != JobState.DONE:
            raise CommandError(f"{row.message or 'A worker promotes it now.'}\nThe version stays; see index_versions.")


def _can_answer(live: IndexVersion) -> bool:
    """Whether the live version's encoder is still there; otherwise there is nothing to compare with."""
    try:
        encoder_of(live)
    except EncoderUnavailable:
        return False
    return True


def _unfinished(encoder: str, index_type: str) -> IndexVersion | None:
    """A version of the same making that an interrupted rebuild left."""
    kind, fingerprint = versions.making(encoder=encoder, index_type=index_type)
    return IndexVersion.objects.filter(state=VersionState.BUILDING, index_type=kind, fingerprint=fingerprint).first()
