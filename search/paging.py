"""One page of a pool: products read from Postgres in one go, and checked against the filters as they are now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catalog.models import Product
from search import lexical
from search.hydrating import hydrated
from search.pools import Pool, Starts
from search.query import Mark
from search.result import Hit
from search.run import Run


@dataclass(frozen=True, slots=True)
class Page:
    """Hits in order; how many products fell out on the way; the position that it ends before; where the next page begins,
    None where none is left."""

    hits: tuple[Hit, ...]
    removed: int
    end: int
    next: Mark | None


def page(run: Run, pool: Pool, starts: Starts) -> Page:
    """The page's hits, checked against the filters as Postgres has them now.

    What fell out is replaced by reading on, and the next page begins where this one ended.
    """
    query = run.query
    position = min(_start(run, pool, starts), len(pool))
    places: list[int] = []
    rows: dict[int, Product] = {}
    removed = 0
    while len(places) < query.per_page and position < len(pool):
        end = min(position + query.per_page - len(places), len(pool))
        ids = pool.products[position:end].tolist()
        rows.update({product.pk: product for product in hydrated(run, ids)})
        places.extend(place for place in range(position, end) if int(pool.products[place]) in rows)
        removed += sum(product_id not in rows for product_id in ids)
        position = end
    marked = lexical.highlights(list(rows.values()), run.words, store=run.store) if "lexical" in pool.routes else {}
    return Page(
        tuple(_hit(pool, place, rows, marked) for place in places),
        removed,
        position,
        Mark(position, int(pool.products[position - 1]) if position else 0) if position < len(pool) else None,
    )


def _start(run: Run, pool: Pool, starts: Starts) -> int:
    """Where the page begins: behind the mark, else where the page before it ended, else as many pages on."""
    query = run.query
    if query.after is not None:
        return _behind(query.after, pool)
    return (query.page - 1) * query.per_page if starts.asked is None else starts.asked


def _behind(mark: Mark, pool: Pool) -> int:
    """The mark's position. In a pool that was made anew, behind the same product if it is still there."""
    if not 0 < mark.position <= len(pool) or int(pool.products[mark.position - 1]) != mark.product_id:
        places = np.flatnonzero(pool.products == mark.product_id)
        if len(places):
            return int(places[0]) + 1
    return mark.position


def _hit(pool: Pool, place: int, rows: dict[int, Product], marked: dict[int, dict[str, str]]) -> Hit:
    product = rows[int(pool.products[place])]
    return Hit(
        product=product,
        score=round(float(pool.scores[place]), 6),
        matched_image_id=int(pool.images[place]) or None,
        confidence=pool.confidence_at(place),
        scores=pool.route_scores_at(place),
        signals=pool.signals_at(place),
        variants_count=int(pool.variants[place]),
        highlights=marked.get(product.pk, {}),
    )
