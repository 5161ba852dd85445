"""Colours in OKLab, the perceptual space of Ottosson (2020), and how far apart two of them look.

A colour is (L, 2a, 2b) throughout: lightness from 0 to 1, and the two hue axes doubled. With the axes doubled, plain
Euclidean distance fits measured differences best (Ottosson found 2.016 on COMBVD and 2.045 on OSA-UCS; color.js calls
it deltaEOK2). A difference of 0.02 is about the least that can be seen (CSS Color 4).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

JUST_NOTICEABLE = 0.02
AXES_SCALE = 2.0

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
) * np.array([[1.0], [AXES_SCALE], [AXES_SCALE]], np.float32)
_VALUES = np.arange(256, dtype=np.float64) / 255
# From a byte of sRGB to linear light.
_LINEAR = np.where(_VALUES <= 0.04045, _VALUES / 12.92, ((_VALUES + 0.055) / 1.055) ** 2.4).astype(np.float32)


def from_rgb(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colours (..., 3) float32 of sRGB bytes (..., 3)."""
    lms = np.cbrt(_LINEAR[rgb] @ _TO_LMS.T)
    return np.asarray(lms @ _TO_LAB.T, np.float32)


def to_rgb(colours: NDArray[np.floating]) -> NDArray[np.uint8]:
    """sRGB bytes (..., 3) of colours (..., 3); what no screen can show is cut to what it can."""
    lms = (np.asarray(colours, np.float64) @ np.linalg.inv(_TO_LAB.astype(np.float64)).T) ** 3
    light = np.clip(lms @ np.linalg.inv(_TO_LMS.astype(np.float64)).T, 0, 1)
    values = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(values * 255), np.uint8)


def from_hex(code: str) -> tuple[float, float, float]:
    """The colour of "#1b2a49"."""
    lightness, a, b = from_rgb(np.array(list(bytes.fromhex(code.removeprefix("#"))), np.uint8)).tolist()
    return lightness, a, b


def to_hex(colour: tuple[float, float, float]) -> str:
    """The colour as "#1b2a49"."""
    return "#" + bytes(to_rgb(np.array(colour)).tolist()).hex()


def distances(colours: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each of `colours` (n, 3) looks from each of `others` (m, 3): (n, m)."""
    return np.asarray(np.linalg.norm(colours[:, None] - others[None], axis=2), np.float32)
