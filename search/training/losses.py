"""The contrastive loss: InfoNCE where several photos may answer one caption and some pairs are unknown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# torch is heavy: only the encoder, the detector and the training modules import it.
import torch
from numpy.typing import NDArray
from torch.nn import functional

from search.training.captions import FIELDS, Attributes, Caption


def attribute_codes(samples: Sequence[Attributes]) -> tuple[NDArray[np.int64], dict[str, list[str]]]:
    """(n, fields) integer codes, -1 = unknown, and each field's values in code order."""
    values = {field: sorted({getattr(a, field) for a in samples} - {""}) for field in FIELDS}
    index = {field: {value: code for code, value in enumerate(names)} for field, names in values.items()}
    codes = [[index[field].get(getattr(a, field), -1) for field in FIELDS] for a in samples]
    return np.array(codes, dtype=np.int64), values


def match_captions(captions: Sequence[Caption], codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Which captions hold for which photos of the batch.

    Args: `captions[i]` was drawn for photo i, whose `codes[i]` are (fields,) integers, -1 = unknown.
    Returns: (n, n) booleans `positive` and `unknown`, row = caption, column = photo; the diagonal is positive.
    """
    n = len(captions)
    stated = torch.tensor([[field in caption.fields for field in FIELDS] for caption in captions])
    same = codes[:, None, :] == codes[None, :, :]
    missing = (codes < 0)[None, :, :]
    positive = (same | ~stated[:, None, :]).all(dim=2)
    possible = (same | missing | ~stated[:, None, :]).all(dim=2)
    own = torch.eye(n, dtype=torch.bool)
    positive |= own
    return positive, possible & ~positive


def contrastive_loss(logits: torch.Tensor, positive: torch.Tensor, unknown: torch.Tensor) -> torch.Tensor:
    """Symmetric InfoNCE, rows = captions, columns = photos; the target is spread evenly over the positives
    and unknown pairs count on neither side (they are likely right, but nobody said so)."""
    return (one_way_loss(logits, positive, unknown) + one_way_loss(logits.T, positive.T, unknown.T)) / 2


def one_way_loss(logits: torch.Tensor, positive: torch.Tensor, unknown: torch.Tensor) -> torch.Tensor:
    """InfoNCE of each row over the columns (n, m); as `contrastive_loss`, in one direction."""
    target = positive.float()
    target = target / target.sum(dim=1, keepdim=True)
    return -(target * logits.masked_fill(unknown, -1e4).log_softmax(dim=1)).sum(dim=1).mean()


class Memory:
    """The latest rows of titles and photos as further negatives: what a batch of some hundred cannot hold (arXiv 1912.06798).

    Rows are kept without gradient; `codes` tell which title they belong to, so that no title is its own negative.
    """

    def __init__(self, rows: int, dimension: int, device: torch.device) -> None:
        self.titles = torch.zeros(rows, dimension, device=device)
        self.photos = torch.zeros(rows, dimension, device=device)
        self.codes = torch.full((rows,), -1, dtype=torch.long, device=device)
        self.written = 0

    @property
    def filled(self) -> int:
        return min(self.written, len(self.codes))

    def write(self, titles: torch.Tensor, photos: torch.Tensor, codes: torch.Tensor) -> None:
        """Replaces the oldest rows."""
        if len(self.codes) == 0:
            return
        places = torch.arange(self.written, self.written + len(codes)) % len(self.codes)
        self.titles[places], self.photos[places], self.codes[places] = titles.detach(), photos.detach(), codes
        self.written += len(codes)

    def loss(
        self, titles: torch.Tensor, photos: torch.Tensor, codes: torch.Tensor, scale: torch.Tensor
    ) -> torch.Tensor:
        """Symmetric InfoNCE of titles (n, d) and their photos (n, d) against the batch and what is remembered."""
        n = self.filled
        known = torch.cat([codes, self.codes[:n]])
        same = codes[:, None] == known[None, :]
        positive = same.clone()
        positive[:, len(codes) :] = False
        unknown = same & ~positive
        to_photos = scale * titles @ torch.cat([photos, self.photos[:n]]).T
        to_titles = scale * photos @ torch.cat([titles, self.titles[:n]]).T
        return (one_way_loss(to_photos, positive, unknown) + one_way_loss(to_titles, positive, unknown)) / 2


def prompt_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Each photo must choose its label's prompt, and each prompt that has photos in the batch must find them.

    Args: `logits` (n, values), `labels` (n,) in 0..values-1. Choosing alone taught 66 % of the colours and left "red" with a
    quarter of red photos in its first ten: how photos rank under a prompt is another question.
    """
    values = torch.arange(logits.shape[1], device=logits.device)
    positive = labels[None, :] == values[:, None]
    shown = positive.any(dim=1)
    found = one_way_loss(logits.T[shown], positive[shown], torch.zeros_like(positive[shown]))
    return functional.cross_entropy(logits, labels) + found


def view_loss(first: torch.Tensor, second: torch.Tensor, keys: torch.Tensor, *, scale: float = 12.0) -> torch.Tensor:
    """Two changed views of the same photos must find each other: `second` (m, d) belongs to the first m rows of `first`.

    Photos of the same product (equal `keys`) count on neither side.
    """
    m = len(second)
    own = torch.eye(m, len(first), dtype=torch.bool, device=first.device)
    alike = (keys[:m, None] == keys[None, :]) & ~own
    logits = scale * second @ first.T
    return (one_way_loss(logits, own, alike) + one_way_loss(logits[:, :m].T, own[:, :m], alike[:, :m].T)) / 2
