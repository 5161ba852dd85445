"""Searches and events as files that training and judging read: triples and judged sets.

A gain is summed over searches; in one search each kind of event counts once for a product. What was asked by pixels
cannot be exported: the photos are not kept.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from catalog.models import Product, Store
from search.evaluation.records import MAX_GAIN
from search.evaluation.sets import JudgedQuery, query_of
from search.events.gains import ABOUT_QUERIES, MAX_CORRECTION
from search.events.masking import is_masked

MAX_KEY_LENGTH = 180

_GAINS = """
WITH gains (kind, gain) AS (SELECT * FROM unnest(%(kinds)s::text[], %(gains)s::float8[])),
once AS (
    SELECT search_id, sku, kind, min(position) AS position
    FROM search_searchevent
    WHERE store_id = %(store)s AND search_id <> '' AND kind <> 'impression' AND kind = ANY(%(kinds)s)
      AND occurred_at > %(since)s
    GROUP BY search_id, sku, kind
),
said AS (
    -- A purchase knows no position of its own: it has that of the click before it.
    SELECT search_id, sku, kind, min(position) OVER (PARTITION BY search_id, sku) AS position FROM once
)
SELECT log.words, log.filters::text, log.product_id, said.sku,
       sum(gain * CASE WHEN %(is_corrected)s AND said.position IS NOT NULL
                       THEN least(%(most)s, ln(1 + said.position) / ln(2)) ELSE 1 END)
FROM said JOIN gains USING (kind)
JOIN search_searchlog log ON log.store_id = %(store)s AND log.search_id = said.search_id
WHERE log.photo_digest = ''
GROUP BY log.words, log.filters::text, log.product_id, said.sku
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it can be asked again. `filters` is JSON text as `SearchLog.filters` has it."""

    words: str
    filters: str
    product_id: int | None


def gains_by_query(store: Store, *, days: int, is_corrected: bool = False) -> dict[Asked, dict[str, float]]:
    """For each question of the last days, each product's summed gain; below 0 where "not relevant" outweighs the rest.

    `is_corrected` divides by the propensity of the positions (search.events.gains).
    """
    facts: dict[str, Any] = {
        "store": store.pk,
        "since": timezone.now() - timedelta(days=days),
        "kinds": list(map(str, ABOUT_QUERIES)),
        "gains": list(ABOUT_QUERIES.values()),
        "is_corrected": is_corrected,
        "most": MAX_CORRECTION,
    }
    found: dict[Asked, dict[str, float]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_GAINS, facts)
        for words, filters, product_id, sku, gain in cursor:
            if not is_masked(words):
                found[Asked(words, filters, product_id)][sku] = float(gain)
    return found


def triples(store: Store, *, days: int, is_corrected: bool = False) -> Iterator[str]:
    """The lines of a `train_encoder --triples` file, by query and product: what words alone asked, with gains above 0.

    Filters do not matter here: who clicked a dress under "red" and a price filter still called it red.
    """
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for asked, gains in gains_by_query(store, days=days, is_corrected=is_corrected).items():
        if asked.words and asked.product_id is None:
            for sku, gain in gains.items():
                sums[asked.words, sku] += gain
    for (words, sku), gain in sorted(sums.items()):
        if gain > 0:
            yield json.dumps({"query": words, "product": sku, "gain": round(gain, 3)}, ensure_ascii=False) + "\n"


def judged_queries(store: Store, *, days: int, is_corrected: bool = False) -> list[JudgedQuery]:
    """The questions as judged queries, each with at least one product that is right.

    A summed gain g becomes `round(log2(1 + g))`, at least 1: a click is 1, three are 2, seven 3; a product whose gain is
    0 or less is judged wrong. A popular query shall not weigh a hundred times a rare one's.
    """
    asked_gains = gains_by_query(store, days=days, is_corrected=is_corrected)
    ids = {asked.product_id for asked in asked_gains if asked.product_id is not None}
    skus = dict(Product.objects.filter(store=store, pk__in=ids).values_list("pk", "sku"))
    queries = []
    for asked, gains in sorted(asked_gains.items(), key=lambda item: repr(item[0])):
        record = _record(asked, skus)
        if record is not None and any(gain > 0 for gain in gains.values()):
            judgments = {sku: _judged(gain) for sku, gain in sorted(gains.items())}
            queries.append(query_of({**record, "judgments": judgments}))
    return queries


def _record(asked: Asked, skus: dict[int, str]) -> dict[str, Any] | None:
    """The fields of a judged query's line; None where the product that it asked by is gone, or nothing was asked."""
    if asked.product_id is not None and asked.product_id not in skus:
        return None
    filters = json.loads(asked.filters)
    sku = skus.get(asked.product_id or 0, "")
    if not (asked.words or sku or filters):
        return None
    record: dict[str, Any] = {"id": _key(asked, sku)}
    return record | {
        name: value for name, value in (("text", asked.words), ("product", sku), ("filters", filters)) if value
    }


def _key(asked: Asked, sku: str) -> str:
    """A readable id; what it cannot show whole is told apart by a digest."""
    shown = " ".join(part for part in (asked.words, f"like {sku}" if sku else "") if part) or "everything"
    if asked.filters == "{}" and not sku and len(shown) <= MAX_KEY_LENGTH:
        return shown
    return f"{shown[:MAX_KEY_LENGTH]} #{hashlib.sha256(repr(asked).encode()).hexdigest()[:8]}"


def _judged(gain: float) -> int:
    return min(MAX_GAIN, max(1, round(math.log2(1 + gain)))) if gain > 0 else 0
