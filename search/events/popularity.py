"""How sought-after products are and what words are asked often, worked out from events and searches by a task.

A product's score is the sum of its gains, each halved every `POPULARITY_HALF_LIFE_DAYS`, on a logarithmic scale, as a
share of the store's most sought-after: `ln(1 + sum) / ln(1 + largest sum)`. One visitor (without one: one search) counts
once a day for each kind of event, so that a reload or a robot does not make a bestseller.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from numpy.typing import NDArray

from search.events.gains import GAINS
from search.events.masking import EMAIL, NUMBER

# Eight half-lives leave 0.4 % of a gain.
HALF_LIVES = 8
# How far back words count as popular.
POPULAR_DAYS = 90

_SCORES = """
WITH gains (kind, gain) AS (SELECT * FROM unnest(%(kinds)s::text[], %(gains)s::float8[])),
once AS (
    SELECT store_id, sku, kind, max(occurred_at) AS occurred_at
    FROM search_searchevent
    WHERE kind <> 'impression' AND kind = ANY(%(kinds)s) AND occurred_at > %(since)s
    GROUP BY store_id, sku, kind, coalesce(nullif(visitor, ''), nullif(search_id, ''), event_id),
             date_trunc('day', occurred_at, 'UTC')
),
sums AS (
    SELECT store_id, sku,
           sum(gain * power(0.5, greatest(0, extract(epoch FROM %(now)s - occurred_at)) / %(half_life_s)s)) AS total
    FROM once JOIN gains USING (kind)
    GROUP BY store_id, sku
)
INSERT INTO search_productpopularity (product_id, score, updated_at)
SELECT product.id, ln(1 + total) / max(ln(1 + total)) OVER (PARTITION BY product.store_id), %(now)s
FROM sums JOIN catalog_product product ON product.store_id = sums.store_id AND product.sku = sums.sku
WHERE product.is_published AND total > 0.001
ON CONFLICT (product_id) DO UPDATE SET score = excluded.score, updated_at = excluded.updated_at
"""

_WORDS = """
INSERT INTO search_popularquery (store_id, text, count, last_seen)
SELECT store_id, words, count(*), max(created_at)
FROM search_searchlog
WHERE words <> '' AND found > 0 AND created_at > %(since)s
  AND mode IN ('words', 'lexical', 'semantic') AND NOT is_superseded
  AND position(%(email)s IN words) = 0 AND position(%(number)s IN words) = 0
GROUP BY store_id, words
HAVING count(DISTINCT date_trunc('minute', created_at)) >= %(least)s
ON CONFLICT (store_id, text) DO UPDATE SET count = excluded.count, last_seen = excluded.last_seen
RETURNING id
"""


def popularity_of(product_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """The scores (n,) of these products, in [0, 1]: 1 is its store's most sought-after, 0 nobody asked for. One query."""
    scores = np.zeros(len(product_ids), np.float32)
    if not len(product_ids):
        return scores
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT product_id, score FROM search_productpopularity WHERE product_id = ANY(%s)", [product_ids.tolist()]
        )
        known = dict(cursor.fetchall())
    if known:
        scores[:] = [known.get(int(product_id), 0.0) for product_id in product_ids]
    return scores


def refresh_popularity(*, now: datetime | None = None) -> int:
    """Work out every store's scores again; returns how many products have one."""
    now = now or timezone.now()
    half_life = timedelta(days=settings.POPULARITY_HALF_LIFE_DAYS)
    facts: dict[str, Any] = {
        "kinds": list(map(str, GAINS)),
        "gains": list(GAINS.values()),
        "now": now,
        "since": now - HALF_LIVES * half_life,
        "half_life_s": half_life.total_seconds(),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SCORES, facts)
        scored: int = cursor.rowcount
        cursor.execute("DELETE FROM search_productpopularity WHERE updated_at <> %s", [now])
    return scored


def refresh_popular_queries(*, now: datetime | None = None) -> int:
    """Work out every store's popular words again; returns how many there are.

    Only words that found something, that hold nothing masked, and that were asked in at least
    `POPULAR_QUERY_MIN_SEARCHES` different minutes: one shopper who turns filters on and off is not many.
    """
    facts: dict[str, Any] = {
        "since": (now or timezone.now()) - timedelta(days=min(POPULAR_DAYS, settings.EVENT_RETENTION_DAYS)),
        "email": EMAIL,
        "number": NUMBER,
        "least": settings.POPULAR_QUERY_MIN_SEARCHES,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_WORDS, facts)
        kept = [row[0] for row in cursor.fetchall()]
        cursor.execute("DELETE FROM search_popularquery WHERE NOT id = ANY(%s)", [kept])
    return len(kept)
