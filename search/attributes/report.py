"""Figures as people and programs read them: a Markdown table, reliability curves, JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from search.attributes.fitting import Figures
from search.attributes.scoring import Method

_HEADER = (
    "attribute", "products", "values (learned)", "zero-shot", "head", "both", "chosen", "accuracy",
    "ECE before", "ECE after", "(by chance)", "sure from", "coverage", "right where sure",
)  # fmt: skip


def as_json(figures: Mapping[str, Figures]) -> dict[str, Any]:
    """Plain values by attribute, the reliability curve among them."""
    return {name: asdict(found) for name, found in figures.items()}


def markdown_table(figures: Mapping[str, Figures]) -> str:
    """One row an attribute: macro-F1 of each way, calibration error (ECE) before and after, and where it is sure."""
    lines = [_row(_HEADER), _row(["---"] * len(_HEADER))]
    lines += [_row(_cells(name, found)) for name, found in figures.items()]
    return "\n".join(lines)


def reliability_table(figures: Mapping[str, Figures]) -> str:
    """The reliability curves: how sure the predictions of each bin were, and how many of them were right."""
    lines = [_row(["attribute", "products", "confidence", "right"]), _row(["---"] * 4)]
    lines += [
        _row([name, f"{part.count:,}", f"{part.confidence:.3f}", f"{part.accuracy:.3f}"])
        for name, found in figures.items()
        for part in found.curve
    ]
    return "\n".join(lines)


def _cells(name: str, found: Figures) -> list[str]:
    return [
        name,
        f"{found.examples:,}",
        f"{found.values} ({found.learned_values})",
        *(_share(found.macro_f1.get(method)) for method in Method),
        found.method,
        _share(found.accuracy),
        _share(found.error_before),
        _share(found.error_after),
        _share(found.error_by_chance),
        "never" if found.threshold is None else f"{found.threshold:.2f}",
        f"{found.coverage:.0%}",
        _share(found.precision),
    ]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
