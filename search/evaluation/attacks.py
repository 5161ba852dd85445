"""Photos changed so that the encoder is misled: noise, and patches, by chance or along the encoder's own gradient.

An attack sees the encoder and the whole photo, as it is encoded without crops. The changed photo has the encoder's input
size, so that every changed pixel arrives; `pgd-0` is that size alone.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from search.encoder import Encoder

KINDS = ("noise", "pgd", "patch", "pgd-patch")
_NAME = re.compile(r"(noise|pgd|patch|pgd-patch)-(\d{1,2})")
# Madry et al. 2018: ten steps of a quarter of the bound reach it from anywhere.
STEPS, STEP_SHARE = 10, 0.25
PATCH_STEPS, PATCH_STEP = 40, 8 / 255


def read_attack(name: str) -> tuple[str, int]:
    """`pgd-4` -> ("pgd", 4): the kind, and its bound in 255ths of a channel, or for a patch its percent of the area.

    Raises `ValueError` for another text.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is no attack: write {', '.join(f'{kind}-N' for kind in KINDS)}.")
    return found[1], int(found[2])


def attacked(photo: Image.Image, name: str, *, encoder: Encoder, seed: int) -> Image.Image:
    """The RGB photo under this attack, at the encoder's input size; the same for the same seed."""
    kind, strength = read_attack(name)
    dice = np.random.default_rng(seed)
    view = _View(encoder, photo)
    height, width = view.clean.shape[:2]
    if kind in ("noise", "pgd"):
        bound = strength / 255
        where = np.ones((height, width, 1), np.float32)
        start = dice.uniform(-bound, bound, view.clean.shape).astype(np.float32)
        steps, step = (STEPS, bound * STEP_SHARE) if kind == "pgd" and strength else (0, 0.0)
        if kind == "pgd" and not strength:
            start[:] = 0
    else:
        bound = 1.0
        where = _square(dice, height, width, share=strength / 100)
        start = (dice.random(view.clean.shape).astype(np.float32) - view.clean) * where
        steps, step = (PATCH_STEPS, PATCH_STEP) if kind == "pgd-patch" else (0, 0.0)
    change = start
    for _ in range(steps):
        moved = np.clip(change - step * np.sign(view.gradient(view.clean + change)), -bound, bound) * where
        change = (np.clip(view.clean + moved, 0, 1) - view.clean).astype(np.float32)
    return Image.fromarray((np.clip(view.clean + change, 0, 1) * 255).round().astype(np.uint8))


def _square(dice: np.random.Generator, height: int, width: int, *, share: float) -> NDArray[np.float32]:
    """(height, width, 1): 1 inside a rectangle of the photo's shape with this share of its area, anywhere in it."""
    tall, wide = round(height * share**0.5), round(width * share**0.5)
    top, left = dice.integers(0, height - tall + 1), dice.integers(0, width - wide + 1)
    where = np.zeros((height, width, 1), np.float32)
    where[top : top + tall, left : left + wide] = 1
    return where


class _View:
    """A photo as the encoder's tower sees it. `clean` is (height, width, 3), 0 to 1."""

    def __init__(self, encoder: Encoder, photo: Image.Image) -> None:
        self._model: Any = encoder.loaded()
        # What black and white become says how pixels are normalised, whatever the processor calls it.
        self._black, white = (self._pixels(Image.new("RGB", photo.size, color)) for color in ("black", "white"))
        self._range = white - self._black
        self._features: dict[str, Any] = self._model.preprocess([photo])
        clean = (self._features["pixel_values"] - self._black) / self._range
        self.clean: NDArray[np.float32] = clean[0].permute(1, 2, 0).numpy().clip(0, 1)
        self._vector = self._encode(self._features["pixel_values"]).detach()

    def gradient(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of the cosine with the clean photo's vector, by each value of `pixels`; the same shape."""
        import torch  # heavy, see `Encoder`

        raw = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)).requires_grad_()
        with torch.enable_grad():
            cosine = (self._encode(raw * self._range + self._black) * self._vector).sum()
            cosine.backward()
        assert raw.grad is not None  # noqa: S101  (backward sets it)
        gradient: NDArray[np.float32] = raw.grad[0].permute(1, 2, 0).numpy()
        return gradient

    def _pixels(self, image: Image.Image) -> Any:
        return self._model.preprocess([image])["pixel_values"]

    def _encode(self, pixel_values: Any) -> Any:
        import torch

        return torch.nn.functional.normalize(
            self._model({**self._features, "pixel_values": pixel_values})["sentence_embedding"], dim=-1
        )
