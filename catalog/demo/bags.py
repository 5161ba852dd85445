"""Handbags, totes and backpacks."""

from __future__ import annotations

import numpy as np

from catalog.demo.geometry import Points, ellipse, lens, mirrored, path, polygon, ribbon, rounded
from catalog.demo.look import Look
from catalog.demo.materials import Finish, lining
from catalog.demo.palette import contrast, darker
from catalog.demo.sheet import Fold, Sheet


def _ring(sheet: Sheet, look: Look, x: float, y: float, radius: float = 8) -> None:
    sheet.part(
        ellipse(x, y, radius, radius),
        look.trim.of("metal"),
        holes=[ellipse(x, y, radius * 0.6, radius * 0.6)],
        lift=0.4,
        roundness=3,
    )


def _stitched(sheet: Sheet, look: Look, outline: Points) -> None:
    sheet.line(outline, contrast(look.finish.color, 0.4), width=1.1, opacity=0.55, dash=(4, 2.5))


def draw_handbag(sheet: Sheet, look: Look) -> None:
    """Satchel, saddle, bucket, baguette, frame and crossbody bags."""
    shape = look.cut.get("shape", "satchel")
    {"bucket": _bucket, "baguette": _baguette, "saddle": _saddle, "frame": _frame}.get(shape, _satchel)(sheet, look)


def _handle(sheet: Sheet, look: Look, left: float, right: float, y: float, *, rise: float, width: float = 11) -> None:
    arc = path(f"M {left} {y} C {left + 4} {y - rise * 1.3} {right - 4} {y - rise * 1.3} {right} {y}")
    sheet.part(ribbon(arc, width), look.finish.plain(), volume=0.9, roundness=5, lift=0.2)


def _satchel(sheet: Sheet, look: Look) -> None:
    wide, top = look.vary("wide", 128, 150), 262.0
    long = look.has("strap", "long")
    if long:
        _handle(sheet, look, 240 - wide + 10, 240 + wide - 10, top + 14, rise=230, width=8)
    else:
        _handle(sheet, look, 240 - wide * 0.55, 240 + wide * 0.55, top + 8, rise=104, width=13)
    body = mirrored(
        path(
            f"M 240 {top} L {240 + wide - 12} {top} Q {240 + wide} {top + 4} {240 + wide + 2} {top + 20} L "
            f"{240 + wide + 12} 446 Q {240 + wide + 12} 470 {240 + wide - 12} 472 L 240 474"
        )
    )
    sheet.part(body, look.finish, volume=1.2, roundness=22, folds=[Fold(ellipse(240, 400, 90, 50), 4, 22)])
    flap_y = 372 + look.vary("flap", -12, 22)
    flap = mirrored(
        path(
            f"M 240 {top - 5} L {240 + wide - 6} {top - 4} Q {240 + wide + 4} {top + 2} {240 + wide + 4} "
            f"{top + 22} L {240 + wide + 2} {flap_y - 60} Q {240 + wide} {flap_y - 8} {240 + wide * 0.6} "
            f"{flap_y - 2} Q {240 + wide * 0.3} {flap_y + 6} 240 {flap_y + 6}"
        )
    )
    sheet.part(flap, look.finish, lift=0.6, volume=0.9, roundness=16)
    _stitched(sheet, look, flap * 0.955 + np.array([240, 318]) * 0.045)
    sheet.part(rounded(226, flap_y - 18, 254, flap_y + 16, radius=5), look.trim.of("metal"), lift=0.6, roundness=5)
    sheet.part(
        rounded(234, flap_y - 8, 246, flap_y + 6, radius=3), Finish(darker(look.trim.color, 0.35), "metal"), roundness=3
    )
    for side in (1, -1):
        _ring(sheet, look, 240 + side * (wide - 10 if long else wide * 0.55), top + 10)


def _bucket(sheet: Sheet, look: Look) -> None:
    _handle(sheet, look, 158, 322, 250, rise=190, width=11)
    sheet.part(ellipse(240, 244, 96, 18), lining(look.finish), volume=0.3)
    body = mirrored(path("M 240 262 Q 318 260 337 242 Q 352 300 362 440 Q 364 470 330 476 Q 240 484 240 482"))
    folds = [
        Fold(lens((240 + x, 270), (240 + x * 1.1, 350), bend=3, width=12), -4, 4) for x in (-70, -40, -12, 18, 48, 76)
    ]
    sheet.part(body, look.finish, folds=folds, volume=1.3, roundness=30)
    base = mirrored(path("M 240 440 Q 330 440 361 430 Q 366 468 332 476 Q 290 483 240 482"))
    sheet.part(base, look.finish.plain(darker(look.finish.color, 0.12)), volume=0.6, roundness=12)
    _stitched(sheet, look, path("M 122 436 Q 240 452 358 434"))
    sheet.line(path("M 140 282 Q 240 304 340 282"), darker(look.finish.color, 0.5), width=5, opacity=0.9)
    for x in (-78, -46, -14, 18, 50, 82):
        sheet.part(ellipse(240 + x, 294 - abs(x) * 0.08, 5, 5), look.trim.of("metal"), roundness=3)
    for side in (1, -1):
        tail = path(f"M {240 + side * 6} 298 Q {240 + side * 14} 340 {240 + side * 18} 384")
        sheet.part(ribbon(tail, 6), look.finish.plain(), lift=0.5, roundness=4)
        _ring(sheet, look, 240 + side * 82, 252)


def _baguette(sheet: Sheet, look: Look) -> None:
    _handle(sheet, look, 112, 368, 318, rise=142, width=13)
    body = mirrored(path("M 240 312 L 366 312 Q 386 314 390 340 L 394 400 Q 394 430 366 432 L 240 434"))
    sheet.part(body, look.finish, volume=1.3, roundness=24)
    sheet.line(path("M 100 330 Q 240 324 380 330"), look.trim.color, width=3, opacity=0.9, dash=(1.8, 1.2))
    sheet.part(rounded(354, 326, 362, 356, radius=3), look.trim.of("metal"), lift=0.5, roundness=3)
    if look.has("quilt", "yes"):
        for number in range(-7, 13):
            for slope in (1, -1):
                x = 100 + number * 30 + (0 if slope > 0 else -12)
                a, b = (x, 340), (x + 84 * slope, 430)
                if min(a[0], b[0]) > 92 and max(a[0], b[0]) < 390:
                    sheet.line(polygon(a, b), darker(look.finish.color, 0.5), width=1.6, opacity=0.55)
    for side in (1, -1):
        _ring(sheet, look, 240 + side * 128, 318)


def _saddle(sheet: Sheet, look: Look) -> None:
    _handle(sheet, look, 126, 354, 290, rise=250, width=8)
    body = path("M 124 278 L 356 278 Q 386 340 372 400 Q 352 474 240 476 Q 128 474 108 400 Q 94 340 124 278")
    sheet.part(body, look.finish, volume=1.2, roundness=24)
    flap = path(
        "M 120 272 L 360 272 Q 372 292 370 320 Q 364 380 290 398 Q 240 410 190 398 Q 116 380 110 320 Q 108 292 120 272"
    )
    sheet.part(flap, look.finish, lift=0.6, volume=0.9, roundness=16)
    _stitched(sheet, look, flap * 0.945 + np.array([240, 334]) * 0.055)
    sheet.part(
        polygon((228, 360), (252, 360), (252, 424), (240, 434), (228, 424)),
        look.finish.plain(),
        lift=0.5,
        volume=0.6,
        roundness=6,
    )
    sheet.part(rounded(222, 396, 258, 412, radius=4), look.trim.of("metal"), lift=0.4, roundness=3)
    for side in (1, -1):
        _ring(sheet, look, 240 + side * 114, 286)


def _frame(sheet: Sheet, look: Look) -> None:
    chain = path("M 150 268 C 150 90 330 90 330 268")
    sheet.line(chain, darker(look.trim.color, 0.35), width=5, opacity=0.9, dash=(7, 3), spill=True)
    sheet.line(chain, look.trim.color, width=3.4, opacity=1, dash=(7, 3), spill=True)
    body = mirrored(path("M 240 276 L 330 274 Q 372 330 370 400 Q 366 446 320 450 L 240 452"))
    folds = [
        Fold(lens((240 + x, 284), (240 + x * 1.25, 370), bend=x * 0.08, width=13), 4, 5)
        for x in (-72, -44, -16, 16, 44, 72)
    ]
    sheet.part(body, look.finish, folds=folds, volume=1.4, roundness=30)
    bar = path("M 146 282 Q 142 262 160 260 L 320 260 Q 338 262 334 282 Q 240 288 146 282")
    sheet.part(bar, look.trim.of("metal"), lift=0.5, volume=0.8, roundness=6)
    for x in (233, 247):
        sheet.part(ellipse(x, 255, 8, 8), look.trim.of("metal"), lift=0.4, roundness=4)


def draw_tote(sheet: Sheet, look: Look) -> None:
    """Totes and shoppers: canvas, leather, straw."""
    wide = {"wide": 158.0, "tall": 112.0}.get(look.cut.get("shape", "classic"), 132.0)
    top, bottom = (244.0, 486.0) if not look.has("shape", "tall") else (222.0, 500.0)
    long = look.has("strap", "long")
    strap = look.trim if look.has("handles", "leather") else look.finish.plain()
    for back in (True, False):
        arc = path(
            f"M {240 - wide * 0.46} {top + 30} C {240 - wide * 0.44} {top - (200 if long else 120)} "
            f"{240 + wide * 0.44} {top - (200 if long else 120)} {240 + wide * 0.46} {top + 30}"
        )
        if back:
            with sheet.shifted(7, -12):
                sheet.part(ribbon(arc, 11), strap, volume=0.7, roundness=5, shade=0.2)
            sheet.part(
                path(
                    f"M {240 - wide} {top + 2} Q 240 {top - 14} {240 + wide} {top + 2} Q 240 {top + 16} {240 - wide} "
                    f"{top + 2}"
                ),
                lining(look.finish),
                volume=0.3,
            )
            body = mirrored(
                path(
                    f"M 240 {top + 9} Q {240 + wide * 0.5} {top + 8} {240 + wide} {top + 1} L {240 + wide * 0.93} "
                    f"{bottom - 16} Q {240 + wide * 0.92} {bottom} {240 + wide * 0.8} {bottom} L 240 {bottom + 3}"
                )
            )
            folds = [
                Fold(lens((240 + wide * x, top + 40), (240 + wide * x * 0.7, bottom - 30), bend=14 * x, width=22), 4, 9)
                for x in (-0.6, 0.15, 0.65)
            ]
            sheet.part(body, look.finish, folds=folds, volume=1.0, roundness=20)
        else:
            sheet.part(ribbon(arc, 11), strap, volume=0.7, roundness=5, lift=0.3)
    for side in (1, -1):
        x = 240 + side * wide * 0.46
        sheet.part(rounded(x - 8, top + 16, x + 8, top + 58, radius=3), strap, lift=0.3, volume=0.5, roundness=4)
        sheet.line(
            polygon((x - 5, top + 50), (x + 5, top + 34), (x - 5, top + 34), (x + 5, top + 50)),
            contrast(strap.color, 0.4),
            width=1,
            opacity=0.6,
        )
    sheet.line(
        path(f"M {240 - wide + 2} {top + 15} Q 240 {top + 26} {240 + wide - 2} {top + 15}"),
        contrast(look.finish.color, 0.35),
        width=1.1,
        opacity=0.5,
    )
    if look.has("pocket", "yes"):
        sheet.part(rounded(186, top + 90, 294, top + 178, radius=6), look.finish, lift=0.35, volume=0.5, roundness=8)
    if look.has("base", "contrast"):
        base = mirrored(
            path(
                f"M 240 {bottom - 60} L {240 + wide * 0.945} {bottom - 62} L {240 + wide * 0.93} {bottom - 16} Q "
                f"{240 + wide * 0.92} {bottom} {240 + wide * 0.8} {bottom} L 240 {bottom + 3}"
            )
        )
        sheet.part(base, look.trim, volume=0.6, roundness=12)


def draw_backpack(sheet: Sheet, look: Look) -> None:
    """Roll-top, flap and zipped backpacks."""
    style = look.cut.get("style", "zip")
    for side in (1, -1):
        strap = path(f"M {240 + side * 70} 200 C {240 + side * 150} 230 {240 + side * 160} 380 {240 + side * 112} 470")
        sheet.part(ribbon(strap, 20), look.finish.plain(), volume=0.8, roundness=7, shade=0.12)
    sheet.part(ribbon(path("M 212 150 C 212 106 268 106 268 150"), 11), look.finish.plain(), roundness=5)
    body = mirrored(path("M 240 140 C 300 138 342 160 348 220 L 360 440 Q 362 490 320 494 L 240 496"))
    sheet.part(body, look.finish, volume=1.3, roundness=28)
    pocket = mirrored(path("M 240 338 L 318 338 Q 334 340 336 358 L 340 448 Q 340 474 318 476 L 240 478"))
    sheet.part(pocket, look.finish.plain() if style != "zip" else look.finish, lift=0.5, volume=1.0, roundness=16)
    if style == "flap":
        flap = mirrored(path("M 240 132 C 306 130 346 156 352 214 L 354 290 Q 352 322 318 324 L 240 326"))
        sheet.part(flap, look.finish, lift=0.6, volume=1.0, roundness=18)
        for x in (188, 292):
            sheet.part(
                polygon((x - 8, 300), (x + 8, 300), (x + 8, 384), (x, 392), (x - 8, 384)),
                look.trim.of("leather"),
                lift=0.5,
                volume=0.5,
                roundness=4,
            )
            sheet.part(
                rounded(x - 12, 344, x + 12, 364, radius=3),
                Finish((0.78, 0.66, 0.4), "metal"),
                holes=[rounded(x - 7, 349, x + 7, 359, radius=2)],
                lift=0.4,
            )
    elif style == "roll":
        roll = path("M 128 168 Q 240 150 352 168 Q 360 190 350 206 Q 240 220 130 206 Q 120 190 128 168")
        sheet.part(roll, look.finish, lift=0.5, volume=1.1, roundness=14)
        sheet.part(rounded(230, 150, 250, 300, radius=3), look.trim.of("leather"), lift=0.5, volume=0.5, roundness=5)
        sheet.part(
            rounded(224, 262, 256, 284, radius=4),
            Finish((0.72, 0.72, 0.74), "metal"),
            holes=[rounded(231, 268, 249, 278, radius=2)],
            lift=0.4,
        )
    else:
        arc = path("M 140 300 C 138 150 342 150 340 300")
        for line in (arc, path("M 160 362 L 320 362")):
            sheet.line(line, darker(look.finish.color, 0.6), width=6, opacity=0.7)
            sheet.line(line, look.trim.color, width=2.4, opacity=0.9, dash=(1.6, 1.4))
        sheet.part(rounded(305, 360, 312, 384, radius=2), look.trim.of("metal"), lift=0.5, roundness=3)
        sheet.part(rounded(222, 268, 258, 294, radius=3), Finish(look.trim.color, "leather"), lift=0.4, roundness=4)
