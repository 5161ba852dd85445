# ruff: noqa: S608  (nothing but our own names, and places for bound values, goes into these texts)
"""Facets of products that are shown as one: how many groups have a member with a value, in one statement.

A group counts once for a value however many of its members have it, so counts cannot be summed: of a category each level
is counted by itself, and a filtered field over the products that pass and those that fail its own filter together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from search.facets.members import Members
from search.facets.statement import COLUMNS, Counts, Prices, Sql, matched_facts, passing, price_ranges
from search.query import FacetRequest, Filters
from search.ranking.groups import group_key_sql
from search.run import Run
from search.taxonomy import Taxonomy


def count_groups_of(
    run: Run, members: Members, filters: Filters, requests: Sequence[FacetRequest], *, taxonomy: Taxonomy
) -> dict[str, Counts]:
    """The counts of the asked fields, in groups of the query's `collapse`. Stats of prices stay those of products."""
    counts = {
        request.field_name: Counts(is_exact=members.is_exact, is_of_trees=request.field_name == "category")
        for request in requests
    }
    if not requests:
        return counts
    sql = _statement(run, members, filters, requests, taxonomy)
    with connection.cursor() as cursor:
        cursor.execute(sql.text, sql.parameters)
        for place, key, n, figures in cursor.fetchall():
            own = counts[requests[place].field_name]
            if figures is None:
                own.values[key] = n
            elif figures[0] is not None:
                lowest, highest, total, priced, *ranges = map(int, figures)
                own.prices = Prices(lowest, highest, total, priced, tuple(ranges))
    return counts


def _statement(
    run: Run, members: Members, filters: Filters, requests: Sequence[FacetRequest], taxonomy: Taxonomy
) -> Sql:
    own = [request.field_name for request in requests if request.is_widened_by(filters)]
    rest = filters
    for name in own:
        rest = rest.without(name)
    tests = [passing(run, filters.only(name)) for name in own]
    matched = matched_facts(run, members, rest)
    columns = "".join(f", coalesce({test.text}, FALSE) AS p{place}" for place, test in enumerate(tests, start=1))
    text = f"""
        WITH facts AS MATERIALIZED (
            SELECT f.product_id, f.category_id, f.brand_id, f.is_in_stock, f.price_milli, f.terms{columns}
            FROM search_productfacts f WHERE {matched.text}
        ), tested AS MATERIALIZED (
            SELECT facts.*, {group_key_sql(run.query.collapse)} AS shown_as
            FROM facts JOIN catalog_product ON catalog_product.id = facts.product_id
        ) """
    parts = [_part(place, request, own, taxonomy) for place, request in enumerate(requests)]
    return Sql(
        text + " UNION ALL ".join(part.text for part in parts),
        (
            *(value for test in tests for value in test.parameters),
            *matched.parameters,
            *(value for part in parts for value in part.parameters),
        ),
    )


def _part(place: int, request: FacetRequest, own: Sequence[str], taxonomy: Taxonomy) -> Sql:
    """The counts of one field over what passes every other field's filter."""
    name = request.field_name
    others = " AND ".join(f"p{number}" for number, other in enumerate(own, start=1) if other != name) or "TRUE"
    no_figures = "NULL::numeric[]"
    if name == "price":
        ranges, parameters = price_ranges(request, "count(DISTINCT shown_as)")
        figures = ["min(price_milli)", "max(price_milli)", "sum(price_milli)", "count(price_milli)", *ranges]
        array = f"ARRAY[{', '.join(figures)}]::numeric[]"
        return Sql(f"SELECT {place}, NULL::bigint, NULL::bigint, {array} FROM tested WHERE {others}", parameters)
    if name == "category":
        below = [(node.pk, above.pk) for node in taxonomy.categories for above in taxonomy.line(node)]
        return Sql(
            f"""SELECT {place}, line.above, count(DISTINCT shown_as), {no_figures} FROM tested
                JOIN unnest(%s::bigint[], %s::bigint[]) AS line(own, above) ON line.own = category_id
                WHERE {others} GROUP BY line.above""",
            ([own_id for own_id, _ in below], [above_id for _, above_id in below]),
        )
    if name in COLUMNS:
        column = COLUMNS[name]
        return Sql(
            f"""SELECT {place}, {column}::int::bigint, count(DISTINCT shown_as), {no_figures} FROM tested
                WHERE {others} AND {column} IS NOT NULL GROUP BY {column}"""
        )
    known: list[Any] = [term for term, value in taxonomy.terms.items() if value.attribute == name]
    return Sql(
        f"""SELECT {place}, term, count(DISTINCT shown_as), {no_figures} FROM tested CROSS JOIN unnest(terms) AS term
            WHERE {others} AND term = ANY(%s::bigint[]) GROUP BY term""",
        (known,),
    )
