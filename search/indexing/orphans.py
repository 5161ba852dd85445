"""Remove from Milvus what Postgres no longer has, under the same claim as indexing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from catalog.models import ProductImage
from search import milvus
from search.errors import IndexUnavailable
from search.indexing.entries import claim, delete_entries, fail, release
from search.indexing.verify import doubt
from search.indexing.work import write_lock
from search.models import IndexVersion
from telemetry.metrics import INDEX_REMOVED


def remove_orphans(version: IndexVersion, image_ids: Sequence[int]) -> int:
    """Delete the rows, then the entries, of those images that are gone. Returns how many entries went."""
    token = uuid.uuid4()
    claims = claim(version, image_ids, token=token)
    present = set(ProductImage.objects.filter(pk__in=list(claims)).values_list("pk", flat=True))
    release(version, present, token=token)
    gone = sorted(claims.keys() - present)
    try:
        with write_lock():
            milvus.delete_rows(version.collection, gone)
    except IndexUnavailable:
        fail(version, gone, token=token)
        doubt(version)
        raise
    removed = delete_entries(version, gone, token=token)
    INDEX_REMOVED.inc(removed)
    return removed
