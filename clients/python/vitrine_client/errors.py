"""What may go wrong: the server answers with a problem document (RFC 9457), or does not answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class VitrineError(Exception):
    """Any error of this client."""


class Unreachable(VitrineError):
    """No answer came, after all tries."""


class Problem(VitrineError):
    """The server refused. `code` is stable; `field` is the first wrong input, `errors` are all of them.

    `retry_after_s` is the server's wish after a 429 or 503 that outlasted all tries.
    """

    def __init__(self, document: Mapping[str, Any], *, status: int, retry_after_s: int | None = None) -> None:
        self.status = status
        self.code = str(document.get("code", "unknown"))
        self.detail = str(document.get("detail", f"The server answered {status}."))
        self.field: str | None = document.get("field")
        self.errors: list[dict[str, str]] = list(document.get("errors", ()))
        self.document = dict(document)
        self.retry_after_s = retry_after_s
        super().__init__(f"{self.status} {self.code}: {self.detail}")


def problem_of(status: int, body: bytes, *, retry_after: str | None = None) -> Problem:
    """The problem that an answer states; of a proxy's page, its status alone."""
    try:
        document = json.loads(body)
    except ValueError:
        document = {}
    wait_s = int(retry_after) if retry_after and retry_after.isascii() and retry_after.isdecimal() else None
    return Problem(document if isinstance(document, dict) else {}, status=status, retry_after_s=wait_s)
