"""The two set differences that are the whole of synchronisation, as SQL."""
# ruff: noqa: S608  (the pieces put together here are this module's own constants; values are bound)

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from search.models import IndexVersion

# An image that has a file (not only an address to fetch it from) is stale when no entry holds exactly its pair of
# revisions, nobody works on it, and no back-off runs.
_STALE = """
    LEFT JOIN search_indexentry e ON e.version_id = %(version)s AND e.image_id = i.id
    WHERE i.file <> ''
      AND (e.image_id IS NULL OR (e.image_revision, e.product_revision) IS DISTINCT FROM (i.revision, p.revision))
"""
_FREE = """
      AND (e.claimed_until IS NULL OR e.claimed_until < clock_timestamp())
      AND (e.next_attempt_at IS NULL OR e.next_attempt_at < clock_timestamp())
"""
_ALL = "SELECT i.id FROM catalog_productimage i JOIN catalog_product p ON p.id = i.product_id" + _STALE + _FREE
_RECENT = (
    """
    WITH recent AS (
        SELECT id FROM catalog_productimage WHERE revision > %(floor)s
        UNION
        SELECT i.id FROM catalog_product p JOIN catalog_productimage i ON i.product_id = p.id WHERE p.revision > %(floor)s
    )
    SELECT i.id FROM recent JOIN catalog_productimage i ON i.id = recent.id
    JOIN catalog_product p ON p.id = i.product_id
    """
    + _STALE
    + _FREE
)


def stale_image_ids(
    version: IndexVersion, *, after_id: int = 0, limit: int = 5000, revisions_above: int | None = None
) -> list[int]:
    """Ids of stale images above `after_id`, ascending; only those with a recent revision when `revisions_above` is given."""
    sql = _ALL if revisions_above is None else _RECENT
    with connection.cursor() as cursor:
        cursor.execute(
            sql + " AND i.id > %(after)s ORDER BY i.id LIMIT %(limit)s",
            {"version": version.pk, "after": after_id, "limit": limit, "floor": revisions_above},
        )
        return [row[0] for row in cursor.fetchall()]


def stale_among(version: IndexVersion, image_ids: Sequence[int]) -> list[int]:
    """Those of these images that are stale and free, ascending."""
    with connection.cursor() as cursor:
        cursor.execute(_ALL + " AND i.id = ANY(%(ids)s) ORDER BY i.id", {"version": version.pk, "ids": list(image_ids)})
        return [row[0] for row in cursor.fetchall()]


def has_stale(version: IndexVersion, *, revisions_above: int | None = None) -> bool:
    """Whether any image is out of step, those being worked on or backing off included."""
    sql = _ALL if revisions_above is None else _RECENT
    with connection.cursor() as cursor:
        cursor.execute(sql.removesuffix(_FREE) + " LIMIT 1", {"version": version.pk, "floor": revisions_above})
        return cursor.fetchone() is not None


def count_stale(version: IndexVersion) -> int:
    """How many images are not in step, those being worked on or backing off included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM catalog_productimage i JOIN catalog_product p ON p.id = i.product_id" + _STALE,
            {"version": version.pk},
        )
        return int(cursor.fetchone()[0])


def orphan_image_ids(
    version: IndexVersion, *, after_id: int = 0, limit: int = 5000, is_flagged_only: bool = False
) -> list[int]:
    """Ids of entries whose image is gone, ascending. `is_flagged_only` looks at those that the delete trigger flagged."""
    flagged = "AND e.is_orphaned" if is_flagged_only else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT e.image_id FROM search_indexentry e
            WHERE e.version_id = %s AND e.image_id > %s {flagged}
              AND (e.claimed_until IS NULL OR e.claimed_until < clock_timestamp())
              AND (e.next_attempt_at IS NULL OR e.next_attempt_at < clock_timestamp())
              AND NOT EXISTS (SELECT 1 FROM catalog_productimage i WHERE i.id = e.image_id)
            ORDER BY e.image_id LIMIT %s
            """,
            [version.pk, after_id, limit],
        )
        return [row[0] for row in cursor.fetchall()]
