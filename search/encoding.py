"""Encoding what a request asks: a bounded number at once, a bounded wait, and a breaker before an encoder that fails.

A photo takes the processor many times as long as words do: without a bound a dozen photos make every search late.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from prometheus_client import Counter

from search.breakers import PartOpen, breaker_of
from search.deadlines import bounded_s
from search.errors import EncoderBusy, EncoderUnavailable

FULL = Counter("vitrine_encodings_refused", "Queries that were not encoded because too many others were.", ["kind"])

_places: dict[tuple[str, int], threading.BoundedSemaphore] = {}
_lock = threading.Lock()


@contextmanager
def encoding(kind: str, encoder: str) -> Iterator[None]:
    """Encode inside; `kind` is `text` or `photo`. Raises `EncoderBusy` where no place is free in time, and
    `EncoderUnavailable` at once while this encoder is left alone because it failed."""
    places = _places_for(kind)
    if not places.acquire(timeout=bounded_s(settings.ENCODE_WAIT_MS / 1000)):
        FULL.labels(kind).inc()
        raise EncoderBusy(f"Too many {kind}s are being encoded. Try again in a moment.")
    try:
        with breaker_of("encoder", encoder, failures=(EncoderUnavailable,)).calling():
            yield
    except PartOpen as error:
        raise EncoderUnavailable(
            f"The encoder {encoder!r} failed a moment ago and is left alone for a while."
        ) from error
    finally:
        places.release()


def _places_for(kind: str) -> threading.BoundedSemaphore:
    count: int = settings.ENCODE_PHOTOS_AT_ONCE if kind == "photo" else settings.ENCODE_TEXTS_AT_ONCE
    with _lock:
        if (kind, count) not in _places:
            _places[(kind, count)] = threading.BoundedSemaphore(count)
        return _places[(kind, count)]
