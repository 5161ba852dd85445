"""Which photos and captions make a batch, and which of its pairs belong together."""

from __future__ import annotations

import random
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

# torch is heavy: only the encoder, the detector and the training modules import it.
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from search.training.augment import Preprocessing, Strength, augment
from search.training.captions import FIELDS, draw_caption, draw_prompts, draw_title
from search.training.data import Sample
from search.training.losses import attribute_codes, match_captions

# Measured: with home photos at 2.5 their kind stood still at 0.25 while the shop photos' grew.
SOURCE_WEIGHTS = {"fashion": 1.0, "home": 4.0, "street": 0.7, "demo": 1.2}
BALANCE = 0.3  # a kind with n photos is drawn in proportion to n ** (1 - BALANCE)
VIEWS = 0.25  # the share of a batch that is seen a second time, changed in another way
# Asked in every batch over all their values, and one of the others by turns.
ALWAYS_ASKED = ("kind", "color")
SOMETIMES_ASKED = ("group", "gender", "usage", "season", "pattern", "material")


@dataclass(frozen=True, slots=True)
class Request:
    """What the next batch should be: a function of `step` alone but for these."""

    step: int
    is_focused: bool = False
    strength: float = 1.0


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
    """`pixels` (n, 3, side, side); `views` (m, 3, side, side), the first m photos once more; `keys` (n,) number the
    products; `labels` maps each attribute to (n,) codes, -1 = unknown; `titles` belong to the photos `titled`, and
    `title_codes` are equal for equal ones; `prompts` maps a field to one text for each of its values in code order."""

    pixels: torch.Tensor
    views: torch.Tensor
    keys: torch.Tensor
    labels: dict[str, torch.Tensor]
    titles: list[str]
    titled: torch.Tensor
    title_codes: torch.Tensor
    captions: Part | None
    prompts: dict[str, list[str]]


class Batches(Dataset[Batch]):
    """Draws batches from the training side of the samples. A batch is a function of the seed and its request, so that a
    resumed run sees what an unbroken one would have seen, whichever process draws."""

    def __init__(
        self,
        samples: Sequence[Sample],
        photos: NDArray[np.uint8],
        *,
        preprocessing: Preprocessing,
        size: int,
        seed: int,
    ) -> None:
        self.samples, self.photos, self.preprocessing, self.size, self.seed = samples, photos, preprocessing, size, seed
        codes, self.values = attribute_codes([sample.attributes for sample in samples])
        self.codes = torch.from_numpy(codes)
        self.train = np.array([i for i, sample in enumerate(samples) if not sample.is_validation])
        self.weights = sampling_weights([samples[i] for i in self.train])
        self.keys = _numbers([f"{sample.source} {sample.key}" for sample in samples])
        kinds = codes[self.train, FIELDS.index("kind")]
        by_kind = (self.train[kinds == kind] for kind in range(len(self.values["kind"])))
        self.common_kinds = [rows for rows in by_kind if len(rows) >= size // 2]

    def __getitem__(self, request: Request) -> Batch:
        """A class-balanced batch; if focused, half of every other one shares a kind, for hard negatives."""
        drawn = np.random.default_rng((self.seed, request.step))
        words = random.Random(self.seed * 1_000_003 + request.step)
        changes = torch.Generator().manual_seed(self.seed * 1_000_003 + request.step)
        rows = self._rows(drawn, is_focused=request.is_focused)
        photos = torch.from_numpy(self.photos[rows])
        again = photos[: int(len(rows) * VIEWS)]
        strength = Strength().scaled(request.strength)
        pixels, views = (augment(part, self.preprocessing, strength, changes) for part in (photos, again))
        at = torch.from_numpy(rows)
        samples = [self.samples[i] for i in rows]
        titled = torch.tensor(
            [place for place, sample in enumerate(samples) if sample.title or sample.queries], dtype=torch.long
        )
        titles = [draw_words(samples[place], words) for place in titled.tolist()]
        asked = [*ALWAYS_ASKED, words.choice(SOMETIMES_ASKED)]
        return Batch(
            pixels=pixels,
            views=views,
            keys=self.keys[at],
            labels={field: self.codes[at, i] for i, field in enumerate(FIELDS)},
            titles=titles,
            titled=titled,
            title_codes=torch.tensor([zlib.crc32(title.encode()) for title in titles], dtype=torch.long),
            captions=self._captions(samples, self.codes[at], words),
            prompts={
                field: draw_prompts(field, self.values[field], words) for field in asked if len(self.values[field]) > 1
            },
        )

    def _rows(self, drawn: np.random.Generator, *, is_focused: bool) -> NDArray[np.int64]:
        size = min(self.size, len(self.train))
        rows = drawn.choice(self.train, size=size, replace=False, p=self.weights)
        if is_focused and self.common_kinds and drawn.random() < 0.5:
            members = self.common_kinds[drawn.integers(len(self.common_kinds))]
            alike = drawn.choice(members, size=size // 2, replace=False)
            rows = drawn.permutation(np.unique(np.concatenate([rows[: size // 2], alike])))
        return np.asarray(rows, dtype=np.int64)

    def _captions(self, samples: Sequence[Sample], codes: torch.Tensor, words: random.Random) -> Part | None:
        drawn = [draw_caption(sample.attributes, words) for sample in samples]
        places = torch.tensor([place for place, caption in enumerate(drawn) if caption is not None])
        captions = [caption for caption in drawn if caption is not None]
        if len(captions) < 2:
            return None
        positive, unknown = match_captions(captions, codes[places])
        return Part([caption.text for caption in captions], places, positive, unknown)


def requests(first: int, next_request: Callable[[int], Request]) -> Iterator[Request]:
    """Requests without end, each made when it is needed."""
    while True:
        yield next_request(first)
        first += 1


def sampling_weights(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Each photo's chance to be drawn: rare kinds more often than their share, by source."""
    counts = Counter((s.source, s.attributes.kind) for s in samples)
    weights = np.array(
        [
            SOURCE_WEIGHTS.get(s.source, 1.0) * min(8.0, (2000 / counts[s.source, s.attributes.kind]) ** BALANCE)
            for s in samples
        ]
    )
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def draw_words(sample: Sample, words: random.Random) -> str:
    """The sample's title, or what shoppers asked before they took it, the likelier the more they gained."""
    texts = [*([draw_title(sample.title, words)] if sample.title else []), *(query for query, _ in sample.queries)]
    weights = [*([1.0] if sample.title else []), *(gain for _, gain in sample.queries)]
    return words.choices(texts, weights)[0]


def _numbers(names: Sequence[str]) -> torch.Tensor:
    index: dict[str, int] = {}
    return torch.tensor([index.setdefault(name, len(index)) for name in names], dtype=torch.long)
