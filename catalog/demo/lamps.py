"""Table, floor and pendant lamps, lit."""

from __future__ import annotations

import math

import numpy as np

from catalog.demo.geometry import Points, bar, ellipse, mirrored, path, ribbon
from catalog.demo.look import Look
from catalog.demo.materials import Finish
from catalog.demo.palette import darker, lighter, mix
from catalog.demo.sheet import Sheet

WARM = (1.0, 0.9, 0.66)


def _glow(sheet: Sheet, x: float, y: float, radius: float) -> None:
    for share, opacity in ((1.0, 0.10), (0.55, 0.16)):
        sheet.soft(
            ellipse(x, y, radius * share, radius * share), WARM, blur_units=radius * 0.5, opacity=opacity, spill=True
        )


def _cloth_shade(sheet: Sheet, look: Look, top: tuple[float, float, float], bottom: tuple[float, float, float]) -> None:
    """A fabric shade between two ellipses (x, y, half width), bright where the bulb is."""
    (x, y1, w1), (_, y2, w2) = top, bottom
    squash = 0.13
    upper = ellipse(x, y1, w1, w1 * squash)
    sheet.part(upper, Finish(lighter(look.finish.color, 0.5)), volume=0, edge=0.3)
    side = path(
        f"M {x - w1} {y1} Q {x} {y1 + w1 * squash * 2} {x + w1} {y1} L {x + w2} {y2} Q {x} "
        f"{y2 + w2 * squash * 2} {x - w2} {y2} Z"
    )
    sheet.part(side, look.finish, volume=0.5, roundness=22)
    hot = mix(look.finish.color, WARM, 0.75)
    sheet.soft(
        ellipse(x, (y1 * 0.4 + y2 * 0.6), (w1 + w2) * 0.33, (y2 - y1) * 0.36),
        hot,
        blur_units=(y2 - y1) * 0.2,
        opacity=0.8,
    )
    if look.has("shade", "pleated"):
        count = 22
        for number in range(1, count):
            share = -math.cos(number / count * math.pi)
            sag1, sag2 = w1 * squash * math.sqrt(1 - share * share), w2 * squash * math.sqrt(1 - share * share)
            line = np.array([[x + share * w1, y1 + sag1], [x + share * w2, y2 + sag2]])
            sheet.line(line, darker(look.finish.color, 0.4), width=1.5, opacity=0.35)
    for center, wide in ((y1, w1), (y2, w2)):
        rim = path(f"M {x - wide} {center} Q {x} {center + wide * squash * 2} {x + wide} {center}")
        sheet.line(rim, darker(look.finish.color, 0.3), width=2.2, opacity=0.4)


def _globe(sheet: Sheet, x: float, y: float, radius: float) -> None:
    """An opal glass ball, lit."""
    _glow(sheet, x, y, radius * 1.9)
    sheet.part(
        ellipse(x, y, radius, radius), Finish((0.97, 0.93, 0.84), "glass"), volume=0.5, roundness=radius * 0.5, edge=0.2
    )
    sheet.soft(ellipse(x, y, radius * 0.6, radius * 0.6), (1.0, 0.97, 0.85), blur_units=radius * 0.3, opacity=0.9)


def _dome(sheet: Sheet, look: Look, x: float, y: float, wide: float, high: float) -> None:
    """A metal dome, its lit inside showing below."""
    inner = ellipse(x, y + high, wide, wide * 0.16)
    sheet.part(inner, Finish((1.0, 0.93, 0.74)), volume=0, edge=0.2)
    sheet.soft(ellipse(x, y + high + 4, wide * 0.5, wide * 0.1), (1, 1, 0.95), blur_units=6, opacity=0.9)
    cone = look.has("shade", "cone")
    half = (
        f"M {x} {y} L {x + 16} {y + 2} L {x + wide} {y + high}"
        if cone
        else f"M {x} {y} C {x + wide * 0.62} {y} {x + wide} {y + high * 0.4} {x + wide} {y + high}"
    )
    outer = mirrored(path(f"{half} Q {x + wide * 0.6} {y + high - wide * 0.2} {x} {y + high - wide * 0.2}"), x)
    sheet.part(outer, look.finish, volume=1.3, roundness=wide * 0.3, lift=0.2)


def draw_table_lamp(sheet: Sheet, look: Look) -> None:
    """Table lamps: ceramic bases, mushrooms, desk arms, globes."""
    style = look.cut.get("style", "ceramic")
    if style == "desk":
        _desk_lamp(sheet, look)
        return
    _glow(sheet, 240, 220, 150)
    if style == "mushroom":
        sheet.part(ellipse(240, 478, 66, 14), look.trim, volume=0.8, roundness=8)
        sheet.part(
            mirrored(path("M 240 270 L 256 270 Q 258 420 300 474 Q 270 486 240 486")),
            look.trim,
            volume=1.2,
            roundness=18,
        )
        _dome(sheet, look, 240, 150, 128, 122)
        return
    if style == "globe":
        sheet.part(ellipse(240, 474, 62, 14), look.trim, volume=0.8, roundness=8)
        sheet.part(bar((240, 330), (240, 474), widths=(13, 13)), look.trim, volume=1.2, roundness=6)
        sheet.part(mirrored(path("M 240 322 L 270 322 Q 266 344 240 346")), look.trim, roundness=8)
        _globe(sheet, 240, 240, 92)
        return
    sheet.part(bar((240, 262), (240, 330), widths=(9, 9)), Finish((0.78, 0.64, 0.38), "metal"), roundness=5)
    sheet.part(_base(look), look.trim, volume=1.5, roundness=30)
    tall = look.vary("tall", 118, 150)
    _cloth_shade(sheet, look, (240, 292 - tall, look.vary("top", 56, 86)), (240, 292, look.vary("low", 104, 124)))


def _base(look: Look) -> Points:
    shapes = {
        "gourd": "M 240 306 L 252 306 Q 250 326 276 346 Q 292 368 262 386 C 320 404 330 470 284 492 L 240 494",
        "column": "M 240 308 L 266 308 L 268 478 L 286 482 L 286 494 L 240 494",
        "jar": "M 240 310 L 258 310 Q 264 330 300 350 C 330 380 316 460 282 492 L 240 494",
        "cone": "M 240 306 L 250 306 Q 256 420 306 492 L 240 494",
        "ball": "M 240 316 L 256 316 C 330 330 330 486 262 492 L 240 494",
    }
    return mirrored(path(shapes[look.cut.get("base", "jar")]))


def _desk_lamp(sheet: Sheet, look: Look) -> None:
    sheet.part(ellipse(300, 486, 74, 16), look.finish, volume=0.9, roundness=9)
    joint = (352.0, 318.0)
    sheet.part(bar((304, 482), joint, widths=(8, 8)), look.trim, roundness=4)
    sheet.part(bar(joint, (206, 178), widths=(8, 8)), look.trim, roundness=4, lift=0.2)
    sheet.part(ellipse(*joint, 10, 10), look.trim, lift=0.3, roundness=5)
    _glow(sheet, 150, 260, 120)
    head = path("M 214 160 Q 232 172 224 192 Q 214 236 190 272 L 92 204 Q 130 172 178 158 Q 200 150 214 160")
    mouth = path("M 92 204 Q 118 262 190 272 Q 166 206 92 204")
    sheet.part(head, look.finish, volume=1.3, roundness=22)
    sheet.part(mouth, Finish((1.0, 0.94, 0.76)), volume=0, edge=0.3)


def draw_floor_lamp(sheet: Sheet, look: Look) -> None:
    """Floor lamps: straight, tripod, arc, globe."""
    style = look.cut.get("style", "straight")
    if style == "arc":
        sheet.part(
            ellipse(340, 548, 58, 13),
            look.trim.of("marble").plain((0.93, 0.92, 0.9)) if look.has("base", "marble") else look.trim,
            volume=0.9,
            roundness=9,
        )
        arc = path("M 344 544 L 348 240 C 350 60 180 30 132 130")
        sheet.part(ribbon(arc, 8), look.trim, roundness=4)
        _glow(sheet, 132, 200, 110)
        _dome(sheet, look, 132, 128, 76, 66)
        return
    if style == "tripod":
        for foot in ((168, 552), (318, 552), (250, 534)):
            sheet.part(bar((240, 190), foot, widths=(10, 8)), look.trim, roundness=5, angle=90)
    else:
        sheet.part(ellipse(240, 548, 64, 14), look.trim, volume=0.9, roundness=9)
        sheet.part(bar((240, 190), (240, 546), widths=(8, 8)), look.trim, roundness=4)
    if style == "globe":
        for x, y, r in ((240, 120, 58), (296, 236, 34)) if look.has("balls", "two") else ((240, 130, 66),):
            if x != 240:
                sheet.part(ribbon(path(f"M 240 {y + 60} Q 280 {y + 60} {x} {y + 28}"), 6), look.trim, roundness=3)
            _globe(sheet, x, y, r)
        return
    _glow(sheet, 240, 140, 130)
    wide = look.vary("wide", 80, 108)
    _cloth_shade(sheet, look, (240, 66, wide * look.vary("cone", 0.6, 0.98)), (240, 184, wide))


def draw_pendant(sheet: Sheet, look: Look) -> None:
    """Pendants: dome, cone, globe, rattan, paper lantern, cluster."""
    style = look.cut.get("style", "dome")
    if style == "cluster":
        for x, y, r in ((150, 300, 46), (248, 370, 56), (336, 268, 40)):
            sheet.line(np.array([[x, 20.0], [x, y - r]]), (0.2, 0.2, 0.2), width=2.4, opacity=1, spill=True)
            sheet.part(bar((x, y - r - 22), (x, y - r + 4), widths=(16, 20)), look.trim, roundness=6)
            _globe(sheet, x, y, r)
        return
    sheet.line(np.array([[240.0, 20.0], [240.0, 220.0]]), (0.2, 0.2, 0.2), width=2.6, opacity=1, spill=True)
    sheet.part(mirrored(path("M 240 14 L 266 14 Q 266 30 250 34 L 240 34")), look.trim, roundness=6)
    if style == "globe":
        sheet.part(bar((240, 186), (240, 222), widths=(22, 30)), look.trim, roundness=8)
        _globe(sheet, 240, 312, 98)
    elif style in ("dome", "cone"):
        _glow(sheet, 240, 360, 150)
        sheet.part(bar((240, 184), (240, 224), widths=(18, 26)), look.trim, roundness=7)
        _dome(sheet, look, 240, 216, look.vary("wide", 118, 146), look.vary("high", 110, 150))
    else:
        _glow(sheet, 240, 310, 160)
        _lantern(sheet, look, style)


def _lantern(sheet: Sheet, look: Look, style: str) -> None:
    wide, high = look.vary("wide", 112, 140), look.vary("high", 84, 118)
    shape = (
        ellipse(240, 312, wide, high)
        if look.has("form", "ball")
        else mirrored(
            path(
                f"M 240 210 L 276 210 Q {240 + wide} 260 {240 + wide} 330 Q {240 + wide * 0.96} 392 "
                f"{240 + wide * 0.74} 408 L 240 410"
            )
        )
    )
    sheet.part(shape, look.finish, volume=0.9, roundness=34)
    hot = mix(look.finish.color, WARM, 0.8)
    sheet.soft(ellipse(240, 322, wide * 0.5, high * 0.5), hot, blur_units=26, opacity=0.75)
    low, tall = float(shape[:, 1].min()), float(shape[:, 1].max())
    if style == "paper":
        for number in range(1, 11):
            y = low + (tall - low) * number / 11
            inside = shape[np.abs(shape[:, 1] - y) < 12][:, 0]
            half = float(np.abs(inside - 240).max()) if len(inside) else 0
            if half > 8:
                sheet.line(
                    path(f"M {240 - half} {y - 1} Q 240 {y + 9} {240 + half} {y - 1}"),
                    darker(look.finish.color, 0.4),
                    width=1.2,
                    opacity=0.4,
                )
    else:
        for number in range(-4, 5):
            rib = path(
                f"M {240 + number * 5} {low} Q {240 + number * wide * 0.27} {(low + tall) / 2} "
                f"{240 + number * wide * 0.17} {tall}"
            )
            sheet.line(rib, darker(look.finish.color, 0.45), width=2, opacity=0.5)
