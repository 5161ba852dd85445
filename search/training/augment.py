"""Batch augmentation on tensors, as shoppers photograph: crop, perspective, tilt, flip, light, tint, blur, JPEG, noise,
another background, the frame of a screenshot."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

# torch is heavy: only the encoder, the detector and the training modules import it.
import torch
from torch.nn import functional

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True, slots=True)
class Strength:
    """How hard photos are changed; probabilities 0..1, the rest as fractions. The tint is small: colour is a label."""

    crop: float = 0.45
    aspect: float = 0.2
    tilt: float = 0.12
    perspective: float = 0.15
    light: float = 0.3
    tint: float = 0.05
    blur_p: float = 0.25
    noise: float = 0.03
    background_p: float = 0.3
    jpeg_p: float = 0.15
    frame_p: float = 0.05

    def scaled(self, factor: float) -> Strength:
        """The same mixture, weaker or stronger."""
        return Strength(**{field.name: getattr(self, field.name) * factor for field in fields(self)})


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What an encoder's image processor does: the side that photos are squashed to, and each channel's mean and deviation."""

    side_px: int = 80
    mean: tuple[float, ...] = CLIP_MEAN
    std: tuple[float, ...] = CLIP_STD

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, 3, h, w) in 0..1 -> the same with the model's mean and deviation."""
        mean = torch.tensor(self.mean, device=pixels.device).view(1, 3, 1, 1)
        std = torch.tensor(self.std, device=pixels.device).view(1, 3, 1, 1)
        return (pixels - mean) / std


def plain(photos: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """(n, h, w, 4) uint8 -> (n, 3, side, side) normalised, nothing else changed: what validation sees."""
    pixels = photos[..., :3].permute(0, 3, 1, 2).float() / 255
    size = preprocessing.side_px
    return preprocessing.normalise(
        functional.interpolate(pixels, size=size, mode="bilinear", antialias=True, align_corners=False)
    )


def augment(
    photos: torch.Tensor, preprocessing: Preprocessing, strength: Strength, generator: torch.Generator
) -> torch.Tensor:
    """(n, h, w, 4) uint8, RGB and foreground mask -> (n, 3, side, side) normalised, each photo changed its own way."""
    side_px = preprocessing.side_px
    pixels = photos.permute(0, 3, 1, 2).float() / 255
    grid = _warp(len(photos), side_px, strength, generator)
    pixels = functional.grid_sample(pixels, grid, mode="bilinear", padding_mode="border", align_corners=False)
    colors, mask = pixels[:, :3], pixels[:, 3:]
    colors = _replace_background(colors, mask, strength.background_p, generator)
    colors = _relight(colors, strength, generator)
    blurred = torch.rand(len(colors), generator=generator) < strength.blur_p
    if blurred.any():
        small = functional.avg_pool2d(colors[blurred], 2)
        colors[blurred] = functional.interpolate(small, size=side_px, mode="bilinear", align_corners=False)
    colors = _frame(colors, strength.frame_p, generator)
    colors = _recompress(colors, strength.jpeg_p, generator)
    amount = strength.noise * torch.rand(len(colors), 1, 1, 1, generator=generator)
    colors = colors + amount * torch.randn(colors.shape, generator=generator)
    return preprocessing.normalise(colors.clamp(0, 1))


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    return low + (high - low) * torch.rand(n, generator=generator)


def _warp(n: int, side_px: int, strength: Strength, generator: torch.Generator) -> torch.Tensor:
    """Sampling grids of a random window: scaled, stretched, turned, mirrored; (n, side, side, 2)."""
    scale = _uniform(n, (1 - strength.crop) ** 0.5, 1.08, generator)
    stretch = torch.exp(_uniform(n, -strength.aspect, strength.aspect, generator))
    width, height = scale * stretch.sqrt(), scale / stretch.sqrt()
    angle = _uniform(n, -strength.tilt, strength.tilt, generator) * math.pi / 2
    mirror = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    x = _uniform(n, -1, 1, generator) * (1 - width).clamp(min=0.0)
    y = _uniform(n, -1, 1, generator) * (1 - height).clamp(min=0.0)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = width * angle.cos() * mirror
    theta[:, 0, 1] = -height * angle.sin()
    theta[:, 0, 2] = x
    theta[:, 1, 0] = width * angle.sin() * mirror
    theta[:, 1, 1] = height * angle.cos()
    theta[:, 1, 2] = y
    grid = functional.affine_grid(theta, [n, 3, side_px, side_px], align_corners=False)
    # A camera that is not held straight: what lies further off is smaller.
    slant = _uniform(2 * n, -strength.perspective, strength.perspective, generator).view(n, 1, 1, 2)
    return grid / (1 + (slant * grid).sum(dim=-1, keepdim=True)).clamp(min=0.2)


def _replace_background(
    colors: torch.Tensor, mask: torch.Tensor, probability: float, generator: torch.Generator
) -> torch.Tensor:
    """A plain wall, a gradient, or another photo of the batch, blurred, behind the product."""
    n, _, side, _ = colors.shape
    chosen = (torch.rand(n, generator=generator) < probability).nonzero().squeeze(1)
    if len(chosen) == 0:
        return colors
    corners = torch.rand(len(chosen), 3, 2, 2, generator=generator)
    flat = corners.mean(dim=(2, 3), keepdim=True)
    spread = torch.rand(len(chosen), 1, 1, 1, generator=generator)
    walls = functional.interpolate(flat + (corners - flat) * spread, size=side, mode="bilinear", align_corners=False)
    others = functional.interpolate(
        functional.avg_pool2d(colors[chosen.flip(0)], 4), size=side, mode="bilinear", align_corners=False
    )
    is_wall = (torch.rand(len(chosen), 1, 1, 1, generator=generator) < 0.6).float()
    behind = is_wall * walls + (1 - is_wall) * others
    front = mask[chosen]
    replaced = colors.clone()
    replaced[chosen] = front * colors[chosen] + (1 - front) * behind
    return replaced


def _relight(colors: torch.Tensor, strength: Strength, generator: torch.Generator) -> torch.Tensor:
    n = len(colors)
    light = 1 + _uniform(n, -strength.light, strength.light * 0.6, generator).view(n, 1, 1, 1)
    contrast = 1 + _uniform(n, -strength.light, strength.light, generator).view(n, 1, 1, 1) * 0.6
    tint = 1 + strength.tint * torch.randn(n, 3, 1, 1, generator=generator)
    mean = colors.mean(dim=(1, 2, 3), keepdim=True)
    return ((colors - mean) * contrast + mean) * light * tint


def _frame(colors: torch.Tensor, probability: float, generator: torch.Generator) -> torch.Tensor:
    """The photo smaller on a plain page, as in a screenshot."""
    chosen = (torch.rand(len(colors), generator=generator) < probability).nonzero().squeeze(1)
    if len(chosen) == 0:
        return colors
    framed = colors.clone()
    theta = torch.eye(2, 3).repeat(len(chosen), 1, 1) * _uniform(len(chosen), 1.1, 1.7, generator).view(-1, 1, 1)
    theta[:, :, 2] = _uniform(2 * len(chosen), -0.3, 0.3, generator).view(-1, 2)
    grid = functional.affine_grid(theta, [len(chosen), 3, *colors.shape[2:]], align_corners=False)
    page = (torch.rand(len(chosen), 1, 1, 1, generator=generator) < 0.7).float()
    page = page * 0.98 + (1 - page) * 0.1
    framed[chosen] = functional.grid_sample(colors[chosen] - page, grid, align_corners=False) + page
    return framed


def _recompress(colors: torch.Tensor, probability: float, generator: torch.Generator) -> torch.Tensor:
    """JPEG's loss: 8x8 blocks in frequency space, rounded more coarsely the higher the frequency."""
    side = colors.shape[2] // 8 * 8
    chosen = (torch.rand(len(colors), generator=generator) < probability).nonzero().squeeze(1)
    if len(chosen) == 0:
        return colors
    k = torch.arange(8.0)
    basis = torch.cos((2 * k[None, :] + 1) * k[:, None] * math.pi / 16) / 2
    basis[0] /= math.sqrt(2)
    blocks = colors[chosen, :, :side, :side].unfold(2, 8, 8).unfold(3, 8, 8)
    coefficients = basis @ blocks @ basis.T
    coarse = _uniform(len(chosen), 0.01, 0.05, generator).view(-1, 1, 1, 1, 1, 1) * (1 + k[:, None] + k[None, :])
    blocks = basis.T @ ((coefficients / coarse).round() * coarse) @ basis
    changed = colors.clone()
    changed[chosen, :, :side, :side] = blocks.permute(0, 1, 2, 4, 3, 5).reshape(len(chosen), 3, side, side)
    return changed
