"""The contrastive loss: InfoNCE where several photos may answer one caption and some pairs are unknown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# torch is heavy: only the encoder, the detector and the training modules import it.
import torch
from numpy.typing import NDArray

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
    masked = logits.masked_fill(unknown, -1e4)
    return (_one_way(masked, positive) + _one_way(masked.T, positive.T)) / 2


def _one_way(logits: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    target = positive.float()
    target = target / target.sum(dim=1, keepdim=True)
    return -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()
