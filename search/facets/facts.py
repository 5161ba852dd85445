"""What is counted of a match set, and which products pass filters: from this process' columns, else in Postgres.

`search.facets.columns` and `search.facets.statement` give the same; a property test holds them to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from numpy.typing import NDArray

from catalog.models import Product
from search.choices import SortKey
from search.facets import statement
from search.facets.columns import FIELDS, NO_ID, NO_PRICE, Columns, Mask, are_columns_enough, bounded
from search.facets.members import Members
from search.facets.statement import Counts, Prices
from search.id_lists import PACKED, unpacked
from search.query import FacetRequest, Filters, Sort
from search.run import Run


def count_fields(
    run: Run, members: Members, filters: Filters, requests: Sequence[FacetRequest], *, terms: dict[int, str]
) -> dict[str, Counts]:
    """The counts of the asked fields over the members that pass the filters, by field.

    `terms` has the attribute of each term. Fields that facts do not hold are not counted here.
    """
    columns = run.columns if _is_simple(run, members, filters) else None
    if columns is None:
        return statement.count_fields(run, members, filters, requests, terms=terms)
    held = _held(run, columns, members)
    own = [request.field_name for request in requests if request.is_widened_by(filters)]
    rest = filters
    for name in own:
        rest = rest.without(name)
    held &= _passing(run, columns, rest)
    tests = {name: _passing(run, columns, filters.only(name)) for name in own}
    counts = {}
    for request in requests:
        counted = held.copy()
        for name, test in tests.items():
            if name != request.field_name:
                counted &= test
        counts[request.field_name] = _counts(columns, counted, request, terms, is_exact=members.is_exact)
    return counts


def count_products(run: Run, members: Members, filters: Filters) -> int:
    """How many of the members pass the filters."""
    columns = run.columns if _is_simple(run, members, filters) else None
    if columns is None:
        return statement.count_products(run, members, filters)
    return int(np.count_nonzero(_held(run, columns, members) & _passing(run, columns, filters)))


def passing_ids(run: Run, filters: Filters) -> NDArray[np.int64]:
    """The ids (n,) of the store's published products that pass the filters."""
    columns = run.columns if _is_simple(run, Members(), filters) else None
    if columns is None:
        return statement.passing_ids(run, filters)
    return columns.products[shown(run, columns, filters)]


def shown(run: Run, columns: Columns, filters: Filters) -> Mask:
    """Which products (n,) pass the filters, hidden ones left out. Colours are not known here."""
    return _held(run, columns, Members()) & _passing(run, columns, filters)


def first_of_all(run: Run, filters: Filters, sort: Sort, *, limit: int) -> tuple[NDArray[np.int64], int] | None:
    """The first `limit` products that pass the filters, in the order of `search.ordering`, and how many pass; None where only
    Postgres can say."""
    columns = run.columns if are_columns_enough(filters) else None
    if columns is None or sort.key in (SortKey.TITLE, SortKey.PALETTE):
        return None
    places = np.flatnonzero(shown(run, columns, filters))
    keys = -columns.created[places]
    if sort.key is SortKey.PRICE:
        prices = columns.prices[places]
        keys = np.where(prices == NO_PRICE, np.iinfo(np.int64).max, -prices if sort.is_descending else prices)
    order = np.lexsort((-columns.products[places], keys))[:limit]
    return columns.products[places[order]], len(places)


def passing_among(run: Run, products: NDArray[np.int64], filters: Filters) -> Mask | None:
    """Which of these products (m,) pass the filters; None where only Postgres can say."""
    columns = run.columns if are_columns_enough(filters) else None
    if columns is None:
        return None
    places, is_here = columns.places(products)
    return is_here & _passing(run, columns, filters)[places] if len(columns) else is_here


def ids_of(products: QuerySet[Product]) -> NDArray[np.int64]:
    """The ids (n,) of a queryset's products, as one value."""
    try:
        text, parameters = products.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        # Django knows that nothing can match, and has no SQL for it.
        return np.zeros(0, np.int64)
    packed = PACKED.format(column="found.id")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {packed} FROM ({text}) AS found(id)", parameters)  # noqa: S608  (Django's own text)
        return unpacked(cursor.fetchone()[0])


def _is_simple(run: Run, members: Members, filters: Filters) -> bool:
    """Whether columns know all that decides. Pinned products that the query's words exclude are left to Postgres."""
    is_pinned = bool(run.pinned and run.words.excluded) and not members.is_everything
    return are_columns_enough(filters) and not is_pinned


def _held(run: Run, columns: Columns, members: Members) -> Mask:
    """The members, hidden ones left out."""
    if members.is_everything:
        held = np.ones(len(columns), np.bool_)
    else:
        ids = members.ids if members.ids is not None else members.everywhere
        if ids is None:
            assert members.products is not None  # noqa: S101  (what is not everything is ids or products)
            ids = ids_of(members.products)
        held = columns.among(ids)
        if run.pinned:
            held |= columns.among(run.pinned)
    excluded = {*run.query.excluded_product_ids, *run.hidden}
    return held & ~columns.among(excluded) if excluded else held


def _passing(run: Run, columns: Columns, filters: Filters) -> Mask:
    return columns.passing(filters, run.resolved(filters), minor_unit_digits=run.store.minor_unit_digits)


def _counts(columns: Columns, counted: Mask, request: FacetRequest, terms: dict[int, str], *, is_exact: bool) -> Counts:
    name = request.field_name
    if name == "price":
        return Counts(prices=_prices(columns.prices[counted], request), is_exact=is_exact)
    if name == "in_stock":
        total, inside = int(np.count_nonzero(counted)), int(np.count_nonzero(counted & columns.in_stock))
        stock = {1: inside, 0: total - inside}
        return Counts({key: n for key, n in stock.items() if n}, is_exact=is_exact)
    if name in FIELDS:
        column = columns.categories if name == "category" else columns.brands
        keys, numbers = np.unique(column[counted], return_counts=True)
        found = zip(keys.tolist(), numbers.tolist(), strict=True)
        return Counts({key: n for key, n in found if key != NO_ID}, is_exact=is_exact)
    of_terms = np.bincount(columns.terms[counted[columns.owners]], minlength=len(columns.vocabulary))
    present = np.flatnonzero(of_terms)
    found = zip(columns.vocabulary[present].tolist(), of_terms[present].tolist(), strict=True)
    return Counts({term: n for term, n in found if terms.get(term) == name}, is_exact=is_exact)


def _prices(prices: NDArray[np.int64], request: FacetRequest) -> Prices | None:
    prices = prices[prices != NO_PRICE]
    if not len(prices):
        return None
    # In two halves: half a million of the highest prices are more than an int64 holds.
    total = (int((prices >> 32).sum()) << 32) + int((prices & 0xFFFFFFFF).sum())
    ranges = tuple(int(np.count_nonzero(_in_range(prices, low, high))) for low, high in request.ranges)
    return Prices(int(prices.min()), int(prices.max()), total, len(prices), ranges)


def _in_range(prices: NDArray[np.int64], low: Decimal | None, high: Decimal | None) -> Mask:
    inside = np.ones(len(prices), np.bool_)
    if low is not None:
        inside &= prices >= bounded(int((low * 1000).to_integral_value(rounding=ROUND_CEILING)))
    if high is not None:
        inside &= prices <= bounded(int((high * 1000).to_integral_value(rounding=ROUND_FLOOR)))
    return inside
