"""Tables, shelves and cabinets."""

from __future__ import annotations

from catalog.demo.geometry import Points, path
from catalog.demo.look import Look
from catalog.demo.materials import Finish
from catalog.demo.palette import darker, lighter
from catalog.demo.sheet import Sheet
from catalog.demo.solid import Stage


def _stage(sheet: Sheet, look: Look, *, zoom: float, ground: float, turn: float = 24.0, tilt: float = 17.0) -> Stage:
    return Stage(sheet, turn=-turn if look.is_back else turn, tilt=tilt, zoom=zoom, ground=ground)


# kind -> (half width, half depth, height, zoom)
TABLES: dict[str, tuple[float, float, float, float]] = {
    "dining": (78, 42, 74, 2.0),
    "coffee": (52, 31, 40, 2.95),
    "side": (24, 24, 52, 4.3),
    "desk": (62, 31, 74, 2.4),
    "console": (56, 18, 78, 2.6),
}


def draw_table(sheet: Sheet, look: Look) -> None:
    """Dining, coffee, side and console tables and desks, with a round or a straight top."""
    kind = look.cut.get("kind", "dining")
    half, deep, high, zoom = TABLES[kind]
    half *= look.vary("half", 0.92, 1.05)
    stage = _stage(sheet, look, zoom=zoom, ground=300 + high * zoom * 0.52)
    thick = look.vary("thick", 2.4, 5.0)
    if look.has("shape", "round"):
        _round_table(stage, look, min(half, deep * 1.35), high, thick)
        return
    _legs(stage, look, (half, deep, high), thick)
    if look.has("shelf", "yes"):
        stage.box((-half + 6, high * 0.28, -deep + 5), (half - 6, high * 0.28 + 2, deep - 5), look.finish)
    if kind in ("desk", "console") or look.has("drawer", "yes"):
        stage.box((-half + 4, high - thick - 12, -deep + 3), (half - 4, high - thick, deep - 2), look.finish)
        _fronts(
            stage,
            look,
            (-half + 5, half - 5),
            (high - thick - 11, high - thick - 1),
            deep - 2,
            count=2 if kind != "side" else 1,
        )
    stage.box((-half, high - thick, -deep), (half, high, deep), look.finish, lift=0.4)


def _legs(stage: Stage, look: Look, size: tuple[float, float, float], thick: float) -> None:
    half, deep, high = size
    style = look.cut.get("legs", "tapered")
    if style == "trestle":
        for x in (-half * 0.66, half * 0.66):
            for z in (-deep + 6, deep - 6):
                stage.leg((x, high - thick, z * 0.3), (x, 0, z), look.trim, widths=(5, 4.4))
            stage.leg((x, high * 0.42, -deep * 0.55), (x, high * 0.42, deep * 0.55), look.trim, widths=(3, 3))
        return
    if style == "hairpin":
        for x in (-half + 7, half - 7):
            for z in (-deep + 5, deep - 5):
                for spread in (-4, 4):
                    stage.leg((x + spread, high - thick, z), (x, 0, z), look.trim, widths=(1.3, 1.3))
        return
    if style == "panel":
        for x in (-half + 3, half - 6):
            stage.box((x, 0, -deep + 2), (x + 4, high - thick, deep - 2), look.trim)
        return
    inset, splay, widths = (3, 0, (6.0, 6.0)) if style == "square" else (8, 5, (6.0, 3.4))
    for z in (-deep + inset, deep - inset):
        for x in (-half + inset, half - inset):
            foot = (x + (splay if x > 0 else -splay), 0.0, z + (splay * 0.5 if z > 0 else -splay * 0.5))
            stage.leg((x, high - thick, z), foot, look.trim, widths=widths)
    if style == "square":
        stage.box((-half + 3, high - thick - 7, -deep + 3), (half - 3, high - thick, deep - 3), look.trim)


def _round_table(stage: Stage, look: Look, radius: float, high: float, thick: float) -> None:
    if look.has("legs", "pedestal", "panel", "square"):
        stage.disc((0, 3, 0), radius * 0.55, look.trim, thick=3)
        stage.leg((0, high - thick, 0), (0, 3, 0), look.trim, widths=(radius * 0.2, radius * 0.26))
    else:
        for x, z in ((0.1, -0.6), (-0.58, 0.26), (0.58, 0.26)):
            stage.leg(
                (x * radius, high - thick, z * radius),
                (x * radius * 1.35, 0, z * radius * 1.35),
                look.trim,
                widths=(4.6, 2.8),
            )
    stage.disc((0, high, 0), radius, look.finish, thick=thick, lift=0.35)


def _fronts(
    stage: Stage, look: Look, across: tuple[float, float], heights: tuple[float, float], z: float, *, count: int
) -> None:
    """Drawer or door fronts side by side, each with a knob or a bar."""
    (left, right), (low, high) = across, heights
    each = (right - left) / count
    for number in range(count):
        x = left + number * each
        face = stage.outline((x + 0.7, high, z), (x + each - 0.7, high, z), (x + each - 0.7, low, z), (x + 0.7, low, z))
        stage.sheet.part(face, look.finish, volume=0.25, roundness=5, edge=0.5, shade=-0.02)
        tall = high - low > 26
        if look.has("front", "reeded"):
            for rib in range(1, round(each / 2.4)):
                line = stage.outline((x + rib * 2.4, high - 1, z), (x + rib * 2.4, low + 1, z))
                stage.sheet.line(line, darker(look.finish.color, 0.5), width=1.4, opacity=0.4)
        if look.has("front", "cane"):
            inset = stage.outline(
                (x + 4, high - 4, z), (x + each - 4, high - 4, z), (x + each - 4, low + 4, z), (x + 4, low + 4, z)
            )
            stage.sheet.part(inset, Finish((0.87, 0.76, 0.57), "rattan"), volume=-0.2, roundness=4)
        hx = x + each / 2 if not tall else (x + each - 5 if number % 2 == 0 else x + 5)
        _pull(stage, look, hx, (low + high) / 2, z, tall=tall)


def _pull(stage: Stage, look: Look, x: float, y: float, z: float, *, tall: bool) -> None:
    metal = look.trim if look.trim.material == "metal" else Finish((0.78, 0.64, 0.38), "metal")
    if look.has("handles", "none"):
        return
    if look.has("handles", "bar"):
        ends = ((x, y + 7, z), (x, y - 7, z)) if tall else ((x - 7, y, z), (x + 7, y, z))
        stage.leg(*ends, metal, widths=(1.2, 1.2))
    else:
        a, b = stage.at(x, y, z + 1)
        knob: Points = path(
            f"M {a - 4} {b} Q {a - 4} {b - 4} {a} {b - 4} Q {a + 4} {b - 4} {a + 4} {b} Q {a + 4} {b + 4} {a} "
            f"{b + 4} Q {a - 4} {b + 4} {a - 4} {b}"
        )
        stage.sheet.part(knob, metal, lift=0.6, roundness=3)


def draw_shelf(sheet: Sheet, look: Look) -> None:
    """Bookcases: open, ladder and cube shelves, with a few things on them."""
    kind = look.cut.get("kind", "open")
    half, deep, high = {"cube": (46.0, 16.0, 118.0), "ladder": (36.0, 18.0, 176.0), "low": (60.0, 16.0, 84.0)}.get(
        kind, (40.0, 16.0, 176.0)
    )
    zoom = min(2.55, 440 / high)
    stage = _stage(sheet, look, zoom=zoom, ground=300 + high * zoom * 0.47, turn=20, tilt=9)
    rows = {"cube": 3, "low": 2, "ladder": 4}.get(kind, 5)
    open_back = kind == "ladder"
    if not open_back:
        back = stage.outline((-half, high, -deep), (half, high, -deep), (half, 0, -deep), (-half, 0, -deep))
        stage.sheet.part(back, look.finish.plain(darker(look.finish.color, 0.2)), volume=0.0, angle=90)
    side = 1 if stage.turn > 0 else -1
    _upright(stage, look, -side * half, deep, high, slim=open_back)
    gap = (high - 8) / rows
    for row in range(rows):
        y = 5 + row * gap
        stage.box((-half + 1, y, -deep), (half - 1, y + 2.4, deep), look.finish, lift=0.35)
        if kind in ("cube", "low"):
            for column in range(1, 3):
                x = -half + column * half * 2 / 3
                stage.box((x - 1, y + 2.4, -deep), (x + 1, y + gap, deep), look.finish)
        if look.has("filled", "yes"):
            _things(stage, look, row, (half, gap), y + 2.4)
    _upright(stage, look, side * half, deep, high, slim=open_back)
    if not open_back:
        stage.box((-half - 1, high - 3, -deep), (half + 1, high, deep), look.finish)
    else:
        stage.box((-half + 1, high - 6, -deep), (half - 1, high - 3.6, deep), look.finish)


def _upright(stage: Stage, look: Look, x: float, deep: float, high: float, *, slim: bool) -> None:
    if slim:
        for z in (-deep, deep):
            stage.leg((x, high, z), (x, 0, z), look.trim, widths=(2.2, 2.2))
    else:
        stage.box((x - 1.2, 0, -deep), (x + 1.2, high, deep), look.finish)


def _things(stage: Stage, look: Look, row: int, cell: tuple[float, float], y: float) -> None:
    """Books and a vase, in muted colours, so that the shelf stays the subject."""
    half, gap = cell
    tones = ((0.55, 0.6, 0.62), (0.78, 0.7, 0.6), (0.42, 0.48, 0.44), (0.82, 0.8, 0.76), (0.66, 0.5, 0.43))
    x = -half + 5 + look.vary(f"start{row}", 0, half * 0.8)
    for number in range(round(look.vary(f"books{row}", 2, 6))):
        wide = look.vary(f"w{row}{number}", 3, 5)
        tall = gap * look.vary(f"h{row}{number}", 0.5, 0.78)
        if x + wide > half - 6:
            break
        stage.box((x, y, -8), (x + wide, y + tall, 8), Finish(tones[(row * 2 + number) % 5], "paper"), lift=0.1)
        x += wide + 0.4


def draw_cabinet(sheet: Sheet, look: Look) -> None:
    """Sideboards, dressers, nightstands and wardrobes."""
    kind = look.cut.get("kind", "sideboard")
    half, deep, low, high = {
        "dresser": (48.0, 23.0, 10.0, 88.0), "nightstand": (24.0, 20.0, 12.0, 56.0), "wardrobe": (52.0, 28.0, 8.0, 184.0),
        "tall": (40.0, 20.0, 14.0, 136.0),
    }.get(kind, (78.0, 22.0, 18.0, 74.0))  # fmt: skip
    zoom = min(2.35, 430 / high) if kind != "nightstand" else 4.2
    stage = _stage(
        sheet, look, zoom=min(zoom, 372 / (half * 2 * 0.93 + deep)), ground=300 + high * zoom * 0.46, turn=22, tilt=11
    )
    for z in (-deep + 4, deep - 4):
        for x in (-half + 6, half - 6):
            stage.leg((x, low + 1, z), (x, 0, z), look.trim, widths=(4, 2.8))
    stage.box((-half, low, -deep), (half, high, deep), look.finish)
    across, z = (-half + 2, half - 2), deep
    if kind in ("dresser", "nightstand"):
        rows = 4 if kind == "dresser" else 2
        step = (high - low - 3) / rows
        for row in range(rows):
            _fronts(
                stage,
                look,
                across,
                (low + 1.5 + row * step, low + 1 + (row + 1) * step),
                z,
                count=2 if kind == "dresser" and row == rows - 1 else 1,
            )
    elif kind == "wardrobe":
        _fronts(stage, look, across, (low + 34, high - 2), z, count=2)
        _fronts(stage, look, across, (low + 2, low + 33), z, count=1)
    else:
        _fronts(stage, look, across, (low + 2, high - 2), z, count=4 if kind == "sideboard" else 2)
    slab = look.finish.plain(lighter(look.finish.color, 0.06))
    stage.box((-half - 1.5, high, -deep - 1), (half + 1.5, high + 2.4, deep + 1.5), slab, lift=0.3)
