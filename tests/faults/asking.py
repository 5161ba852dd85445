"""One client's requests: each answer is counted by its kind, and one that must not be is kept as a problem."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests

# Longer than any wait that the site allows itself, so that a cut says that a process died.
TIMEOUT_S = 60.0
# A search may take this long: its deadline of 10 s, and a database that hangs for 7 s in the middle.
SLOW_S = 30.0


@dataclass
class Tally:
    """Answers by what was asked and kind, the slowest of each, and what was wrong."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest_s: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str, kind: str, took_s: float = 0.0) -> None:
        with self.lock:
            self.counts[what, kind] += 1
            self.slowest_s[what] = max(self.slowest_s.get(what, 0.0), took_s)

    def problem(self, text: str) -> None:
        with self.lock:
            self.problems.append(f"{time.strftime('%H:%M:%S')} {text}")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that came, and when its request was sent (`time.monotonic()`)."""

    status: int
    body: Any
    sent_at: float
    location: str = ""

    @property
    def is_accepted(self) -> bool:
        return 200 <= self.status < 300


class Asker:
    """Sends requests of one store's key."""

    def __init__(self, address: str, key: str, tally: Tally) -> None:
        self.address, self.tally = address, tally
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["X-API-Key"] = key

    def ask(self, what: str, method: str, path: str, **request: Any) -> Answer | None:
        """The answer, or None where none came. 2xx, 404 and 409 are the caller's to judge; a 503 must say when to return."""
        sent_at = time.monotonic()
        try:
            response = self.session.request(method, self.address + path, timeout=TIMEOUT_S, **request)
        except requests.RequestException as error:
            # A new connection is refused, or a running one cut: nobody there, or died in the middle.
            kind = "refused" if "Connection refused" in str(error) else "cut"
            if isinstance(error, requests.Timeout):
                kind = "none in time"
                self.tally.problem(f"{what}: no answer to {method} {path} in {TIMEOUT_S:.0f} s")
            self.tally.count(what, kind, time.monotonic() - sent_at)
            self.session.close()
            return None
        took_s = time.monotonic() - sent_at
        body = _json(response)
        self.tally.count(what, self._kind(what, response, body), took_s)
        if took_s > SLOW_S:
            self.tally.problem(f"{what}: {method} {path} took {took_s:.1f} s (status {response.status_code})")
        return Answer(response.status_code, body, sent_at, response.headers.get("Location", ""))

    def _kind(self, what: str, response: requests.Response, body: Any) -> str:
        status = response.status_code
        if status == 503:
            if "Retry-After" not in response.headers:
                self.tally.problem(f"{what}: a 503 without Retry-After: {response.text[:200]}")
            return "503"
        if status >= 500 or status == 429 or (400 <= status < 500 and status not in (404, 409)):
            self.tally.problem(f"{what}: {status} for {response.request.method} {response.url}: {response.text[:300]}")
            return str(status)
        if status >= 400:
            return str(status)
        return "degraded" if isinstance(body, dict) and (body.get("degraded") or body.get("dropped")) else "ok"


def _json(response: requests.Response) -> Any:
    if "json" not in response.headers.get("Content-Type", ""):
        return response.text
    try:
        return response.json()
    except ValueError:
        return response.text
