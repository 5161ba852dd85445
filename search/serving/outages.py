"""What a visitor gets whose request met a part that was down: a 503 that says when to come again, never a 500."""

from __future__ import annotations

import json
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error as plain_error

RETRY_AFTER_S = 5
_DETAIL = "A part of this shop does not answer. Try again in a moment."


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler for whatever no view caught: a lost Postgres is an outage, all else an error of ours."""
    error = sys.exc_info()[1]
    if not isinstance(error, OperationalError | InterfaceError):
        return plain_error(request)
    if request.path_info.startswith(("/api/", "/1/")):
        problem = {
            "type": "urn:vitrine:error:database_unavailable",
            "title": "Service Unavailable",
            "status": 503,
            "detail": _DETAIL,
            "code": "database_unavailable",
        }
        response = HttpResponse(json.dumps(problem), status=503, content_type="application/problem+json")
    else:
        page = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Closed for a moment</title><h1>{_DETAIL}</h1>'
        )
        response = HttpResponse(page, status=503)
    response["Retry-After"] = str(RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response
