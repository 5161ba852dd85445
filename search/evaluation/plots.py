"""The report's plots as inline SVG: figures with their intervals, and each query's value. Colours come from its stylesheet."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np

from search.evaluation.metrics import Figure, FloatArray

LABEL_PX = 190
PLOT_PX = 310
VALUE_PX = 60
ROW_PX = 26
PAD_PX = 16
SQUARE_PX = 300


def intervals(rows: Sequence[tuple[str, Sequence[Figure]]], *, title: str) -> str:
    """Each row's figures on a line from 0 to 1: a dot at the mean, a bar over the interval, a colour for each run."""
    runs = max((len(figures) for _, figures in rows), default=1)
    step = ROW_PX if runs == 1 else ROW_PX + 10
    height = PAD_PX + step * len(rows) + 20
    svg = _svg(LABEL_PX + PLOT_PX + VALUE_PX, height, title)
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = LABEL_PX + tick * PLOT_PX
        _line(svg, (x, PAD_PX - 6), (x, height - 20), name="grid")
        _text(svg, (x, height - 6), f"{tick:g}", name="tick", anchor="middle")
    for place, (label, figures) in enumerate(rows):
        middle = PAD_PX + step * place + step / 2
        shown = label if len(label) <= 28 else f"{label[:27]}…"
        _text(svg, (LABEL_PX - 10, middle + 4), shown, name="label", anchor="end")
        for run, one in enumerate(figures):
            y = middle + (run - (len(figures) - 1) / 2) * 13
            _bar(svg, one, y, run)
    return _done(svg)


def _bar(svg: Element, one: Figure, y: float, run: int) -> None:
    left, right, mean = (LABEL_PX + value * PLOT_PX for value in (one.low, one.high, one.mean))
    _line(svg, (left, y), (right, y), name=f"interval run{run}")
    dot = SubElement(svg, "circle", {"cx": f"{mean:.1f}", "cy": f"{y:.1f}", "r": "4.5", "class": f"run{run}"})
    SubElement(dot, "title").text = f"{one.mean:.3f} ({one.low:.3f} to {one.high:.3f}), {one.queries} queries"
    _text(svg, (LABEL_PX + PLOT_PX + 12, y + 4), f"{one.mean:.3f}", name=f"value run{run}")


def histogram(values: FloatArray, *, title: str) -> str:
    """How many queries have which value, in ten steps from 0 to 1."""
    counts, _ = np.histogram(values, bins=10, range=(0, 1))
    svg = _svg(SQUARE_PX + 60, 200, title)
    width, most = SQUARE_PX / 10, max(1, int(counts.max()))
    for place, count in enumerate(counts):
        height = 130 * int(count) / most
        x = 40 + place * width
        box = {"x": f"{x + 1:.1f}", "y": f"{150 - height:.1f}", "width": f"{width - 2:.1f}", "height": f"{height:.1f}"}
        SubElement(svg, "rect", {**box, "class": "run0"})
        _text(svg, (x + width / 2, 144 - height), str(count) if count else "", name="tick", anchor="middle")
    for tick in (0, 0.5, 1):
        _text(svg, (40 + tick * SQUARE_PX, 168), f"{tick:g}", name="tick", anchor="middle")
    _text(svg, (40 + SQUARE_PX / 2, 190), title, name="label", anchor="middle")
    return _done(svg)


def scatter(first: FloatArray, second: FloatArray, *, names: tuple[str, str], title: str) -> str:
    """Each query as a point: the first run across, the second upwards. Above the diagonal the second is better."""
    svg = _svg(SQUARE_PX + 60, SQUARE_PX + 50, title)
    _line(svg, (40, 10 + SQUARE_PX), (40 + SQUARE_PX, 10), name="grid")
    SubElement(svg, "rect", {"x": "40", "y": "10", "width": f"{SQUARE_PX}", "height": f"{SQUARE_PX}", "class": "frame"})
    points, counts = np.unique(np.round(np.stack([first, second], axis=1), 2), axis=0, return_counts=True)
    for (x, y), count in zip(points, counts, strict=True):
        name = "run1" if y > x else "run0" if y < x else "equal"
        place = {"cx": f"{40 + x * SQUARE_PX:.1f}", "cy": f"{10 + (1 - y) * SQUARE_PX:.1f}"}
        dot = SubElement(
            svg, "circle", {**place, "r": f"{3 + min(9, 1.5 * (count**0.5 - 1)):.1f}", "class": f"point {name}"}
        )
        SubElement(dot, "title").text = f"{x:.2f} -> {y:.2f}, {count} queries"
    _text(svg, (40 + SQUARE_PX / 2, SQUARE_PX + 32), f"{title}: {_short(names[0])}", name="label", anchor="middle")
    side = _text(svg, (0, 0), _short(names[1]), name="label", anchor="middle")
    side.set("transform", f"translate(24 {10 + SQUARE_PX / 2}) rotate(-90)")
    return _done(svg)


def _short(name: str) -> str:
    return name if len(name) <= 34 else f"{name[:33]}…"


def _svg(width: float, height: float, title: str) -> Element:
    size = {"viewBox": f"0 0 {width:g} {height:g}", "width": f"{width:g}", "height": f"{height:g}"}
    svg = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, "role": "img"})
    SubElement(svg, "title").text = title
    return svg


def _line(svg: Element, start: tuple[float, float], end: tuple[float, float], *, name: str) -> None:
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    SubElement(svg, "line", {**{key: f"{value:.1f}" for key, value in ends.items()}, "class": name})


def _text(svg: Element, place: tuple[float, float], text: str, *, name: str, anchor: str = "start") -> Element:
    found = SubElement(
        svg, "text", {"x": f"{place[0]:.1f}", "y": f"{place[1]:.1f}", "class": name, "text-anchor": anchor}
    )
    found.text = text
    return found


def _done(svg: Element) -> str:
    return tostring(svg, encoding="unicode")
