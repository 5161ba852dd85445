"""Recall by day and selectivity as the points of an inline SVG: no script, no other server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum
from django.db.models.functions import TruncDate

from search.models import IndexVersion
from search.recall.buckets import PROMISE, SELECTIVITIES, shown
from search.recall.records import RecallSample

WIDTH, HEIGHT = 960, 260
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 8, 28
# Told apart with any colour vision (Okabe and Ito 2008).
COLOURS = ("#d55e00", "#e69f00", "#009e73", "#56b4e9", "#0072b2", "#cc79a7")
# The chart begins no higher, so that a fall looks like one.
FLOOR = 0.95


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """One selectivity over the days."""

    name: str
    colour: str
    dots: tuple[Dot, ...]

    @property
    def points(self) -> str:
        return " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in self.dots)


@dataclass(frozen=True, slots=True)
class Chart:
    """`ticks` are (y, text) of the scale, `days` (x, text); `promise` is the y of what is promised."""

    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...]
    days: tuple[tuple[float, str], ...]
    promise: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def recall_chart(version: IndexVersion, *, first: date, last: date) -> Chart:
    """Recall@10 of each day in the period, by selectivity."""
    rows = (
        RecallSample.objects.filter(version=version, asked_at__date__gte=first, asked_at__date__lte=last)
        .order_by()
        .values_list("selectivity", TruncDate("asked_at"))
        .annotate(expected=Sum("expected"), found=Sum("found"))
    )
    values = {(share, day): found / expected for share, day, expected, found in rows}
    floor: float = min([FLOOR, *values.values()])
    span = max(1, (last - first).days)

    def x(day: date) -> float:
        return LEFT + (day - first).days / span * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return TOP + (1 - value) / (1 - floor) * (HEIGHT - TOP - BOTTOM)

    lines = []
    for share, colour in zip(SELECTIVITIES, COLOURS, strict=True):
        own = sorted((day, value) for (end, day), value in values.items() if end == share)
        if own:
            dots = tuple(Dot(x(day), y(value), f"{day:%d %b}, {shown(share)}: {value:.3f}") for day, value in own)
            lines.append(Line(f"up to {shown(share)} pass", colour, dots))
    middle = first + timedelta(days=span // 2)
    return Chart(
        lines=tuple(lines),
        ticks=tuple((y(value), f"{value:.3f}") for value in (floor, (1 + floor) / 2, 1.0)),
        days=tuple((x(day), f"{day:%d %b}") for day in dict.fromkeys((first, middle, last))),
        promise=y(PROMISE),
    )
