"""Which photos and captions make a batch, and which of its pairs belong together."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# torch is heavy: only the encoder, the detector and the training modules import it.
import torch
from numpy.typing import NDArray

from search.training.captions import FIELDS, Caption, draw_caption, draw_title
from search.training.data import Sample
from search.training.losses import attribute_codes, match_captions

# Measured: with home photos at 2.5 their kind stood still at 0.25 while the shop photos' grew.
SOURCE_WEIGHTS = {"fashion": 1.0, "home": 5.0, "street": 0.5, "demo": 2.0}
BALANCE = 0.3  # a kind with n photos is drawn in proportion to n ** (1 - BALANCE)


@dataclass(frozen=True, slots=True)
class Part:
    """The titles, or the attribute captions, of a batch: `places` (m,) are the photos that they were drawn for;
    `positive` and `unknown` (m, m) say which caption (row) holds for which of those photos (column)."""

    texts: list[str]
    places: torch.Tensor
    positive: torch.Tensor
    unknown: torch.Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """`rows` (n,) number the photos; `labels` maps each attribute to (n,) codes, -1 = unknown."""

    rows: NDArray[np.int64]
    labels: dict[str, torch.Tensor]
    parts: list[Part]


class Batches:
    """Draws batches from the training side of the samples; its state is part of a checkpoint."""

    def __init__(self, samples: Sequence[Sample], *, size: int, seed: int) -> None:
        self.samples, self.size = samples, size
        codes, self.values = attribute_codes([sample.attributes for sample in samples])
        self.codes = torch.from_numpy(codes)
        self.train = np.array([i for i, sample in enumerate(samples) if not sample.is_validation])
        self.weights = sampling_weights([samples[i] for i in self.train])
        kinds = codes[self.train, FIELDS.index("kind")]
        by_kind = (self.train[kinds == kind] for kind in range(len(self.values["kind"])))
        self.common_kinds = [rows for rows in by_kind if len(rows) >= size // 2]
        self._words = random.Random(seed)
        self._rows = np.random.default_rng(seed)

    def draw(self, *, is_focused: bool) -> Batch:
        """A class-balanced batch; if focused, half of every other one shares a kind, for hard negatives."""
        rows = self._rows.choice(self.train, size=self.size, replace=False, p=self.weights)
        if is_focused and self.common_kinds and self._rows.random() < 0.5:
            members = self.common_kinds[self._rows.integers(len(self.common_kinds))]
            alike = self._rows.choice(members, size=self.size // 2, replace=False)
            rows = np.unique(np.concatenate([rows[: self.size // 2], alike]))
        rows = np.sort(rows)
        codes = self.codes[torch.from_numpy(rows)]
        labels = {field: codes[:, i] for i, field in enumerate(FIELDS)}
        return Batch(rows, labels, self._parts([self.samples[i] for i in rows], codes))

    def _parts(self, samples: Sequence[Sample], codes: torch.Tensor) -> list[Part]:
        """Titles and attribute captions apart: a text batch is as wide as its longest, and captions are short."""
        titles = [Caption(draw_title(s.title, self._words), ()) if s.title else None for s in samples]
        attributes = [draw_caption(s.attributes, self._words) for s in samples]
        parts = []
        for drawn in (titles, attributes):
            places = torch.tensor([place for place, caption in enumerate(drawn) if caption is not None])
            captions = [caption for caption in drawn if caption is not None]
            if len(captions) > 1:
                positive, unknown = _targets(captions, codes[places])
                parts.append(Part([caption.text for caption in captions], places, positive, unknown))
        return parts

    def state(self) -> tuple[Any, Any]:
        return self._words.getstate(), self._rows.bit_generator.state

    def restore(self, state: tuple[Any, Any]) -> None:
        self._words.setstate(state[0])
        self._rows.bit_generator.state = state[1]


def _targets(captions: Sequence[Caption], codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    if captions[0].fields:
        return match_captions(captions, codes)
    texts = np.array([caption.text for caption in captions])
    same = torch.from_numpy(texts[:, None] == texts[None, :])
    return same, torch.zeros_like(same)


def sampling_weights(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Each photo's chance to be drawn: rare kinds more often than their share, by source."""
    counts = Counter((s.source, s.attributes.kind) for s in samples)
    weights = np.array(
        [SOURCE_WEIGHTS[s.source] * min(8.0, (2000 / counts[s.source, s.attributes.kind]) ** BALANCE) for s in samples]
    )
    return np.asarray(weights / weights.sum(), dtype=np.float64)
