"""A store's stamps: numbers that are other ones after any committed change of its products, its names, or its settings.

What a process keeps of a store under a stamp is true as long as the stamp is. The stamp is read first and what it vouches
for later, so nothing kept is older than its stamp.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from search.facets.records import ChangeKind

# A stamp is a sum over the store's rows of the log: this many and it is read in microseconds.
FOLD_ABOVE = 32


@dataclass(frozen=True, slots=True)
class Stamps:
    """`products` changes with what counts and orders of products use, `taxonomy` with categories, brands and attributes,
    `settings` with rules, synonyms, and what products are ranked by."""

    products: int = 0
    taxonomy: int = 0
    settings: int = 0


def read_stamps(store_id: int) -> Stamps:
    """The store's stamps as they are now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, bit_xor(token) FROM search_storechange WHERE store_id IN (0, %s) GROUP BY kind", [store_id]
        )
        return _stamps(dict(cursor.fetchall()))


OF_STORE = """coalesce((
    SELECT json_object_agg(kind, stamp)::text
    FROM (SELECT kind, bit_xor(token) AS stamp FROM search_storechange WHERE store_id IN (0, s.id) GROUP BY kind) AS one
), '{}')"""
"""What `stamps_in` reads, for a statement that reads a store `s` anyway."""


def stamps_in(text: str) -> Stamps:
    """The stamps that `OF_STORE` gave."""
    return _stamps({int(kind): stamp for kind, stamp in json.loads(text).items()})


def _stamps(found: Mapping[int, int]) -> Stamps:
    return Stamps(*(found.get(kind, 0) for kind in (ChangeKind.PRODUCTS, ChangeKind.TAXONOMY, ChangeKind.SETTINGS)))


def fold_changes() -> int:
    """Put many rows of the log together to one for each store and kind, which leaves the stamps as they are.

    Returns how many rows were put together. Any number of processes may fold at once.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH long AS (
                SELECT store_id, kind FROM search_storechange GROUP BY 1, 2 HAVING count(*) > %s
            ), taken AS (
                SELECT id FROM search_storechange JOIN long USING (store_id, kind)
                FOR UPDATE OF search_storechange SKIP LOCKED
            ), gone AS (
                DELETE FROM search_storechange WHERE id IN (SELECT id FROM taken) RETURNING store_id, kind, token
            ), kept AS (
                INSERT INTO search_storechange (store_id, kind, token)
                SELECT store_id, kind, bit_xor(token) FROM gone GROUP BY 1, 2
            )
            SELECT count(*) FROM gone
            """,
            [FOLD_ABOVE],
        )
        folded: int = cursor.fetchone()[0]
    return folded
