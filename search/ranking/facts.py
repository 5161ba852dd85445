"""What ranking must know of a pool's products besides their scores, read from Postgres in one statement each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from search.id_lists import array_text

T = TypeVar("T")


def read_columns(sql: str, products: NDArray[np.int64], parameters: Sequence[Any] = ()) -> list[tuple[Any, ...] | None]:
    """The rows of a SELECT by product, in the order of `products`; None for one that is gone.

    The statement's first column is the product's id, and its last parameter `ANY(%s)` takes the ids.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, array_text(products)])
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    return [rows.get(product_id) for product_id in products.tolist()]


def column(rows: Sequence[tuple[Any, ...] | None], place: int, read: Callable[[Any], T], missing: T) -> list[T]:
    """One column of such rows, with `missing` for what is null or gone."""
    return [missing if row is None or row[place] is None else read(row[place]) for row in rows]
