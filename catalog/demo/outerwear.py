"""Jackets, blazers and coats."""

from __future__ import annotations

import numpy as np

from catalog.demo.geometry import ellipse, flipped, lens, mirrored, moved, path, polygon, ribbon, rounded
from catalog.demo.look import Look
from catalog.demo.materials import lining
from catalog.demo.palette import contrast, darker
from catalog.demo.sheet import Fold, Sheet
from catalog.demo.tops import button, collar, patch_pocket
from catalog.demo.torso import Torso, armholes, body, creases, hem_band, inside, sleeves, torso

LENGTHS = {"short": 252, "hip": 300, "thigh": 352, "knee": 410, "long": 462}


def draw_jacket(sheet: Sheet, look: Look) -> None:
    """Jackets and coats in every style: blazer, denim, bomber, biker, puffer, trench, duffle."""
    style = look.cut.get("style", "blazer")
    length = LENGTHS[look.cut.get("length", "hip")] + look.vary("length", -6, 8)
    long = length > 380
    t = torso(look, top=62 if long else 96, length=length)
    cuffs = {"bomber": 24, "denim": 20, "puffer": 10, "trench": 12}.get(style, 0)
    rib = look.finish.plain().of("rib" if style == "bomber" else look.finish.material)
    inside(sheet, look, t)
    sleeves(sheet, look, t, cuff=cuffs, cuff_finish=rib)
    folds = creases(look, t) if style != "puffer" else []
    flare = 26 if long and style != "puffer" else 0
    wide = Torso(
        t.neck, t.top, t.shoulder, t.shoulder_y, t.chest, t.underarm_y, t.waist, t.waist_y, t.hem + flare, t.hem_y
    )
    sheet.part(body(look, wide), look.finish, folds=folds, lift=0.4, volume=1.2, roundness=18)
    armholes(sheet, look, t)
    if look.is_back:
        sheet.line(
            polygon((240, t.waist_y + 30), (240, wide.hem_y + 4)),
            darker(look.finish.color, 0.5),
            width=1.4,
            opacity=0.5,
        )
        collar(sheet, look, t, spread=30, drop=10)
        return
    draw = {
        "blazer": _tailored, "coat": _tailored, "denim": _trucker, "bomber": _zipped, "biker": _biker, "puffer": _puffer,
        "trench": _trench, "duffle": _duffle, "chore": _chore,
    }[style]  # fmt: skip
    draw(sheet, look, wide)


def _lapels(sheet: Sheet, look: Look, t: Torso, meet: float, *, width: float) -> None:
    """The open V with what lies behind it, notched lapels and collar."""
    n, y = t.neck, t.top
    gap = mirrored(path(f"M 240 {y + 4} L {240 + n - 2} {y} Q {240 + n * 0.7} {(y + meet) / 2 - 10} 240 {meet}"))
    sheet.part(gap, lining(look.finish), volume=-0.4, roundness=10)
    lapel = path(
        f"M {240 + n - 2} {y - 2} Q {240 + n * 0.75} {(y + meet) / 2 - 14} 238 {meet} Q "
        f"{240 + width * 0.9} {meet - 54} {240 + n + width * 0.72} {y + 62} "
        f"L {240 + n + width * 0.34} {y + 52} L {240 + n + 8} {y + 6} Z"
    )
    top = path(
        f"M {240 + n - 4} {y - 8} Q {240 + n + 12} {y - 4} {240 + n + 16} {y + 8} L "
        f"{240 + n + width * 0.62} {y + 46} "
        f"L {240 + n + width * 0.2} {y + 50} L {240 + n - 6} {y + 8} Z"
    )
    for side in (1, -1):
        for shape in (lapel, top):
            sheet.part(
                shape if side > 0 else flipped(shape),
                look.finish,
                lift=0.5,
                volume=0.5,
                roundness=8,
                angle=14 * side,
                edge=0.5,
            )
    sheet.part(
        path(f"M {240 - n + 1} {y - 6} Q 240 {y - 18} {240 + n - 1} {y - 6} Q 240 {y + 4} {240 - n + 1} {y - 6}"),
        look.finish,
        volume=0.5,
    )


def _front_edge(sheet: Sheet, look: Look, t: Torso, start: float, offset: float = 4) -> None:
    edge = path(
        f"M {240 + offset} {start} L {240 + offset} {t.hem_y - 20} Q {240 + offset - 2} {t.hem_y} "
        f"{240 + offset - 14} {t.hem_y + 5}"
    )
    sheet.line(moved(edge, 2, 1), darker(look.finish.color, 0.6), width=4, opacity=0.16)
    sheet.line(edge, darker(look.finish.color, 0.6), width=1.4, opacity=0.6)


def _flap_pockets(sheet: Sheet, look: Look, t: Torso, y: float, *, width: float = 54) -> None:
    for side in (1, -1):
        x = 240 + side * t.waist * 0.56
        flap = polygon(
            (x - width / 2, y + side),
            (x + width / 2, y - side),
            (x + width / 2, y + 17 - side),
            (x - width / 2, y + 17 + side),
        )
        sheet.part(flap, look.finish, lift=0.45, volume=0.4, roundness=5, edge=0.45)


def _tailored(sheet: Sheet, look: Look, t: Torso) -> None:
    double = look.has("front", "double")
    meet = t.top + (178 if not double else 164)
    _lapels(sheet, look, t, meet, width=46 if double else 38)
    _front_edge(sheet, look, t, meet, -16 if double else 4)
    _flap_pockets(sheet, look, t, t.waist_y + 44)
    if look.has("style", "blazer"):
        sheet.part(
            polygon((270, t.top + 112), (304, t.top + 107), (304, t.top + 116), (270, t.top + 121)),
            look.finish,
            lift=0.3,
            volume=0.3,
            roundness=4,
        )
    rows = 3 if double else 2 if look.has("style", "blazer") else 3
    for number in range(rows):
        for x in (218, 262) if double else (238,):
            button(sheet, look, (x, meet + 12 + number * 44), radius=6)


def _trench(sheet: Sheet, look: Look, t: Torso) -> None:
    meet = t.top + 150
    _lapels(sheet, look, t, meet, width=58)
    _front_edge(sheet, look, t, meet, -20)
    for number in range(2):
        for x in (212, 268):
            button(sheet, look, (x, meet + 4 + number * 62), radius=6)
    y = t.waist_y + 12
    belt = path(
        f"M {240 - t.waist - 2} {y - 8} Q 240 {y + 4} {240 + t.waist + 2} {y - 8} L {240 + t.waist + 2} "
        f"{y + 10} Q 240 {y + 22} {240 - t.waist - 2} {y + 10} Z"
    )
    sheet.part(belt, look.finish, lift=0.5, volume=0.6, roundness=7)
    sheet.part(
        rounded(226, y - 7, 256, y + 21, radius=4),
        look.trim,
        holes=[rounded(232, y - 1, 250, y + 15, radius=2)],
        lift=0.5,
    )
    tail = path(f"M 224 {y + 8} Q 208 {y + 50} 212 {y + 88}")
    sheet.part(ribbon(tail, 15), look.finish, lift=0.5, volume=0.6, roundness=6)
    for side in (1, -1):
        welt = polygon(
            (240 + side * 66, y + 46), (240 + side * 76, y + 42), (240 + side * 82, y + 96), (240 + side * 72, y + 100)
        )
        sheet.part(welt, look.finish, lift=0.4, volume=0.4, roundness=5)


def _trucker(sheet: Sheet, look: Look, t: Torso) -> None:
    thread = look.trim.color
    yoke = path(f"M {240 - t.shoulder + 8} {t.top + 84} L 240 {t.top + 90} L {240 + t.shoulder - 8} {t.top + 84}")
    sheet.line(yoke, thread, width=1.3, opacity=0.8)
    for side in (1, -1):
        patch_pocket(sheet, look, (240 + side * 45, t.top + 88), (46, 46), flap=True)
        button(sheet, look, (240 + side * 45, t.top + 99), radius=3.4)
        for x, foot in ((68, 52), (24, 22)):
            sheet.line(
                polygon((240 + side * x, t.top + 136), (240 + side * foot, t.hem_y - 4)), thread, width=1.1, opacity=0.7
            )
    hem_band(sheet, look, t, height=20, finish=look.finish)
    sheet.part(rounded(231, t.top + 22, 249, t.hem_y + 18, radius=2), look.finish, lift=0.35, volume=0.3, roundness=4)
    for number in range(6):
        button(sheet, look, (240, t.top + 36 + number * (t.hem_y - t.top - 32) / 5), radius=4.6)
    collar(sheet, look, t, spread=44, drop=32)


def _zip(sheet: Sheet, look: Look, t: Torso, start: float, end: float, *, x: float = 240) -> None:
    line = polygon((x, start), (x, end))
    sheet.line(line, darker(look.finish.color, 0.65), width=6, opacity=0.75)
    sheet.line(line, look.trim.color, width=2.6, opacity=0.95, dash=(1.6, 1.4))
    sheet.part(rounded(x - 2.5, start + 4, x + 2.5, start + 20, radius=2), look.trim.of("metal"), lift=0.4, roundness=3)


def _zipped(sheet: Sheet, look: Look, t: Torso) -> None:
    rib = look.finish.plain().of("rib")
    hem_band(sheet, look, t, height=26, finish=rib)
    n, y = t.neck, t.top
    neck = path(
        f"M {240 - n - 3} {y + 4} Q {240 - n + 4} {y - 12} 240 {y - 8} Q {240 + n - 4} {y - 12} "
        f"{240 + n + 3} {y + 4} Q {240 + n * 0.6} {y + 34} 240 {y + 37} Q {240 - n * 0.6} {y + 34} "
        f"{240 - n - 3} {y + 4}"
    )
    hole = path(
        f"M {240 - n + 9} {y + 1} Q 240 {y - 8} {240 + n - 9} {y + 1} Q {240 + n * 0.4} {y + 16} 240 "
        f"{y + 18} Q {240 - n * 0.4} {y + 16} {240 - n + 9} {y + 1}"
    )
    sheet.part(hole, lining(look.finish), volume=0.2)
    sheet.part(neck, rib, holes=[hole], lift=0.4, volume=0.8, roundness=6)
    _zip(sheet, look, t, t.top + 22, t.hem_y + 24)
    for side in (1, -1):
        welt = polygon(
            (240 + side * 50, t.waist_y + 4),
            (240 + side * 57, t.waist_y),
            (240 + side * 74, t.waist_y + 48),
            (240 + side * 67, t.waist_y + 52),
        )
        sheet.part(welt, look.finish, lift=0.4, volume=0.4, roundness=4)


def _biker(sheet: Sheet, look: Look, t: Torso) -> None:
    _lapels(sheet, look, t, t.top + 120, width=62)
    slant = polygon((232, t.top + 122), (214, t.hem_y))
    sheet.line(slant, darker(look.finish.color, 0.7), width=6, opacity=0.75)
    sheet.line(slant, look.trim.color, width=2.6, opacity=0.95, dash=(1.6, 1.4))
    for x, y, dx, dy in ((180, 252, -22, 34), (292, 246, 24, 36)):
        sheet.line(polygon((x, y), (x + dx, y + dy)), look.trim.color, width=3, opacity=0.95, dash=(1.6, 1.2))
    sheet.part(
        rounded(240 - t.hem + 2, t.hem_y - 24, 240 + t.hem - 2, t.hem_y - 2, radius=3),
        look.finish,
        lift=0.4,
        volume=0.6,
        roundness=7,
    )
    sheet.part(
        rounded(250, t.hem_y - 25, 274, t.hem_y - 1, radius=3),
        look.trim.of("metal"),
        holes=[rounded(255, t.hem_y - 20, 269, t.hem_y - 6, radius=2)],
        lift=0.5,
    )
    for side in (1, -1):
        button(sheet, look, (240 + side * 58, t.top + 66), radius=3.5)


def _puffer(sheet: Sheet, look: Look, t: Torso) -> None:
    rows = max(6, round((t.hem_y - t.shoulder_y) / 38))
    seam = darker(look.finish.color, 0.55)
    for number in range(1, rows):
        y = t.shoulder_y + 14 + number * (t.hem_y - t.shoulder_y) / rows
        wide = t.chest if y < t.waist_y else t.waist + (t.hem - t.waist) * (y - t.waist_y) / (t.hem_y - t.waist_y)
        if y < t.underarm_y:
            wide = t.chest - 12
        line = path(f"M {240 - wide + 2} {y} Q 240 {y + 6} {240 + wide - 2} {y}")
        sheet.soft(ribbon(line, 11), seam, blur_units=5, opacity=0.6)
        sheet.soft(ribbon(moved(line, 0, 15), 8), (1, 1, 1), blur_units=5, opacity=0.16)
        sheet.line(line, seam, width=1.3, opacity=0.65)
    n, y = t.neck + 4, t.top
    tube = path(
        f"M {240 + n - 8} {y - 26} Q {240 + n + 6} {y - 6} {240 + n} {y + 14} Q 240 {y + 36} {240 - n} "
        f"{y + 14} Q {240 - n - 6} {y - 6} {240 - n + 8} {y - 26} Q 240 {y - 12} {240 + n - 8} {y - 26}"
    )
    sheet.part(ellipse(240, y - 26, n - 8, 8), lining(look.finish), volume=0.2)
    sheet.part(
        tube,
        look.finish,
        lift=0.5,
        volume=1.4,
        roundness=12,
        folds=[Fold(lens((240 - n, y - 4), (240 + n, y - 4), bend=-14, width=4), -4, 3)],
    )
    _zip(sheet, look, t, y - 10, t.hem_y + 4)


def _duffle(sheet: Sheet, look: Look, t: Torso) -> None:
    _front_edge(sheet, look, t, t.top + 30, -18)
    for number in range(3):
        y = t.top + 96 + number * 66
        for side in (1, -1):
            loop = path(f"M {240 + side * 46} {y} L {240 + side * 10} {y}")
            sheet.line(loop, darker(look.trim.color, 0.2), width=3, opacity=0.9)
            toggle = rounded(240 + side * 49 - 7, y - 8, 240 + side * 49 + 7, y + 8, radius=3)
            sheet.part(toggle, look.trim, lift=0.4, roundness=4)
        sheet.part(
            rounded(224, y - 4, 258, y + 4, radius=4),
            look.trim.plain(darker(look.trim.color, 0.25)),
            lift=0.5,
            roundness=4,
        )
    for side in (1, -1):
        patch_pocket(sheet, look, (240 + side * 52, t.waist_y + 60), (64, 74))
    n, y = t.neck + 10, t.top
    half = path(
        f"M 240 {y - 34} C {240 + n} {y - 40} {240 + n + 22} {y - 8} {240 + n + 6} {y + 18} C "
        f"{240 + n - 8} {y + 40} 256 {y + 52} 240 {y + 56}"
    )
    sheet.part(mirrored(half), look.finish, lift=0.5, volume=1.1, roundness=18)
    hole = mirrored(
        path(
            f"M 240 {y - 18} C {240 + n - 14} {y - 20} {240 + n - 4} {y} {240 + n - 14} {y + 16} Q 262 "
            f"{y + 36} 240 {y + 42}"
        )
    )
    sheet.part(hole, lining(look.finish), volume=-0.6, roundness=12)


def _chore(sheet: Sheet, look: Look, t: Torso) -> None:
    _front_edge(sheet, look, t, t.top + 40)
    for number in range(5):
        button(sheet, look, (238, t.top + 52 + number * (t.hem_y - t.top - 86) / 4), radius=5)
    patch_pocket(sheet, look, (290, t.top + 104), (48, 54))
    for side in (1, -1):
        patch_pocket(sheet, look, (240 + side * 50, t.waist_y + 10), (64, 72))
    collar(sheet, look, t, spread=46, drop=36)
    seam = np.array([[240 - t.hem + 3, t.hem_y - 10], [240 + t.hem - 3, t.hem_y - 10]])
    sheet.line(seam, contrast(look.finish.color, 0.3), width=1, opacity=0.5)
