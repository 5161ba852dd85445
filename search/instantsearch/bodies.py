"""Bodies of Algolia's clients: JSON under whatever content type they give it, and in chunks where the server ends them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from catalog.api.requests import BodyTooLarge
from search.api.parsers import LengthRequired, refuse_large_body


class AnyJsonParser(BaseParser):
    """JSON whatever the content type says: browsers send `text/plain`, older clients a form's."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        refuse_large_body(parser_context)
        return _object(stream.read())


def read_body(request: Request) -> dict[str, Any]:
    """The body's JSON object, empty for none. Raises `ParseError`, `BodyTooLarge` or `LengthRequired`."""
    if "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH"):
        return _chunked(request)
    data = request.data
    return data if isinstance(data, dict) else {}


def _chunked(request: Request) -> dict[str, Any]:
    """Node's client sends its body in chunks; only some servers say where such a body ends."""
    if not request.META.get("wsgi.input_terminated"):
        raise LengthRequired("Send the body with a Content-Length: in Node, give the client the fetch requester.")
    limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    data = request.META["wsgi.input"].read(limit + 1)
    if len(data) > limit:
        raise BodyTooLarge(f"The body has more than {limit:,} bytes. Send less at once.")
    return _object(data)


def _object(data: bytes) -> dict[str, Any]:
    if not data:
        return {}
    try:
        stated = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ParseError("The body is not JSON.") from error
    if not isinstance(stated, dict):
        raise ParseError("The body must be a JSON object.")
    return stated
