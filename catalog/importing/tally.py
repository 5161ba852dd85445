"""Counts an import's results as they come, and keeps the first that were refused."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from catalog.importing.records import ImportReport, Outcome, Refusal, RowResult
from telemetry.metrics import IMPORT_ROWS

MAX_KEPT = 10_000


class Tally:
    """The running sums of one import."""

    def __init__(self) -> None:
        self.ignored_columns: tuple[str, ...] = ()
        self._started = time.monotonic()
        self._outcomes: Counter[Outcome] = Counter()
        self._images: Counter[str] = Counter()
        self._refused: list[Refusal] = []
        self._refused_images: list[Refusal] = []

    def add(self, results: Sequence[RowResult], on_refused: Callable[[Refusal], None] | None = None) -> None:
        """Count a batch, and tell of each row and photo that was refused."""
        for result in results:
            self._outcomes[result.outcome] += 1
            IMPORT_ROWS.labels(result.outcome.name.lower()).inc()
            self._images["added"] += result.images_added
            self._images["removed"] += result.images_removed
            self._images["refused"] += len(result.image_problems)
            if result.outcome is Outcome.REFUSED:
                _keep(self._refused, Refusal(result.line, result.sku, result.reason), on_refused)
            for problem in result.image_problems:
                _keep(self._refused_images, Refusal(result.line, result.sku, problem), on_refused)

    def report(self) -> ImportReport:
        """The sums so far."""
        return ImportReport(
            created=self._outcomes[Outcome.CREATED],
            updated=self._outcomes[Outcome.UPDATED],
            unchanged=self._outcomes[Outcome.UNCHANGED],
            refused_count=self._outcomes[Outcome.REFUSED],
            refused=tuple(self._refused),
            images_added=self._images["added"],
            images_removed=self._images["removed"],
            images_refused=self._images["refused"],
            refused_images=tuple(self._refused_images),
            ignored_columns=self.ignored_columns,
            seconds=time.monotonic() - self._started,
        )


def _keep(kept: list[Refusal], refusal: Refusal, on_refused: Callable[[Refusal], None] | None) -> None:
    if len(kept) < MAX_KEPT:
        kept.append(refusal)
    if on_refused:
        on_refused(refusal)
