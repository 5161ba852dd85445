"""Index versions over REST: list, build, compare, promote, roll back, retire. Work that takes longer is a worker's, and 202.

Versions are shared by all stores, so only a key that was given a say in them may see or change any (`ManagesIndexes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404
from rest_framework import status
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api.idempotency import idempotent
from search.api import index_docs
from search.api.auth import ManagesIndexes, request_key
from search.api.index_docs import BuildIn, PromoteIn, RollbackIn
from search.api.requests import read_fields
from search.errors import InvalidIndex
from search.models import IndexVersion, public_model_name
from search.upgrading import jobs, promotion
from search.upgrading.building import start_build
from search.upgrading.records import VersionComparison
from search.upgrading.telling import change_data, comparison_data, version_data

MAX_LISTED = 100


class _Versions(APIView):
    permission_classes = [ManagesIndexes]

    def version(self, pk: int) -> IndexVersion:
        found = IndexVersion.objects.filter(pk=pk).first() if pk < 2**63 else None
        if found is None:
            raise Http404
        return found

    @property
    def by(self) -> str:
        """Who asks, as it is kept with what was done."""
        key = request_key(self.request)
        return f"API key {key.name} ({key.prefix}) of {key.store.slug}"[:200]


class IndexListView(_Versions):
    """All versions, the newest first, and a new one."""

    @index_docs.listed
    def get(self, request: Request) -> Response:
        rows = IndexVersion.objects.all()
        return Response({"found": rows.count(), "indexes": [version_data(row) for row in rows[:MAX_LISTED]]})

    @index_docs.built
    @idempotent
    def post(self, request: Request) -> Response:
        asked = read_fields(BuildIn, _body(request))
        with transaction.atomic():
            version = start_build(
                encoder=_encoder(asked.get("encoder", "")),
                index_type=asked.get("index_type", settings.INDEX_TYPE),
                build=asked.get("index_params", {}),
                search=asked.get("search_params", {}),
            )
            promotion.record_build(version, by=self.by)
        headers = {"Location": f"{request.path}/{version.pk}"}
        return Response(_detail(version), status=status.HTTP_202_ACCEPTED, headers=headers)


class IndexView(_Versions):
    """One version."""

    @index_docs.read
    def get(self, request: Request, pk: int) -> Response:
        return Response(_detail(self.version(pk)))

    @index_docs.retired
    def delete(self, request: Request, pk: int) -> Response:
        version = self.version(pk)
        promotion.retire(version, by=self.by)
        return Response(_detail(version), status=status.HTTP_202_ACCEPTED)


class CompareView(_Versions):
    """A version measured beside the live one."""

    @index_docs.comparison
    def get(self, request: Request, pk: int) -> Response:
        row = self.version(pk).comparisons.first()
        if row is None:
            raise Http404
        return Response(comparison_data(row))

    @index_docs.compared
    def post(self, request: Request, pk: int) -> Response:
        row: VersionComparison = jobs.ask_comparison(self.version(pk), by=self.by)
        return Response(comparison_data(row), status=status.HTTP_202_ACCEPTED)


class PromoteView(_Versions):
    """Make a version live, through its gates."""

    @index_docs.promoted
    def post(self, request: Request, pk: int) -> Response:
        asked = read_fields(PromoteIn, _body(request))
        row = jobs.ask_promotion(
            self.version(pk), by=self.by, reason=asked.get("reason", ""), is_forced=asked.get("force", False)
        )
        return Response(change_data(row), status=status.HTTP_202_ACCEPTED)


class RollbackView(_Versions):
    """Leave the live version for the one before it."""

    @index_docs.rolled_back
    def post(self, request: Request, pk: int) -> Response:
        asked = read_fields(RollbackIn, _body(request))
        back = promotion.rollback(self.version(pk), by=self.by, reason=asked.get("reason", ""))
        return Response(_detail(back))


def _body(request: Request) -> Mapping[str, Any]:
    data = request.data
    if not isinstance(data, Mapping):
        raise ParseError("The body must be a JSON object.")
    return data


def _detail(version: IndexVersion) -> dict[str, Any]:
    """The version with what was asked of it last."""
    change = version.changes.first()
    comparison = version.comparisons.first()
    return {
        **version_data(version),
        "change": change and change_data(change),
        "comparison": comparison and {"state": comparison.state, "message": comparison.message},
    }


def _encoder(name: str) -> str:
    """The encoder that this name means, of those that the installation allows: a path or a hub name in a request could have
    this server load anybody's file. Raises `InvalidIndex`."""
    if not name:
        return str(settings.ENCODER_MODEL)
    for known in settings.INDEX_ENCODERS:
        if name in (known, public_model_name(known)):
            return str(known)
    names = ", ".join(dict.fromkeys(public_model_name(known) for known in settings.INDEX_ENCODERS))
    raise InvalidIndex(f"Unknown encoder {name[:60]!r}: use {names}, or add it to INDEX_ENCODERS.", field="encoder")
