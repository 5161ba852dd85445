"""Log lines as plain text or as one JSON object each, with the request that they belong to and without secrets."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from telemetry.tracing import trace_id
from telemetry.work import current_work

# An API key is known by its prefix, which stays; what follows it is the secret.
_KEY = re.compile(r"\b([ps]k_[A-Za-z0-9]{4,16})_[A-Za-z0-9_-]{16,}")
_BEARER = re.compile(r"(?i)\b(bearer\s+)(?![ps]k_)[A-Za-z0-9._~+/=-]{8,}")
_PASSWORD = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+@")
HIDDEN = "***"
FIELDS = ("request_id", "store", "key", "task", "trace_id")


class WorkFilter(logging.Filter):
    """Gives each record the request or task in which it was logged; it keeps every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        work = current_work()
        for name in FIELDS[:-1]:
            if not hasattr(record, name):
                setattr(record, name, getattr(work, name) if work else "")
        record.trace_id = trace_id()
        record.of_request = f" [{record.request_id}]" if record.request_id else ""  # type: ignore[attr-defined]
        return True


class _Redacting(logging.Formatter):
    """Takes secrets out of the finished line, tracebacks included: keys, bearers, passwords in addresses, and `secrets`."""

    def __init__(self, *args: Any, secrets: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record), self._secrets)


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with `***` in the place of every secret; of `secrets` what is shorter than 8 letters is taken for none."""
    for secret in secrets:
        if len(secret) >= 8:
            text = text.replace(secret, HIDDEN)
    text = _KEY.sub(rf"\1_{HIDDEN}", text)
    text = _BEARER.sub(rf"\1{HIDDEN}", text)
    return _PASSWORD.sub(rf"\1{HIDDEN}@", text)


class PlainFormatter(_Redacting):
    """`2026-01-31 12:00:00,000 INFO search.api [request id] message`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(of_request)s %(message)s", **kwargs)


class JsonLinesFormatter(_Redacting, JsonFormatter):
    """One JSON object a line: `timestamp`, `level`, `logger`, `message`, the fields of the work, and what was given as extra."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp=True,
            json_ensure_ascii=False,
            **kwargs,
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        log_data.pop("of_request", None)
        return {name: value for name, value in log_data.items() if name not in FIELDS or value}
