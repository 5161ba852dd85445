# ruff: noqa: S608  (nothing but our own names, and places for bound values, goes into these texts)
"""The one SQL statement that counts all facets of a match set in a single pass over its facts.

A filtered field is counted without its own filter. So each filter of a counted field is a column that says whether a
product passes it, and a product that fails exactly one of them counts for that field alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from numpy.typing import NDArray

from catalog.models import Product
from search.facets.members import Members
from search.facets.records import term_of
from search.id_lists import PACKED, array_text, unpacked
from search.lexical import without_excluded
from search.query import FacetRequest, Filters, RowFilter
from search.run import Run

COLUMNS = {"category": "category_id", "brand": "brand_id", "in_stock": "is_in_stock", "price": "price_milli"}
_MILLI_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of a statement with its parameters, in order."""

    text: str
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Prices:
    """Of the priced products, in thousandths: the lowest, the highest, their sum, how many; and how many in each range."""

    lowest: int
    highest: int
    total: int
    count: int
    ranges: tuple[int, ...]


@dataclass(slots=True)
class Counts:
    """A field's counts: by category id, brand id, 1 or 0 for in stock, or a term of its attribute.

    With `is_of_trees` a category's count is of everything below it already.
    """

    values: dict[int, int] = field(default_factory=dict)
    prices: Prices | None = None
    is_exact: bool = True
    is_of_trees: bool = False


def count_fields(
    run: Run, members: Members, filters: Filters, requests: Sequence[FacetRequest], *, terms: dict[int, str]
) -> dict[str, Counts]:
    """The counts of the asked fields over the members that pass the filters, by field.

    `terms` has the attribute of each term. Fields that facts do not hold are not counted here.
    """
    own = [request.field_name for request in requests if request.is_widened_by(filters)]
    counts = {request.field_name: Counts(is_exact=members.is_exact) for request in requests}
    kinds = _kinds(requests)
    if not kinds:
        return counts
    rest = filters
    for name in own:
        rest = rest.without(name)
    price = next((request for request in requests if request.field_name == "price"), None)
    sql = _statement(
        matched_facts(run, members, rest),
        [passing(run, filters.only(name)) for name in own],
        kinds,
        price=_price_figures(price) if price else None,
        price_misses=[0, own.index("price") + 1] if "price" in own else [0],
    )
    with connection.cursor() as cursor:
        cursor.execute(sql.text, sql.parameters)
        for kind, miss, key, n, figures in cursor.fetchall():
            if kind == "price":
                lowest, highest, total, priced, *ranges = map(int, figures)
                counts["price"].prices = Prices(lowest, highest, total, priced, tuple(ranges))
                continue
            name = terms.get(key, "") if kind == "terms" else kind
            if key is not None and name in counts and (miss == 0 or own[miss - 1] == name):
                values = counts[name].values
                values[key] = values.get(key, 0) + int(n)
    return counts


def count_products(run: Run, members: Members, filters: Filters) -> int:
    """How many of the members pass the filters."""
    matched = matched_facts(run, members, filters)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM search_productfacts f WHERE {matched.text}", matched.parameters)
        found: int = cursor.fetchone()[0]
    return found


def passing_ids(run: Run, filters: Filters) -> NDArray[np.int64]:
    """The ids (n,) of the store's published products that pass the filters."""
    matched = matched_facts(run, Members(), filters)
    with connection.cursor() as cursor:
        packed = PACKED.format(column="product_id")
        cursor.execute(f"SELECT {packed} FROM search_productfacts f WHERE {matched.text}", matched.parameters)
        return unpacked(cursor.fetchone()[0])


def passing(run: Run, filters: Filters) -> Sql:
    """The condition on facts `f` for products that pass these filters."""
    wanted = run.resolved(filters)
    if filters.fields - {*COLUMNS, *(code for code, _ in filters.attributes)}:
        return _within(run.products(filters))
    return _passing(wanted, run.store.minor_unit_digits)


def _passing(wanted: RowFilter, digits: int) -> Sql:
    texts: list[str] = []
    parameters: list[Any] = []

    def require(text: str, value: Any) -> None:
        texts.append(text)
        parameters.append(value)

    if wanted.category_ids is not None:
        require("f.category_id = ANY(%s)", list(wanted.category_ids))
    if wanted.brand_ids is not None:
        require("f.brand_id = ANY(%s)", list(wanted.brand_ids))
    scale = 10 ** (_MILLI_DIGITS - digits)
    if wanted.price_min is not None:
        require("f.price_milli >= %s", wanted.price_min * scale)
    if wanted.price_max is not None:
        require("f.price_milli <= %s", wanted.price_max * scale)
    if wanted.in_stock is not None:
        require("f.is_in_stock = %s", wanted.in_stock)
    for code, names in wanted.value_codes:
        require("f.terms && %s::bigint[]", [term_of(code, name) for name in names])
    return Sql(" AND ".join(texts) or "TRUE", tuple(parameters))


def _within(products: QuerySet[Product]) -> Sql:
    try:
        text, parameters = products.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        # Django knows that nothing can match, and has no SQL for it.
        return Sql("FALSE")
    return Sql(f"f.product_id IN ({text})", tuple(parameters))


def matched_facts(run: Run, members: Members, filters: Filters) -> Sql:
    """The condition on facts `f` for the members that pass the filters, hidden ones left out."""
    pieces = [Sql("f.store_id = %s AND f.is_published", (run.store.pk,)), passing(run, filters)]
    excluded = sorted({*run.query.excluded_product_ids, *run.hidden})
    if excluded:
        pieces.append(Sql("f.product_id <> ALL(%s)", (excluded,)))
    if not members.is_everything:
        if members.ids is not None:
            held = Sql("f.product_id = ANY(%s::bigint[])", (array_text(members.ids),))
        else:
            assert members.products is not None  # noqa: S101  (what is not everything is ids or products)
            held = _within(members.products)
        if run.pinned:
            if run.words.excluded:
                pieces.append(_within(without_excluded(Product.objects.filter(store=run.store), run.words)))
            held = Sql(f"({held.text} OR f.product_id = ANY(%s))", (*held.parameters, list(run.pinned)))
        pieces.append(held)
    text = " AND ".join(f"({piece.text})" for piece in pieces)
    return Sql(text, tuple(value for piece in pieces for value in piece.parameters))


def _kinds(requests: Sequence[FacetRequest]) -> dict[str, str]:
    """What is grouped by, by name: a column for each plain field, and the terms for all attributes together."""
    kinds = {name: COLUMNS[name] for request in requests if (name := request.field_name) in COLUMNS}
    return kinds | ({"terms": "terms"} if any(request.field_name not in COLUMNS for request in requests) else {})


def _statement(
    matched: Sql, passes: Sequence[Sql], kinds: dict[str, str], *, price: Sql | None, price_misses: Sequence[int]
) -> Sql:
    columns = list(kinds.values())
    tests = "".join(f", coalesce({one.text}, FALSE) AS p{place}" for place, one in enumerate(passes, start=1))
    failed = " + ".join(f"(NOT p{place})::int" for place in range(1, len(passes) + 1)) or "0"
    miss = "".join(f" WHEN NOT p{place} THEN {place}" for place in range(1, len(passes) + 1))
    sets = ", ".join(f"(miss, {column})" for column in columns)
    text = f"""
        WITH counted AS (
            SELECT miss, grouping({", ".join(columns)}) AS kept, {", ".join(columns)}, count(*) AS n
            FROM (
                SELECT {", ".join(columns)}, {f"CASE{miss} ELSE 0 END" if miss else "0"} AS miss
                FROM (SELECT {", ".join(columns)}{tests} FROM search_productfacts f WHERE {matched.text}) AS tested
                WHERE {failed} <= 1
            ) AS missed
            GROUP BY GROUPING SETS ({sets})
        )"""
    parameters = [value for one in passes for value in one.parameters] + list(matched.parameters)
    parts = []
    for place, (name, column) in enumerate(kinds.items()):
        # grouping() has a bit for each column that a row does not keep, the first column's the highest.
        kept = (1 << len(columns)) - 1 - (1 << (len(columns) - 1 - place))
        if name == "terms":
            parts.append(f"""SELECT 'terms', miss, term, sum(n)::bigint, NULL::numeric[]
                FROM counted CROSS JOIN LATERAL unnest(terms) AS term WHERE kept = {kept} GROUP BY miss, term""")
        elif name == "price":
            assert price is not None  # noqa: S101  (the field is grouped by because it was asked for)
            parts.append(f"""SELECT 'price', 0, NULL::bigint, NULL::bigint, {price.text} FROM counted
                WHERE kept = {kept} AND price_milli IS NOT NULL AND miss = ANY(%s) HAVING count(*) > 0""")
            parameters += [*price.parameters, list(price_misses)]
        else:
            parts.append(
                f"SELECT '{name}', miss, {column}::int::bigint, n, NULL::numeric[] FROM counted WHERE kept = {kept}"
            )
    return Sql(text + " UNION ALL ".join(parts), tuple(parameters))


def _price_figures(request: FacetRequest) -> Sql:
    """An array of the lowest, the highest, the sum and the number, then the number in each range."""
    ranges, parameters = price_ranges(request, "sum(n)")
    figures = ["min(price_milli)", "max(price_milli)", "sum(price_milli * n)", "sum(n)", *ranges]
    return Sql(f"ARRAY[{', '.join(figures)}]::numeric[]", parameters)


def price_ranges(request: FacetRequest, counting: str) -> tuple[list[str], tuple[Any, ...]]:
    """SQL for how many `counting` counts in each range of the request, with its parameters."""
    figures, parameters = [], []
    for low, high in request.ranges:
        tests = []
        if low is not None:
            tests.append("price_milli >= %s")
            parameters.append(low * 10**_MILLI_DIGITS)
        if high is not None:
            tests.append("price_milli <= %s")
            parameters.append(high * 10**_MILLI_DIGITS)
        figures.append(f"coalesce({counting} FILTER (WHERE {' AND '.join(tests) or 'TRUE'}), 0)")
    return figures, tuple(parameters)
