"""Notices that Postgres was restored to an earlier time, and keeps its numbers from being given out twice."""

from __future__ import annotations

import logging

from django.db import connection

from search import milvus
from search.indexing.verify import doubt
from search.models import IndexVersion

# More than were ever drawn between a backup and its restoring; a bigint has room for nine trillion such jumps.
JUMP = 1_000_000
logger = logging.getLogger(__name__)


def came_back(version: IndexVersion) -> bool:
    """Whether Milvus holds rows of revisions that Postgres has not drawn yet: then it was restored to an earlier time.

    The version is doubted then, and the sequences jump: a revision or an id of the lost time shall not come again for
    something else, under which a row, a pool or an event of that time would look right.
    """
    rows = milvus.rows_above(version.collection, _latest_revision())
    # Read after the rows: whatever was drawn before they were written is below it.
    latest = _latest_revision()
    highest = max((max(row.image_revision, row.product_revision) for row in rows), default=0)
    if highest <= latest:
        return False
    doubt(version)
    jump_ahead(at_least=highest)
    logger.warning(
        "%s holds revision %d and Postgres has drawn %d only: it was restored to an earlier time. Every row is compared.",
        version.collection,
        highest,
        latest,
    )
    return True


def jump_ahead(*, at_least: int = 0) -> None:
    """Draw no revision, product id or image id of the next `JUMP` ones, nor a revision up to `at_least`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT setval('catalog_revision', greatest(nextval('catalog_revision'), %(least)s) + %(jump)s),
                   setval(products.name, nextval(products.name) + %(jump)s),
                   setval(images.name, nextval(images.name) + %(jump)s)
            FROM (SELECT pg_get_serial_sequence('catalog_product', 'id')::regclass AS name) AS products,
                 (SELECT pg_get_serial_sequence('catalog_productimage', 'id')::regclass AS name) AS images
            """,
            {"least": at_least, "jump": JUMP},
        )


def _latest_revision() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM catalog_revision")
        return int(cursor.fetchone()[0])
