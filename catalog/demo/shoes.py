"""Sneakers, loafers, boots, heels and sandals, as pairs seen from the side with the toe to the left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from catalog.demo.geometry import bar, ellipse, lens, path, polygon, ribbon, rounded
from catalog.demo.look import Look
from catalog.demo.materials import Finish, lining
from catalog.demo.palette import contrast, darker, lighter
from catalog.demo.sheet import Fold, Sheet


def _pair(sheet: Sheet, look: Look, draw: Callable[[Sheet, Look], None]) -> None:
    """The far shoe a little higher and to the right, the near one in front; only the near one on a second photo."""
    if not look.is_back:
        with sheet.shifted(26, -50):
            draw(sheet, look)
    with sheet.shifted(-22, 18 if not look.is_back else -30):
        draw(sheet, look)


def draw_sneakers(sheet: Sheet, look: Look) -> None:
    """Low and high sneakers, runners and slip-ons."""
    _pair(sheet, look, _sneaker)


def draw_loafers(sheet: Sheet, look: Look) -> None:
    """Loafers and lace-up shoes."""
    _pair(sheet, look, _loafer)


def draw_boots(sheet: Sheet, look: Look) -> None:
    """Chelsea, lace-up, ankle and tall boots."""
    with sheet.shifted(0, 40 if look.has("shaft", "tall") else 8):
        _pair(sheet, look, _boot)


def draw_heels(sheet: Sheet, look: Look) -> None:
    """Pumps, slingbacks and ankle-strap shoes on a heel."""
    _pair(sheet, look, _pump)


def draw_sandals(sheet: Sheet, look: Look) -> None:
    """Flat and cork-bed sandals."""
    _pair(sheet, look, _sandal)


def _sneaker(sheet: Sheet, look: Look) -> None:
    high = look.has("shaft", "high")
    run = look.has("style", "runner")
    top = 206 if high else 286
    heel = 200 if high else 274
    tall = 20 if look.has("sole", "platform") else 8 if run else 0
    with sheet.shifted(0, -tall):
        throat = f"C 192 326 216 304 236 280 L {252 if not high else 250} {top - 8}"
        collar = f"Q {268} {top - 22} {284} {top - 6} Q 326 {top + 34} {382 if not high else 372} {heel}"
        upper = path(f"M 92 396 C 86 362 112 346 152 338 {throat} {collar} C {398 if not high else 386} {heel + 50} 398 350 396 396 Z")
        opening = path(f"M {256} {top - 4} Q 296 {top - 26} {380 if not high else 370} {heel + 3} Q 330 {top + 36} {284} {top + 2} Z")
        sheet.part(opening, lining(look.finish), volume=0.2)
        tongue = path(f"M 228 296 Q 232 {top + 8} 240 {top - 22} Q 256 {top - 34} 274 {top - 18} L 262 300 Z")
        sheet.part(tongue, look.finish.plain(), volume=0.8, roundness=10)
        creases = [Fold(lens((150, 342), (196, 366), bend=4, width=9), -2, 3), Fold(lens((168, 336), (212, 352), bend=4, width=8), -2, 3)]
        sheet.part(upper, look.finish, folds=creases, volume=1.3, roundness=26, angle=18)
        _sneaker_details(sheet, look, top, heel)
    _rubber_sole(sheet, look, tall, run)


def _sneaker_details(sheet: Sheet, look: Look, top: float, heel: float) -> None:
    stitch = contrast(look.finish.color, 0.35)
    accent = look.finish.plain(look.finish.accent)
    if look.has("style", "court", "runner"):
        toe = path("M 92 396 C 86 362 112 346 152 338 Q 176 352 180 396 Z")
        sheet.part(toe, accent if look.has("style", "runner") else look.finish.plain(), volume=0.7, roundness=18, edge=0.35)
    if look.has("style", "canvas"):
        sheet.part(path("M 90 398 C 86 372 104 360 136 356 Q 156 372 158 398 Z"), look.trim.of("rubber"), volume=1.0, roundness=14)
    tab = path(f"M 396 396 C 398 350 {394} {heel + 60} {382 if top > 220 else 372} {heel - 1} Q 362 {heel + 24} 352 {heel + 34} Q 366 340 356 396 Z")
    sheet.part(tab, accent if not look.has("style", "canvas") else look.finish.plain(), volume=0.6, roundness=12, edge=0.35)
    if look.has("style", "runner"):
        for number in range(2):
            wave = path(f"M {214 + number * 34} 390 Q {250 + number * 26} 352 {274 + number * 22} 300")
            sheet.part(ribbon(wave, np.linspace(22, 9, len(wave))), accent, volume=0.4, roundness=6)
    elif look.has("style", "court"):
        for number in range(3):
            sheet.line(polygon((232 + number * 22, 388), (262 + number * 20, 322)), look.finish.accent, width=6, opacity=0.9)
    facing = path(f"M 198 330 Q 226 308 244 284 L {258} {top - 2} L 286 {top + 8} Q 268 308 240 344 Z")
    if not look.has("style", "slip-on"):
        sheet.part(facing, look.finish.plain(), volume=0.4, roundness=8, lift=0.3, edge=0.4)
        rows = 6 if top > 220 else 9
        for number in range(rows):
            share = number / (rows - 1)
            x, y = 216 + 42 * share, 326 + (top + 6 - 326) * share
            sheet.line(polygon((x - 6, y - 3), (x + 26, y + 12)), darker(look.trim.color, 0.5), width=6.5, opacity=0.3)
            sheet.line(polygon((x - 6, y - 4), (x + 26, y + 10)), look.trim.color, width=4.6, opacity=1)
    else:
        sheet.part(polygon((244, 288), (284, 274), (290, 316), (262, 330)), look.finish.plain().of("rib"), volume=0.4, roundness=6)
    sheet.line(path(f"M 190 392 Q 216 352 244 344 Q 300 330 352 {heel + 40}"), stitch, width=1.2, opacity=0.5, dash=(4, 2.5))


def _rubber_sole(sheet: Sheet, look: Look, tall: float, run: bool) -> None:
    heel_up = 12 if run else 0
    sole = path(
        f"M 88 {392 - tall} Q 80 {412 - tall} {96 - heel_up} {424 - heel_up} Q 104 428 120 428 L 384 428 Q 404 426 {402 + heel_up} {408 - heel_up} "
        f"L 398 {384 - tall - heel_up} Q 300 {400 - tall} 240 {396 - tall} Q 140 {388 - tall} 88 {392 - tall}"
    )
    sheet.part(sole, look.trim.of("rubber"), volume=0.8, roundness=10, lift=0.2, edge=0.45)
    line = contrast(look.trim.color, 0.3)
    sheet.line(path(f"M 88 {406 - tall * 0.6} Q 140 {402 - tall * 0.6} 240 {410 - tall * 0.6} Q 320 {412 - tall * 0.6} 400 {400 - tall * 0.6}"), line, width=1.3, opacity=0.45)
    sheet.line(path("M 98 424 L 394 424"), darker(look.trim.color, 0.5), width=3, opacity=0.5)


def _loafer(sheet: Sheet, look: Look) -> None:
    lace = look.has("style", "derby", "oxford")
    upper = path(
        "M 84 402 C 78 380 96 366 132 356 C 170 346 196 330 218 312 L 240 294 Q 262 286 280 302 Q 330 322 380 286 C 396 310 396 360 392 402 Z"
        if lace
        else "M 84 402 C 78 382 96 368 132 360 C 172 350 200 336 224 322 Q 250 312 270 326 Q 330 340 382 292 C 396 312 396 360 392 402 Z"
    )
    top = 300 if lace else 324
    sheet.part(path(f"M 246 {top - 4} Q 300 {top - 22} 378 {290} Q 330 {top + 30} 262 {top + 6} Z"), lining(look.finish), volume=0.2)
    folds = [Fold(lens((148, 356), (190, 384), bend=3, width=8), -2, 3), Fold(ellipse(120, 380, 30, 14), 3, 8)]
    sheet.part(upper, look.finish, folds=folds, volume=1.3, roundness=24)
    stitch = contrast(look.finish.color, 0.4)
    if lace:
        facing = path("M 186 338 Q 216 320 240 298 L 272 302 Q 270 336 236 356 Z")
        sheet.part(facing, look.finish, volume=0.4, roundness=7, lift=0.35, edge=0.45)
        for number in range(4):
            x, y = 204 + number * 14, 334 - number * 10
            sheet.line(polygon((x, y), (x + 24, y + 12)), darker(look.finish.color, 0.5), width=4, opacity=0.95)
        sheet.line(path("M 160 348 Q 176 372 170 402"), stitch, width=1.4, opacity=0.6)
    else:
        sheet.line(path("M 106 372 Q 132 352 176 352 Q 214 352 236 334"), darker(look.finish.color, 0.5), width=2.4, opacity=0.55)
        strap = path("M 176 346 Q 214 350 262 396 L 234 402 Q 198 366 158 352 Z")
        sheet.part(strap, look.finish, volume=0.6, roundness=8, lift=0.45)
        if look.has("style", "horsebit"):
            sheet.part(ribbon(path("M 180 352 Q 204 356 226 376"), 5), look.trim.of("metal"), lift=0.5, roundness=3)
        elif look.has("style", "tassel"):
            for dx in (0, 14):
                sheet.part(polygon((190 + dx, 352), (198 + dx, 354), (196 + dx, 384), (180 + dx, 380)), look.finish, lift=0.5, roundness=5)
        else:
            sheet.part(lens((188, 356), (222, 378), bend=3, width=9), look.finish.plain(darker(look.finish.color, 0.5)), volume=0, edge=0.3)
    sole = darker(look.finish.color, 0.55) if not look.has("sole", "cream") else (0.86, 0.8, 0.7)
    sheet.part(path("M 82 398 Q 78 410 92 412 L 300 412 L 312 404 L 394 400 L 392 396 Q 240 402 82 398"), Finish(sole, "leather"), volume=0.5, roundness=5)
    sheet.part(polygon((310, 403), (395, 399), (394, 426), (316, 426)), Finish(sole, "leather"), volume=0.6, roundness=7)


def _boot(sheet: Sheet, look: Look) -> None:
    tall = look.has("shaft", "tall")
    top = {"tall": 92.0, "mid": 196.0}.get(look.cut.get("shaft", "ankle"), 236.0)
    lift = {"block": 32.0, "stiletto": 46.0}.get(look.cut.get("heel", "flat"), 0.0)
    back = 388 if not tall else 396
    shaft_front = 248 if not tall else 238
    upper = path(
        f"M 84 404 C 78 378 98 362 138 350 C 186 336 {shaft_front + 4} 318 {shaft_front + 4} 270 L {shaft_front} {top} "
        f"Q {(shaft_front + back) / 2} {top + 10} {back} {top - 2} C {back + 4} {(top + 330) / 2} 384 330 392 {400 - lift} L 300 {404 - lift * 0.6} Z"
    )
    rim = (shaft_front + back) / 2
    sheet.part(ellipse(rim, top + 1, (back - shaft_front) / 2, 7), lining(look.finish), volume=0.2)
    folds = [Fold(lens((236, 318), (300, 344), bend=6, width=11), -3, 4), Fold(lens((226, 336), (282, 366), bend=6, width=11), -3, 4)]
    if top < 220:
        folds += [Fold(lens((252, top + 90 + k * 34), (374, top + 100 + k * 30), bend=8, width=15), -3, 6) for k in range(2 if not tall else 4)]
    sheet.part(upper, look.finish, folds=folds, volume=1.35, roundness=26)
    _boot_details(sheet, look, (shaft_front, back), top)
    _boot_sole(sheet, look, lift)


def _boot_details(sheet: Sheet, look: Look, sides: tuple[float, float], top: float) -> None:
    left, right = sides
    mid = (left + right) / 2
    stitch = contrast(look.finish.color, 0.4)
    if look.has("style", "chelsea"):
        gusset = path(f"M {mid - 22} {top + 5} L {mid + 24} {top + 4} Q {mid + 16} {top + 70} {mid + 6} 334 L {mid - 8} 334 Q {mid - 18} {top + 70} {mid - 22} {top + 5}")
        sheet.part(gusset, Finish(darker(look.finish.color, 0.35), "rib"), volume=0.3, roundness=7, edge=0.45)
        sheet.part(ribbon(path(f"M {right - 8} {top + 22} Q {right + 10} {top - 26} {right - 2} {top + 2}"), 8), look.finish, roundness=4)
    elif look.has("style", "lace"):
        tongue = path(f"M 176 342 Q {left - 4} 310 {left} {top + 6} L {left + 34} {top + 6} Q {left + 30} 330 214 366 Z")
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
            sheet.part(rounded(mid - 2, 308, mid + 22, 334, radius=4), look.trim.of("metal"), holes=[rounded(mid + 3, 313, mid + 17, 329, radius=2)], lift=0.4)
    sheet.line(path(f"M {left + 2} {top + 14} Q {mid} {top + 24} {right} {top + 12}"), stitch, width=1.2, opacity=0.5)


def _boot_sole(sheet: Sheet, look: Look, lift: float) -> None:
    color = darker(look.finish.color, 0.6) if not look.has("sole", "cream", "gum") else (0.88, 0.83, 0.72)
    if look.has("sole", "gum"):
        color = (0.72, 0.5, 0.3)
    sole = Finish(color, "rubber")
    if lift:
        thin = path(f"M 84 400 Q 80 412 96 414 L 190 414 Q 250 410 300 {406 - lift * 0.6} L 394 {403 - lift} L 393 {397 - lift} Q 300 {398 - lift * 0.6} 84 400")
        sheet.part(thin, sole, volume=0.4, roundness=4)
        heel = polygon((322, 402 - lift), (394, 400 - lift), (388, 418), (330, 418)) if look.has("heel", "block") else polygon((346, 402 - lift), (394, 400 - lift), (384, 418), (372, 418))
        sheet.part(heel, look.finish.plain(darker(look.finish.color, 0.15)), volume=0.9, roundness=12)
        return
    chunky = 14 if look.has("sole", "lug", "cream") else 4
    shape = path(f"M 82 400 Q 74 {414 + chunky} 92 {418 + chunky} L 394 {418 + chunky} Q 402 {414 + chunky} 396 400 Q 240 408 82 400")
    sheet.part(shape, sole, volume=0.6, roundness=8, lift=0.2)
    if look.has("sole", "lug"):
        for number in range(13):
            sheet.part(rounded(98 + number * 23, 426, 108 + number * 23, 434, radius=1), sole.plain(darker(color, 0.4)), volume=0, edge=0)


def _pump(sheet: Sheet, look: Look) -> None:
    rise = {"kitten": 44.0, "block": 78.0, "stiletto": 104.0}[look.cut.get("heel", "stiletto")]
    ground, bridge = 418.0, 418.0 - rise
    pointed = 66 if look.has("toe", "pointed") else 84
    back_top = bridge - 76
    vamp_top = 372 - rise * 0.16
    open_back = look.has("style", "slingback", "mule")
    upper = path(
        f"M {pointed} 414 C {pointed + 10} 392 120 378 156 {vamp_top + 4} Q 172 {vamp_top - 4} 186 {vamp_top + 6} "
        + (f"Q 214 400 250 {ground - rise * 0.52} L 232 {ground - rise * 0.2} " if open_back else f"C 216 398 286 {bridge + 8} 372 {back_top} Q 394 {bridge - 40} 386 {bridge} L 352 {bridge + 6} C 300 {bridge + 16} 240 400 190 414 ")
        + "Q 130 418 72 415 Z"
    )
    inner = path(f"M 176 {vamp_top + 2} C 230 {384 - rise * 0.2} 300 {bridge - 10} 370 {back_top + 6} L 374 {bridge - 4} Q 260 {bridge + 30} 190 404 Z")
    sheet.part(inner, Finish(lighter(look.finish.color, 0.2) if look.has("toe", "pointed") else (0.85, 0.75, 0.62), "leather"), volume=0.3, shade=0.15)
    sheet.part(upper, look.finish, volume=1.2, roundness=22)
    bed = path(f"M {pointed} 416 Q 150 424 206 412 C 256 402 300 {bridge + 26} 352 {bridge + 8} L 388 {bridge} L 386 {bridge - 6} L 350 {bridge} C 296 {bridge + 14} 244 400 196 406 Q 120 416 {pointed} 413 Z")
    sheet.part(bed, Finish(darker(look.finish.color, 0.3), "leather"), volume=0.4, roundness=4)
    if look.has("heel", "block"):
        heel = polygon((340, bridge + 6), (389, bridge - 4), (386, ground), (344, ground))
    else:
        heel = path(f"M 342 {bridge + 8} Q 368 {bridge + 20} 372 {ground} L 381 {ground} Q 384 {bridge + 40} 389 {bridge - 4} Z")
    sheet.part(heel, look.finish.plain(), volume=1.0, roundness=9)
    _pump_straps(sheet, look, bridge, back_top)


def _pump_straps(sheet: Sheet, look: Look, bridge: float, back_top: float) -> None:
    strap = look.finish.plain()
    if look.has("style", "ankle"):
        loop = path(f"M 378 {back_top + 4} Q 380 {back_top - 30} 330 {back_top - 28} Q 286 {back_top - 26} 290 {back_top - 8} Q 310 {back_top + 4} 378 {back_top - 8}")
        sheet.part(ribbon(loop, 7), strap, volume=0.7, roundness=4, lift=0.3)
        sheet.part(ellipse(312, back_top - 4, 5, 5), look.trim.of("metal"), lift=0.4, roundness=3)
    elif look.has("style", "slingback"):
        sheet.part(ribbon(path(f"M 246 {bridge + 52} Q 320 {bridge - 30} 384 {bridge - 48} Q 392 {bridge - 26} 384 {bridge - 4}"), 7), strap, volume=0.7, roundness=4)
    elif look.has("style", "mary-jane"):
        sheet.part(ribbon(path(f"M 244 {bridge + 56} Q 226 {bridge + 10} 250 {bridge - 2} Q 268 {bridge + 2} 276 {bridge + 34}"), 9), strap, volume=0.7, roundness=4, lift=0.3)
    if look.has("bow", "yes"):
        for side in (1, -1):
            sheet.part(path(f"M 160 368 Q {160 + side * 30} 344 {160 + side * 32} 366 Q {160 + side * 30} 386 160 372"), strap, lift=0.4, roundness=7)
        sheet.part(ellipse(160, 370, 6, 7), strap, lift=0.4, roundness=4)


def _sandal(sheet: Sheet, look: Look) -> None:
    cork = look.has("sole", "cork", "platform")
    thick = 30 if look.has("sole", "platform") else 20 if cork else 10
    top = 412 - thick
    wedge = 34 if look.has("sole", "platform") else 0
    base = Finish((0.78, 0.6, 0.42), "boucle") if cork else Finish(darker(look.trim.color, 0.2), "leather")
    bed = path(f"M 84 {top} Q 240 {top + 8} 300 {top - wedge * 0.6} L 394 {top - wedge} L 396 {top - wedge + 8} Q 240 {top + 22} 84 {top + 8} Z")
    straps = {
        "slide": [((112, 208), 62)],
        "two-strap": [((106, 160), 38), ((206, 258), 36)],
        "cross": [((108, 150), 24), ((176, 222), 24)],
        "gladiator": [((110, 130), 18), ((158, 178), 18), ((206, 226), 18)],
        "t-bar": [((112, 146), 22)],
    }[look.cut.get("style", "two-strap")]
    ankle = look.has("style", "gladiator", "t-bar", "cross")
    if ankle:
        back = path(f"M 388 {top - wedge} Q 396 {top - wedge - 60} 380 {top - wedge - 84} Q 330 {top - wedge - 96} 290 {top - wedge - 70} Q 282 {top - wedge - 56} 300 {top - wedge - 54} Q 340 {top - wedge - 60} 384 {top - wedge - 76}")
        sheet.part(ribbon(back, 11), look.finish, volume=0.7, roundness=5)
    sole = path(f"M 80 {top + 2} Q 74 418 96 420 L 388 420 Q 400 418 398 {top - wedge + 4} L 300 {top - wedge * 0.6 + 4} Q 200 {top + 12} 80 {top + 2}")
    sheet.part(sole, base, volume=0.6, roundness=9)
    sheet.part(bed, Finish(lighter(look.trim.color, 0.1), "leather"), volume=0.4, roundness=5)
    for (left, right), width in straps:
        rise = 50 + (right - 110) * 0.2
        lean = 12 if width > 20 else 8
        foot = top + 6 - wedge * 0.3 * (right > 200)
        band = path(
            f"M {left} {foot} Q {left + 2} {foot - rise * 0.7} {left + lean + 10} {foot - rise} "
            f"Q {(left + right) / 2 + lean + 8} {foot - rise - 12} {right + lean} {foot - rise - 8} Q {right + lean + 8} {foot - rise * 0.5} {right + 6} {foot} Z"
        )
        sheet.part(band, look.finish, volume=1.1, roundness=13, lift=0.4)
        if look.has("style", "two-strap"):
            x, y = (left + right) / 2 + 9, foot - rise * 0.55
            sheet.part(rounded(x - 9, y - 10, x + 9, y + 10, radius=3), look.trim.of("metal"), holes=[rounded(x - 5, y - 6, x + 5, y + 6, radius=2)], lift=0.5)
    if look.has("style", "t-bar", "gladiator"):
        sheet.part(bar((148, top - 40), (292, top - wedge - 62), widths=(10, 9)), look.finish, volume=0.7, roundness=4, lift=0.4)
    if ankle:
        sheet.part(ellipse(330, top - wedge - 57, 5, 6), look.trim.of("metal"), lift=0.4, roundness=3)
