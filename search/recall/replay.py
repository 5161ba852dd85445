"""Noted searches asked again exactly: of the nearest images, how many had the answer among its first ten?

The index goes on changing between an answer and its replay. So only images count whose row did not change since: their entry
says that they were written before the search, with a margin for what a search may not see yet, and that the row read now is
still that one. If h images of an answer are such ones, an exact answer would have had the h nearest of all such images; who
came, went or was edited meanwhile is neither found nor missed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, sleep

import numpy as np
from django.conf import settings

from search import milvus
from search.milvus import ExactHit
from search.models import IndexEntry, IndexVersion, VersionState
from search.recall.buckets import LIMIT, bucket_of
from search.recall.noting import Note, take_notes
from search.recall.records import RecallSample

logger = logging.getLogger(__name__)

# A search at Bounded consistency may not see the last seconds' writes.
MARGIN = timedelta(seconds=30)
# So many of the nearest are looked at for ten that did not change.
DEPTH = 50
AT_MOST = 200
# Engines and numpy add in another order.
SAME_SCORE = 2e-6
# Reading takes at most this share of the time, so that searches have the engine to themselves for the rest.
DUTY = 0.3
LONGEST_PAUSE_S = 5.0


@dataclass(slots=True)
class Replay:
    """What a replay did: `unclear` had too many changed images among the nearest, `left` waits for no budget."""

    samples: list[RecallSample]
    unclear: int = 0
    left: int = 0


def replay_noted(*, at_most: int = AT_MOST) -> Replay:
    """Replay noted searches into `RecallSample`, the oldest first, until `RECALL_REPLAY_MAX_ROWS` rows were read.

    Searches under one filter share one reading. One group is always replayed, however many rows it has; what does not fit is
    dropped. Raises `IndexUnavailable` or `RedisError`.
    """
    notes = take_notes(at_most)
    states = (VersionState.LIVE, VersionState.BUILDING)
    versions = IndexVersion.objects.filter(state__in=states).in_bulk({note.version_id for note in notes})
    groups: dict[tuple[int, str], list[Note]] = {}
    for note in notes:
        if note.version_id in versions and not note.wanted.matches_nothing:
            groups.setdefault((note.version_id, milvus.expression(note.wanted)), []).append(note)
    done, rows = Replay([]), 0
    for (version_id, _), group in groups.items():
        if rows >= settings.RECALL_REPLAY_MAX_ROWS:
            done.left += len(group)
            continue
        rows += _replay(versions[version_id], group, done)
    RecallSample.objects.bulk_create(done.samples)
    return done


def _replay(version: IndexVersion, group: Sequence[Note], done: Replay) -> int:
    """Replay searches under one filter. Returns how many rows passed it."""
    vectors = np.stack([note.vector for note in group])
    exact = milvus.scan_nearest(version.collection, vectors, wanted=group[0].wanted, limit=DEPTH, after_page=_pause())
    total = max(exact.rows, milvus.passing_rows(version.collection, ""))
    for note, nearest in zip(group, exact.hits, strict=True):
        compared = compare(version, note, nearest)
        if compared is None:
            done.unclear += 1
            continue
        expected, found = compared
        done.samples.append(
            RecallSample(
                version=version,
                passing=exact.rows,
                total=total,
                selectivity=bucket_of(exact.rows / max(1, total)),
                expected=expected,
                found=found,
                asked_at=note.asked_at,
            )
        )
    return exact.rows


def compare(version: IndexVersion, note: Note, nearest: Sequence[ExactHit]) -> tuple[int, int] | None:
    """How many images the answer should have had among those that did not change since, and how many of them it had.

    None where that cannot be said: nothing to compare, or too many of the nearest changed.
    """
    steady = _unchanged(version, note, [*note.shown, *(hit.image_id for hit in nearest)])
    revisions = {hit.image_id: (hit.image_revision, hit.product_revision) for hit in nearest}
    steady = {pk: pair for pk, pair in steady.items() if revisions.get(pk, pair) == pair}
    kept = [hit for hit in nearest if hit.image_id in steady]
    shown = [image_id for image_id in note.shown if image_id in steady]
    # An answer of fewer than ten had room for all: whatever passes should have been in it.
    expected = len(shown) if len(note.shown) >= LIMIT else min(LIMIT, len(kept))
    if not expected or len(kept) < expected:
        return None
    bar = kept[expected - 1].score - SAME_SCORE
    right = {hit.image_id for hit in kept if hit.score >= bar}
    return expected, min(expected, len(right.intersection(shown)))


def _unchanged(version: IndexVersion, note: Note, image_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Of these images those whose row was written before the search and not since, with its revisions."""
    entries = IndexEntry.objects.filter(
        version=version,
        image_id__in=set(image_ids),
        is_orphaned=False,
        claim_token=None,
        indexed_at__lt=note.asked_at - MARGIN,
        image_revision__isnull=False,
        product_revision__isnull=False,
    )
    rows = entries.values_list("image_id", "image_revision", "product_revision")
    return {
        image_id: (image, product) for image_id, image, product in rows if image is not None and product is not None
    }


def _pause() -> Callable[[int], None]:
    """Waits after each page, for as long as `DUTY` says of the time that the page took."""
    began = monotonic()

    def wait(rows: int) -> None:
        nonlocal began
        sleep(min(LONGEST_PAUSE_S, (monotonic() - began) * (1 - DUTY) / DUTY))
        began = monotonic()

    return wait
