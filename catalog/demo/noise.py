"""Seamless noise tiles that textures sample: made once per process, always the same."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# float32 throughout; `floating`, because numpy's stubs widen the results of mixed arithmetic.
Field = NDArray[np.floating[Any]]
TILE = 512
TEXELS_PER_UNIT = 2.0


def blur(field: Field, radius_x: int, radius_y: int) -> Field:
    """Two box passes along each axis, zero outside: close to a Gaussian, and exact in float32."""
    for axis, radius in ((1, radius_x), (0, radius_y)):
        for _ in range(2 if radius > 0 else 0):
            field = _box(field, radius, axis)
    return field


def _box(field: Field, radius: int, axis: int) -> Field:
    rows, columns = field.shape
    if axis == 0:
        total = np.zeros((rows + 2 * radius + 1, columns), dtype=np.float32)
        np.cumsum(field, axis=0, out=total[radius + 1 : radius + 1 + rows])
        total[radius + 1 + rows :] = total[radius + rows]
        result = total[2 * radius + 1 :] - total[:rows]
    else:
        total = np.zeros((rows, columns + 2 * radius + 1), dtype=np.float32)
        np.cumsum(field, axis=1, out=total[:, radius + 1 : radius + 1 + columns])
        total[:, radius + 1 + columns :] = total[:, radius + columns : radius + columns + 1]
        result = total[:, 2 * radius + 1 :] - total[:, :columns]
    result *= np.float32(1 / (2 * radius + 1))
    return np.asarray(result)


@cache
def noise_tile(radius_x: float, radius_y: float, seed: int) -> Field:
    """A periodic tile of smooth noise, mean 0 and deviation 1; radii in texels along both axes."""
    field = np.random.default_rng(seed).standard_normal((TILE, TILE))
    fx, fy = np.fft.rfftfreq(TILE)[None, :], np.fft.fftfreq(TILE)[:, None]
    window = np.exp(-2 * np.pi**2 * ((fx * radius_x) ** 2 + (fy * radius_y) ** 2))
    smooth = np.fft.irfft2(np.fft.rfft2(field) * window, s=(TILE, TILE))
    smooth = (smooth - smooth.mean()) / smooth.std()
    return np.asarray(smooth, dtype=np.float32)


def sample(tile: Field, x: Field, y: Field) -> Field:
    """A tile's values at design coordinates, repeated without end."""
    # Shifted by whole tiles, so that truncation is a floor.
    columns = (x * TEXELS_PER_UNIT + 8 * TILE).astype(np.int32) & (TILE - 1)
    rows = (y * TEXELS_PER_UNIT + 8 * TILE).astype(np.int32) & (TILE - 1)
    return np.asarray(tile[rows, columns])
