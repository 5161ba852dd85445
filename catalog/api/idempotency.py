"""`Idempotency-Key` on creating calls, after draft-ietf-httpapi-idempotency-key-header: the same key and the same body are
answered as they were the first time, for a day.

The record and what the request writes are one transaction: a process that dies leaves neither, and a second request with
the key waits at the unique constraint for the first one's end. A refused request wrote nothing, so nothing is kept of it.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, connection, transaction
from django.http import QueryDict
from psycopg import errors
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import ApiKey, IdempotencyRecord

# A second request waits this long for the first one with its key: most writes end sooner.
WAIT_MS = 3000
MAX_LENGTH = 255
REPLAYED = "Idempotency-Replayed"

View = TypeVar("View", bound=Callable[..., Response])


class KeyInUse(APIException):
    """The first request with this key is still being worked on."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "idempotency_conflict"
    default_detail = "A request with this Idempotency-Key is still being worked on. Try again in a moment."


class KeyReused(APIException):
    """The key came with another request before."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key came with another request before. Send a new key with a new request."


def idempotent(method: View) -> View:
    """Makes a view's method honour `Idempotency-Key`; without the header it works as ever."""

    @functools.wraps(method)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = _stated_key(request)
        if key is None:
            return method(view, request, *args, **kwargs)
        fingerprint = _fingerprint(request)
        with transaction.atomic():
            record = _claimed(cast("ApiKey", request.auth), key, fingerprint)
            if record is None:
                return _replay(cast("ApiKey", request.auth), key, fingerprint)
            response = method(view, request, *args, **kwargs)
            record.status = response.status_code
            record.headers = {name: value for name, value in response.items() if name in ("ETag", "Location")}
            record.body = JSONRenderer().render(response.data).decode()
            record.save(update_fields=["status", "headers", "body"])
        return response

    return cast("View", once)


def _stated_key(request: Request) -> str | None:
    """The header's value, in quotes (a structured header's string) or bare."""
    text = request.headers.get("Idempotency-Key")
    if text is None:
        return None
    key = text.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not 1 <= len(key) <= MAX_LENGTH or not (key.isascii() and key.isprintable()):
        raise ValidationError(
            {"Idempotency-Key": [f"Give 1 to {MAX_LENGTH} printable ASCII characters, such as a random UUID."]}
        )
    return key


def _fingerprint(request: Request) -> str:
    """What was sent, as hex. A form is read by its parts: a client draws a new boundary for every attempt."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    data = request.data
    if isinstance(data, bytes):
        digest.update(data)
    elif isinstance(data, QueryDict):
        for name, values in sorted(data.lists()):
            for value in values:
                digest.update(repr((name, _digest_of(value))).encode())
    else:
        digest.update(json.dumps(data, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def _digest_of(value: Any) -> str:
    if not isinstance(value, UploadedFile):
        return str(value)
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return f"file {digest.hexdigest()}"


def _claimed(api_key: ApiKey, key: str, fingerprint: str) -> IdempotencyRecord | None:
    """A new record of this key; None where there is one. Raises `KeyInUse` where its request does not end in time."""
    rows = IdempotencyRecord.objects.filter(api_key=api_key, key=key)
    with _waiting_for_at_most(WAIT_MS):
        rows.expired().delete()
        record = IdempotencyRecord(api_key=api_key, key=key, fingerprint=fingerprint)
        IdempotencyRecord.objects.bulk_create([record], ignore_conflicts=True)
    # Where it was there already nothing was inserted, and `bulk_create` does not say so.
    return rows.filter(fingerprint=fingerprint, status=0).first()


class _waiting_for_at_most:
    """Gives up on a lock after so many milliseconds, with `KeyInUse`."""

    def __init__(self, wait_ms: int) -> None:
        self._wait_ms = wait_ms

    def __enter__(self) -> None:
        _set_lock_timeout(self._wait_ms)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OperationalError) and isinstance(error.__cause__, errors.LockNotAvailable):
            raise KeyInUse from error
        if error is None:
            _set_lock_timeout(0)


def _set_lock_timeout(wait_ms: int) -> None:
    """Of this transaction; 0 waits without an end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{wait_ms}ms"])


def _replay(api_key: ApiKey, key: str, fingerprint: str) -> Response:
    record = IdempotencyRecord.objects.get(api_key=api_key, key=key)
    if record.fingerprint != fingerprint:
        raise KeyReused
    headers = {**record.headers, REPLAYED: "true"}
    return Response(json.loads(record.body), status=record.status, headers=headers)
