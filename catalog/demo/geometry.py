"""Outlines as arrays of points in design units (a photo is 480 x 600 units, y downwards)."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
MIDDLE = 240.0
CURVE_STEPS = 14
_TOKEN = re.compile(r"[MLCQZ]|-?\d+(?:\.\d+)?(?:e-?\d+)?")
_T = np.linspace(0.0, 1.0, CURVE_STEPS + 1)[1:, None]


def path(spec: str) -> Points:
    """An outline from SVG path commands in absolute coordinates (M, L, Q, C, Z), curves sampled to points (n, 2)."""
    tokens = _TOKEN.findall(spec)
    points: list[Points] = []
    place, index, command = np.zeros(2), 0, "M"
    while index < len(tokens):
        if tokens[index].isalpha():
            command = tokens[index]
            index += 1
            if command == "Z":
                continue
        count = {"M": 1, "L": 1, "Q": 2, "C": 3}[command]
        given = np.array([float(token) for token in tokens[index : index + 2 * count]]).reshape(count, 2)
        index += 2 * count
        if command in "ML":
            points.append(given)
            command = "L"
        else:
            points.append(_bezier(place, given))
        place = given[-1]
    return np.concatenate(points)


def _bezier(start: Points, given: Points) -> Points:
    rest = 1 - _T
    if len(given) == 2:
        return np.asarray(rest**2 * start + 2 * rest * _T * given[0] + _T**2 * given[1])
    return np.asarray(rest**3 * start + 3 * rest**2 * _T * given[0] + 3 * rest * _T**2 * given[1] + _T**3 * given[2])


def polygon(*points: tuple[float, float]) -> Points:
    """Straight edges between the given corners."""
    return np.array(points, dtype=np.float64)


def flipped(points: Points, middle: float = MIDDLE) -> Points:
    """The mirror image about a vertical axis."""
    return np.asarray(points * (-1, 1) + (2 * middle, 0))


def mirrored(half: Points, middle: float = MIDDLE) -> Points:
    """A closed outline from its right half, which runs from the axis back to the axis."""
    return np.concatenate([half, flipped(half, middle)[::-1]])


def moved(points: Points, right: float, down: float) -> Points:
    """The points shifted."""
    return np.asarray(points + np.array([right, down]))


def turned(points: Points, degrees: float, about: tuple[float, float] = (MIDDLE, 300.0)) -> Points:
    """The points turned clockwise (as seen) about a centre."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.asarray((points - about) @ np.array([[cos, sin], [-sin, cos]]) + about)


def scaled(points: Points, factor: float, about: tuple[float, float]) -> Points:
    """The points moved towards or away from a centre."""
    return np.asarray((points - about) * factor + about)


def ellipse(cx: float, cy: float, rx: float, ry: float) -> Points:
    """A closed ellipse."""
    angle = np.linspace(0, 2 * math.pi, 49)[:-1]
    return np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=1)


def rounded(x1: float, y1: float, x2: float, y2: float, *, radius: float) -> Points:
    """A rectangle with round corners."""
    r = max(0.1, min(radius, (x2 - x1) / 2, (y2 - y1) / 2))
    return path(
        f"M {x1 + r} {y1} L {x2 - r} {y1} Q {x2} {y1} {x2} {y1 + r} L {x2} {y2 - r} Q {x2} {y2} {x2 - r} {y2} "
        f"L {x1 + r} {y2} Q {x1} {y2} {x1} {y2 - r} L {x1} {y1 + r} Q {x1} {y1} {x1 + r} {y1}"
    )


def box(x1: float, y1: float, x2: float, y2: float) -> Points:
    """A rectangle."""
    return polygon((x1, y1), (x2, y1), (x2, y2), (x1, y2))


def bar(start: tuple[float, float], end: tuple[float, float], *, widths: tuple[float, float]) -> Points:
    """A straight limb (a chair leg, a pole) from `start` to `end`, with its width at both ends."""
    a, b = np.array(start), np.array(end)
    normal = np.array([-(b - a)[1], (b - a)[0]]) / max(1e-6, float(np.hypot(*(b - a)))) / 2
    first, second = normal * widths[0], normal * widths[1]
    return np.array([a + first, b + second, b - second, a - first])


def ribbon(center: Points, widths: Points | float) -> Points:
    """A band around a centre line: straps, handles, welts. `widths` is one number or one per point."""
    tangent = np.gradient(center, axis=0)
    tangent /= np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-6)[:, None]
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    half = (np.asarray(widths) * np.ones(len(center)))[:, None] / 2
    return np.concatenate([center + normal * half, (center - normal * half)[::-1]])


def lens(start: tuple[float, float], end: tuple[float, float], *, bend: float, width: float) -> Points:
    """A crease: a sliver that tapers at both ends and bows sideways by `bend` units."""
    a, b = np.array(start), np.array(end)
    along = np.linspace(0, 1, 9)[:, None]
    normal = np.array([-(b - a)[1], (b - a)[0]]) / max(1e-6, float(np.hypot(*(b - a))))
    arch = np.sin(along * math.pi)
    center = a + (b - a) * along + normal * bend * arch
    return np.concatenate([center + normal * width / 2 * arch, (center - normal * width / 2 * arch)[::-1]])


def along(points: Points, share: float) -> tuple[float, float]:
    """The point at a share (0 to 1) of a line's length."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    place = np.concatenate([[0], np.cumsum(steps)])
    target = share * place[-1]
    return float(np.interp(target, place, points[:, 0])), float(np.interp(target, place, points[:, 1]))
