"""Heels and sandals."""

from __future__ import annotations

from catalog.demo.geometry import bar, ellipse, path, polygon, ribbon, rounded
from catalog.demo.look import Look
from catalog.demo.materials import Finish
from catalog.demo.palette import darker, lighter
from catalog.demo.sheet import Sheet
from catalog.demo.shoes import draw_pair


def draw_heels(sheet: Sheet, look: Look) -> None:
    """Pumps, slingbacks and ankle-strap shoes on a heel."""
    draw_pair(sheet, look, _pump)


def draw_sandals(sheet: Sheet, look: Look) -> None:
    """Flat and cork-bed sandals."""
    draw_pair(sheet, look, _sandal)


def _pump(sheet: Sheet, look: Look) -> None:
    rise = {"kitten": 44.0, "block": 78.0, "stiletto": 104.0}[look.cut.get("heel", "stiletto")]
    ground, bridge = 418.0, 418.0 - rise
    pointed = 66 if look.has("toe", "pointed") else 84
    back_top = bridge - 76
    vamp_top = 372 - rise * 0.16
    open_back = look.has("style", "slingback", "mule")
    upper = path(
        f"M {pointed} 414 C {pointed + 10} 392 120 378 156 {vamp_top + 4} Q 172 {vamp_top - 4} 186 {vamp_top + 6} "
        + (
            f"Q 214 400 250 {ground - rise * 0.52} L 232 {ground - rise * 0.2} "
            if open_back
            else f"C 216 398 286 {bridge + 8} 372 {back_top} Q 394 {bridge - 40} 386 {bridge} L 352 {bridge + 6} C "
            f"300 {bridge + 16} 240 400 190 414 "
        )
        + "Q 130 418 72 415 Z"
    )
    inner = path(
        f"M 176 {vamp_top + 2} C 230 {384 - rise * 0.2} 300 {bridge - 10} 370 {back_top + 6} L 374 "
        f"{bridge - 4} Q 260 {bridge + 30} 190 404 Z"
    )
    sheet.part(
        inner,
        Finish(lighter(look.finish.color, 0.2) if look.has("toe", "pointed") else (0.85, 0.75, 0.62), "leather"),
        volume=0.3,
        shade=0.15,
    )
    sheet.part(upper, look.finish, volume=1.2, roundness=22)
    bed = path(
        f"M {pointed} 416 Q 150 424 206 412 C 256 402 300 {bridge + 26} 352 {bridge + 8} L 388 {bridge} L "
        f"386 {bridge - 6} L 350 {bridge} C 296 {bridge + 14} 244 400 196 406 Q 120 416 {pointed} 413 Z"
    )
    sheet.part(bed, Finish(darker(look.finish.color, 0.3), "leather"), volume=0.4, roundness=4)
    if look.has("heel", "block"):
        heel = polygon((340, bridge + 6), (389, bridge - 4), (386, ground), (344, ground))
    else:
        heel = path(
            f"M 342 {bridge + 8} Q 368 {bridge + 20} 372 {ground} L 381 {ground} Q 384 {bridge + 40} 389 {bridge - 4} Z"
        )
    sheet.part(heel, look.finish.plain(), volume=1.0, roundness=9)
    _pump_straps(sheet, look, bridge, back_top)


def _pump_straps(sheet: Sheet, look: Look, bridge: float, back_top: float) -> None:
    strap = look.finish.plain()
    if look.has("style", "ankle"):
        loop = path(
            f"M 380 {back_top + 16} Q 382 {back_top - 18} 330 {back_top - 16} Q 286 {back_top - 14} 290 "
            f"{back_top + 4} Q 310 {back_top + 16} 378 {back_top + 4}"
        )
        sheet.part(ribbon(loop, 7), strap, volume=0.7, roundness=4, lift=0.3)
        sheet.part(ellipse(312, back_top + 9, 5, 5), look.trim.of("metal"), lift=0.4, roundness=3)
    elif look.has("style", "slingback"):
        sheet.part(
            ribbon(
                path(f"M 246 {bridge + 52} Q 320 {bridge - 30} 384 {bridge - 48} Q 392 {bridge - 26} 384 {bridge - 4}"),
                7,
            ),
            strap,
            volume=0.7,
            roundness=4,
        )
    elif look.has("style", "mary-jane"):
        sheet.part(
            ribbon(
                path(f"M 244 {bridge + 56} Q 226 {bridge + 10} 250 {bridge - 2} Q 268 {bridge + 2} 276 {bridge + 34}"),
                9,
            ),
            strap,
            volume=0.7,
            roundness=4,
            lift=0.3,
        )
    if look.has("bow", "yes"):
        for side in (1, -1):
            sheet.part(
                path(f"M 160 368 Q {160 + side * 30} 344 {160 + side * 32} 366 Q {160 + side * 30} 386 160 372"),
                strap,
                lift=0.4,
                roundness=7,
            )
        sheet.part(ellipse(160, 370, 6, 7), strap, lift=0.4, roundness=4)


def _sandal(sheet: Sheet, look: Look) -> None:
    cork = look.has("sole", "cork", "platform")
    thick = 30 if look.has("sole", "platform") else 20 if cork else 10
    top = 412 - thick
    wedge = 34 if look.has("sole", "platform") else 0
    base = Finish((0.78, 0.6, 0.42), "boucle") if cork else Finish(darker(look.trim.color, 0.2), "leather")
    bed = path(
        f"M 84 {top} Q 240 {top + 8} 300 {top - wedge * 0.6} L 394 {top - wedge} L 396 {top - wedge + 8} "
        f"Q 240 {top + 22} 84 {top + 8} Z"
    )
    straps = {
        "slide": [((112, 208), 62)],
        "two-strap": [((106, 160), 38), ((206, 258), 36)],
        "cross": [((108, 150), 24), ((176, 222), 24)],
        "gladiator": [((110, 130), 18), ((158, 178), 18), ((206, 226), 18)],
        "t-bar": [((112, 146), 22)],
    }[look.cut.get("style", "two-strap")]
    ankle = look.has("style", "gladiator", "t-bar", "cross")
    if ankle:
        back = path(
            f"M 388 {top - wedge} Q 396 {top - wedge - 60} 380 {top - wedge - 84} Q 330 {top - wedge - 96} "
            f"290 {top - wedge - 70} Q 282 {top - wedge - 56} 300 {top - wedge - 54} Q 340 {top - wedge - 60} "
            f"384 {top - wedge - 76}"
        )
        sheet.part(ribbon(back, 11), look.finish, volume=0.7, roundness=5)
    sole = path(
        f"M 80 {top + 2} Q 74 418 96 420 L 388 420 Q 400 418 398 {top - wedge + 4} L 300 "
        f"{top - wedge * 0.6 + 4} Q 200 {top + 12} 80 {top + 2}"
    )
    sheet.part(sole, base, volume=0.6, roundness=9)
    sheet.part(bed, Finish(lighter(look.trim.color, 0.1), "leather"), volume=0.4, roundness=5)
    for (left, right), width in straps:
        rise = 50 + (right - 110) * 0.2
        lean = 12 if width > 20 else 8
        foot = top + 6 - wedge * 0.3 * (right > 200)
        band = path(
            f"M {left} {foot} Q {left + 2} {foot - rise * 0.7} {left + lean + 10} {foot - rise} "
            f"Q {(left + right) / 2 + lean + 8} {foot - rise - 12} {right + lean} {foot - rise - 8} Q "
            f"{right + lean + 8} {foot - rise * 0.5} {right + 6} {foot} Z"
        )
        sheet.part(band, look.finish, volume=1.1, roundness=13, lift=0.4)
        if look.has("style", "two-strap"):
            x, y = (left + right) / 2 + 9, foot - rise * 0.55
            sheet.part(
                rounded(x - 9, y - 10, x + 9, y + 10, radius=3),
                look.trim.of("metal"),
                holes=[rounded(x - 5, y - 6, x + 5, y + 6, radius=2)],
                lift=0.5,
            )
    if look.has("style", "t-bar", "gladiator"):
        sheet.part(
            bar((148, top - 40), (292, top - wedge - 62), widths=(10, 9)),
            look.finish,
            volume=0.7,
            roundness=4,
            lift=0.4,
        )
    if ankle:
        sheet.part(ellipse(330, top - wedge - 57, 5, 6), look.trim.of("metal"), lift=0.4, roundness=3)
