"""Trousers, jeans and shorts."""

from __future__ import annotations

import numpy as np

from catalog.demo.geometry import Points, ellipse, flipped, lens, moved, path, polygon, rounded
from catalog.demo.look import Look
from catalog.demo.materials import Finish, lining
from catalog.demo.palette import contrast, darker, lighter
from catalog.demo.sheet import Fold, Sheet

# (half hip, knee width, hem width) of each cut.
CUTS: dict[str, tuple[float, float, float]] = {
    "skinny": (82, 50, 37),
    "slim": (84, 58, 46),
    "straight": (87, 70, 66),
    "tapered": (92, 72, 48),
    "relaxed": (93, 80, 74),
    "wide-leg": (92, 94, 112),
    "flared": (84, 62, 98),
    "cropped": (90, 78, 78),
}


def _leg(look: Look, top: float, bottom: float) -> Points:
    """The right leg and half of the seat."""
    hip, knee, hem = CUTS[look.cut.get("fit", "straight")]
    waist = hip * 0.8
    crotch = top + 138
    mid = crotch + (bottom - crotch) * 0.42
    short = bottom - crotch < 150
    spread = 6 + hip * 0.04
    outer_knee = max(hip + 3, spread + knee)
    outer_hem = spread + hem + (4 if hem > 90 else 2) if not short else hip + 12
    inner_hem = spread + 2 if not short else 8
    return path(
        f"M 240 {top + 14} L {240 + waist} {top + 12} C {240 + waist + 6} {top + 40} {240 + hip - 1} "
        f"{top + 70} {240 + hip} {top + 110} "
        f"C {240 + hip + 2} {crotch + 20} {240 + outer_knee} {mid - 50} "
        f"{240 + (outer_knee if not short else hip + 6)} {mid} "
        f"L {240 + outer_hem} {bottom} Q {240 + (outer_hem + inner_hem) / 2} {bottom + 5} {240 + inner_hem} {bottom} "
        f"L {240 + (spread + 2 if not short else 6)} {mid} L 241 {crotch} Z"
    )


def _leg_folds(look: Look, top: float, bottom: float) -> list[Fold]:
    hip, knee, hem = CUTS[look.cut.get("fit", "straight")]
    crotch, folds = top + 138, []
    for number in range(3):
        y = crotch + number * 15
        folds.append(Fold(lens((246, y), (240 + hip * 0.72, y - 34 + number * 20), bend=5, width=11), 3.2, 4))
    if bottom - crotch > 200:
        center = 240 + 8 + knee * 0.5
        mid = crotch + (bottom - crotch) * 0.42
        for number in range(3):
            y = mid - 22 + number * 20 + look.vary(f"knee{number}", -5, 5)
            folds.append(Fold(lens((center - knee * 0.4, y), (center + knee * 0.36, y + 12), bend=4, width=9), 2.2, 4))
        for number in range(2):
            x = center - 12 + number * 26 + look.vary(f"leg{number}", -8, 8)
            folds.append(Fold(lens((x, bottom + 2), (x - 6, mid + 30), bend=5, width=14), 4.0, 6))
        if hem < 60:
            for number in range(3):
                y = bottom - 14 - number * 17
                folds.append(Fold(lens((240 + 10, y + 8), (240 + 10 + hem * 0.9, y - 4), bend=4, width=9), 3.0, 3))
    else:
        for number in range(2):
            x = 240 + hip * (0.35 + 0.3 * number)
            folds.append(Fold(lens((x, bottom + 2), (x - 8, crotch - 30), bend=5, width=16), 4.0, 6))
    return folds


def draw_trousers(sheet: Sheet, look: Look) -> None:
    """Trousers, jeans and shorts: the cut says which."""
    is_short = look.has("length", "short", "bermuda")
    top = 62.0 if not is_short else 150.0
    bottom = {"short": top + 232, "bermuda": top + 290, "cropped": 478.0}.get(look.cut.get("length", "long"), 540.0)
    hip = CUTS[look.cut.get("fit", "straight")][0]
    waist = hip * 0.8
    opening = path(
        f"M {240 - waist + 2} {top + 3} Q 240 {top - 5} {240 + waist - 2} {top + 3} Q 240 {top + 14} "
        f"{240 - waist + 2} {top + 3}"
    )
    sheet.part(opening, lining(look.finish), volume=0.2)
    leg, folds = _leg(look, top, bottom), _leg_folds(look, top, bottom)
    sheet.part(
        flipped(leg),
        look.finish,
        folds=[Fold(flipped(f.outline), f.rise, f.soft) for f in folds],
        volume=1.2,
        roundness=20,
        angle=1,
    )
    sheet.part(leg, look.finish, folds=folds, volume=1.2, roundness=20, lift=0.35, angle=-1)
    denim = look.finish.material == "denim"
    if denim and look.has("wash", "faded"):
        _fade(sheet, look, top, bottom)
    _pressed(sheet, look, top, bottom)
    _hems(sheet, look, bottom, denim)
    if look.has("knee", "ripped"):
        _rips(sheet, look)
    _waistband(sheet, look, waist, top, denim)


def _fade(sheet: Sheet, look: Look, top: float, bottom: float) -> None:
    pale = lighter(look.finish.color, 0.55)
    for side in (1, -1):
        sheet.soft(ellipse(240 + side * 46, top + 190, 20, 95), pale, blur_units=14, opacity=0.55)
        if bottom > 420:
            sheet.soft(ellipse(240 + side * 46, top + 330, 16, 70), pale, blur_units=14, opacity=0.35)


def _pressed(sheet: Sheet, look: Look, top: float, bottom: float) -> None:
    if not look.has("front", "pleat", "crease"):
        return
    hip, knee, hem = CUTS[look.cut.get("fit", "straight")]
    for side in (1, -1):
        foot = 240 + side * (8 + hem * 0.5)
        line = path(
            f"M {240 + side * hip * 0.42} {top + 44} Q {240 + side * (8 + knee * 0.5)} {top + 240} {foot} {bottom}"
        )
        sheet.line(line, contrast(look.finish.color, 0.35), width=1.3, opacity=0.4)
        if look.has("front", "pleat"):
            sheet.soft(
                lens((240 + side * hip * 0.44, top + 36), (240 + side * hip * 0.46, top + 130), bend=3, width=12),
                darker(look.finish.color, 0.5),
                blur_units=3,
                opacity=0.35,
            )


def _hems(sheet: Sheet, look: Look, bottom: float, denim: bool) -> None:
    hip, _, hem = CUTS[look.cut.get("fit", "straight")]
    short = bottom < 480 and look.has("length", "short", "bermuda")
    inner, outer = (9, hip + 11) if short else (6 + hip * 0.04 + 3, 6 + hip * 0.04 + hem + 1)
    thread = look.trim.color if denim else contrast(look.finish.color, 0.3)
    for side in (1, -1):
        a, b = 240 + side * inner, 240 + side * outer
        if look.has("cuff", "yes"):
            turn = polygon(
                (a - side, bottom - 24), (b + side, bottom - 24), (b + side * 2, bottom + 1), (a - side * 2, bottom + 1)
            )
            sheet.part(
                turn,
                look.finish.plain(lighter(look.finish.color, 0.35)) if denim else look.finish,
                lift=0.5,
                volume=0.6,
                roundness=7,
            )
        elif look.has("cuff", "rib"):
            turn = polygon((a, bottom - 26), (b, bottom - 26), (b - side * 5, bottom + 5), (a + side * 3, bottom + 5))
            sheet.part(turn, look.finish.plain().of("rib"), lift=0.4, volume=0.8, roundness=8)
        else:
            sheet.line(polygon((a, bottom - 9), (b, bottom - 9)), thread, width=1, opacity=0.6)


def _rips(sheet: Sheet, look: Look) -> None:
    for x, y, w in ((196, 352, 40), (284, 322, 30), (288, 372, 44)):
        sheet.part(
            lens((x - w / 2, y), (x + w / 2, y + 2), bend=1, width=11),
            Finish(lighter(look.finish.color, 0.75), "canvas"),
            volume=-0.4,
            roundness=5,
            edge=0.3,
        )
        for dy in (-2, 1):
            sheet.line(
                polygon((x - w * 0.4, y + dy), (x + w * 0.4, y + dy + 1.5)), (0.97, 0.97, 0.98), width=1, opacity=0.8
            )


def _waistband(sheet: Sheet, look: Look, waist: float, top: float, denim: bool) -> None:
    thread = look.trim.color if denim else contrast(look.finish.color, 0.3)
    hip = waist / 0.8
    for side in (1, -1):
        if look.has("pocket", "cargo"):
            x = 240 + side * (hip * 0.62)
            sheet.part(
                rounded(x - 24, top + 190, x + 24, top + 246, radius=4), look.finish, lift=0.4, volume=0.6, roundness=8
            )
            sheet.part(
                rounded(x - 26, top + 184, x + 26, top + 204, radius=4), look.finish, lift=0.5, volume=0.5, roundness=6
            )
        if look.is_back:
            x = 240 + side * 42
            sheet.part(
                polygon(
                    (x - 25, top + 62), (x + 25, top + 62), (x + 23, top + 108), (x, top + 120), (x - 23, top + 108)
                ),
                look.finish,
                lift=0.3,
                volume=0.3,
                roundness=6,
            )
            continue
        pocket = (
            path(
                f"M {240 + side * (waist - 20)} {top + 24} Q {240 + side * (waist - 18)} {top + 60} "
                f"{240 + side * (hip - 3)} {top + 66}"
            )
            if denim
            else polygon((240 + side * (waist - 13), top + 26), (240 + side * (hip - 3), top + 92))
        )
        sheet.line(pocket, darker(look.finish.color, 0.5), width=1.6, opacity=0.5)
        sheet.line(moved(pocket, -2.5 * side, 1.5), thread, width=1, opacity=0.7)
    band = path(
        f"M {240 - waist} {top + 2} Q 240 {top + 13} {240 + waist} {top + 2} L {240 + waist + 3} "
        f"{top + 24} Q 240 {top + 36} {240 - waist - 3} {top + 24} Z"
    )
    sheet.part(
        band, look.finish.plain() if look.has("waist", "elastic") else look.finish, lift=0.35, volume=0.6, roundness=7
    )
    if look.has("waist", "elastic"):
        _drawstring(sheet, look, waist, top)
        return
    if not look.is_back:
        fly = path(f"M 257 {top + 34} L 257 {top + 84} Q 255 {top + 106} 241 {top + 112}")
        sheet.line(fly, thread, width=1.1, opacity=0.6)
        sheet.line(polygon((240, top + 33), (240, top + 136)), darker(look.finish.color, 0.5), width=1.2, opacity=0.5)
        sheet.part(
            ellipse(242, top + 22, 5.2, 5.2), look.trim.of("metal") if denim else look.trim, lift=0.4, roundness=3
        )
    for share in (-0.78, -0.4, 0.4, 0.78):
        x = 240 + share * waist
        sheet.part(
            rounded(x - 3, top + 3 + (1 - abs(share)) * 5, x + 3, top + 29 + (1 - abs(share)) * 5, radius=1.5),
            look.finish,
            lift=0.4,
            volume=0.4,
            roundness=3,
        )


def _drawstring(sheet: Sheet, look: Look, waist: float, top: float) -> None:
    for number in range(19):
        share = number / 18 * 2 - 1
        x, y = 240 + share * waist * 0.95, top + 6 + (1 - share * share) * 5
        sheet.line(polygon((x, y), (x + share * 2, y + 20)), darker(look.finish.color, 0.45), width=1.5, opacity=0.35)
    if look.is_back:
        return
    cord = contrast(look.finish.color, 0.55)
    for side in (1, -1):
        end = 240 + side * look.vary(f"cord{side}", 10, 18)
        sheet.line(
            path(f"M {240 + side * 4} {top + 22} Q {240 + side * 14} {top + 50} {end} {top + 84}"),
            cord,
            width=3,
            opacity=0.95,
        )
    sheet.line(np.array([[236.0, top + 22], [244.0, top + 22]]), cord, width=4, opacity=0.9)
