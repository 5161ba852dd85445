"""Business signals and rules' boosts: bounded factors on the fused score, each reported by name.

A signal is 0 to 1 for each product; its modifier multiplies the score by 1 + weight * value. All signals of a pool are
read in one statement, all boosts in another, and neither where nothing is declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from django.db.models import QuerySet, Value
from django.db.models.expressions import RawSQL
from numpy.typing import NDArray

from catalog.models import Product, Store
from search.choices import Signal
from search.facets.statement import passing
from search.id_lists import array_text
from search.pools import Pool
from search.query import Filters, Modifier
from search.ranking.facts import column, read_columns
from search.ranking.records import RankingModifier
from search.run import Run

FloatArray = NDArray[np.float32]

# What must not be told to whoever may only search: it moves the order, and neither the score nor `explain` shows it.
CONFIDENTIAL = frozenset({str(Signal.MARGIN)})
# The admin calls a stock below five "low" too.
FEW_LEFT, FEW_LEFT_VALUE = 5, 0.5
# However many modifiers and rules come together, they move a score no further than one rule may.
MIN_FACTOR, MAX_FACTOR = 0.01, 100.0

_SIGNALS = """
SELECT product.id, product.quantity, extract(epoch FROM now() - product.created_at) / 86400, product.margin, kept.score
FROM catalog_product product LEFT JOIN search_productpopularity kept ON kept.product_id = product.id
WHERE product.id = ANY(%s)
"""


def declared_modifiers(store: Store) -> tuple[Modifier, ...]:
    """The modifiers that the store's admin has switched on."""
    rows = RankingModifier.objects.filter(store=store, is_active=True).exclude(weight=0)
    return tuple(Modifier(Signal(row.signal), row.weight, row.half_life_days) for row in rows)


def moved_by_signals(run: Run, pool: Pool) -> Pool:
    """The pool by score times the modifiers of the query, else of the store, and the boosts of its rules."""
    asked = run.query.modifiers
    modifiers = run.kept("modifiers", lambda: declared_modifiers(run.store)) if asked is None else asked
    if not len(pool) or not (modifiers or run.boosts):
        return pool
    shown = np.ones(len(pool), np.float32)
    hidden = np.ones(len(pool), np.float32)
    values = signal_values(pool.products, modifiers) if modifiers else []
    for modifier, value in zip(modifiers, values, strict=True):
        factor = np.asarray(1 + modifier.weight * value, np.float32)
        pool = pool.with_signal(str(modifier.signal), factor)
        (hidden if modifier.signal in CONFIDENTIAL else shown)[:] *= factor
    if run.boosts:
        boosts = boost_factors(run, pool.products)
        for boost, factor in zip(run.boosts, boosts, strict=True):
            pool = pool.with_signal(boost.name, np.where(factor == 1, np.float32(np.nan), factor))
            shown *= factor
    return _moved(pool, _bounded(shown), _bounded(shown * hidden))


def signal_values(products: NDArray[np.int64], modifiers: Sequence[Modifier]) -> list[FloatArray]:
    """Each modifier's value (n,), 0 to 1, for these products; 0 where a product says nothing of it. One statement."""
    rows = read_columns(_SIGNALS, products)
    quantities = np.array(column(rows, 0, int, 0), np.int64)
    ages_days = np.array(column(rows, 1, float, np.inf))
    plain = {Signal.MARGIN: 2, Signal.POPULARITY: 3}
    values = []
    for one in modifiers:
        if one.signal is Signal.STOCK:
            values.append(stock_value(quantities))
        elif one.signal is Signal.FRESHNESS:
            values.append(freshness_value(ages_days, one.half_life_days))
        else:
            stated = np.array(column(rows, plain[one.signal], float, 0.0), np.float32)
            values.append(np.asarray(np.clip(stated, 0, 1), np.float32))
    return values


def stock_value(quantities: NDArray[np.int64]) -> FloatArray:
    """1 in stock, half with few left, 0 sold out."""
    values = np.where(quantities >= FEW_LEFT, 1.0, FEW_LEFT_VALUE) * (quantities > 0)
    return np.asarray(values, np.float32)


def freshness_value(ages_days: NDArray[np.float64], half_life_days: float) -> FloatArray:
    """1 for what is new now, halved by every half-life; a date to come is as new as now."""
    return np.asarray(0.5 ** (np.maximum(ages_days, 0.0) / half_life_days), np.float32)


def boost_factors(run: Run, products: NDArray[np.int64]) -> list[FloatArray]:
    """Each boost's factor (n,) for these products: 1 where it does not concern one.

    One statement for all boosts that filters name, another for those that only a queryset can.
    """
    filtered = {place: boost.filters for place, boost in enumerate(run.boosts) if boost.filters is not None}
    listed = {place: boost.products for place, boost in enumerate(run.boosts) if boost.products is not None}
    concerned = _passing_filters(run, products, filtered) | _listed_among(products, listed)
    return [
        np.where(concerned[place], np.float32(_within(boost.factor)), np.float32(1))
        for place, boost in enumerate(run.boosts)
    ]


def _passing_filters(
    run: Run, products: NDArray[np.int64], filtered: Mapping[int, Filters]
) -> dict[int, NDArray[np.bool_]]:
    """For each place a mask (n,) of the products that pass its filters."""
    if not filtered:
        return {}
    conditions = [passing(run, filters) for filters in filtered.values()]
    columns = ", ".join(f"coalesce({condition.text}, FALSE)" for condition in conditions)
    sql = f"SELECT f.product_id, {columns} FROM search_productfacts f WHERE f.product_id = ANY(%s)"  # noqa: S608  (bound)
    rows = read_columns(sql, products, [value for condition in conditions for value in condition.parameters])
    masks = np.array([row or (False,) * len(conditions) for row in rows], np.bool_)
    return {place: masks[:, number] for number, place in enumerate(filtered)}


def _listed_among(products: NDArray[np.int64], listed: Mapping[int, QuerySet[Product]]) -> dict[int, NDArray[np.bool_]]:
    """For each place a mask (n,) of the products that are in its queryset."""
    if not listed:
        return {}
    asked = array_text(products)
    rows: list[QuerySet[Product, tuple[int, int]]] = [
        some.order_by()
        .filter(pk__in=RawSQL("SELECT unnest(%s::bigint[])", [asked]))
        .annotate(boost=Value(place))
        .values_list("pk", "boost")
        for place, some in listed.items()
    ]
    found = rows[0].union(*rows[1:], all=True) if len(rows) > 1 else rows[0]
    pairs = np.array(list(found), np.int64).reshape(-1, 2)
    return {place: np.isin(products, pairs[pairs[:, 1] == place, 0]) for place in listed}


def _moved(pool: Pool, shown: FloatArray, meant: FloatArray) -> Pool:
    """The pool ordered by score times `meant`, with scores times `shown`; equal ones stay as they stood."""
    order = np.argsort(-(pool.scores * meant), kind="stable")
    return pool.with_scores(pool.scores * shown).taken(order)


def _bounded(factors: FloatArray) -> FloatArray:
    return np.clip(factors, MIN_FACTOR, MAX_FACTOR)


def _within(factor: float) -> float:
    return min(MAX_FACTOR, max(MIN_FACTOR, factor))
