"""Writing, reading and listing rows of a collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from search.milvus.connection import ask, call

# Milvus allows 16,384 rows in a result and 64 MB in a message: a page of ids stays far below both.
PAGE_ROWS = 8_000
VECTOR_PAGE_ROWS = 1_000
NEWEST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One image as the collection holds it. `price_minor` is in minor units, -1 for none; `embedding` is a unit vector."""

    id: int
    store_id: int
    product_id: int
    category_id: int
    brand_id: int
    kind: str
    published: bool
    in_stock: bool
    price_minor: int
    attributes: tuple[int, ...]
    image_revision: int
    product_revision: int
    embedding: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StoredRow:
    """What verification compares: who a row is, and the revisions it was written from."""

    id: int
    store_id: int
    image_revision: int
    product_revision: int


_COMPARED_FIELDS = ["id", "store_id", "image_revision", "product_revision"]


def upsert_rows(collection: str, rows: Sequence[Row]) -> None:
    """Write whole rows by key; the same row twice is one row. Raises `IndexUnavailable`, in which case any may be written."""
    if not rows:
        return
    data = [
        {
            "id": row.id,
            "store_id": row.store_id,
            "product_id": row.product_id,
            "category_id": row.category_id,
            "brand_id": row.brand_id,
            "kind": row.kind,
            "published": row.published,
            "in_stock": row.in_stock,
            "price_minor": row.price_minor,
            "attributes": list(row.attributes),
            "image_revision": row.image_revision,
            "product_revision": row.product_revision,
            "embedding": row.embedding,
        }
        for row in rows
    ]
    call(f"writing {len(rows)} rows to {collection}", "upsert", collection, data)


def flush_rows(collection: str) -> None:
    """Have the engine write its newest rows to disk and index them; servers do so by themselves."""
    call(f"flushing {collection}", "flush", collection, limit_s=settings.MILVUS_BUILD_TIMEOUT_S)


def delete_rows(collection: str, ids: Sequence[int]) -> None:
    """Delete rows by key; a missing one is no error."""
    if not ids:
        return
    call(f"deleting {len(ids)} rows from {collection}", "delete", collection, ids=list(ids))


def read_vectors(
    collection: str, ids: Sequence[int], *, is_strong: bool = True, revisions: Mapping[int, int] | None = None
) -> Mapping[int, NDArray[np.float32]]:
    """The vectors of these rows, by id; a row that is not there is left out. Strong consistency unless told otherwise.

    With `revisions`, a row that was written from another image revision than its id's is left out too.
    """
    found: dict[int, NDArray[np.float32]] = {}
    fields = ["id", "embedding"] if revisions is None else ["id", "embedding", "image_revision"]
    for start in range(0, len(ids), VECTOR_PAGE_ROWS):
        page = list(ids[start : start + VECTOR_PAGE_ROWS])
        # Whoever does without strong consistency has a shopper waiting.
        read = call if is_strong else ask
        answer = read(
            f"reading {len(page)} vectors from {collection}",
            "query",
            collection,
            filter=f"id in {page}",
            output_fields=fields,
            consistency_level="Strong" if is_strong else "Bounded",
        )
        found.update(
            (int(row["id"]), np.asarray(row["embedding"], dtype=np.float32))
            for row in answer
            if revisions is None or int(row["image_revision"]) == revisions[int(row["id"])]
        )
    return found


def iterate_rows(collection: str, *, first_id: int = 0, last_id: int = 2**62) -> Iterator[StoredRow]:
    """Every row with an id in [first_id, last_id], at Strong consistency. Order is the engine's, duplicates are not removed.

    A range that holds more than a page is cut at the median of the ids it gave. pymilvus' `query_iterator` would do,
    but on a 2.3.5 server it misses rows written a moment ago (it falls back to the client's clock; contract suite).
    """
    page = call(
        f"listing the rows of {collection}",
        "query",
        collection,
        filter=f"id >= {int(first_id)} and id <= {int(last_id)}",
        output_fields=_COMPARED_FIELDS,
        limit=PAGE_ROWS,
        consistency_level="Strong",
    )
    rows = [StoredRow(*(int(row[field]) for field in _COMPARED_FIELDS)) for row in page]
    if len(rows) < PAGE_ROWS:
        yield from rows
        return
    middle = min(sorted(row.id for row in rows)[PAGE_ROWS // 2], last_id - 1)
    yield from iterate_rows(collection, first_id=first_id, last_id=middle)
    yield from iterate_rows(collection, first_id=middle + 1, last_id=last_id)


def rows_above(collection: str, revision: int) -> list[StoredRow]:
    """Some of the rows that were written from a revision above this one, a page at the most, at Strong consistency."""
    page = call(
        f"looking for the newest rows of {collection}",
        "query",
        collection,
        filter=f"image_revision > {int(revision)} or product_revision > {int(revision)}",
        output_fields=_COMPARED_FIELDS,
        limit=NEWEST_ROWS,
        consistency_level="Strong",
    )
    return [StoredRow(*(int(row[field]) for field in _COMPARED_FIELDS)) for row in page]


def count_rows(collection: str, *, filter_expression: str = "") -> int:
    """How many rows match the expression (all by default), at Strong consistency."""
    answer = call(
        f"counting the rows of {collection}",
        "query",
        collection,
        filter=filter_expression,
        output_fields=["count(*)"],
        consistency_level="Strong",
    )
    return int(answer[0]["count(*)"])
