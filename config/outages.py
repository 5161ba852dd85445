"""What a page (the admin, the shop) answers while the database or the disk is down: a 503 that says when to return."""

from __future__ import annotations

import errno
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error as default_server_error

from catalog.photos import StorageUnavailable

RETRY_AFTER_S = 5
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Back in a moment</title>"
    "<body><h1>Back in a moment</h1><p>{} Please try again in a few seconds.</p></body></html>"
)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler of unexpected errors: an outage is told apart from a bug, by the exception that is being handled."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        return _unavailable("The database does not answer.")
    if isinstance(error, StorageUnavailable) or (isinstance(error, OSError) and error.errno in _DISK):
        return _unavailable("Files cannot be stored at the moment.")
    return default_server_error(request)


def _unavailable(reason: str) -> HttpResponse:
    return HttpResponse(_PAGE.format(reason), status=503, headers={"Retry-After": str(RETRY_AFTER_S)})
