"""Caps, beanies, bucket hats, fedoras and straw hats."""

from __future__ import annotations

from catalog.demo.geometry import ellipse, flipped, lens, path
from catalog.demo.look import Look
from catalog.demo.materials import Finish
from catalog.demo.palette import contrast, darker
from catalog.demo.sheet import Fold, Sheet


def draw_hat(sheet: Sheet, look: Look) -> None:
    """Caps, beanies, bucket hats, fedoras and straw hats."""
    {"cap": _cap, "beanie": _beanie, "bucket": _bucket_hat}.get(look.cut.get("style", "fedora"), _brimmed)(sheet, look)


def _cap(sheet: Sheet, look: Look) -> None:
    crown = path("M 128 356 C 122 260 170 212 250 212 C 334 212 376 270 374 356 Q 250 376 128 356")
    sheet.part(crown, look.finish, volume=1.4, roundness=36)
    for x, bend in ((196, 128), (300, 374)):
        sheet.line(
            path(f"M 250 213 Q {x} 260 {(x + bend) / 2 + 20} 362"),
            darker(look.finish.color, 0.5),
            width=1.4,
            opacity=0.5,
        )
    peak = path("M 132 346 Q 60 352 34 398 Q 30 412 50 410 Q 150 372 262 372 Q 180 350 132 346")
    sheet.part(
        peak,
        look.finish.plain(look.finish.accent) if look.has("peak", "contrast") else look.finish,
        lift=0.4,
        volume=1.0,
        roundness=14,
    )
    for shrink in (0.94, 0.86):
        sheet.line(
            path(f"M 150 356 Q {96} {360} {44 + (1 - shrink) * 160} {402 - (1 - shrink) * 60}"),
            contrast(look.finish.color, 0.35),
            width=1,
            opacity=0.5,
        )
    sheet.part(ellipse(250, 211, 9, 6), look.finish.plain(), roundness=4)


def _beanie(sheet: Sheet, look: Look) -> None:
    crown = path("M 124 340 C 122 230 170 170 240 168 C 310 170 358 230 356 340 Z")
    folds = [
        Fold(lens((240 + x, 330), (240 + x * 0.25, 176), bend=x * 0.1, width=12), 3, 5) for x in (-84, -42, 0, 42, 84)
    ]
    sheet.part(crown, look.finish, folds=folds, volume=1.4, roundness=36)
    cuff = path("M 114 332 Q 240 318 366 332 Q 374 370 366 406 Q 240 424 114 406 Q 106 370 114 332")
    sheet.part(cuff, look.finish.plain().of("rib"), lift=0.5, volume=1.1, roundness=18)
    if look.has("pompom", "yes"):
        sheet.part(ellipse(240, 150, 38, 36), Finish(look.finish.accent, "boucle"), volume=1.2, roundness=18, edge=0.2)


def _bucket_hat(sheet: Sheet, look: Look) -> None:
    brim = path("M 96 386 Q 60 430 84 440 Q 240 476 396 440 Q 420 430 384 386 Z")
    sheet.part(brim, look.finish, volume=0.9, roundness=16)
    for grow in (0.3, 0.55, 0.8):
        sheet.line(
            path(f"M {94 - 22 * grow} {388 + 42 * grow} Q 240 {404 + 56 * grow} {386 + 22 * grow} {388 + 42 * grow}"),
            contrast(look.finish.color, 0.35),
            width=1.1,
            opacity=0.45,
        )
    crown = path("M 96 392 L 134 254 Q 140 238 180 234 Q 240 228 300 234 Q 340 238 346 254 L 384 392 Q 240 420 96 392")
    sheet.part(crown, look.finish, volume=1.2, roundness=26, lift=0.3)
    sheet.line(path("M 134 258 Q 240 278 346 258"), darker(look.finish.color, 0.5), width=1.4, opacity=0.5)


def _brimmed(sheet: Sheet, look: Look) -> None:
    wide = 196 if look.has("style", "straw", "floppy") else 166
    droop = 26 if look.has("style", "floppy") else 8
    brim = path(
        f"M {240 - wide} 398 Q {240 - wide * 0.6} {372 - droop} 240 372 Q {240 + wide * 0.6} "
        f"{372 - droop} {240 + wide} 398 Q {240 + wide * 0.7} {428 + droop} 240 {432 + droop} Q "
        f"{240 - wide * 0.7} {428 + droop} {240 - wide} 398"
    )
    sheet.part(brim, look.finish, volume=0.9, roundness=16)
    crown = path(
        "M 152 398 C 148 320 158 252 190 240 Q 222 232 240 248 Q 258 232 290 240 C 322 252 332 320 328 "
        "398 Q 240 420 152 398"
    )
    if look.has("style", "straw"):
        crown = path(
            "M 152 396 C 148 330 154 276 170 262 Q 240 246 310 262 C 326 276 332 330 328 396 Q 240 416 152 396"
        )
    dent = [Fold(lens((236, 250), (236, 330), bend=0, width=30), -6, 8)] if not look.has("style", "straw") else []
    sheet.part(crown, look.finish, folds=dent, volume=1.2, roundness=26, lift=0.4)
    band = path("M 150 366 Q 240 388 330 366 L 329 397 Q 240 418 152 397 Z")
    sheet.part(band, look.trim.of("cotton"), volume=0.5, roundness=8)
    side = flipped(path("M 146 372 L 162 376 L 162 404 L 148 402 Z"))
    sheet.part(side, look.trim.of("cotton"), lift=0.4, roundness=5)
