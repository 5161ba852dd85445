"""T-shirts, shirts and knitwear."""

from __future__ import annotations

import numpy as np

from catalog.demo.geometry import ellipse, flipped, mirrored, path, polygon, ribbon, rounded
from catalog.demo.look import Look
from catalog.demo.materials import Finish, lining
from catalog.demo.palette import contrast, darker, lighter
from catalog.demo.sheet import Fold, Sheet
from catalog.demo.torso import (
    Torso,
    armholes,
    body,
    creases,
    hem_band,
    hem_stitches,
    inside,
    neck_band,
    neckline,
    sleeves,
    torso,
)  # fmt: skip


def draw_tshirt(sheet: Sheet, look: Look) -> None:
    """T-shirts, polos and tank tops."""
    cropped = look.has("length", "cropped")
    t = torso(look, top=96, length=look.vary("length", 292, 312) - (62 if cropped else 0))
    inside(sheet, look, t)
    sleeves(sheet, look, t)
    sheet.part(body(look, t), look.finish, folds=creases(look, t), lift=0.35)
    armholes(sheet, look, t)
    hem_stitches(sheet, look, t)
    if look.has("neck", "polo") and not look.is_back:
        _polo(sheet, look, t)
    else:
        neck_band(sheet, look, t, finish=look.trim if look.has("ringer", "yes") else None)
    if look.has("neck", "henley") and not look.is_back:
        placket(sheet, look, (t.top + 24, t.top + 92), buttons=3)
    if look.has("pocket", "yes") and not look.is_back:
        patch_pocket(sheet, look, (292, t.top + 100), (52, 56))
    if look.has("motif", "circle", "bars", "sun") and not look.is_back:
        _motif(sheet, look, t)


def _motif(sheet: Sheet, look: Look, t: Torso) -> None:
    ink = look.finish.plain(look.finish.accent)
    cy = t.top + 130
    if look.has("motif", "circle"):
        sheet.part(ellipse(240, cy, 40, 40), ink, volume=0, edge=0)
        sheet.part(ellipse(254, cy - 8, 30, 30), look.finish.plain(), volume=0, edge=0)
    elif look.has("motif", "bars"):
        for number in range(3):
            sheet.part(
                rounded(192, cy - 26 + number * 20, 288 - number * 22, cy - 15 + number * 20, radius=5),
                ink,
                volume=0,
                edge=0,
            )
    else:
        sheet.part(path(f"M 196 {cy} C 196 {cy - 60} 284 {cy - 60} 284 {cy} Z"), ink, volume=0, edge=0)
        for number in range(3):
            y = cy + 7 + number * 10
            sheet.part(rounded(196 + number * 8, y, 284 - number * 8, y + 5, radius=2), ink, volume=0, edge=0)


def placket(sheet: Sheet, look: Look, span: tuple[float, float], *, buttons: int, width: float = 15) -> None:
    """A buttoned strip down the middle."""
    top, bottom = span
    sheet.part(
        rounded(240 - width / 2, top, 240 + width / 2, bottom, radius=2),
        look.finish,
        lift=0.3,
        volume=0.25,
        roundness=4,
    )
    for number in range(buttons):
        button(sheet, look, (240, top + (bottom - top) * (number + 0.5) / buttons))


def button(sheet: Sheet, look: Look, at: tuple[float, float], *, radius: float = 4.0) -> None:
    """A round button with two holes."""
    color = look.trim.color
    sheet.part(ellipse(*at, radius, radius), Finish(color, "ceramic"), lift=0.5, volume=0.9, roundness=3, edge=0.5)
    for dx in (-1.1, 1.1):
        sheet.part(ellipse(at[0] + dx, at[1], 0.6, 0.6), Finish(darker(color, 0.6)), volume=0, edge=0)


def patch_pocket(
    sheet: Sheet, look: Look, at: tuple[float, float], size: tuple[float, float], *, flap: bool = False
) -> None:
    """A pocket sewn on, its upper edge centred at `at`."""
    (x, y), (w, h) = at, size
    shape = polygon((x - w / 2, y), (x + w / 2, y), (x + w / 2, y + h * 0.82), (x, y + h), (x - w / 2, y + h * 0.82))
    sheet.part(shape, look.finish, lift=0.35, volume=0.25, roundness=6, edge=0.4)
    thread = contrast(look.finish.color, 0.35)
    sheet.line(polygon((x - w / 2, y + 7), (x + w / 2, y + 7)), thread, width=0.9, opacity=0.5)
    if flap:
        lid = polygon(
            (x - w / 2 - 2, y - 3),
            (x + w / 2 + 2, y - 3),
            (x + w / 2 + 2, y + 13),
            (x, y + 19),
            (x - w / 2 - 2, y + 13),
        )
        sheet.part(lid, look.finish, lift=0.5, volume=0.3, roundness=5, edge=0.45)


def _polo(sheet: Sheet, look: Look, t: Torso) -> None:
    placket(sheet, look, (t.top + 14, t.top + 92), buttons=3, width=17)
    collar(sheet, look, t, spread=36, drop=34, finish=look.finish.plain().of("rib"))


def collar(sheet: Sheet, look: Look, t: Torso, *, spread: float, drop: float, finish: Finish | None = None) -> None:
    """A turned-down collar: its stand behind the neck and two leaves in front."""
    cloth = finish or look.finish
    n, y = t.neck, t.top
    stand = path(
        f"M {240 - n} {y + 2} Q 240 {y - 16} {240 + n} {y + 2} L {240 + n - 6} {y + 12} Q 240 {y + 2} "
        f"{240 - n + 6} {y + 12} Z"
    )
    sheet.part(stand, lining(look.finish), volume=0.3)
    sheet.part(
        path(f"M {240 - n + 2} {y - 1} Q 240 {y - 20} {240 + n - 2} {y - 1} Q 240 {y - 8} {240 - n + 2} {y - 1}"),
        cloth,
        volume=0.4,
    )
    leaf = path(
        f"M {240 + n - 4} {y - 5} Q {240 + n + 6} {y + 2} {240 + n + 5} {y + 8} L {240 + spread + 4} {y + drop + 14} "
        f"Q {240 + spread * 0.6} {y + drop + 12} 241 {y + drop - 6} Q {240 + n * 0.55} {y + drop * 0.45} "
        f"{240 + n - 4} {y - 5}"
    )
    for side in (leaf, flipped(leaf)):
        sheet.part(side, cloth, lift=0.55, volume=0.5, roundness=8, angle=0, edge=0.5)


def draw_shirt(sheet: Sheet, look: Look) -> None:
    """Button-through shirts and blouses, with long or short sleeves."""
    t = torso(look, top=92, length=look.vary("length", 318, 338) - (64 if look.has("length", "cropped") else 0))
    inside(sheet, look, t)
    sleeves(sheet, look, t, cuff=0 if look.has("sleeve", "short", "elbow") else 24, cuff_finish=look.finish)
    curved = 22 if look.has("hem", "curved") else 5
    sheet.part(body(look, t, hem_drop=curved), look.finish, folds=creases(look, t), lift=0.35)
    armholes(sheet, look, t)
    hem_stitches(sheet, look, t, drop=curved)
    if look.is_back:
        yoke = path(
            f"M {240 - t.shoulder} {t.shoulder_y + 34} Q 240 {t.shoulder_y + 40} {240 + t.shoulder} {t.shoulder_y + 34}"
        )
        sheet.line(yoke, contrast(look.finish.color, 0.4), width=1.2, opacity=0.5)
    else:
        depth = {"camp": 56, "band": 14}.get(look.cut.get("collar", ""), 26)
        placket(sheet, look, (t.top + depth, t.hem_y + curved - 2), buttons=7 if t.hem_y > 400 else 5, width=17)
        if look.has("pocket", "one", "two"):
            patch_pocket(sheet, look, (293, t.top + 102), (54, 60), flap=look.has("pocket", "two"))
        if look.has("pocket", "two"):
            patch_pocket(sheet, look, (187, t.top + 102), (54, 60), flap=True)
    _shirt_collar(sheet, look, t)


def _shirt_collar(sheet: Sheet, look: Look, t: Torso) -> None:
    if look.has("collar", "band"):
        n, y = t.neck, t.top
        band = path(
            f"M {240 - n - 3} {y + 4} Q 240 {y - 17} {240 + n + 3} {y + 4} Q {240 + n * 0.7} {y + 24} 243 "
            f"{y + 26} L 237 {y + 26} Q {240 - n * 0.7} {y + 24} {240 - n - 3} {y + 4}"
        )
        opening = path(
            f"M {240 - n + 4} {y + 3} Q 240 {y - 9} {240 + n - 4} {y + 3} Q {240 + n * 0.5} {y + 15} 240 "
            f"{y + 16} Q {240 - n * 0.5} {y + 15} {240 - n + 4} {y + 3}"
        )
        sheet.part(opening, lining(look.finish), volume=0.2)
        sheet.part(band, look.finish, holes=[opening], lift=0.3, volume=0.5, roundness=5)
    elif look.is_back:
        collar(sheet, look, t, spread=30, drop=14)
    elif look.has("collar", "camp"):
        collar(sheet, look, t, spread=52, drop=58)
    else:
        collar(sheet, look, t, spread=look.vary("spread", 30, 46), drop=30)


def draw_knit(sheet: Sheet, look: Look) -> None:
    """Jumpers, roll necks, cardigans, sweatshirts, hoodies and knitted vests."""
    t = torso(look, top=96, length=look.vary("length", 268, 288) - (50 if look.has("length", "cropped") else 0))
    rib = look.finish.plain(look.trim.color if look.has("tipped", "yes") else None).of("rib")
    inside(sheet, look, t)
    sleeves(sheet, look, t, cuff=26, cuff_finish=rib)
    sheet.part(body(look, t), look.finish, folds=creases(look, t), lift=0.4, volume=1.25)
    armholes(sheet, look, t)
    hem_band(sheet, look, t, finish=rib)
    if look.has("sleeve", "none"):
        _arm_bands(sheet, t, rib)
    if look.has("front", "cardigan") and not look.is_back:
        _cardigan(sheet, look, t, rib)
    elif look.has("neck", "roll", "mock"):
        _roll(sheet, look, t, rib)
    elif look.has("neck", "hood"):
        _hood(sheet, look, t)
    else:
        neck_band(sheet, look, t, width=12, finish=rib)


def _arm_bands(sheet: Sheet, t: Torso, rib: Finish) -> None:
    line = path(
        f"M {240 + t.shoulder} {t.shoulder_y - 1} C {233 + t.shoulder} {t.shoulder_y + 28} "
        f"{231 + t.shoulder} {t.underarm_y - 26} "
        f"{240 + t.chest - 2} {t.underarm_y}"
    )
    for side in (line, flipped(line)):
        sheet.part(ribbon(side, 10), rib, lift=0.4, volume=0.7, roundness=5)


def _cardigan(sheet: Sheet, look: Look, t: Torso, rib: Finish) -> None:
    half = neckline(look, t)
    low = float(half[0, 1])
    front = np.concatenate([polygon((240, t.hem_y + 26), (240, low)), half])
    band = ribbon(np.concatenate([flipped(half)[::-1], half[1:]]), 13)
    sheet.part(rounded(232, low - 4, 248, t.hem_y + 27, radius=2), rib, lift=0.35, volume=0.6, roundness=5)
    sheet.part(band, rib, lift=0.4, volume=0.7, roundness=6)
    sheet.line(front[:2], darker(rib.color, 0.5), width=1.0, opacity=0.3)
    for number in range(5):
        button(sheet, look, (240, low + 16 + (t.hem_y - low - 6) * number / 4.4), radius=5)
    if look.has("pocket", "yes"):
        for x in (188, 292):
            sheet.part(
                rounded(x - 27, t.hem_y - 76, x + 27, t.hem_y - 12, radius=3),
                look.finish,
                lift=0.35,
                volume=0.4,
                roundness=8,
            )
            sheet.part(rounded(x - 27, t.hem_y - 78, x + 27, t.hem_y - 66, radius=3), rib, volume=0.6, roundness=5)


def _roll(sheet: Sheet, look: Look, t: Torso, rib: Finish) -> None:
    tall = 40 if look.has("neck", "roll") else 22
    n, y = t.neck + 1, t.top
    sheet.part(ellipse(240, y - tall + 12, n - 5, 9), lining(look.finish), volume=0.3)
    tube = path(
        f"M {240 + n - 5} {y - tall + 12} Q {240 + n + 3} {y - tall * 0.4} {240 + n} {y + 5} Q 240 "
        f"{y + 36} {240 - n} {y + 5} "
        f"Q {240 - n - 3} {y - tall * 0.4} {240 - n + 5} {y - tall + 12} Q 240 {y - tall + 30} "
        f"{240 + n - 5} {y - tall + 12}"
    )
    sheet.part(tube, rib, lift=0.4, volume=1.0, roundness=11)
    if look.has("neck", "roll"):
        fold = path(
            f"M {240 - n + 1} {y - 14} Q 240 {y + 14} {240 + n - 1} {y - 14} L {240 + n - 5} {y - tall + 12} "
            f"Q 240 {y - tall + 30} {240 - n + 5} {y - tall + 12}"
        )
        sheet.part(fold, rib, lift=0.5, volume=0.9, roundness=8)


def _hood(sheet: Sheet, look: Look, t: Torso) -> None:
    n, y = t.neck + 12, t.top
    half = path(
        f"M 240 {y - 46} C {240 + n} {y - 50} {240 + n + 20} {y - 12} {240 + n + 2} {y + 16} C "
        f"{240 + n - 12} {y + 36} 252 {y + 44} 240 {y + 48}"
    )
    sheet.part(
        mirrored(half),
        look.finish,
        lift=0.5,
        volume=1.1,
        roundness=18,
        folds=[Fold(ellipse(240, y - 30, 30, 12), 4, 8)],
    )
    if look.is_back:
        return
    hole = mirrored(
        path(
            f"M 240 {y - 24} C {240 + n - 16} {y - 26} {240 + n - 6} {y} {240 + n - 16} {y + 14} Q 262 "
            f"{y + 32} 240 {y + 36}"
        )
    )
    sheet.part(hole, lining(look.finish), volume=-0.6, roundness=12)
    cord = lighter(look.finish.color, 0.55) if sum(look.finish.color) < 1.9 else darker(look.finish.color, 0.25)
    for side in (1, -1):
        line = path(
            f"M {240 + side * 13} {y + 40} Q {240 + side * 19} {y + 66} "
            f"{240 + side * (15 + look.vary('cord', -3, 4))} {y + 100}"
        )
        sheet.line(line, darker(look.finish.color, 0.5), width=5, opacity=0.25)
        sheet.line(line, cord, width=3.4, opacity=1)
    pouch = path(
        f"M 196 {t.hem_y - 92} L 284 {t.hem_y - 92} L 304 {t.hem_y - 34} L 304 {t.hem_y - 2} L 176 "
        f"{t.hem_y - 2} L 176 {t.hem_y - 34} Z"
    )
    sheet.part(pouch, look.finish, lift=0.4, volume=0.5, roundness=8)
