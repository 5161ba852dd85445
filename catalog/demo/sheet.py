"""The sheet that products are drawn on: parts with their own light, creases and contact shadows, lines, glows.

Colours are premultiplied float32. Design units go to pixels by one affine map, so any size, turn or zoom is drawn
from the outlines again and stays sharp.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from catalog.demo.geometry import Points
from catalog.demo.light import dashes, enlarge, lit, rim
from catalog.demo.materials import MATERIALS, Finish, Pixels, paint
from catalog.demo.noise import Field, blur
from catalog.demo.palette import RGB

DESIGN = (480.0, 600.0)


@dataclass(frozen=True, slots=True)
class Fold:
    """A crease or a bulge: an outline whose inside is raised (or sunk) by `rise` units and smoothed by `soft`."""

    outline: Points
    rise: float = 2.0
    soft: float = 4.0


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of pixels, possibly reaching past the sheet's border."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        return self.right - self.left, self.bottom - self.top


class Sheet:
    """A transparent canvas of `size` pixels; `linear` (2x2) and `offset` map design units to pixels."""

    def __init__(self, size: tuple[int, int], linear: Points, offset: Points) -> None:
        self.size = size
        self.linear = linear
        self.offset = offset
        self.px = float(np.sqrt(abs(np.linalg.det(linear))))
        self.rgb = np.zeros((size[1], size[0], 3), dtype=np.float32)
        self.alpha = np.zeros((size[1], size[0]), dtype=np.float32)
        self._inverse = np.linalg.inv(linear)

    def part(
        self,
        outline: Points,
        finish: Finish,
        *,
        holes: Sequence[Points] = (),
        folds: Sequence[Fold] = (),
        volume: float = 1.0,
        roundness: float = 16.0,
        lift: float = 0.0,
        angle: float = 0.0,
        edge: float = 0.3,
        opacity: float = 1.0,
        shade: float = 0.0,
    ) -> None:
        """Lay one piece on the sheet.

        `volume` is how much it bulges, over `roundness` units from its edge; `lift` (0 to 1) is its shadow on what lies
        under it; `angle` turns its texture; `edge` darkens its contour; `shade` darkens it as a whole.
        """
        pixels = self._to_px(outline)
        window = self._window(pixels, margin=12 * self.px if lift else 2)
        if window is None:
            return
        mask = self._coverage([pixels], [self._to_px(hole) for hole in holes], window)
        low = self._coarse(mask)
        if lift:
            self._darken(window, self._shadow(low, window) * np.float32(lift))
        light = np.zeros_like(mask)
        if volume or folds:
            light = self._light(low, window, folds, (volume, roundness, MATERIALS[finish.material].relief))
        x, y = self._design_grid(window, angle)
        color = paint(finish, x, y, self.px)
        contour = rim(mask) * np.float32(edge * min(1.0, self.px + 0.1)) if edge else None
        self._lay(
            window, lit(color, light, contour, finish, shade), mask if opacity == 1.0 else mask * np.float32(opacity)
        )

    def line(
        self,
        points: Points,
        color: RGB,
        *,
        width: float = 1.2,
        opacity: float = 0.6,
        dash: tuple[float, float] | None = None,
        spill: bool = False,
    ) -> None:
        """A line of `width` units that follows `points`; `dash` is (on, off) in units. Only `spill` leaves the product."""
        pixels = self._to_px(points)
        window = self._window(pixels, margin=width * self.px + 2)
        if window is None:
            return
        zoom = 3 if self.px > 0.5 else 4
        image = Image.new("L", (window.size[0] * zoom, window.size[1] * zoom))
        pen = ImageDraw.Draw(image)
        wide = max(1, round(width * self.px * zoom))
        # A line thinner than a pixel fades instead of growing.
        opacity *= min(1.0, max(0.3, width * self.px / 0.8))
        for piece in dashes(pixels, (dash[0] * self.px, dash[1] * self.px)) if dash else [pixels]:
            flat = ((piece - (window.left, window.top)) * zoom).ravel().tolist()
            pen.line(flat, fill=255, width=wide, joint="curve" if wide > 3 else None)
        mask = np.asarray(image.reduce(zoom), dtype=np.float32) * np.float32(opacity / 255)
        if spill:
            self._lay(window, np.broadcast_to(np.asarray(color, dtype=np.float32), (*mask.shape, 3)), mask)
        else:
            self._lay_on_top(window, np.asarray(color, dtype=np.float32), mask)

    def soft(self, outline: Points, color: RGB, *, blur_units: float, opacity: float, spill: bool = False) -> None:
        """A blurred patch of colour: shade, bleach, glow. It stays on what is drawn unless `spill`."""
        pixels = self._to_px(outline)
        window = self._window(pixels, margin=2.2 * blur_units * self.px + 2)
        if window is None:
            return
        step = self._step()
        low = self._low_mask(pixels, window, step)
        radius = max(1, round(blur_units * self.px / step))
        mask = enlarge(blur(low, radius, radius), window.size, step) * np.float32(opacity)
        if spill:
            tint = np.broadcast_to(np.asarray(color, dtype=np.float32), (*mask.shape, 3))
            self._lay(window, tint, mask)
        else:
            self._lay_on_top(window, np.asarray(color, dtype=np.float32), mask)

    @contextmanager
    def shifted(self, right: float, down: float) -> Iterator[None]:
        """Everything drawn inside lands `right` and `down` units further."""
        before = self.offset
        self.offset = before + self.linear @ np.array([right, down])
        yield
        self.offset = before

    def image(self) -> Image.Image:
        """The sheet as a straight-alpha RGBA image."""
        alpha = np.clip(self.alpha, 0, 1)
        straight = self.rgb / np.maximum(alpha, 1e-4)[..., None]
        stacked = np.dstack([np.clip(straight, 0, 1), alpha])
        return Image.fromarray((stacked * 255 + 0.5).astype(np.uint8), "RGBA")

    # --- pixels ---------------------------------------------------------------------------------------------------

    def _to_px(self, points: Points) -> Points:
        return np.asarray(points @ self.linear.T + self.offset)

    def _window(self, pixels: Points, margin: float) -> Window | None:
        reach = 44 * self.px
        low = np.maximum(pixels.min(axis=0) - margin, -reach)
        high = np.minimum(pixels.max(axis=0) + margin + 1, np.array(self.size) + reach)
        inside = (high > 0).all() and (low < self.size).all()
        left, top = (int(value) for value in np.floor(low))
        right, bottom = (int(value) for value in np.ceil(high))
        return Window(left, top, right, bottom) if inside and right > left and bottom > top else None

    def _coverage(self, outlines: list[Points], holes: list[Points], window: Window) -> Field:
        zoom = 3 if self.px > 0.5 else 4
        image = Image.new("L", (window.size[0] * zoom, window.size[1] * zoom))
        pen = ImageDraw.Draw(image)
        for points, fill in [(one, 255) for one in outlines] + [(one, 0) for one in holes]:
            pen.polygon(((points - (window.left, window.top)) * zoom).ravel().tolist(), fill=fill)
        return np.asarray(image.reduce(zoom), dtype=np.float32) / 255

    def _step(self) -> int:
        """Light and blurs are worked out on a grid of about two units: finer detail would be blurred away."""
        return max(1, round(1.9 * self.px))

    def _low_mask(self, pixels: Points, window: Window, step: int) -> Field:
        width, height = (-(-side // step) for side in window.size)
        image = Image.new("L", (width * 2, height * 2))
        ImageDraw.Draw(image).polygon(((pixels - (window.left, window.top)) * 2 / step).ravel().tolist(), fill=255)
        return np.asarray(image.reduce(2), dtype=np.float32) / 255

    def _coarse(self, mask: Field) -> Field:
        """A mask on the grid that light is worked out on."""
        step = self._step()
        if step == 1:
            return mask
        return np.asarray(Image.fromarray((mask * 255).astype(np.uint8)).reduce(step), dtype=np.float32) / np.float32(
            255
        )

    def _light(self, low: Field, window: Window, folds: Sequence[Fold], shape: tuple[float, float, float]) -> Field:
        """Signed light, -1 to 1, from the upper left on a part's relief; `shape` is volume, roundness and relief."""
        volume, roundness, relief = shape
        unit = self.px / self._step()
        wide, tight = max(1, round(roundness * unit)), max(1, round(roundness * 0.3 * unit))
        height = np.float32(volume * roundness * 0.8) * blur(low, wide, wide)
        height += np.float32(volume * roundness * 0.22) * blur(low, tight, tight)
        for soft in sorted({fold.soft for fold in folds}):
            bumps = self._bumps([fold for fold in folds if fold.soft == soft], window, (low.shape[1], low.shape[0]))
            radius = max(1, round(soft * unit))
            height += blur(bumps, radius, radius)
        down, right = np.gradient(height * np.float32(unit))
        light = np.tanh((np.float32(0.55) * right + np.float32(0.83) * down) * np.float32(relief * 0.9))
        return enlarge(light, window.size, self._step())

    def _shadow(self, low: Field, window: Window) -> Field:
        """The soft shadow that a part throws on what lies under it, 0 to 1."""
        unit = self.px / self._step()
        radius, shift = max(1, round(4 * unit)), max(1, round(3 * unit))
        shadow = np.roll(blur(low, radius, radius), (shift, shift // 2), axis=(0, 1))
        return enlarge(shadow, window.size, self._step())

    def _bumps(self, folds: Sequence[Fold], window: Window, size: tuple[int, int]) -> Field:
        """The rise of several folds on the coarse grid, not yet smoothed."""
        image = Image.new("F", (size[0] * 2, size[1] * 2))
        pen = ImageDraw.Draw(image)
        for fold in folds:
            pixels = (self._to_px(fold.outline) - (window.left, window.top)) * 2 / self._step()
            pen.polygon(pixels.ravel().tolist(), fill=fold.rise)
        return np.asarray(image.reduce(2), dtype=np.float32)

    def _design_grid(self, window: Window, angle: float) -> tuple[Field, Field]:
        columns = np.arange(window.left, window.right, dtype=np.float32)[None, :] + 0.5 - np.float32(self.offset[0])
        rows = np.arange(window.top, window.bottom, dtype=np.float32)[:, None] + 0.5 - np.float32(self.offset[1])
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        matrix = (np.array([[cos, sin], [-sin, cos]]) @ self._inverse).astype(np.float32)
        x, y = matrix[0, 0] * columns + matrix[0, 1] * rows, matrix[1, 0] * columns + matrix[1, 1] * rows
        return x, y

    def _crop(self, window: Window) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        left, top = max(0, window.left), max(0, window.top)
        right, bottom = min(self.size[0], window.right), min(self.size[1], window.bottom)
        inner = (slice(top - window.top, bottom - window.top), slice(left - window.left, right - window.left))
        return (slice(top, bottom), slice(left, right)), inner

    def _lay(self, window: Window, color: Pixels, mask: Field) -> None:
        here, inner = self._crop(window)
        cover = mask[inner]
        change = color[inner] - self.rgb[here]
        change *= cover[..., None]
        self.rgb[here] += change
        self.alpha[here] += (1 - self.alpha[here]) * cover

    def _lay_on_top(self, window: Window, color: Pixels, mask: Field) -> None:
        here, inner = self._crop(window)
        cover = mask[inner]
        change = color * self.alpha[here][..., None]
        change -= self.rgb[here]
        change *= cover[..., None]
        self.rgb[here] += change

    def _darken(self, window: Window, shadow: Field) -> None:
        here, inner = self._crop(window)
        self.rgb[here] *= (1 - np.float32(0.54) * shadow[inner])[..., None]
