"""The report as one HTML file: plots, tables, and the worst queries with thumbnails. Needs no other file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from catalog.models import Product, Store
from search.evaluation.asking import Run, photo_for
from search.evaluation.metrics import Difference, Figure
from search.evaluation.plots import histogram, intervals, scatter
from search.evaluation.report import HEADLINE, Row, SetReport, took_ms
from search.evaluation.sets import JudgedQuery, filters_record
from search.evaluation.thumbnails import data_uri, thumbnails_of

WORST = 12
CHANGED = 8
SHOWN = 6
MISSED = 4
SLICE_METRICS = ("Hit@1", "Recall@10", "Precision@10", "MRR", HEADLINE)
MAX_SLICE_VALUES = 30
# One query is no slice; its figures are in the list of all queries.
MIN_SLICE_QUERIES = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure as the table shows it."""

    value: str
    spread: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A product's thumbnail. `rank` is 0 where it was not found."""

    sku: str
    title: str
    picture: str
    gain: int
    rank: int


@dataclass(frozen=True, slots=True)
class Case:
    """One query with what each run found and what none of them did."""

    query: JudgedQuery
    asked: str
    picture: str
    values: tuple[str, ...]
    found: tuple[tuple[str, tuple[Tile, ...]], ...]
    missed: tuple[Tile, ...]
    right: int


def render_page(store: Store, reports: Sequence[SetReport], *, made_at: str, warnings: Sequence[str]) -> str:
    """The whole page as HTML text."""
    context = {
        "store": store,
        "made_at": made_at,
        "warnings": warnings,
        "runs": [run.setup for run in reports[0].runs],
        "depth": reports[0].runs[0].depth,
        "is_comparison": len(reports[0].runs) > 1,
        "headline": HEADLINE,
        "sets": [_set_context(store, report) for report in reports],
    }
    return render_to_string("search/evaluation.html", context)


def _set_context(store: Store, report: SetReport) -> dict[str, Any]:
    shown = [row for row in report.rows if row.metric != "Hit@10" or _is_known_item(report)]
    return {
        "name": report.name,
        "count": len(report.runs[0].answers),
        "plot": _safe(intervals([(row.metric, row.figures) for row in shown], title=f"{report.name}: metrics")),
        "spread": _safe(_spread_plot(report)),
        "rows": [(row.metric, _cells(row)) for row in report.rows],
        "times": [(took_ms(run, 50), took_ms(run, 95)) for run in report.runs],
        "slices": [_slice_context(name, by_value) for name, by_value in report.slices.items()],
        "worst": _cases(store, report, report.worst(WORST)),
        "changed": _cases(store, report, report.most_changed(CHANGED)),
        "metrics": list(report.values[0]),
        "queries": [_query_row(report, place) for place in range(len(report.runs[0].answers))],
    }


def _is_known_item(report: SetReport) -> bool:
    return all(len(answer.query.judgments) == 1 for answer in report.runs[0].answers)


def _spread_plot(report: SetReport) -> str:
    title = f"{HEADLINE} of each query"
    if len(report.runs) == 1:
        return histogram(report.values[0][HEADLINE], title=title)
    first, second = (values[HEADLINE] for values in report.values)
    names = (report.runs[0].setup.name, report.runs[1].setup.name)
    return scatter(first, second, names=names, title=title)


def _cells(row: Row) -> list[Cell]:
    cells = [_figure_cell(one) for one in row.figures]
    return [*cells, *([_difference_cell(row.difference)] if row.difference else [])]


def _figure_cell(one: Figure) -> Cell:
    return Cell(f"{one.mean:.3f}", f"{one.low:.3f} to {one.high:.3f}")


def _difference_cell(change: Difference) -> Cell:
    name = ("better" if change.mean > 0 else "worse") if change.is_significant else "same"
    return Cell(change.shown_mean, f"{change.low:+.3f} to {change.high:+.3f}, {change.shown_p}", name)


def _slice_context(name: str, by_value: Mapping[str, tuple[Row, ...]]) -> dict[str, Any]:
    large = [(value, rows) for value, rows in by_value.items() if rows[0].figures[0].queries >= MIN_SLICE_QUERIES]
    values = large[:MAX_SLICE_VALUES]
    tables = [
        (value, rows[0].figures[0].queries, [_cells(row) for row in rows if row.metric in SLICE_METRICS])
        for value, rows in values
    ]
    headline = [(value, next(row.figures for row in rows if row.metric == HEADLINE)) for value, rows in values]
    return {
        "name": name,
        "rest": len(by_value) - len(values),
        "plot": _safe(intervals(headline, title=f"{HEADLINE} by {name}")),
        "metrics": [row.metric for row in next(iter(by_value.values())) if row.metric in SLICE_METRICS],
        "values": tables,
    }


def _query_row(report: SetReport, place: int) -> tuple[str, str, list[str]]:
    query = report.runs[0].answers[place].query
    values = [" / ".join(f"{run[metric][place]:.2f}" for run in report.values) for metric in report.values[0]]
    return query.id, asked_text(query), values


def _cases(store: Store, report: SetReport, places: Sequence[int]) -> list[Case]:
    skus = {sku for place in places for sku in _skus_of(report, place)}
    pictures = thumbnails_of(store, skus)
    titles = dict(Product.objects.filter(store=store, sku__in=skus).values_list("sku", "title"))

    def tile(sku: str, query: JudgedQuery, rank: int) -> Tile:
        return Tile(sku, titles.get(sku, ""), pictures.get(sku, ""), query.judgments.get(sku, 0), rank)

    cases = []
    for place in places:
        query = report.runs[0].answers[place].query
        found = tuple(
            (run.setup.name, tuple(tile(sku, query, rank) for rank, sku in enumerate(_hits(run, place), start=1)))
            for run in report.runs
        )
        values = tuple(f"{run[HEADLINE][place]:.2f}" for run in report.values)
        missed = tuple(tile(sku, query, _best_rank(report, place, sku)) for sku in _missed(report, place))
        right = sum(gain > 0 for gain in query.judgments.values())
        cases.append(
            Case(query, asked_text(query), _picture(store, report, query, pictures), values, found, missed, right)
        )
    return cases


def _skus_of(report: SetReport, place: int) -> list[str]:
    query = report.runs[0].answers[place].query
    hits = [sku for run in report.runs for sku in _hits(run, place)]
    return [*hits, *_missed(report, place), *([query.product] if query.product else [])]


def _hits(run: Run, place: int) -> tuple[str, ...]:
    return run.answers[place].skus[:SHOWN]


def _missed(report: SetReport, place: int) -> list[str]:
    """The best right products that the last run does not show among its first."""
    shown = set(_hits(report.runs[-1], place))
    judged = sorted(report.runs[0].answers[place].query.judgments.items(), key=lambda item: -item[1])
    return [sku for sku, gain in judged if gain > 0 and sku not in shown][:MISSED]


def _best_rank(report: SetReport, place: int, sku: str) -> int:
    skus = report.runs[-1].answers[place].skus
    return skus.index(sku) + 1 if sku in skus else 0


def _picture(store: Store, report: SetReport, query: JudgedQuery, pictures: dict[str, str]) -> str:
    if query.product:
        return pictures.get(query.product, "")
    return data_uri(photo_for(store, report.runs[0].judged, query)) if query.has_photo else ""


def asked_text(query: JudgedQuery) -> str:
    """The query in a line: its words, photo, distortion and filters."""
    parts = [f'"{query.text}"'] if query.text else []
    if query.has_photo:
        parts.append(f"photo {query.product or query.photo_of or query.image}")
    if query.distortion:
        parts.append(query.distortion)
    parts += [f"{name}: {value}" for name, value in filters_record(query.filters).items()]
    return ", ".join(parts)


def _safe(svg: str) -> str:
    """Made by ElementTree, which escapes every text in it."""
    return mark_safe(svg)  # noqa: S308
