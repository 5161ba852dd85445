# ruff: noqa: S608  (nothing but our own names, and places for bound values, goes into these texts)
"""Which products of a store hold the words: one statement gives the route's order, the total, and all that count as members.

Where this process has the store's columns (`search.facets.columns`), Postgres is asked for texts alone, and what passes the
filters is known here; else the same statement asks facts too. A property test holds the two to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from search.facets.columns import Columns, are_columns_enough
from search.facets.facts import shown
from search.facets.members import Members
from search.facets.statement import Sql, matched_facts, passing
from search.id_lists import PACKED, array_text, unpacked
from search.lexical import holds_sql, rank_sql
from search.query import Filters
from search.run import Run

Ids = NDArray[np.int64]
# To rank a text takes some microseconds: naming up to so many products that are worth it takes less than ranking the rest.
WORTH_NAMING = 10_000


@dataclass(frozen=True, slots=True)
class WordMatches:
    """`products` (n,) hold the words and pass the filters, best first, ties to the newer, with their `scores` (n,);
    `everywhere` (m,) hold the words, whatever the filters."""

    products: Ids
    scores: NDArray[np.float32]
    everywhere: Ids


def word_matches(run: Run, filters: Filters, *, any_word: bool, among: Ids | None = None) -> WordMatches:
    """The store's published products that hold the words (`search.lexical.matching`), of `among` alone where it is given."""
    columns = run.columns if are_columns_enough(filters) else None
    if columns is not None and len(columns) and (columns.is_alone or among is not None):
        return _by_texts(run, columns, filters, any_word=any_word, among=among)
    return _by_texts_and_facts(run, filters, any_word=any_word, among=among)


def _by_texts(run: Run, columns: Columns, filters: Filters, *, any_word: bool, among: Ids | None) -> WordMatches:
    everywhere, chosen = shown(run, columns, Filters()), shown(run, columns, filters)
    if among is None:
        # No other store's products lie between.
        where = Sql("product_id BETWEEN %s AND %s", (int(columns.products[0]), int(columns.products[-1])))
    else:
        where = Sql("product_id = ANY(%s::bigint[])", (array_text(among[columns.places(among)[1]]),))
    count, worth = int(np.count_nonzero(chosen)), Sql("TRUE")
    if count < min(WORTH_NAMING, len(columns) // 2):
        worth = Sql("product_id = ANY(%s::bigint[])", (array_text(columns.products[chosen]),))
    ids, scores = _held(run, "search_producttext", where, worth, any_word=any_word)
    places, is_here = columns.places(ids)
    return _ordered(ids, scores, everywhere=is_here & everywhere[places], passing=is_here & chosen[places])


def _by_texts_and_facts(run: Run, filters: Filters, *, any_word: bool, among: Ids | None) -> WordMatches:
    where = matched_facts(run, Members(), Filters())
    if among is not None:
        where = Sql(f"{where.text} AND f.product_id = ANY(%s::bigint[])", (*where.parameters, array_text(among)))
    tables = "search_producttext JOIN search_productfacts f USING (product_id)"
    ids, scores = _held(run, tables, where, passing(run, filters), any_word=any_word)
    return _ordered(ids, scores, everywhere=np.ones(len(ids), np.bool_), passing=~np.isnan(scores))


def _held(run: Run, tables: str, where: Sql, worth: Sql, *, any_word: bool) -> tuple[Ids, NDArray[np.float64]]:
    """The products (n,) that hold the words, and their scores (n,): NaN for what is not `worth` ranking."""
    holds, holds_parameters = holds_sql(run.words, any_word=any_word)
    rank, rank_parameters = rank_sql(run.words, any_word=any_word)
    parameters: Sequence[Any] = [*worth.parameters, *rank_parameters, *where.parameters, *holds_parameters]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {PACKED.format(column="held.product_id")},
                coalesce(string_agg(float8send(coalesce(held.rank, 'NaN')), ''::bytea), ''::bytea)
            FROM (
                SELECT product_id, CASE WHEN {worth.text} THEN ({rank})::float8 END AS rank
                FROM {tables} WHERE {where.text} AND {holds}
            ) AS held
            """,
            parameters,
        )
        ids, ranks = cursor.fetchone()
    return unpacked(ids), np.frombuffer(ranks, ">f8").astype(np.float64)


def _ordered(
    ids: Ids, scores: NDArray[np.float64], *, everywhere: NDArray[np.bool_], passing: NDArray[np.bool_]
) -> WordMatches:
    products, scores = ids[passing], scores[passing]
    order = np.lexsort((-products, -scores))
    return WordMatches(products[order], scores[order].astype(np.float32), ids[everywhere])
