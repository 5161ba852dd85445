"""Boots: Chelsea, lace-up, ankle and tall."""

from __future__ import annotations

from catalog.demo.geometry import ellipse, lens, path, polygon, ribbon, rounded
from catalog.demo.look import Look
from catalog.demo.materials import Finish, lining
from catalog.demo.palette import contrast, darker
from catalog.demo.sheet import Fold, Sheet
from catalog.demo.shoes import draw_pair


def draw_boots(sheet: Sheet, look: Look) -> None:
    """Chelsea, lace-up, ankle and tall boots."""
    with sheet.shifted(0, 40 if look.has("shaft", "tall") else 8):
        draw_pair(sheet, look, _boot)


def _boot(sheet: Sheet, look: Look) -> None:
    tall = look.has("shaft", "tall")
    top = {"tall": 92.0, "mid": 196.0}.get(look.cut.get("shaft", "ankle"), 236.0)
    lift = {"block": 32.0, "stiletto": 46.0}.get(look.cut.get("heel", "flat"), 0.0)
    back = 388 if not tall else 396
    shaft_front = 248 if not tall else 238
    upper = path(
        f"M 84 404 C 78 378 98 362 138 350 C 186 336 {shaft_front + 4} 318 {shaft_front + 4} 270 L "
        f"{shaft_front} {top} "
        f"Q {(shaft_front + back) / 2} {top + 10} {back} {top - 2} C {back + 4} {(top + 330) / 2} 384 330 "
        f"392 {400 - lift} L 300 {404 - lift * 0.6} Z"
    )
    rim = (shaft_front + back) / 2
    sheet.part(ellipse(rim, top + 1, (back - shaft_front) / 2, 7), lining(look.finish), volume=0.2)
    folds = [
        Fold(lens((236, 318), (300, 344), bend=6, width=11), -3, 4),
        Fold(lens((226, 336), (282, 366), bend=6, width=11), -3, 4),
    ]
    if top < 220:
        folds += [
            Fold(lens((252, top + 90 + k * 34), (374, top + 100 + k * 30), bend=8, width=15), -3, 6)
            for k in range(2 if not tall else 4)
        ]
    sheet.part(upper, look.finish, folds=folds, volume=1.35, roundness=26)
    _boot_details(sheet, look, (shaft_front, back), top)
    _boot_sole(sheet, look, lift)


def _boot_details(sheet: Sheet, look: Look, sides: tuple[float, float], top: float) -> None:
    left, right = sides
    mid = (left + right) / 2
    stitch = contrast(look.finish.color, 0.4)
    if look.has("style", "chelsea"):
        gusset = path(
            f"M {mid - 22} {top + 5} L {mid + 24} {top + 4} Q {mid + 16} {top + 70} {mid + 6} 334 L {mid - 8} "
            f"334 Q {mid - 18} {top + 70} {mid - 22} {top + 5}"
        )
        sheet.part(gusset, Finish(darker(look.finish.color, 0.35), "rib"), volume=0.3, roundness=7, edge=0.45)
        sheet.part(
            ribbon(path(f"M {right - 8} {top + 22} Q {right + 10} {top - 26} {right - 2} {top + 2}"), 8),
            look.finish,
            roundness=4,
        )
    elif look.has("style", "lace"):
        tongue = path(
            f"M 176 342 Q {left - 4} 310 {left} {top + 6} L {left + 34} {top + 6} Q {left + 30} 330 214 366 Z"
        )
        sheet.part(tongue, look.finish, volume=0.5, roundness=8, lift=0.35, edge=0.45)
        rows = 8 if top > 200 else 10
        for number in range(rows):
            y = 344 - number * (336 - top) / rows
            x = left - 30 * max(0, (y - 290) / 60) - 2
            sheet.line(polygon((x, y), (x + 36, y + 9)), look.trim.color, width=4.4, opacity=1)
            sheet.part(ellipse(x + 37, y + 9, 2.6, 2.6), Finish((0.75, 0.7, 0.6), "metal"), roundness=2)
    else:
        zip_line = polygon((mid + 20, top + 6), (mid + 10, 380))
        sheet.line(zip_line, darker(look.finish.color, 0.6), width=3.4, opacity=0.7)
        sheet.line(zip_line, look.trim.color, width=1.4, opacity=0.8, dash=(1.4, 1.4))
        if look.has("style", "buckle"):
            belt = path(f"M {left - 2} 304 Q {mid} 322 {right - 6} 300 L {right - 6} 316 Q {mid} 338 {left - 8} 320 Z")
            sheet.part(belt, look.finish, lift=0.5, volume=0.6, roundness=7)
            sheet.part(
                rounded(mid - 2, 308, mid + 22, 334, radius=4),
                look.trim.of("metal"),
                holes=[rounded(mid + 3, 313, mid + 17, 329, radius=2)],
                lift=0.4,
            )
    sheet.line(path(f"M {left + 2} {top + 14} Q {mid} {top + 24} {right} {top + 12}"), stitch, width=1.2, opacity=0.5)


def _boot_sole(sheet: Sheet, look: Look, lift: float) -> None:
    color = darker(look.finish.color, 0.6) if not look.has("sole", "cream", "gum") else (0.88, 0.83, 0.72)
    if look.has("sole", "gum"):
        color = (0.72, 0.5, 0.3)
    sole = Finish(color, "rubber")
    if lift:
        thin = path(
            f"M 84 400 Q 80 412 96 414 L 190 414 Q 250 410 300 {406 - lift * 0.6} L 394 {403 - lift} L 393 "
            f"{397 - lift} Q 300 {398 - lift * 0.6} 84 400"
        )
        sheet.part(thin, sole, volume=0.4, roundness=4)
        heel = (
            polygon((322, 402 - lift), (394, 400 - lift), (388, 418), (330, 418))
            if look.has("heel", "block")
            else polygon((346, 402 - lift), (394, 400 - lift), (384, 418), (372, 418))
        )
        sheet.part(heel, look.finish.plain(darker(look.finish.color, 0.15)), volume=0.9, roundness=12)
        return
    chunky = 14 if look.has("sole", "lug", "cream") else 4
    shape = path(
        f"M 82 400 Q 74 {414 + chunky} 92 {418 + chunky} L 394 {418 + chunky} Q 402 {414 + chunky} 396 "
        "400 Q 240 408 82 400"
    )
    sheet.part(shape, sole, volume=0.6, roundness=8, lift=0.2)
    if look.has("sole", "lug"):
        for number in range(13):
            sheet.part(
                rounded(98 + number * 23, 426, 108 + number * 23, 434, radius=1),
                sole.plain(darker(color, 0.4)),
                volume=0,
                edge=0,
            )
