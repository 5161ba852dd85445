"""Index versions of made-up vectors: rows in Milvus and their entries, without photos."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from benchmarks import clustered
from search import milvus
from search.models import IndexEntry, IndexVersion
from tests.encoders import DIMENSION


def unit_rows(count: int, *, seed: int = 1) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def fill(version: IndexVersion, vectors: NDArray[np.float32], *, store_id: int, **facts: Any) -> None:
    """Rows in Milvus and their entries, an hour old."""
    ids = facts.get("ids", list(range(1, len(vectors) + 1)))
    rows = [
        replace(
            row,
            id=ids[n],
            store_id=store_id,
            price_minor=facts["prices"][n] if "prices" in facts else 100,
            brand_id=facts["brands"][n] if "brands" in facts else 1,
        )
        for n, row in enumerate(clustered.rows_of(0, vectors))
    ]
    milvus.upsert_rows(version.collection, rows)
    IndexEntry.objects.bulk_create(
        [
            IndexEntry(
                version=version,
                image_id=pk,
                store_id=store_id,
                image_revision=1,
                product_revision=1,
                indexed_at=timezone.now() - timedelta(hours=1),
            )
            for pk in ids
        ],
        ignore_conflicts=True,
    )
