"""Which products of a store hold the words: one statement gives the route's order, the total, and all that count as members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from search.facets.members import Members
from search.facets.statement import matched_facts, passing
from search.id_lists import PACKED, array_text, unpacked
from search.lexical import holds_sql, rank_sql
from search.query import Filters
from search.run import Run


@dataclass(frozen=True, slots=True)
class WordMatches:
    """`products` (n,) hold the words and pass the filters, best first, ties to the newer, with their `scores` (n,);
    `everywhere` (m,) hold the words, whatever the filters."""

    products: NDArray[np.int64]
    scores: NDArray[np.float32]
    everywhere: NDArray[np.int64]


def word_matches(run: Run, filters: Filters, *, any_word: bool, among: NDArray[np.int64] | None = None) -> WordMatches:
    """The store's published products that hold the words (`search.lexical.matching`), of `among` alone where it is given."""
    passes, store = passing(run, filters), matched_facts(run, Members(), Filters())
    holds, holds_parameters = holds_sql(run.words, any_word=any_word)
    rank, rank_parameters = rank_sql(run.words, any_word=any_word)
    chosen = "" if among is None else " AND search_producttext.product_id = ANY(%s::bigint[])"
    sql = f"""
        SELECT {PACKED.format(column="held.product_id")},
            coalesce(string_agg(float8send(coalesce(held.rank, 'NaN')), ''::bytea), ''::bytea)
        FROM (
            SELECT f.product_id, CASE WHEN {passes.text} THEN ({rank})::float8 END AS rank
            FROM search_producttext JOIN search_productfacts f ON f.product_id = search_producttext.product_id
            WHERE {store.text} AND {holds}{chosen}
        ) AS held
        """  # noqa: S608  (nothing but our own names, and places for bound values)
    parameters = [*passes.parameters, *rank_parameters, *store.parameters, *holds_parameters]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters if among is None else [*parameters, array_text(among)])
        ids, ranks = cursor.fetchone()
    everywhere, scores = unpacked(ids), np.frombuffer(ranks, ">f8").astype(np.float64)
    is_passing = ~np.isnan(scores)
    products, scores = everywhere[is_passing], scores[is_passing]
    order = np.lexsort((-products, -scores))
    return WordMatches(products[order], scores[order].astype(np.float32), everywhere)
