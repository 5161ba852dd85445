"""What merchandisers' records (rules, synonyms, presets) have in common over REST: a list, one by its id, ETags, a secret key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from django.core.exceptions import ValidationError as ModelError
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.http import Http404
from psycopg.errors import UniqueViolation
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api.etags import check_preconditions, etag_of, tagged
from catalog.api.idempotency import idempotent
from catalog.api.requests import read_page
from catalog.models import Store
from search.api.auth import HasSecretKey, request_key

Row = TypeVar("Row", bound=Model)
# More than a shop has use for; each enabled rule is read with every search.
MAX_RECORDS = 1_000


class NameTaken(APIException):
    """Another record has the name."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "name_taken"


class RecordsOfStore(APIView, Generic[Row]):
    """One kind of record of the key's store. A subclass says how a row is shown and how a body becomes one."""

    permission_classes = [HasSecretKey]
    name: ClassVar[str]
    plural: ClassVar[str]
    max_records: ClassVar[int] = MAX_RECORDS

    def store(self) -> Store:
        return request_key(self.request).store

    def rows(self) -> QuerySet[Row]:
        raise NotImplementedError

    def shown(self, row: Row) -> dict[str, Any]:
        raise NotImplementedError

    def written(self, data: Mapping[str, Any], row: Row | None, *, is_partial: bool = False) -> Row:
        """The row that the body states, saved. Raises `ValidationError`, or Django's, for one that cannot be kept."""
        raise NotImplementedError

    def saved(self, row: Row | None, *, is_partial: bool = False) -> Row:
        data = self.request.data
        if not isinstance(data, Mapping):
            raise ParseError("The body must be a JSON object.")
        try:
            with transaction.atomic():
                return self.written(data, row, is_partial=is_partial)
        except ModelError as error:
            raise ValidationError(serializers.as_serializer_error(error)) from None
        except IntegrityError as error:
            if not isinstance(error.__cause__, UniqueViolation):
                raise
            raise NameTaken(f"The store has another {self.name} of this name.") from None

    def locked(self, pk: int) -> Row:
        """The row, locked against other writers, after the request's preconditions were checked. Call it in a transaction."""
        row = self.rows().select_for_update(of=("self",)).filter(pk=pk).first() if 0 < pk < 2**63 else None
        if row is None:
            raise Http404
        check_preconditions(self.request, etag_of(self.shown(row)))
        return row


class ListView(RecordsOfStore[Row]):
    """All records of the store, and a new one."""

    def get(self, request: Request) -> Response:
        page = read_page(request, frozenset())
        rows = self.rows()
        start = (page.number - 1) * page.size
        found = [self.shown(row) for row in rows[start : start + page.size]]
        data = {"found": rows.count(), "page": page.number, "per_page": page.size, self.plural: found}
        return tagged(request, data)

    @idempotent
    def post(self, request: Request) -> Response:
        with transaction.atomic():
            # One writer at a time counts, so that the limit holds.
            Store.objects.select_for_update(no_key=True).get(pk=self.store().pk)
            if self.rows().count() >= self.max_records:
                raise ValidationError(f"The store has {self.max_records:,} {self.plural} already. Delete some first.")
            data = self.shown(self.saved(None))
        headers = {"ETag": etag_of(data), "Location": f"{request.path}/{data['id']}"}
        return Response(data, status=status.HTTP_201_CREATED, headers=headers)


class ItemView(RecordsOfStore[Row]):
    """One record."""

    def get(self, request: Request, pk: int) -> Response:
        row = self.rows().filter(pk=pk).first() if 0 < pk < 2**63 else None
        if row is None:
            raise Http404
        return tagged(request, self.shown(row))

    @transaction.atomic
    def put(self, request: Request, pk: int) -> Response:
        return self._answered(self.saved(self.locked(pk)))

    @transaction.atomic
    def patch(self, request: Request, pk: int) -> Response:
        return self._answered(self.saved(self.locked(pk), is_partial=True))

    @transaction.atomic
    def delete(self, request: Request, pk: int) -> Response:
        self.locked(pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _answered(self, row: Row) -> Response:
        data = self.shown(row)
        return Response(data, headers={"ETag": etag_of(data)})
