"""Asks what the API's request would ask, without leaving a pool for shoppers, and lays the answer out as the page draws it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.models import Store
from search.api.filtering import written_filters
from search.api.requests import build_query
from search.api.writing import changes_of
from search.errors import SearchError
from search.models import IndexVersion
from search.query import Query
from search.result import Hit, Result
from search.retrieval import search


@dataclass(frozen=True, slots=True)
class Bar:
    """One signal of a hit: `share` is 0 to 1 of the widest of its name on this page, `text` its value."""

    name: str
    share: float
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class ShownHit:
    """A hit as it is drawn. `moved` is how many places it stands higher than in the other column; None: it is not there."""

    rank: int
    product: Any
    photo_url: str
    bars: tuple[Bar, ...]
    matched_part: str
    variants_count: int
    moved: int | None = None
    is_judged_here: bool = True

    @property
    def lower_by(self) -> int:
        return -(self.moved or 0)


@dataclass(frozen=True, slots=True)
class Column:
    """One way to search and what it found, or why it found nothing."""

    query: Query | None = None
    result: Result | None = None
    hits: tuple[ShownHit, ...] = ()
    trouble: str = ""

    @property
    def filter_by(self) -> str:
        """The filters that were searched under."""
        found = self.result.explanation if self.result else None
        return written_filters(found.filters) if found else ""

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What the search found out on the way, as text."""
        noted = self.result.notes if self.result else {}
        return [
            (name.replace("_", " "), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            for name, value in noted.items()
        ]

    @property
    def ways_out(self) -> list[dict[str, Any]]:
        """The suggestions with the page's fields that they change; those that this page cannot ask are left out."""
        found = self.result.suggestions if self.result else ()
        return [{"suggestion": one, "changes": page_changes(changes_of(one))} for one in found]


def ask(store: Store, data: Mapping[str, Any], *, owner: str, version: IndexVersion | None) -> Column:
    """The answer to this request of the search API, by this version or the live one."""
    try:
        query = build_query(store, owner=owner, data=data)
        result = search(query, version=version, is_kept=False)
    except SearchError as error:
        return Column(trouble=f"{error.field}: {error.message}" if error.field else error.message)
    return Column(query, result, _drawn(result))


def beside(columns: Sequence[Column]) -> list[Column]:
    """The columns with how each hit moved from one to the other; a hit of both is judged in the first."""
    if len(columns) < 2:
        return list(columns)
    ranks = [{hit.product.pk: hit.rank for hit in column.hits} for column in columns]
    return [
        _with_moves(column, others=ranks[1 - place], first=ranks[0] if place else {})
        for place, column in enumerate(columns)
    ]


def page_changes(changes: Mapping[str, Any]) -> dict[str, str]:
    """The changes of a request as fields of the page's address; an empty one is left out of it."""
    names = {"q": "q", "filter_by": "filter_by", "min_confidence": "a-min_confidence"}
    page = {names[name]: "" if value is None else str(value) for name, value in changes.items() if name in names}
    return page | ({"photo": "", "like": "", "box": ""} if "image" in changes else {})


def _with_moves(column: Column, *, others: Mapping[int, int], first: Mapping[int, int]) -> Column:
    hits = tuple(
        replace(
            hit,
            moved=others[hit.product.pk] - hit.rank if hit.product.pk in others else None,
            is_judged_here=hit.product.pk not in first,
        )
        for hit in column.hits
    )
    return replace(column, hits=hits)


def _drawn(result: Result) -> tuple[ShownHit, ...]:
    widest = _widest(result.hits)
    parts = _part_names(result)
    return tuple(
        ShownHit(
            rank=rank,
            product=hit.product,
            photo_url=_photo_url(hit),
            bars=_bars(hit, widest, parts),
            matched_part=parts[hit.matched_part] if hit.matched_part is not None else "",
            variants_count=hit.variants_count,
        )
        for rank, hit in enumerate(result.hits, start=1)
    )


def _bars(hit: Hit, widest: Mapping[str, float], parts: Sequence[str]) -> tuple[Bar, ...]:
    bars = [Bar("together", hit.score / widest["together"], f"{hit.score:.4f}", "score")]
    if hit.confidence is not None:
        bars.append(Bar("confidence", hit.confidence, f"{hit.confidence:.0%}", "confidence"))
    for score in hit.scores:
        bars.append(Bar(score.route, score.score / widest[score.route], f"#{score.rank} · {score.score:.3f}", "route"))
    for part in hit.parts:
        bars.append(Bar(parts[part.part], part.similarity, f"{part.similarity:.3f}", "part"))
    for name, value in hit.signals.items():
        bars.append(Bar(name, abs(value) / widest[f"signal {name}"], f"{value:g}", "signal"))
    return tuple(Bar(bar.name, min(1.0, max(0.0, bar.share)), bar.text, bar.kind) for bar in bars)


def _widest(hits: Sequence[Hit]) -> dict[str, float]:
    """The greatest value of each name on the page; never 0, so that it divides."""
    widest: dict[str, float] = {}
    for hit in hits:
        values = {
            "together": hit.score,
            **{score.route: score.score for score in hit.scores},
            **{f"signal {name}": abs(value) for name, value in hit.signals.items()},
        }
        for name, value in values.items():
            widest[name] = max(widest.get(name, 0.0), value)
    return {name: value or 1.0 for name, value in widest.items()}


def _part_names(result: Result) -> list[str]:
    """Such as "words navy × 0.5", "photo 2"."""
    names: list[str] = []
    count = 0
    for part in result.explanation.parts if result.explanation else ():
        count += part.kind != "text"
        name = (
            f"words “{part.text[:40]}”"
            if part.kind == "text"
            else f"{'photo' if part.kind == 'image' else 'product'} {count}"
        )
        names.append(name if part.weight == 1 else f"{name} × {part.weight:g}")
    return names


def _photo_url(hit: Hit) -> str:
    """The photo that matched, else the product's first."""
    photos = [photo for photo in hit.product.images.all() if photo.file]
    chosen = next((photo for photo in photos if photo.pk == hit.matched_image_id), photos[0] if photos else None)
    return chosen.file.url if chosen else ""
