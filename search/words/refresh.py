"""Rewrites the words of products whose brand, category or labels were renamed, in small batches."""

from __future__ import annotations

from django.db import connection, transaction

BATCH = 500


def refresh_stale_words(*, limit: int = 1_000_000) -> int:
    """Rewrite marked `ProductText` rows, each batch in its own transaction. Returns how many."""
    done = 0
    while done < limit:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                """
                WITH marked AS (
                    SELECT product_id FROM search_producttext WHERE is_stale
                    ORDER BY product_id LIMIT %s FOR UPDATE SKIP LOCKED
                )
                UPDATE search_producttext text
                SET is_stale = false, document = words.document, plain = words.plain
                FROM marked JOIN catalog_product product ON product.id = marked.product_id
                CROSS JOIN LATERAL search_product_words(product) AS words
                WHERE text.product_id = marked.product_id
                """,
                [BATCH],
            )
            if not cursor.rowcount:
                return done
            done += cursor.rowcount
    return done
