"""One client per process, opened lazily (gRPC channels do not survive a fork), and the boundary for Milvus errors."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import grpc
from django.conf import settings
from pymilvus import MilvusClient
from pymilvus.exceptions import MilvusException
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_any, wait_random
from tenacity.stop import stop_base

from search.breakers import PartOpen, breaker_of
from search.deadlines import bounded_s, left_s
from search.errors import IndexUnavailable
from telemetry import metrics, tracing

# pymilvus logs a traceback for every error by itself; ours says it once.
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)

# A connection that broke is made anew at once, or Milvus is down: one more try, apart from others' tries.
TRIES = 2
RETRY_WAIT_S = (0.01, 0.05)
# What is left of a deadline must be worth another try.
RETRY_LEAST_S = 0.2
# A Milvus that had so long and did not answer is slow, whatever the deadline was.
FAIR_S = 0.5

_lock = threading.Lock()
_client: tuple[int, str, MilvusClient] | None = None
_engine: tuple[str, Engine] | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """What kind of Milvus answers, as far as the collection's design depends on it."""

    version: str
    is_lite: bool

    @property
    def has_partition_key(self) -> bool:
        """False before 2.4, where an upsert puts rows into wrong partitions (measured on 2.3.5: 600 rows, 3 stores)."""
        if self.is_lite:
            return True
        digits = self.version.removeprefix("v").split("-")[0].split(".")
        try:
            return (int(digits[0]), int(digits[1])) >= (2, 4)
        except (ValueError, IndexError):
            return True

    @property
    def has_pq(self) -> bool:
        """Milvus Lite accepts IVF_PQ and then answers by brute force."""
        return not self.is_lite

    @property
    def scans_arrays(self) -> bool:
        """Milvus Lite evaluates array terms row by row: 2 to 3 s over 41,000 rows, where `product_id in` 10,000 ids took 60 ms."""
        return self.is_lite

    @property
    def scans_new_rows(self) -> bool:
        """Milvus Lite answers from its unflushed rows one by one: 2 s over 41,000, and 20 ms once they were flushed."""
        return self.is_lite

    @property
    def writes_alone(self) -> bool:
        """Milvus Lite loses acknowledged rows under concurrent writers and a kill (31 to 94 % measured); one writer lost none."""
        return self.is_lite


class MilvusDropped(IndexUnavailable):
    """The connection broke under the call: another try may succeed at once."""


class OutOfTime(IndexUnavailable):
    """The call had less time than Milvus may take: it says nothing about Milvus."""


@contextmanager
def milvus_errors(doing: str) -> Iterator[None]:
    """Turn whatever pymilvus or gRPC raises into `IndexUnavailable`, naming what was being done.

    The first word of `doing` names the call in figures and traces.
    """
    call = doing.split(" ", 1)[0]
    with _watched(call, doing), _translated(doing):
        yield


@contextmanager
def _watched(call: str, doing: str) -> Iterator[None]:
    started = perf_counter()
    try:
        with tracing.span(f"milvus {call}", doing=doing):
            yield
    except IndexUnavailable:
        metrics.MILVUS_ERRORS.labels(call).inc()
        raise
    finally:
        metrics.MILVUS_SECONDS.labels(call).observe(perf_counter() - started)


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    try:
        yield
    except (MilvusException, grpc.RpcError, ConnectionError, TimeoutError) as error:
        kind = MilvusDropped if _is_dropped(error) else IndexUnavailable
        raise kind(f"Milvus at {settings.MILVUS_URI} failed while {doing}: {_reason(error)}") from error
    except ValueError as error:
        # grpcio says this, and no error class of its own, when the channel was closed under a running call.
        if "closed channel" not in str(error):
            raise
        raise MilvusDropped(f"The connection to Milvus closed while {doing}") from error


def _is_dropped(error: BaseException) -> bool:
    return isinstance(error, ConnectionError) or (
        isinstance(error, grpc.Call) and error.code() is grpc.StatusCode.UNAVAILABLE
    )


def _reason(error: BaseException) -> str:
    if isinstance(error, grpc.Call):
        # The text of such an error begins with its class and says why only below.
        return f"{error.code().name}: {error.details()}"[:300]
    return str(getattr(error, "message", "") or error).splitlines()[0][:300]


def client() -> MilvusClient:
    """This process's client for `MILVUS_URI`. Raises `IndexUnavailable` when nothing answers."""
    global _client
    key = (os.getpid(), settings.MILVUS_URI)
    current = _client
    if current is not None and current[:2] == key:
        return current[2]
    limit_s = bounded_s(settings.MILVUS_CONNECT_TIMEOUT_S)
    # Who waits for another's attempt waits no longer than for an own one.
    if not _lock.acquire(timeout=limit_s):
        raise IndexUnavailable(f"Milvus at {settings.MILVUS_URI} was not connected within {limit_s:g} s")
    try:
        if _client is not None and _client[:2] == key:
            return _client[2]
        with milvus_errors("connecting"):
            opened = MilvusClient(uri=key[1], token=settings.MILVUS_TOKEN, timeout=limit_s)
        _client = (*key, opened)
        return opened
    finally:
        _lock.release()


def call(doing: str, method: str, *args: Any, limit_s: float | None = None, **options: Any) -> Any:
    """Call this method of the client within `limit_s` (`MILVUS_TIMEOUT_S`), or what is left of a deadline. Raises
    `IndexUnavailable`."""
    with milvus_errors(doing):
        allowed_s = bounded_s(settings.MILVUS_TIMEOUT_S if limit_s is None else limit_s)
        return getattr(client(), method)(*args, timeout=allowed_s, **options)


def ask(doing: str, method: str, *args: Any, **options: Any) -> Any:
    """Read what a shopper waits for: within `MILVUS_SEARCH_TIMEOUT_S`, once more where the connection broke, and not at all
    while Milvus is left alone because it failed. Raises `IndexUnavailable`."""
    breaker = breaker_of("milvus", settings.MILVUS_URI, failures=(IndexUnavailable,), unless=(OutOfTime,))
    try:
        with breaker.calling():
            for attempt in Retrying(
                retry=retry_if_exception_type(MilvusDropped),
                stop=stop_any(stop_after_attempt(TRIES), _TooLate()),
                wait=wait_random(*RETRY_WAIT_S),
                reraise=True,
            ):
                with attempt:
                    return _asked(doing, method, *args, **options)
    except PartOpen as error:
        raise IndexUnavailable(f"{error}; nobody asked it for {doing}") from error
    raise AssertionError("tenacity ends with a result or an error")


def _asked(doing: str, method: str, *args: Any, **options: Any) -> Any:
    limit_s: float = settings.MILVUS_SEARCH_TIMEOUT_S
    allowed_s = bounded_s(limit_s)
    try:
        with milvus_errors(doing):
            return getattr(client(), method)(*args, timeout=allowed_s, **options)
    except MilvusDropped:
        raise
    except IndexUnavailable as error:
        if allowed_s < min(limit_s, FAIR_S):
            raise OutOfTime(error.message) from error
        raise


class _TooLate(stop_base):
    """No more tries where the deadline leaves no time for one."""

    def __call__(self, retry_state: RetryCallState) -> bool:
        left = left_s()
        return left is not None and left < RETRY_LEAST_S


def close_client() -> None:
    """Forget this process's client, so that the next call connects anew (after a fork, or to another URI)."""
    global _client, _engine
    with _lock:
        _engine = None
        if _client is not None and _client[0] == os.getpid():
            _client[2].close()
        _client = None


def engine() -> Engine:
    """The engine behind `MILVUS_URI`, asked once per process."""
    global _engine
    if _engine is not None and _engine[0] == settings.MILVUS_URI:
        return _engine[1]
    version = str(ask("asking its version", "get_server_version"))
    # The 2.3.5 server's wheel calls itself "v2.3.5-lite": only the prefix tells Milvus Lite.
    found = Engine(version=version, is_lite=version.startswith("milvus_lite"))
    _engine = (settings.MILVUS_URI, found)
    return found


def is_answering() -> bool:
    """Whether Milvus answers a version request within `HEALTH_TIMEOUT_S`."""
    try:
        call("checking its health", "get_server_version", limit_s=settings.HEALTH_TIMEOUT_S)
    except IndexUnavailable:
        return False
    return True
