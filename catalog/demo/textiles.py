"""Rugs and cushions."""

from __future__ import annotations

import numpy as np

from catalog.demo.geometry import Points, ellipse, lens, moved, path, polygon, rounded, scaled, turned
from catalog.demo.look import Look
from catalog.demo.palette import contrast, darker
from catalog.demo.sheet import Fold, Sheet


def draw_rug(sheet: Sheet, look: Look) -> None:
    """Rugs from above: rectangular with fringe or border, round, runners."""
    if look.has("shape", "round"):
        _laid(sheet, look, ellipse(240, 300, 186, 186))
        return
    half, high = {"runner": (96.0, 246.0)}.get(look.cut.get("shape", "rectangle"), (162.0, 226.0))
    top, bottom = 300 - high, 300 + high
    if look.has("edge", "fringe"):
        thread = look.finish.accent if look.has("fringe", "accent") else (0.93, 0.89, 0.8)
        for number in range(int(half * 2 / 6)):
            x = 240 - half + 4 + number * 6
            sway = look.vary(f"thread{number}", -2.5, 2.5)
            for y, way in ((top + 2, -1), (bottom - 2, 1)):
                sheet.line(
                    polygon((x, y), (x + sway, y + way * 17)), darker(thread, 0.14), width=2.8, opacity=0.95, spill=True
                )
                sheet.line(polygon((x, y), (x + sway, y + way * 16)), thread, width=1.6, opacity=1, spill=True)
    _laid(sheet, look, rounded(240 - half, top, 240 + half, bottom, radius=3))


def _laid(sheet: Sheet, look: Look, outline: Points) -> None:
    waves = [Fold(ellipse(240 + look.vary("wx", -90, 90), 300 + look.vary("wy", -130, 130), 90, 24), 2, 24)]
    sheet.part(outline, look.finish, volume=0.35, roundness=9, folds=waves)
    about = (240.0, 300.0)
    if look.has("edge", "border"):
        for factor, width in ((0.93, 7.0), (0.885, 2.5)):
            ring = scaled(outline, factor, about)
            sheet.line(np.concatenate([ring, ring[:1]]), look.finish.accent, width=width, opacity=0.9)
    if look.has("center", "medallion"):
        for factor, color in (
            (1.0, look.finish.accent),
            (0.78, look.finish.color),
            (0.55, look.finish.accent2),
            (0.3, look.finish.color),
        ):
            diamond = polygon(
                (240, 300 - 150 * factor), (240 + 96 * factor, 300), (240, 300 + 150 * factor), (240 - 96 * factor, 300)
            )
            sheet.part(diamond, look.finish.plain(color), volume=0.1, edge=0.15)
    elif look.has("center", "arches"):
        for factor in (1.0, 0.8, 0.6, 0.4, 0.2):
            r = 130 * factor
            arch = path(
                f"M {240 - r} 420 L {240 - r} 300 C {240 - r} {300 - r * 1.33} {240 + r} {300 - r * 1.33} "
                f"{240 + r} 300 L {240 + r} 420 Z"
            )
            color = (look.finish.accent, look.finish.color, look.finish.accent2, look.finish.color, look.finish.accent)[
                round((1 - factor) * 5)
            ]
            sheet.part(arch, look.finish.plain(color), volume=0.1, edge=0.15)


def draw_cushion(sheet: Sheet, look: Look) -> None:
    """Cushions: square, long and round, with piping, a fringe or tassels."""
    if look.has("shape", "round"):
        sheet.part(ellipse(240, 300, 152, 150), look.finish, volume=1.6, roundness=42, folds=_round_creases())
        sheet.soft(ellipse(240, 300, 18, 16), darker(look.finish.color, 0.6), blur_units=9, opacity=0.6)
        sheet.part(ellipse(240, 300, 11, 10), look.finish.plain(), volume=0.9, roundness=6)
        return
    w, h = (188.0, 112.0) if look.has("shape", "long") else (158.0, 158.0)
    tilt = look.vary("tilt", -4, 4) + (12 if look.is_back else 0)
    x1, y1, x2, y2 = 240 - w, 300 - h, 240 + w, 300 + h
    sag = 15
    outline = turned(
        path(
            f"M {x1} {y1} Q {240} {y1 + sag * 2} {x2} {y1} Q {x2 - sag * 1.6} 300 {x2} {y2} Q 240 "
            f"{y2 - sag * 2} {x1} {y2} Q {x1 + sag * 1.6} 300 {x1} {y1}"
        ),
        tilt,
    )
    if look.has("edge", "fringe", "tassel"):
        _trimmed(sheet, look, outline)
    folds = []
    for cx, cy in ((x1, y1), (x2, y1), (x2, y2), (x1, y2)):
        for swing in (-0.18, 0.16):
            end = (cx + (240 - cx) * (0.52 + swing), cy + (300 - cy) * (0.52 - swing))
            folds.append(
                Fold(
                    turned(lens((cx + (240 - cx) * 0.08, cy + (300 - cy) * 0.08), end, bend=5, width=13), tilt), 3.2, 5
                )
            )
    sheet.part(outline, look.finish, volume=1.7, roundness=44, folds=folds, angle=-tilt)
    if look.has("edge", "piping"):
        sheet.line(np.concatenate([outline, outline[:1]]), look.finish.accent, width=5, opacity=0.95)
        sheet.line(
            moved(np.concatenate([outline, outline[:1]]), 1.2, 1.4),
            darker(look.finish.accent, 0.5),
            width=1.2,
            opacity=0.4,
        )
    if look.has("front", "buttons"):
        for dx in (-44, 0, 44):
            sheet.part(
                ellipse(240 + dx, 300, 7, 7), look.finish.plain(contrast(look.finish.color, 0.2)), lift=0.6, roundness=5
            )


def _round_creases() -> list[Fold]:
    angles = np.linspace(0, 2 * np.pi, 15)[:-1]
    return [
        Fold(
            lens(
                (240 + 16 * np.cos(a), 300 + 15 * np.sin(a)),
                (240 + 120 * np.cos(a), 300 + 118 * np.sin(a)),
                bend=4,
                width=11,
            ),
            4,
            4,
        )
        for a in angles
    ]


def _trimmed(sheet: Sheet, look: Look, outline: Points) -> None:
    if look.has("edge", "tassel"):
        for corner in (0, 14, 28, 42):
            x, y = outline[min(corner, len(outline) - 1)]
            dx, dy = np.sign(x - 240) * 16, np.sign(y - 300) * 16
            for spread in (-7, -3.5, 0, 3.5, 7):
                sheet.line(
                    polygon((x, y), (x + dx + spread, y + dy - spread * np.sign(dx * dy))),
                    look.finish.accent,
                    width=3,
                    opacity=1,
                    spill=True,
                )
        return
    place = np.linspace(0, len(outline) - 1, 120)
    for x, y in np.stack([np.interp(place, np.arange(len(outline)), outline[:, axis]) for axis in (0, 1)], axis=1):
        out = np.array([x - 240, y - 300]) / max(1.0, float(np.hypot(x - 240, y - 300)))
        sheet.line(
            np.array([[x, y], [x + out[0] * 14, y + out[1] * 14]]),
            look.finish.accent,
            width=4,
            opacity=0.95,
            spill=True,
        )
