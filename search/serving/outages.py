"""What a visitor gets whose request met a part that was down: a 503 that says when to come again, never a 500."""

from __future__ import annotations

import errno
import json
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error as plain_error

from catalog.photos import StorageUnavailable

RETRY_AFTER_S = 5
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
_DETAILS = {
    "database_unavailable": "A part of this shop does not answer. Try again in a moment.",
    "storage_unavailable": "Files cannot be stored here at the moment. Try again in a moment.",
}


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler for whatever no view caught: a lost Postgres or a full disk is an outage, all else an error of ours."""
    code = _outage(sys.exc_info()[1])
    if not code:
        return plain_error(request)
    if request.path_info.startswith(("/api/", "/1/")):
        problem = {
            "type": f"urn:vitrine:error:{code}",
            "title": "Service Unavailable",
            "status": 503,
            "detail": _DETAILS[code],
            "code": code,
        }
        response = HttpResponse(json.dumps(problem), status=503, content_type="application/problem+json")
    else:
        page = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Closed for a moment</title>'
            f"<h1>{_DETAILS[code]}</h1>"
        )
        response = HttpResponse(page, status=503)
    response["Retry-After"] = str(RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response


def _outage(error: BaseException | None) -> str:
    """The code of the part that is down; empty for what is a bug."""
    if isinstance(error, OperationalError | InterfaceError):
        return "database_unavailable"
    if isinstance(error, StorageUnavailable) or (isinstance(error, OSError) and error.errno in _DISK):
        return "storage_unavailable"
    return ""
