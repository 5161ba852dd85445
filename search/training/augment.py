"""Batch augmentation on tensors: crop, aspect, tilt, flip, light, tint, blur, noise and another background."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
    light: float = 0.3
    tint: float = 0.05
    blur_p: float = 0.25
    noise: float = 0.03
    background_p: float = 0.3


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    """(n, 3, h, w) in 0..1 -> CLIP's mean and deviation."""
    mean = torch.tensor(CLIP_MEAN, device=pixels.device).view(1, 3, 1, 1)
    std = torch.tensor(CLIP_STD, device=pixels.device).view(1, 3, 1, 1)
    return (pixels - mean) / std


def plain(photos: torch.Tensor, side_px: int) -> torch.Tensor:
    """(n, h, w, 4) uint8 -> (n, 3, side, side) normalised, nothing else changed: what validation sees."""
    pixels = photos[..., :3].permute(0, 3, 1, 2).float() / 255
    return normalise(functional.interpolate(pixels, size=side_px, mode="bilinear", antialias=True, align_corners=False))


def augment(photos: torch.Tensor, side_px: int, strength: Strength, generator: torch.Generator) -> torch.Tensor:
    """(n, h, w, 4) uint8, RGB and foreground mask -> (n, 3, side, side) normalised, each photo changed its own way."""
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
    amount = strength.noise * torch.rand(len(colors), 1, 1, 1, generator=generator)
    colors = colors + amount * torch.randn(colors.shape, generator=generator)
    return normalise(colors.clamp(0, 1))


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
    return functional.affine_grid(theta, [n, 3, side_px, side_px], align_corners=False)


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
