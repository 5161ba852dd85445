"""Dresses and skirts."""

from __future__ import annotations

import numpy as np

from catalog.demo.geometry import Points, ellipse, flipped, lens, mirrored, moved, path, polygon, ribbon, rounded
from catalog.demo.look import Look
from catalog.demo.palette import contrast, darker
from catalog.demo.sheet import Fold, Sheet
from catalog.demo.tops import button, collar
from catalog.demo.torso import Torso, armholes, inside, neck_band, neckline, sleeves, torso

# Half width at the hem for each silhouette.
FLARES = {"fitted": 76, "straight": 92, "a-line": 132, "flared": 168, "tiered": 158, "wrap": 128, "shirt": 116}
LENGTHS = {"mini": 330, "knee": 390, "midi": 448, "maxi": 478}


def skirt_folds(look: Look, span: tuple[float, float], waist: float, hem: float, count: int) -> list[Fold]:
    """Long folds that fan out from the waist to the hem."""
    top, bottom = span
    folds = []
    for number in range(count):
        share = (number + 0.5) / count * 2 - 1 + look.vary(f"fan{number}", -0.06, 0.06)
        start = (240 + share * waist * 0.8, top + look.vary(f"rise{number}", 8, 60))
        end = (240 + share * hem * 0.95, bottom + 4)
        folds.append(Fold(lens(start, end, bend=-6 * share, width=16 + hem / count), 6.0, 6))
    return folds


def _waves(left: float, right: float, y: float, *, count: int, depth: float) -> Points:
    """A hem seen from the front: soft waves from right to left."""
    x = np.linspace(right, left, 60)
    share = (x - left) / (right - left)
    return np.stack([x, y + depth * np.sin(share * np.pi * 2 * count) + 7 * np.sin(share * np.pi)], axis=1)


def skirt_outline(waist: float, hip: float, hem: float, span: tuple[float, float], waves: int) -> Points:
    """A skirt's closed outline between its waist and hem heights."""
    top, bottom = span
    drop = min(90, (bottom - top) * 0.4)
    right = path(
        f"M {240 + waist} {top} C {240 + waist + (hip - waist) * 0.7} {top + drop * 0.35} {240 + hip} "
        f"{top + drop * 0.6} "
        f"{240 + hip} {top + drop} C {240 + hip + (hem - hip) * 0.4} {top + drop * 1.5} {240 + hem - 6} "
        f"{bottom - 60} {240 + hem} {bottom}"
    )
    hem_line = _waves(240 - hem, 240 + hem, bottom, count=max(1, waves), depth=3.0 if waves else 0.0)
    return np.concatenate([right, hem_line[1:-1], flipped(right)[::-1]])


def draw_dress(sheet: Sheet, look: Look) -> None:
    """Dresses: bodice, sleeves and skirt in several silhouettes."""
    shape = look.cut.get("shape", "a-line")
    base = torso(look, top=58, length=150)
    strappy = look.has("neck", "strap", "sweetheart")
    waist = 62 if shape != "straight" else 76
    t = Torso(
        base.neck, base.top, base.shoulder - 8, base.shoulder_y, 76, base.underarm_y - 4, waist + 4, 190, waist, 214
    )
    bottom = 58.0 + LENGTHS[look.cut.get("length", "knee")]
    hem = FLARES[shape] * (0.86 if bottom < 420 else 1.0)
    if not strappy:
        inside(sheet, look, t)
        sleeves(sheet, look, t, cuff=12 if look.has("sleeve", "puff", "balloon") else 0, cuff_finish=look.finish)
    hip = max(waist + 10, min(hem, 84 if shape in ("fitted", "straight", "wrap") else 92))
    folds = skirt_folds(look, (210, bottom), waist, hem, 4 if hem < 100 else 9)
    waves = 0 if hem < 100 else 4 if hem < 140 else 6
    sheet.part(skirt_outline(waist, hip, hem, (206, bottom), waves), look.finish, folds=folds, volume=1.1)
    if shape == "tiered":
        _tiers(sheet, look, waist, hem, bottom)
    top = _strap_bodice(look, t) if strappy else _bodice(look, t)
    sheet.part(top, look.finish, folds=_bust(look, t), lift=0.3)
    if not strappy:
        armholes(sheet, look, t)
        _finish_neck(sheet, look, t, bottom)
    else:
        _straps(sheet, look, t)
    _waist(sheet, look, waist, hem, bottom)


def _bodice(look: Look, t: Torso) -> Points:
    m = 240
    side = path(
        f"M {m + t.shoulder - 6} {t.shoulder_y - 2} Q {m + t.shoulder} {t.shoulder_y} "
        f"{m + t.shoulder - 1} {t.shoulder_y + 7} "
        f"C {m + t.shoulder - 8} {t.shoulder_y + 34} {m + t.shoulder - 8} {t.underarm_y - 24} "
        f"{m + t.chest} {t.underarm_y} "
        f"C {m + t.chest} {t.underarm_y + 18} {m + t.waist} 178 {m + t.hem} 208 Q 240 216 240 214"
    )
    return mirrored(np.concatenate([neckline(look, t), side]))


def _strap_bodice(look: Look, t: Torso) -> Points:
    dip = 128 if look.has("neck", "sweetheart") else 118
    half = path(
        f"M 240 {dip} Q {256} {dip - 22} 284 {dip - 20} Q 300 {dip - 16} {240 + t.chest - 4} {t.underarm_y - 4} "
        f"C {240 + t.chest} {t.underarm_y + 18} {240 + t.waist} 178 {240 + t.hem} 208 Q 240 216 240 214"
    )
    return mirrored(half)


def _straps(sheet: Sheet, look: Look, t: Torso) -> None:
    wide = look.vary("strap", 5, 13)
    for side in (1, -1):
        line = path(f"M {240 + side * 46} 102 Q {240 + side * 47} 80 {240 + side * 42} 58")
        sheet.part(ribbon(line, wide), look.finish.plain(), volume=0.6, roundness=4, lift=0.2)


def _bust(look: Look, t: Torso) -> list[Fold]:
    folds = []
    for side in (1, -1):
        folds.append(Fold(ellipse(240 + side * 36, t.underarm_y - 2, 26, 22), 7, 12))
        folds.append(
            Fold(
                lens((240 + side * 68, t.underarm_y + 22), (240 + side * 40, t.underarm_y + 8), bend=2, width=8), -3, 3
            )
        )
        folds.append(Fold(lens((240 + side * 34, 212), (240 + side * 38, t.underarm_y + 22), bend=4, width=10), -3, 5))
    return folds


def _finish_neck(sheet: Sheet, look: Look, t: Torso, bottom: float) -> None:
    if look.has("shape", "shirt") and not look.is_back:
        line = polygon((240, t.top + 24), (240, bottom + 6))
        sheet.line(line, darker(look.finish.color, 0.4), width=1.2, opacity=0.45)
        for number in range(8):
            button(sheet, look, (240, t.top + 40 + number * (bottom - t.top - 90) / 7), radius=3.6)
        collar(sheet, look, t, spread=36, drop=30)
    elif look.has("shape", "wrap") and not look.is_back:
        cross = path(f"M {240 + t.neck} {t.top} C 262 120 214 170 {240 - t.hem + 4} 206 L 240 206 Z")
        sheet.part(cross[:-1], look.finish, lift=0.0, volume=0.4, edge=0.0, opacity=0.0)
        sheet.line(
            path(f"M {240 - t.neck} {t.top} Q 226 132 {240 + t.hem - 6} 204"),
            darker(look.finish.color, 0.5),
            width=1.6,
            opacity=0.45,
        )
    else:
        neck_band(sheet, look, t, width=5, finish=look.finish.plain())


def _waist(sheet: Sheet, look: Look, waist: float, hem: float, bottom: float) -> None:
    seam = contrast(look.finish.color, 0.35)
    band = path(
        f"M {240 - waist - 1} 204 Q 240 214 {240 + waist + 1} 204 L {240 + waist + 1} 217 Q 240 227 "
        f"{240 - waist - 1} 217 Z"
    )
    if look.has("belt", "yes", "tie"):
        sheet.part(
            band, look.trim if look.has("belt", "yes") else look.finish.plain(), lift=0.4, volume=0.6, roundness=6
        )
        if look.has("belt", "tie") and not look.is_back:
            for end in ((-1, 74), (1, 88)):
                tail = path(f"M {240 - 26} 214 Q {240 - 26 + end[0] * 10} 250 {240 - 26 + end[0] * 16} {214 + end[1]}")
                sheet.part(
                    ribbon(tail, np.linspace(6, 11, len(tail))), look.finish.plain(), lift=0.5, volume=0.6, roundness=5
                )
            sheet.part(ellipse(214, 213, 8, 7), look.finish.plain(), lift=0.5, roundness=5)
        elif not look.is_back:
            sheet.part(
                rounded(230, 205, 252, 229, radius=3),
                look.trim.of("metal"),
                holes=[rounded(234, 209, 248, 225, radius=2)],
                lift=0.4,
            )
    elif not look.has("shape", "straight"):
        sheet.line(band[:15], seam, width=1.3, opacity=0.4)
    if look.has("shape", "wrap") and not look.is_back:
        sheet.line(
            path(
                f"M {240 + waist - 12} 218 Q {240 + waist * 0.2} {(bottom + 220) / 2} {240 + hem * 0.28} {bottom + 6}"
            ),
            darker(look.finish.color, 0.5),
            width=1.8,
            opacity=0.4,
        )


def _tiers(sheet: Sheet, look: Look, waist: float, hem: float, bottom: float) -> None:
    for share in (0.36, 0.68):
        y = 206 + (bottom - 206) * share
        wide = 92 + (hem - 92) * share
        seam = path(f"M {240 - wide + 3} {y - 4} Q 240 {y + 12} {240 + wide - 3} {y - 4}")
        sheet.line(seam, darker(look.finish.color, 0.45), width=2.0, opacity=0.5)
        for number in range(15):
            x = 240 + (number / 14 * 2 - 1) * wide * 0.94
            sheet.soft(
                lens((x, y + 4), (x + (x - 240) * 0.05, y + 44), bend=1, width=7),
                darker(look.finish.color, 0.5),
                blur_units=2.5,
                opacity=0.35,
            )


def draw_skirt(sheet: Sheet, look: Look) -> None:
    """Skirts from pencil to pleated."""
    shape = look.cut.get("shape", "a-line")
    length = {"mini": 210, "knee": 290, "midi": 372, "maxi": 425}[look.cut.get("length", "knee")]
    top = 95.0 if length > 300 else 140.0
    waist, bottom = 72.0 + look.vary("waist", -3, 5), top + length
    hem = {"pencil": 86, "straight": 108, "a-line": 138, "flared": 176, "pleated": 158, "tiered": 164}[shape] * (
        0.9 if length < 250 else 1.0
    )
    hip = min(hem, 108.0)
    count = {"pencil": 3, "straight": 4, "a-line": 6, "pleated": 0}.get(shape, 10)
    waves = {"pencil": 0, "straight": 0, "a-line": 3}.get(shape, 6)
    folds = skirt_folds(look, (top + 20, bottom), waist, hem, count) if count else []
    sheet.part(
        skirt_outline(waist, hip, hem, (top + 10, bottom), waves), look.finish, folds=folds, volume=1.15, roundness=22
    )
    if shape == "pleated":
        _pleats(sheet, look, waist, hip, hem, (top + 22, bottom))
    if shape == "tiered":
        for share in (0.4, 0.7):
            y, wide = top + length * share, hip + (hem - hip) * share
            sheet.line(
                path(f"M {240 - wide + 4} {y} Q 240 {y + 14} {240 + wide - 4} {y}"),
                darker(look.finish.color, 0.45),
                width=2,
                opacity=0.5,
            )
    if look.has("slit", "yes"):
        sheet.part(
            polygon((276, bottom - 120), (283, bottom + 8), (268, bottom + 8)),
            look.finish.plain(darker(look.finish.color, 0.55)),
            volume=0,
            edge=0.2,
        )
    _skirt_front(sheet, look, (waist, hem), (top, bottom))
    band = path(
        f"M {240 - waist} {top} Q 240 {top + 9} {240 + waist} {top} L {240 + waist + 4} {top + 22} Q 240 "
        f"{top + 32} {240 - waist - 4} {top + 22} Z"
    )
    sheet.part(
        band, look.finish.plain() if look.has("waist", "elastic") else look.finish, lift=0.35, volume=0.7, roundness=8
    )
    if look.has("waist", "elastic"):
        for number in range(17):
            x = 240 + (number / 16 * 2 - 1) * waist * 0.93
            sheet.line(
                polygon((x, top + 9), (x + (x - 240) * 0.03, top + 24)),
                darker(look.finish.color, 0.4),
                width=1.4,
                opacity=0.35,
            )


def _skirt_front(sheet: Sheet, look: Look, widths: tuple[float, float], span: tuple[float, float]) -> None:
    top, bottom = span
    thread = contrast(look.finish.color, 0.35)
    if look.has("front", "buttons") and not look.is_back:
        sheet.part(rounded(231, top + 20, 249, bottom + 7, radius=2), look.finish, lift=0.35, volume=0.3, roundness=4)
        for number in range(6):
            button(sheet, look, (240, top + 36 + number * (bottom - top - 50) / 5.5), radius=5)
    elif look.has("front", "wrap"):
        sheet.line(
            path(
                f"M {240 + widths[0] - 18} {top + 26} Q 286 {(top + bottom) / 2} {240 + widths[1] * 0.4} {bottom + 6}"
            ),
            darker(look.finish.color, 0.5),
            width=2,
            opacity=0.5,
        )
    elif look.has("front", "jeans"):
        for side in (1, -1):
            sheet.line(
                path(
                    f"M {240 + side * (widths[0] - 22)} {top + 28} Q {240 + side * (widths[0] - 20)} {top + 62} "
                    f"{240 + side * (widths[0] + 22)} {top + 66}"
                ),
                thread,
                width=1.3,
                opacity=0.7,
            )
        sheet.line(polygon((240, top + 28), (240, bottom)), thread, width=1.2, opacity=0.6)
        sheet.line(
            path(f"M 258 {top + 28} L 258 {top + 70} Q 256 {top + 84} 242 {top + 88}"),
            thread,
            width=1.2,
            opacity=0.6,
            dash=(4, 2.5),
        )


def _pleats(sheet: Sheet, look: Look, waist: float, hip: float, hem: float, span: tuple[float, float]) -> None:
    """Sharp pleats: a dark line with light beside it, fanning out."""
    top, bottom = span
    count = 15
    for number in range(1, count):
        share = number / count * 2 - 1
        line = path(
            f"M {240 + share * waist} {top + 4} Q {240 + share * hip} {top + 70} {240 + share * hem} "
            f"{bottom + 6 * (1 - share * share)}"
        )
        fan = ribbon(line, np.linspace(2, hem / count * 1.3, len(line)))
        sheet.soft(moved(fan, hem / count * 0.5, 0), darker(look.finish.color, 0.6), blur_units=2.2, opacity=0.36)
        sheet.line(line, darker(look.finish.color, 0.55), width=1.1, opacity=0.55)
