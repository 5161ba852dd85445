"""What garments for the upper body share: the measures, body, sleeves, necklines, creases."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from catalog.demo.geometry import MIDDLE, Points, flipped, lens, mirrored, moved, path, polygon, ribbon
from catalog.demo.look import Look
from catalog.demo.materials import Finish, lining
from catalog.demo.palette import contrast, lighter
from catalog.demo.sheet import Fold, Sheet

# Half widths of chest, waist and hem for each fit.
FITS: dict[str, tuple[float, float, float]] = {
    "slim": (78, 70, 75),
    "regular": (87, 84, 87),
    "relaxed": (97, 97, 99),
    "oversized": (108, 110, 110),
    "boxy": (102, 103, 104),
}


@dataclass(frozen=True, slots=True)
class Torso:
    """Half widths from the middle and heights, in units."""

    neck: float
    top: float
    shoulder: float
    shoulder_y: float
    chest: float
    underarm_y: float
    waist: float
    waist_y: float
    hem: float
    hem_y: float


def torso(look: Look, *, top: float = 82, length: float = 330) -> Torso:
    """The measures of a body for the look's fit; `length` runs from the neck to the hem."""
    chest, waist, hem = FITS.get(look.cut.get("fit", "regular"), FITS["regular"])
    drop = 6 if look.has("fit", "oversized", "boxy") else 0
    shoulder = chest - 9 + drop + look.vary("shoulder", -2, 3)
    return Torso(
        neck=look.vary("neck", 33, 38),
        top=top,
        shoulder=shoulder,
        shoulder_y=top + 25 + drop,
        chest=chest,
        underarm_y=top + 110 + drop * 1.5,
        waist=waist,
        waist_y=top + 195,
        hem=hem,
        hem_y=top + length,
    )


NECK_DEPTHS = {
    "crew": 22,
    "v": 74,
    "deep-v": 112,
    "scoop": 52,
    "boat": 12,
    "square": 46,
    "roll": 14,
    "mock": 14,
    "henley": 24,
}


def neckline(look: Look, t: Torso) -> Points:
    """The right half of the front neckline, from the middle to the shoulder."""
    kind = look.cut.get("neck", "crew")
    depth = 8.0 if look.is_back else float(NECK_DEPTHS.get(kind, 22))
    n, y = t.neck + (14 if kind == "boat" else 6 if kind == "square" else 0), t.top
    if kind in ("v", "deep-v") and not look.is_back:
        return path(f"M 240 {y + depth} Q {240 + n * 0.62} {y + depth * 0.42} {240 + n} {y}")
    if kind == "square" and not look.is_back:
        return path(f"M 240 {y + depth} L {240 + n - 5} {y + depth} Q {240 + n - 1} {y + depth * 0.5} {240 + n} {y}")
    return path(f"M 240 {y + depth} Q {240 + n * 0.78} {y + depth} {240 + n} {y}")


def body(look: Look, t: Torso, *, hem_drop: float = 5) -> Points:
    """The closed outline of the front."""
    neck = neckline(look, t)
    m = MIDDLE
    tip, under = t.shoulder, t.chest
    side = path(
        f"M {m + tip - 6} {t.shoulder_y - 2} Q {m + tip} {t.shoulder_y} {m + tip - 1} {t.shoulder_y + 7} "
        f"C {m + tip - 7} {t.shoulder_y + 32} {m + tip - 9} {t.underarm_y - 26} "
        f"{m + under} {t.underarm_y} C {m + under - 1} {t.underarm_y + 40} {m + t.waist} {t.waist_y - 40} "
        f"{m + t.waist} {t.waist_y} C {m + t.waist} {t.waist_y + 40} {m + t.hem - 1} {t.hem_y - 40} "
        f"{m + t.hem} {t.hem_y} "
        f"Q {m + t.hem * 0.5} {t.hem_y + hem_drop} {m} {t.hem_y + hem_drop}"
    )
    return mirrored(np.concatenate([neck, side]))


def inside(sheet: Sheet, look: Look, t: Torso) -> None:
    """The inner back that shows through the neck opening, with a label."""
    depth = NECK_DEPTHS.get(look.cut.get("neck", "crew"), 22)
    n = t.neck + (16 if look.has("neck", "boat") else 8)
    low = t.top + depth + 8
    shape = path(
        f"M 240 {t.top + 5} Q {240 + n * 0.7} {t.top + 5} {240 + n - 3} {t.top - 2} L {240 + n} {t.top + 10} "
        f"{'L' if look.has('neck', 'square') else 'Q'} {240 + n - 2} {low} 240 {low}"
    )
    sheet.part(mirrored(shape), lining(look.finish), volume=0.3)
    if not look.has("neck", "boat", "square"):
        tag = contrast(look.finish.color, 0.0 if sum(look.finish.color) > 1.6 else 0.8)
        sheet.part(polygon((231, t.top + 8), (249, t.top + 8), (249, t.top + 17), (231, t.top + 17)),
                   Finish(lighter(tag, 0.3)), volume=0, edge=0.2)  # fmt: skip


def sleeve_outline(look: Look, t: Torso) -> tuple[Points, float, tuple[float, float, float, float]]:
    """The right sleeve's outline, its angle in degrees from the vertical, and its cuff's ends (x1, y1, x2, y2)."""
    kind = look.cut.get("sleeve", "short")
    wide = {"slim": -4, "relaxed": 5, "oversized": 10, "boxy": 8}.get(look.cut.get("fit", ""), 0)
    length, angle, cuff = {
        "short": (96 + look.vary("sl", -8, 10), 33.0, 60 + wide),
        "cap": (44, 48.0, 58 + wide),
        "elbow": (150, 25.0, 56 + wide),
        "three-quarter": (205, 18.0, 40 + wide * 0.7),
        "long": (278 + look.vary("sl", -6, 6), 15.5 + wide * 0.12, 38 + wide * 0.5),
        "bell": (280, 16.0, 70),
        "puff": (112, 27.0, 44),
        "balloon": (272, 17.0, 36),
    }[kind]
    a = math.radians(angle)
    along, across = np.array([math.sin(a), math.cos(a)]), np.array([-math.cos(a), math.sin(a)])
    start, under = np.array([240 + t.shoulder - 2, t.shoulder_y + 2]), np.array([240 + t.chest - 3, t.underarm_y + 2])
    outer = start + along * length
    inner = outer + across * cuff
    bulge = {"puff": 34.0, "balloon": 24.0}.get(kind, 5.0)
    o1, o2 = start + along * length * 0.3 - across * bulge, start + along * length * 0.75 - across * (bulge * 0.9)
    i1, i2 = inner - along * (length * 0.35) - across * (-bulge * 0.25), under + along * 18 - across * 3
    shape = path(
        f"M {start[0] - 20:.2f} {start[1] - 5:.2f} Q {start[0] - 4:.2f} {start[1] - 4:.2f} {start[0]:.2f} "
        f"{start[1]:.2f} C {o1[0]:.2f} {o1[1]:.2f} {o2[0]:.2f} {o2[1]:.2f} "
        f"{outer[0]:.2f} {outer[1]:.2f} L {inner[0]:.2f} {inner[1]:.2f} C {i1[0]:.2f} {i1[1]:.2f} "
        f"{i2[0]:.2f} {i2[1]:.2f} "
        f"{under[0]:.2f} {under[1]:.2f} L {under[0] - 22:.2f} {under[1] - 12:.2f}"
    )
    return shape, angle, (float(outer[0]), float(outer[1]), float(inner[0]), float(inner[1]))


def sleeves(sheet: Sheet, look: Look, t: Torso, *, cuff: float = 0.0, cuff_finish: Finish | None = None) -> None:
    """Both sleeves with creases; a cuff of `cuff` units, or a stitched hem."""
    if look.has("sleeve", "none"):
        return
    shape, angle, (ox, oy, ix, iy) = sleeve_outline(look, t)
    creases = _sleeve_creases(look, t, (ox, oy, ix, iy))
    thread = contrast(look.finish.color, 0.3)
    a = math.radians(angle)
    for side in (1, -1):

        def place(points: Points, side: int = side) -> Points:
            return points if side == 1 else flipped(points)

        folds = [Fold(place(crease.outline), crease.rise, crease.soft) for crease in creases]
        sheet.part(place(shape), look.finish, folds=folds, angle=-angle * side, volume=1.1, shade=0.03)
        if cuff:
            up = np.array([math.sin(a), math.cos(a)]) * cuff
            puffed = 5 if look.has("sleeve", "puff", "balloon") else 0
            band = polygon(
                (ox + 1.5 - puffed, oy),
                (ix - 1.5, iy),
                (ix - 1 - up[0] * 0, iy + up[1]),
                (ox + 1 + up[0] - puffed, oy + up[1]),
            )
            sheet.part(place(band), cuff_finish or look.finish.of("rib"), angle=-angle * side, volume=0.7, roundness=8)
        else:
            for lift in (7, 9.5):
                dx, dy = math.sin(a) * lift, math.cos(a) * lift
                sheet.line(place(polygon((ox - dx, oy - dy), (ix - dx, iy - dy))), thread, width=0.8, opacity=0.4)


def _sleeve_creases(look: Look, t: Torso, cuff: tuple[float, float, float, float]) -> list[Fold]:
    ox, oy, ix, iy = cuff
    under_x, under_y = 240 + t.chest, t.underarm_y
    folds = [
        Fold(lens((under_x + 2, under_y + 4), (240 + t.shoulder + 12, t.shoulder_y + 40), bend=6, width=12), -3.0, 4)
    ]
    if oy - t.shoulder_y > 180:
        mid_x, mid_y = (ix + under_x) / 2, (iy + under_y) / 2
        wide = (ox - ix) * 1.2
        for number in range(4):
            y = mid_y - 46 + number * 30 + look.vary(f"crease{number}", -8, 8)
            x = mid_x + (y - mid_y) * 0.24
            side = 1 if number % 2 else 0
            folds.append(
                Fold(
                    lens(
                        (x + side * wide * 0.5, y),
                        (x + wide * (0.55 + side * 0.5), y + 22 - 38 * side),
                        bend=4,
                        width=11,
                    ),
                    3.2,
                    3,
                )
            )
        folds.append(Fold(lens((ix + 6, iy - 90), (ix + 12, iy - 6), bend=3, width=10), 3.0, 4))
    elif look.has("sleeve", "puff"):
        for number in range(5):
            x = ix + (ox - ix) * (0.1 + number * 0.2)
            folds.append(
                Fold(lens((x, oy - 2), (240 + t.shoulder + 4 + number * 7, t.shoulder_y + 24), bend=4, width=8), 4.0, 3)
            )
    return folds


def creases(look: Look, t: Torso) -> list[Fold]:
    """How the body's cloth falls: pulls from the underarms, long soft folds towards the hem."""
    m, folds = MIDDLE, []
    for side in (1, -1):
        for number in range(3):
            sway = look.vary(f"fold{side}{number}", -10, 10)
            start = (m + side * (t.chest - 8 - number * 5), t.underarm_y + 6 + number * 16)
            end = (m + side * (t.chest * 0.42 + sway), t.underarm_y + 58 + number * 34)
            folds.append(Fold(lens(start, end, bend=-9 * side, width=13), 2.4, 5))
        x = t.hem * (0.36 + look.vary(f"drape{side}", 0, 0.3))
        folds.append(
            Fold(
                lens((m + side * x, t.hem_y - 4), (m + side * (x - 12), t.waist_y - 30), bend=8 * side, width=17),
                3.0,
                6,
            )
        )
    folds.append(Fold(lens((m + look.vary("mid", -26, 26), t.hem_y), (m, t.waist_y + 10), bend=6, width=16), 2.6, 7))
    return folds


def neck_band(sheet: Sheet, look: Look, t: Torso, *, width: float = 9, finish: Finish | None = None) -> None:
    """A ribbed band along the neckline."""
    half = neckline(look, t)
    line = moved(np.concatenate([flipped(half)[::-1], half[1:]]), 0, width * 0.32)[2:-2]
    ends = np.array([[240 - t.neck - width * 0.12, t.top + 1]]), np.array([[240 + t.neck + width * 0.12, t.top + 1]])
    if look.has("neck", "boat", "square"):
        ends = (line[:1], line[-1:])
    line = np.concatenate([ends[0], line, ends[1]])
    sheet.part(
        ribbon(line, width), finish or look.finish.plain().of("rib"), lift=0.5, volume=0.8, roundness=6, edge=0.4
    )


def hem_stitches(sheet: Sheet, look: Look, t: Torso, *, drop: float = 5) -> None:
    """Twin stitching above the hem."""
    thread = contrast(look.finish.color, 0.3)
    for lift in (9, 11.5):
        y = t.hem_y - lift
        line = path(
            f"M {240 - t.hem + 1} {y} Q {240 - t.hem * 0.5} {y + drop} 240 {y + drop} Q {240 + t.hem * 0.5} "
            f"{y + drop} {240 + t.hem - 1} {y}"
        )
        sheet.line(line, thread, width=0.8, opacity=0.4)


def hem_band(sheet: Sheet, look: Look, t: Torso, *, height: float = 22, finish: Finish | None = None) -> None:
    """A knitted waistband that draws the hem in a little."""
    y, w = t.hem_y, t.hem
    shape = path(
        f"M {240 - w + 2} {y - 4} Q 240 {y + 2} {240 + w - 2} {y - 4} Q {240 + w - 1} {y + height * 0.5} "
        f"{240 + w - 7} {y + height} "
        f"Q 240 {y + height + 5} {240 - w + 7} {y + height} Q {240 - w + 1} {y + height * 0.5} {240 - w + 2} {y - 4}"
    )
    sheet.part(shape, finish or look.finish.plain().of("rib"), volume=0.9, roundness=9, lift=0.3)


def armholes(sheet: Sheet, look: Look, t: Torso) -> None:
    """The seam between body and sleeve."""
    m = MIDDLE
    seam = path(
        f"M {m + t.shoulder} {t.shoulder_y} C {m + t.shoulder - 7} {t.shoulder_y + 28} "
        f"{m + t.shoulder - 9} {t.underarm_y - 26} "
        f"{m + t.chest} {t.underarm_y}"
    )
    for line in (seam, flipped(seam)):
        sheet.line(line, contrast(look.finish.color, 0.4), width=1.2, opacity=0.35)
