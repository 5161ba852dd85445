"""Different products near the top: by what they look like (MMR), and by caps for each brand, style or category.

Both only reorder: no product is lost, and none comes in.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from search.errors import IndexUnavailable
from search.pools import Pool
from search.ranking.facts import read_columns
from search.ranking.fusing import spread
from search.run import Run, Stage
from search.vectors import product_vectors

logger = logging.getLogger(__name__)

# How many products are compared with each other; behind them the order stays.
HEAD = 100
CAPPED = ("brand", "style", "category")
_GROUPS = """
SELECT product.id, product.brand_id, nullif(product.style_code, ''), product.category_id
FROM catalog_product product WHERE product.id = ANY(%s)
"""


def diversified(run: Run, pool: Pool) -> Pool:
    """The pool's head by maximal marginal relevance (Carbonell and Goldstein 1998), at the query's `diversity`.

    Without the index, or the time for it, it stays as it is, and the answer says so.
    """
    if not run.query.diversity or run.version is None or len(pool) < 3 or run.gives_up(Stage.DIVERSITY):
        return pool
    head = pool.products[:HEAD]
    try:
        owners, _, vectors = product_vectors(run.version, head.tolist())
    except IndexUnavailable as error:
        logger.warning("The order was not diversified: %s", error)
        run.degraded.append("milvus")
        return pool
    # The first photo stands for a product; one without is like nothing else.
    first = dict(zip(owners[::-1].tolist(), range(len(owners) - 1, -1, -1), strict=True))
    rows = np.array([first.get(product_id, -1) for product_id in head.tolist()])
    seen = np.zeros((len(head), vectors.shape[1]), np.float32)
    seen[rows >= 0] = vectors[rows[rows >= 0]]
    # By place, not as they are: what moved a product confidentially is in its place alone.
    relevance = spread(np.sort(pool.scores[:HEAD].astype(np.float64))[::-1])
    order = mmr_order(relevance.astype(np.float32), seen, diversity=run.query.diversity)
    return pool.taken(np.concatenate([order, np.arange(len(head), len(pool))]))


def mmr_order(relevance: NDArray[np.float32], vectors: NDArray[np.float32], *, diversity: float) -> NDArray[np.intp]:
    """The places (n,) in the order of choice: next is what maximises (1 - diversity) * relevance - diversity * likeness,
    likeness being the highest cosine to what was chosen before. `relevance` is 0 to 1, `vectors` (n, d) unit rows.
    """
    count = len(relevance)
    likeness = np.zeros(count, np.float32)
    is_left = np.ones(count, bool)
    order = np.empty(count, np.intp)
    for place in range(count):
        worth = (1 - diversity) * relevance - diversity * likeness
        chosen = int(np.argmax(np.where(is_left, worth, -np.inf)))
        order[place] = chosen
        is_left[chosen] = False
        np.maximum(likeness, vectors @ vectors[chosen], out=likeness)
    return order


def capped(run: Run, pool: Pool) -> Pool:
    """The pool with at most so many products of one brand, style or category within the first page's places.

    What is too many moves right behind them, in its order.
    """
    caps = dict(run.query.max_per)
    window = run.query.per_page
    if not caps or len(pool) < 2:
        return pool
    rows = read_columns(_GROUPS, pool.products)
    groups = [{name: row[CAPPED.index(name)] if row else None for name in caps} for row in rows]
    return pool.taken(capped_order(groups, caps, window=window))


def capped_order(groups: Sequence[Mapping[str, object]], caps: Mapping[str, int], *, window: int) -> NDArray[np.intp]:
    """The places so that the first `window` hold at most `caps[name]` of any one group; None belongs to no group.

    Where there are not enough others to fill the window, what is too many follows at once.
    """
    counts: Counter[tuple[str, object]] = Counter()
    taken: list[int] = []
    surplus: list[int] = []
    for place, own in enumerate(groups):
        if len(taken) == window:
            break
        keys = [(name, own[name]) for name in caps if own[name] is not None]
        if any(counts[key] >= caps[key[0]] for key in keys):
            surplus.append(place)
            continue
        counts.update(keys)
        taken.append(place)
    seen = len(taken) + len(surplus)
    return np.array([*taken, *surplus, *range(seen, len(groups))], np.intp)
