"""Sneakers, loafers and lace-up shoes; and how a pair stands: seen from the side, the toe to the left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from catalog.demo.geometry import ellipse, lens, path, polygon, ribbon
from catalog.demo.look import Look
from catalog.demo.materials import Finish, lining
from catalog.demo.palette import contrast, darker
from catalog.demo.sheet import Fold, Sheet


def draw_pair(sheet: Sheet, look: Look, draw: Callable[[Sheet, Look], None]) -> None:
    """The far shoe a little higher and to the right, the near one in front; only the near one on a second photo."""
    if not look.is_back:
        with sheet.shifted(26, -50):
            draw(sheet, look)
    with sheet.shifted(-22, 18 if not look.is_back else -30):
        draw(sheet, look)


def draw_sneakers(sheet: Sheet, look: Look) -> None:
    """Low and high sneakers, runners and slip-ons."""
    draw_pair(sheet, look, _sneaker)


def draw_loafers(sheet: Sheet, look: Look) -> None:
    """Loafers and lace-up shoes."""
    draw_pair(sheet, look, _loafer)


def _sneaker(sheet: Sheet, look: Look) -> None:
    high = look.has("shaft", "high")
    run = look.has("style", "runner")
    top = 206 if high else 286
    heel = 200 if high else 274
    tall = 20 if look.has("sole", "platform") else 8 if run else 0
    with sheet.shifted(0, -tall):
        throat = f"C 192 326 216 304 236 280 L {252 if not high else 250} {top - 8}"
        collar = f"Q {268} {top - 22} {284} {top - 6} Q 326 {top + 34} {382 if not high else 372} {heel}"
        upper = path(
            f"M 92 396 C 86 362 112 346 152 338 {throat} {collar} C {398 if not high else 386} {heel + 50} "
            "398 350 396 396 Z"
        )
        opening = path(
            f"M {256} {top - 4} Q 296 {top - 26} {380 if not high else 370} {heel + 3} Q 330 {top + 36} {284} "
            f"{top + 2} Z"
        )
        sheet.part(opening, lining(look.finish), volume=0.2)
        tongue = path(f"M 228 296 Q 232 {top + 8} 240 {top - 22} Q 256 {top - 34} 274 {top - 18} L 262 300 Z")
        sheet.part(tongue, look.finish.plain(), volume=0.8, roundness=10)
        creases = [
            Fold(lens((150, 342), (196, 366), bend=4, width=9), -2, 3),
            Fold(lens((168, 336), (212, 352), bend=4, width=8), -2, 3),
        ]
        sheet.part(upper, look.finish, folds=creases, volume=1.3, roundness=26, angle=18)
        _sneaker_details(sheet, look, top, heel)
    _rubber_sole(sheet, look, tall, run)


def _sneaker_details(sheet: Sheet, look: Look, top: float, heel: float) -> None:
    stitch = contrast(look.finish.color, 0.35)
    accent = look.finish.plain(look.finish.accent)
    if look.has("style", "court", "runner"):
        toe = path("M 92 396 C 86 362 112 346 152 338 Q 176 352 180 396 Z")
        sheet.part(
            toe, accent if look.has("style", "runner") else look.finish.plain(), volume=0.7, roundness=18, edge=0.35
        )
    if look.has("style", "canvas"):
        sheet.part(
            path("M 90 398 C 86 372 104 360 136 356 Q 156 372 158 398 Z"),
            look.trim.of("rubber"),
            volume=1.0,
            roundness=14,
        )
    tab = path(
        f"M 396 396 C 398 350 {394} {heel + 60} {382 if top > 220 else 372} {heel - 1} Q 362 {heel + 24} "
        f"352 {heel + 34} Q 366 340 356 396 Z"
    )
    sheet.part(
        tab, accent if not look.has("style", "canvas") else look.finish.plain(), volume=0.6, roundness=12, edge=0.35
    )
    if look.has("style", "runner"):
        for number in range(2):
            wave = path(f"M {214 + number * 34} 390 Q {250 + number * 26} 352 {274 + number * 22} 300")
            sheet.part(ribbon(wave, np.linspace(22, 9, len(wave))), accent, volume=0.4, roundness=6)
    elif look.has("style", "court"):
        for number in range(3):
            sheet.line(
                polygon((232 + number * 22, 388), (262 + number * 20, 322)), look.finish.accent, width=6, opacity=0.9
            )
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
        sheet.part(
            polygon((244, 288), (284, 274), (290, 316), (262, 330)),
            look.finish.plain().of("rib"),
            volume=0.4,
            roundness=6,
        )
    sheet.line(
        path(f"M 190 392 Q 216 352 244 344 Q 300 330 352 {heel + 40}"), stitch, width=1.2, opacity=0.5, dash=(4, 2.5)
    )


def _rubber_sole(sheet: Sheet, look: Look, tall: float, run: bool) -> None:
    heel_up = 12 if run else 0
    sole = path(
        f"M 88 {392 - tall} Q 80 {412 - tall} {96 - heel_up} {424 - heel_up} Q 104 428 120 428 L 384 428 "
        f"Q 404 426 {402 + heel_up} {408 - heel_up} "
        f"L 398 {384 - tall - heel_up} Q 300 {400 - tall} 240 {396 - tall} Q 140 {388 - tall} 88 {392 - tall}"
    )
    sheet.part(sole, look.trim.of("rubber"), volume=0.8, roundness=10, lift=0.2, edge=0.45)
    line = contrast(look.trim.color, 0.3)
    sheet.line(
        path(
            f"M 88 {406 - tall * 0.6} Q 140 {402 - tall * 0.6} 240 {410 - tall * 0.6} Q 320 "
            f"{412 - tall * 0.6} 400 {400 - tall * 0.6}"
        ),
        line,
        width=1.3,
        opacity=0.45,
    )
    sheet.line(path("M 98 424 L 394 424"), darker(look.trim.color, 0.5), width=3, opacity=0.5)


def _loafer(sheet: Sheet, look: Look) -> None:
    lace = look.has("style", "derby", "oxford")
    upper = path(
        "M 84 402 C 78 380 96 366 132 356 C 170 346 196 330 218 312 L 240 294 Q 262 286 280 302 Q 330 "
        "322 380 286 C 396 310 396 360 392 402 Z"
        if lace
        else "M 84 402 C 78 382 96 368 132 360 C 172 350 200 336 224 322 Q 250 312 270 326 Q 330 340 382 292 "
        "C 396 312 396 360 392 402 Z"
    )
    top = 300 if lace else 324
    sheet.part(
        path(f"M 246 {top - 4} Q 300 {top - 22} 378 {290} Q 330 {top + 30} 262 {top + 6} Z"),
        lining(look.finish),
        volume=0.2,
    )
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
        sheet.line(
            path("M 106 372 Q 132 352 176 352 Q 214 352 236 334"),
            darker(look.finish.color, 0.5),
            width=2.4,
            opacity=0.55,
        )
        strap = path("M 176 346 Q 214 350 262 396 L 234 402 Q 198 366 158 352 Z")
        sheet.part(strap, look.finish, volume=0.6, roundness=8, lift=0.45)
        if look.has("style", "horsebit"):
            sheet.part(ribbon(path("M 180 352 Q 204 356 226 376"), 5), look.trim.of("metal"), lift=0.5, roundness=3)
        elif look.has("style", "tassel"):
            for dx in (0, 14):
                sheet.part(
                    polygon((190 + dx, 352), (198 + dx, 354), (196 + dx, 384), (180 + dx, 380)),
                    look.finish,
                    lift=0.5,
                    roundness=5,
                )
        else:
            sheet.part(
                lens((188, 356), (222, 378), bend=3, width=9),
                look.finish.plain(darker(look.finish.color, 0.5)),
                volume=0,
                edge=0.3,
            )
    sole = darker(look.finish.color, 0.55) if not look.has("sole", "cream") else (0.86, 0.8, 0.7)
    sheet.part(
        path("M 82 398 Q 78 410 92 412 L 300 412 L 312 404 L 394 400 L 392 396 Q 240 402 82 398"),
        Finish(sole, "leather"),
        volume=0.5,
        roundness=5,
    )
    sheet.part(
        polygon((310, 403), (395, 399), (394, 426), (316, 426)), Finish(sole, "leather"), volume=0.6, roundness=7
    )
