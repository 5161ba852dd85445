"""Whether anything published in a store satisfies a condition on its products' words, asked for several at once."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from catalog.models import Store


def any_product(conditions: Sequence[tuple[str, list[str]]], *, store: Store) -> list[bool]:
    """For each SQL condition on `text` (a `ProductText`) with its parameters: does a published product satisfy it?"""
    if not conditions:
        return []
    # A column each, with the words as constants: Postgres sees how rare they are, and uses the index for rare ones.
    columns = [
        f"""EXISTS (SELECT FROM search_producttext text JOIN catalog_product product ON product.id = text.product_id
                    WHERE {condition} AND product.store_id = %s AND product.is_published)"""
        for condition, _ in conditions
    ]
    values: list[str | int] = []
    for _, parameters in conditions:
        values += [*parameters, store.pk]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)}", values)
        return list(cursor.fetchone())
