"""Chairs, armchairs and sofas."""

from __future__ import annotations

import numpy as np

from catalog.demo.geometry import ellipse, path, ribbon
from catalog.demo.look import Look
from catalog.demo.materials import Finish
from catalog.demo.palette import contrast, darker
from catalog.demo.sheet import Sheet
from catalog.demo.solid import Stage, softened


def _stage(sheet: Sheet, look: Look, *, zoom: float, ground: float, turn: float = 26.0) -> Stage:
    return Stage(sheet, turn=-turn if look.is_back else turn, tilt=16, zoom=zoom, ground=ground)


def draw_chair(sheet: Sheet, look: Look) -> None:
    """Dining chairs and stools: spindle, upholstered, cane, shell, stool."""
    stage = _stage(sheet, look, zoom=4.1, ground=468)
    style = look.cut.get("back", "upholstered")
    seat_y, half, deep = (46.0, 22.0, 21.0) if style != "stool" else (66.0, 18.0, 17.0)
    frame = look.trim
    splay = look.vary("splay", 0.5, 4.0)
    for x, z in ((-half + 3, -deep + 3), (half - 3, -deep + 3), (-half + 3, deep - 3), (half - 3, deep - 3)):
        stage.leg((x, seat_y, z), (x + np.sign(x) * splay, 0, z + np.sign(z) * splay), frame)
    if style == "stool":
        for y in (22.0, 30.0):
            stage.leg((-half + 2, y, deep - 2), (half - 2, y, deep - 2), frame, widths=(2.2, 2.2))
    if style in ("spindle", "ladder", "cane", "wishbone"):
        _open_back(stage, look, style, (half, deep, seat_y))
    elif style in ("upholstered", "channel"):
        for x in (-half + 4, half - 4):
            stage.leg((x, seat_y + 14, -deep + 1), (x, seat_y - 2, -deep + 1), frame, widths=(3, 3))
        stage.cushion((-half, seat_y + 8, -deep - 3), (half, seat_y + 44, -deep + 4), look.finish, radius=26)
        if style == "channel":
            for share in (-0.6, -0.2, 0.2, 0.6):
                a, b = stage.at(half * share, seat_y + 12, -deep + 4), stage.at(half * share, seat_y + 41, -deep + 4)
                sheet.line(np.array([a, b]), darker(look.finish.color, 0.5), width=1.8, opacity=0.5)
    if style == "shell":
        _shell(stage, look, half, deep, seat_y)
    elif style in ("spindle", "ladder") and not look.has("seat", "cushion"):
        stage.box((-half, seat_y - 3, -deep), (half, seat_y + 1, deep), frame, radius=7, soft=0.3)
    else:
        stage.box((-half, seat_y - 4, -deep), (half, seat_y - 1, deep), frame)
        stage.cushion((-half, seat_y - 1, -deep), (half, seat_y + 5, deep), look.finish, radius=14)


def _open_back(stage: Stage, look: Look, style: str, size: tuple[float, float, float]) -> None:
    half, deep, seat_y = size
    z, frame, top = -deep + 1, look.trim, seat_y + 40
    for x in (-half + 2, half - 2):
        stage.leg((x * 0.98, top, z - 5), (x, seat_y, z), frame, widths=(2.6, 3.4))
    if style == "spindle":
        for share in (-0.62, -0.31, 0, 0.31, 0.62):
            stage.leg((half * share, top - 2, z - 5), (half * share * 0.9, seat_y, z), frame, widths=(1.5, 1.5))
    elif style == "ladder":
        for y in (12.0, 23.0):
            stage.box((-half + 2, seat_y + y, z - 4), (half - 2, seat_y + y + 5, z - 3), frame)
    elif style == "wishbone":
        for x in (-1, 1):
            stage.leg((x * 9, top - 2, z - 5), (0, seat_y + 14, z - 2), frame, widths=(2.2, 2.6))
        stage.leg((0, seat_y + 16, z - 2), (0, seat_y, z), frame, widths=(3, 3))
    else:
        panel = stage.outline(
            (-half + 3, top - 3, z - 5),
            (half - 3, top - 3, z - 5),
            (half - 3, seat_y + 10, z - 2),
            (-half + 3, seat_y + 10, z - 2),
        )
        stage.sheet.part(panel, Finish((0.85, 0.72, 0.52), "rattan"), volume=0.15)
        stage.box((-half + 2, seat_y + 7, z - 3), (half - 2, seat_y + 10, z - 1), frame)
    rail = np.array(
        [
            stage.at(x, top + 3 * (1 - (x / half) ** 2) - 1, z - 5 - 5 * (1 - (x / half) ** 2))
            for x in np.linspace(-half, half, 15)
        ]
    )
    stage.sheet.part(
        ribbon(rail, (6.5 if style != "cane" else 4) * stage.zoom), frame, volume=0.7, roundness=8, lift=0.3
    )


def _shell(stage: Stage, look: Look, half: float, deep: float, seat_y: float) -> None:
    """A moulded shell: back and seat in one piece."""

    def flat(x: float, y: float, z: float) -> str:
        a, b = stage.at(x, y, z)
        return f"{a:.2f} {b:.2f}"

    back = path(
        f"M {flat(-half, seat_y + 6, -deep + 4)} C {flat(-half - 1, seat_y + 34, -deep - 6)} "
        f"{flat(-half * 0.7, seat_y + 42, -deep - 8)} {flat(0, seat_y + 42, -deep - 8)} "
        f"C {flat(half * 0.7, seat_y + 42, -deep - 8)} {flat(half + 1, seat_y + 34, -deep - 6)} "
        f"{flat(half, seat_y + 6, -deep + 4)} "
        f"L {flat(half, seat_y, deep)} L {flat(-half, seat_y, deep)} Z"
    )
    stage.sheet.part(back, look.finish, volume=-0.5, roundness=22)
    seat = softened(
        stage.outline(
            (-half, seat_y + 2, -deep + 5), (half, seat_y + 2, -deep + 5), (half, seat_y, deep), (-half, seat_y, deep)
        ),
        26,
    )
    stage.sheet.part(seat, look.finish, volume=0.35, roundness=18, shade=-0.05, edge=0.15)
    lip = stage.outline(
        (-half + 5, seat_y, deep + 0.5),
        (half - 5, seat_y, deep + 0.5),
        (half - 6, seat_y - 3, deep),
        (-half + 6, seat_y - 3, deep),
    )
    stage.sheet.part(softened(lip, 5), look.finish, volume=0.3, shade=0.12)


def draw_armchair(sheet: Sheet, look: Look) -> None:
    """Armchairs: club, wing, lounge with a wooden frame, tub."""
    stage = _stage(sheet, look, zoom=3.15, ground=452)
    _sofa(stage, look, width=look.vary("width", 74, 84), seats=1)


def draw_sofa(sheet: Sheet, look: Look) -> None:
    """Sofas with two or three seats, and a chaise."""
    three = look.has("seats", "three", "chaise")
    stage = _stage(sheet, look, zoom=1.98 if three else 2.35, ground=400, turn=17)
    _sofa(stage, look, width=196.0 if three else 156.0, seats=3 if three else 2)


def _sofa(stage: Stage, look: Look, *, width: float, seats: int) -> None:
    half, deep, arm = width / 2, 40.0, look.vary("arm", 11, 16) if not look.has("arm", "wood") else 5.0
    leg_y = 15.0 if look.has("legs", "tall") else 9.0
    base_y, seat_y = leg_y + 14, leg_y + 29
    back_y = seat_y + {"high": 52.0, "low": 30.0}.get(look.cut.get("back", "mid"), 40.0)
    for x in (-half + 6, half - 6):
        for z in (-deep + 5, deep - 5):
            stage.leg((x, leg_y + 2, z), (x + np.sign(x) * 1.5, 0, z), look.trim, widths=(5, 3.2))
    cloth = look.finish
    wood = look.has("arm", "wood")
    inner = half - arm
    stage.box(
        (-half if not wood else -inner, leg_y, -deep),
        (half if not wood else inner, base_y, deep - 2),
        look.trim if wood else cloth,
        radius=5 if not wood else 2,
    )
    stage.box((-half + 2, base_y, -deep), (half - 2, back_y - 4, -deep + 13), cloth, radius=14, soft=0.4)
    near = 1 if stage.turn < 0 else -1
    _arm(stage, look, (-near * half, arm), (leg_y, seat_y), deep, base_y)
    each = inner * 2 / seats
    for number in range(seats):
        x = -inner + number * each
        if look.has("back", "channel"):
            for strip in range(4):
                stage.cushion(
                    (x + strip * each / 4, seat_y - 4, -deep + 10),
                    (x + (strip + 1) * each / 4, back_y, -deep + 22),
                    cloth,
                    radius=12,
                )
        else:
            stage.cushion((x + 1, seat_y - 3, -deep + 12), (x + each - 1, back_y, -deep + 27), cloth, radius=18)
            if look.has("back", "tufted"):
                _tufts(stage, look, (x, each), (seat_y, back_y), -deep + 27)
    for number in range(seats):
        x = -inner + number * each
        long = 38 if look.has("seats", "chaise") and number == (0 if stage.turn > 0 else seats - 1) else 0
        stage.cushion((x + 0.5, base_y - 1, -deep + 24), (x + each - 0.5, seat_y, deep + long), cloth, radius=12)
    _arm(stage, look, (near * half, arm), (leg_y, seat_y), deep, base_y)
    if look.has("pillows", "yes"):
        for x, color in ((-inner + 20, cloth.accent), (inner - 20, cloth.accent2)):
            stage.cushion(
                (x - 17, seat_y, -deep + 27), (x + 17, seat_y + 30, -deep + 35), Finish(color, "linen"), radius=12
            )


def _arm(
    stage: Stage, look: Look, edge: tuple[float, float], heights: tuple[float, float], deep: float, base_y: float
) -> None:
    x, arm = edge
    leg_y, seat_y = heights
    low, high = (x - arm, x) if x > 0 else (x, x + arm)
    top = seat_y + (19 if not look.has("arm", "low") else 9)
    if look.has("arm", "wood"):
        for z in (-deep + 4, deep - 6):
            stage.leg(((low + high) / 2, top - 2, z), ((low + high) / 2, 1, z), look.trim, widths=(4.4, 3.6))
        stage.box((low - 1, top - 3, -deep), (high + 1, top, deep - 2), look.trim, radius=4)
        return
    stage.box(
        (low, leg_y, -deep + 1), (high, top, deep), look.finish, radius=16 if look.has("arm", "round") else 7, soft=0.45
    )
    if look.has("arm", "round"):
        cx, cy = stage.at((low + high) / 2, top - arm / 2, deep)
        radius = arm * 0.56 * stage.zoom
        stage.sheet.part(ellipse(cx, cy, radius, radius), look.finish, volume=0.5, roundness=9, lift=0.2, edge=0.25)


def _tufts(stage: Stage, look: Look, across: tuple[float, float], heights: tuple[float, float], z: float) -> None:
    x, each = across
    low, high = heights
    for row in range(2):
        for column in range(3):
            px, py = stage.at(x + each * (column + 1) / 4, low + (high - low) * (0.38 + 0.3 * row), z)
            stage.sheet.soft(ellipse(px, py, 7, 6), darker(look.finish.color, 0.6), blur_units=4, opacity=0.6)
            stage.sheet.part(
                ellipse(px, py, 2.6, 2.4), look.finish.plain(contrast(look.finish.color, 0.1)), volume=0.5, roundness=3
            )
