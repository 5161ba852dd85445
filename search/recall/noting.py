"""A sampled share of vector searches noted without slowing them: one push to a short list in Redis, for `search.recall.replay`."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import timezone
from numpy.typing import NDArray

from search.events.search_log import push_waiting, take_waiting
from search.milvus import ImageHit
from search.models import IndexVersion
from search.query import RowFilter
from search.recall.buckets import LIMIT

WAITING = "vitrine:recall"
# Some 3 KB each; what is not replayed in time is dropped from the old end.
MAX_WAITING = 1000
# A filter by a list of ids may name thousands of products; such a note is no larger than 64 KB.
MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Note:
    """A search that was answered: its vector (dimension,), its filter, and the first images of the answer, best first."""

    version_id: int
    vector: NDArray[np.float32]
    wanted: RowFilter
    shown: tuple[int, ...]
    asked_at: datetime


def note_search(
    version: IndexVersion,
    vectors: NDArray[np.float32],
    *,
    wanted: RowFilter,
    found: Sequence[Sequence[ImageHit]],
) -> None:
    """Note `RECALL_SAMPLE_SHARE` of all calls, by one of the vectors (n, dimension) and what was found for it. Costs the
    others a random number, and never raises for a Redis that is down."""
    if not len(vectors) or random.random() >= settings.RECALL_SAMPLE_SHARE:
        return
    place = random.randrange(len(vectors))
    entry = {
        "version_id": version.pk,
        "vector": base64.b64encode(vectors[place].astype("<f4").tobytes()).decode(),
        "wanted": asdict(wanted),
        "shown": [hit.image_id for hit in found[place][:LIMIT]],
        "asked_at": timezone.now().isoformat(),
    }
    text = json.dumps(entry)
    if len(text) <= MAX_BYTES:
        push_waiting(WAITING, text, at_most=MAX_WAITING)


def take_notes(at_most: int) -> list[Note]:
    """Take the oldest notes from the list. Raises `RedisError` without Redis."""
    return [_note(json.loads(text)) for text in take_waiting(WAITING, at_most)]


def _note(entry: dict[str, Any]) -> Note:
    return Note(
        version_id=entry["version_id"],
        vector=np.frombuffer(base64.b64decode(entry["vector"]), "<f4").astype(np.float32),
        wanted=RowFilter(**{name: _tuples(value) for name, value in entry["wanted"].items()}),
        shown=tuple(entry["shown"]),
        asked_at=datetime.fromisoformat(entry["asked_at"]),
    )


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value
