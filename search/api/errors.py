"""One table from exceptions to HTTP: every error leaves as `application/problem+json` (RFC 9457) with a stable `code`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from catalog.api.requests import BodyTooLarge
from catalog.photos import StorageUnavailable
from search.errors import (
    EncoderUnavailable,
    IndexUnavailable,
    InvalidIndex,
    InvalidQuery,
    SearchError,
    VersionRefused,
)
from search.serving.statements import was_cancelled
from telemetry.metrics import PROBLEMS
from telemetry.work import current_work

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
# An outage of a part is over in seconds (a restart) or not soon: clients should not hammer it meanwhile.
RETRY_AFTER_S = 5

# The more special class first.
_STATUS_OF: tuple[tuple[type[SearchError], int], ...] = (
    (InvalidQuery, 400),
    (InvalidIndex, 400),
    (VersionRefused, 409),
    (IndexUnavailable, 503),
    (EncoderUnavailable, 503),
)
# DRF names some errors by how they came about; ours are by what the caller can do.
_CODES = {
    "invalid": "invalid_request",
    "parse_error": "unreadable_body",
    "not_authenticated": "missing_key",
    "authentication_failed": "invalid_key",
    "permission_denied": "forbidden",
    "throttled": "too_many_requests",
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one input. `field` is its path (`image.box`), empty where the whole body is meant."""

    field: str
    message: str


class InvalidRequest(InvalidQuery):
    """Several inputs are wrong at once; the message is the first's, `errors` has them all."""

    code = "invalid_request"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(errors[0].message, field=errors[0].field or None)
        self.errors = tuple(errors)


def field_errors(detail: Any, *, path: str = "") -> list[FieldError]:
    """DRF's nested error detail as a flat list, a nested field's path joined by dots."""
    if isinstance(detail, Mapping):
        pairs = [
            (path if key == "non_field_errors" else f"{path}.{key}".lstrip("."), value) for key, value in detail.items()
        ]
        return [error for key, value in pairs for error in field_errors(value, path=key)]
    if isinstance(detail, list):
        return [
            error
            for position, value in enumerate(detail)
            for error in field_errors(value, path=f"{path}.{position}" if isinstance(value, Mapping) else path)
        ]
    return [FieldError(path, str(detail))]


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler. An unexpected exception is logged, and answered without its internals."""
    set_rollback()
    if isinstance(exc, SearchError):
        return search_problem(exc)
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    elif isinstance(exc, RequestDataTooBig):
        exc = BodyTooLarge("The body is larger than this installation accepts.")
    elif isinstance(exc, SuspiciousOperation | UnreadablePostError):
        exc = exceptions.ParseError("The request could not be read: too many fields, or it was cut off.")
    if isinstance(exc, exceptions.APIException):
        return _of_api_exception(exc)
    if isinstance(exc, OperationalError | InterfaceError):
        if was_cancelled(exc):
            logger.error("The database took too long: %s", exc)
            return problem(
                503, "database_timeout", "The database took too long for this request. Ask for less, or later."
            )
        logger.error("The database does not answer: %s", exc)
        return problem(503, "database_unavailable", "The database does not answer. Try again in a moment.")
    if isinstance(exc, StorageUnavailable):
        logger.error("%s", exc)
        return problem(503, "storage_unavailable", "Photos cannot be stored at the moment. Try again later.")
    logger.error("Unexpected error in %s", type(context.get("view")).__name__, exc_info=exc)
    return problem(500, "internal_error", "Something went wrong here. It was logged.")


def problem(
    status: int, code: str, detail: str, *, field: str | None = None, errors: Sequence[FieldError] = ()
) -> Response:
    """A problem document; a 503 says when to try again."""
    body: dict[str, Any] = {
        "type": f"urn:vitrine:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if field:
        body["field"] = field
    if errors:
        body["errors"] = [{"field": error.field, "message": error.message} for error in errors]
    if work := current_work():
        body["request_id"] = work.request_id
    PROBLEMS.labels(str(status), code).inc()
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def search_problem(error: SearchError) -> Response:
    """The problem document of a search that could not be answered."""
    status = next((status for kind, status in _STATUS_OF if isinstance(error, kind)), 500)
    if status == 500:
        logger.error("A search failed", exc_info=error)
    errors = error.errors if isinstance(error, InvalidRequest) else ()
    return problem(status, error.code, error.message, field=error.field, errors=errors)


def _of_api_exception(error: exceptions.APIException) -> Response:
    if isinstance(error, exceptions.ValidationError):
        errors = field_errors(error.detail)
        first = errors[0] if errors else FieldError("", "The request is not valid.")
        return problem(400, "invalid_request", first.message, field=first.field, errors=errors)
    code = str(error.default_code if isinstance(error.detail, list | dict) else error.detail.code)
    response = problem(error.status_code, _CODES.get(code, code), str(error.detail))
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait))
    return response
