"""Puts products where a rule wants them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from search.pools import Pool


def put_pins(pool: Pool, places: Mapping[int, int]) -> Pool:
    """The pool with these products at their 1-based places, the others in their order around them.

    Of two for one place the lower id comes first; a place beyond the end is the end. A product that the pool does not
    hold is left out: it did not pass the filters.
    """
    if not places:
        return pool
    position = {product_id: row for row, product_id in enumerate(pool.products.tolist())}
    wanted = sorted((place, product_id) for product_id, place in places.items() if product_id in position)
    pinned = {product_id for _, product_id in wanted}
    order = [row for product_id, row in position.items() if product_id not in pinned]
    for place, product_id in wanted:
        order.insert(place - 1, position[product_id])
    values = np.full(len(pool), np.nan, np.float32)
    for product_id in pinned:
        values[position[product_id]] = places[product_id]
    return pool.with_signal("pin", values).taken(order)
