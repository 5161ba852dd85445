"""Furniture is built from solids in centimetres, seen from above the front at a chosen angle, without vanishing points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from catalog.demo.geometry import Points, bar, path
from catalog.demo.materials import Finish
from catalog.demo.sheet import Fold, Sheet

Place = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Stage:
    """Maps (x right, y up, z towards the viewer) in centimetres to design units; `ground` is y = 0 at z = 0."""

    sheet: Sheet
    turn: float = 24.0
    tilt: float = 15.0
    zoom: float = 3.2
    ground: float = 470.0

    def at(self, x: float, y: float, z: float) -> tuple[float, float]:
        """A place's position on the sheet."""
        cos, sin = math.cos(math.radians(self.turn)), math.sin(math.radians(self.turn))
        right, depth = x * cos - z * sin, x * sin + z * cos
        lean = math.radians(self.tilt)
        return 240 + right * self.zoom, self.ground - y * math.cos(lean) * self.zoom + depth * math.sin(
            lean
        ) * self.zoom

    def outline(self, *places: Place) -> Points:
        """Several places as a closed outline."""
        return np.array([self.at(*place) for place in places])

    def box(
        self, low: Place, high: Place, finish: Finish, *, radius: float = 0.0, soft: float = 0.25, lift: float = 0.25
    ) -> None:
        """A block between two corners: top, front and the visible side; `radius` rounds it as upholstery, in units."""
        (x1, y1, z1), (x2, y2, z2) = low, high
        front = self.outline((x1, y2, z2), (x2, y2, z2), (x2, y1, z2), (x1, y1, z2))
        top = self.outline((x1, y2, z1), (x2, y2, z1), (x2, y2, z2), (x1, y2, z2))
        side_x = x1 if self.turn < 0 else x2
        near, far = (side_x, y2, z2), (side_x, y2, z1)
        side = self.outline(near, far, (side_x, y1, z1), (side_x, y1, z2))
        if self.turn < 0:
            side = side[::-1]
        if radius:
            hull = convex(np.concatenate([front, top, side]))
            self.sheet.part(softened(hull, radius), finish, volume=soft * 2, roundness=14, lift=lift, shade=0.06)
        wood = finish.material in ("oak", "walnut", "ash")
        lying = 90.0 if wood and (y2 - y1) > max(x2 - x1, z2 - z1) else 0.0
        tone = 0.16 if self.turn > 0 else 0.1
        for face, shade in ((side, tone), (front, 0.03), (top, -0.06)):
            if abs(_area(face)) < 6:
                continue
            shape = softened(face, radius) if radius else face
            self.sheet.part(
                shape, finish, volume=soft if radius else 0.08, roundness=12 if radius else 6, shade=shade,
                angle=lying, edge=0.18 if radius else 0.3, lift=0.0 if radius else lift * 0.5,
            )  # fmt: skip

    def cushion(
        self,
        low: Place,
        high: Place,
        finish: Finish,
        *,
        radius: float = 10.0,
        lift: float = 0.4,
        folds: tuple[Fold, ...] = (),
    ) -> None:
        """A stuffed block: one soft shape with a brighter top."""
        (x1, y1, z1), (x2, y2, z2) = low, high
        corners = [self.at(x, y, z) for x in (x1, x2) for y in (y1, y2) for z in (z1, z2)]
        hull = softened(convex(np.array(corners)), radius)
        self.sheet.part(hull, finish, volume=1.25, roundness=15, lift=lift, folds=folds)
        top = softened(self.outline((x1, y2, z1), (x2, y2, z1), (x2, y2, z2), (x1, y2, z2)), radius * 0.8)
        self.sheet.soft(top, (1.0, 1.0, 1.0), blur_units=3, opacity=0.10)
        seam = self.outline((x1 + 1, y2 - 0.6, z2), (x2 - 1, y2 - 0.6, z2))
        self.sheet.line(seam, tuple(c * 0.55 for c in finish.color), width=1.2, opacity=0.3)  # type: ignore[arg-type]

    def leg(self, top: Place, foot: Place, finish: Finish, *, widths: tuple[float, float] = (4.0, 2.6)) -> None:
        """A tapering round leg; widths in centimetres."""
        shape = bar(self.at(*top), self.at(*foot), widths=(widths[0] * self.zoom, widths[1] * self.zoom))
        self.sheet.part(shape, finish, volume=1.2, roundness=max(3.0, widths[0] * self.zoom * 0.5), angle=90, edge=0.35)

    def disc(self, center: Place, radius: float, finish: Finish, *, thick: float = 3.0, lift: float = 0.3) -> None:
        """A flat round slab, `radius` and `thick` in centimetres."""
        x, y, z = center
        angle = np.linspace(0, 2 * math.pi, 61)[:-1]
        rim = [
            np.array([self.at(x + radius * math.cos(a), height, z + radius * math.sin(a)) for a in angle])
            for height in (y, y - thick)
        ]
        self.sheet.part(convex(np.concatenate(rim)), finish, volume=0.3, roundness=10, shade=0.14, lift=lift)
        self.sheet.part(rim[0], finish, volume=0.1, roundness=8, shade=-0.04)


def convex(points: Points) -> Points:
    """The convex hull, in order (Andrew's monotone chain)."""
    ordered = sorted(map(tuple, points.tolist()))

    def chain(sequence: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
        kept: list[tuple[float, ...]] = []
        for p in sequence:
            while len(kept) > 1 and _cross(kept[-2], kept[-1], p) <= 0:
                kept.pop()
            kept.append(p)
        return kept[:-1]

    return np.array(chain(ordered) + chain(ordered[::-1]))


def _cross(o: tuple[float, ...], a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def _area(points: Points) -> float:
    x, y = points[:, 0], points[:, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def softened(points: Points, radius: float) -> Points:
    """The outline with each corner rounded by up to `radius` units."""
    if radius <= 0:
        return points
    pieces: list[str] = []
    for index, corner in enumerate(points):
        before, after = points[index - 1] - corner, points[(index + 1) % len(points)] - corner
        one, two = float(np.hypot(*before)), float(np.hypot(*after))
        reach = min(radius, one / 2.05, two / 2.05)
        start, end = corner + before / max(one, 1e-6) * reach, corner + after / max(two, 1e-6) * reach
        pieces.append(
            f"{'M' if not pieces else 'L'} {start[0]:.3f} {start[1]:.3f} Q {corner[0]:.3f} {corner[1]:.3f} "
            f"{end[0]:.3f} {end[1]:.3f}"
        )
    return path(" ".join(pieces))
