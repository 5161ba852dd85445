"""ETags (RFC 9110, section 13): a reader that has the present content gets 304, a writer that has an older one gets 412.

A tag is a hash of the content as JSON, without the address of this server in it, so that a tag read from one host holds
at another. Compare and write under one lock.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

_TAG = re.compile(r'\s*(W/)?("[^"]*")\s*(?:,|$)')


class PreconditionFailed(APIException):
    """What is there is not what the caller took it for."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"


def etag_of(content: Any) -> str:
    """The strong tag of this content."""
    return f'"{hashlib.sha256(JSONRenderer().render(content)).hexdigest()[:32]}"'


def tagged(request: Request, data: Any, *, etag: str = "") -> Response:
    """The answer with its tag, or a 304 to a reader who has it. `etag` is that of `data` where not given."""
    etag = etag or etag_of(data)
    known = request.headers.get("If-None-Match")
    if known is not None and (known.strip() == "*" or etag in _tags(known, is_weak_welcome=True)):
        return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
    return Response(data, headers={"ETag": etag})


def is_conditional(request: Request) -> bool:
    """Whether the write is bound to what is there."""
    return "If-Match" in request.headers or "If-None-Match" in request.headers


def check_preconditions(request: Request, etag: str | None) -> None:
    """Raise `PreconditionFailed` where the write is bound to another state than `etag`, which is None for nothing there."""
    match, none_match = request.headers.get("If-Match"), request.headers.get("If-None-Match")
    if match is not None:
        is_met = etag is not None and (match.strip() == "*" or etag in _tags(match, is_weak_welcome=False))
        if not is_met:
            raise PreconditionFailed(
                "It was changed since you read it: read it again, and send If-Match with its present ETag."
                if etag
                else "There is nothing that If-Match could match."
            )
    if none_match is None or etag is None:
        return
    if none_match.strip() == "*" or etag in _tags(none_match, is_weak_welcome=True):
        raise PreconditionFailed("It is there already, and If-None-Match asks that it is not.")


def _tags(header: str, *, is_weak_welcome: bool) -> set[str]:
    """The tags of the header; what comes after something unreadable is left out."""
    found, position = set(), 0
    while (tag := _TAG.match(header, position)) and tag.end() > position:
        if is_weak_welcome or not tag.group(1):
            found.add(tag.group(2))
        position = tag.end()
    return found
