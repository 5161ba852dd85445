"""What a merchandiser may learn from searches and events of a store, over some days. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from catalog.models import Store

# Rows of each list: what somebody reads.
LIMIT = 50
# A click belongs to its search, and comes a little after it.
CLICKED_LATER = timedelta(days=2)

# The searches that somebody meant, and whether a product of theirs was clicked, put into the cart or bought.
_ASKED = """
WITH clicked AS (
    SELECT DISTINCT search_id FROM search_searchevent
    WHERE store_id = %(store)s AND kind <> 'impression' AND kind IN ('click', 'add_to_cart', 'purchase')
      AND search_id <> '' AND occurred_at >= %(start)s AND occurred_at < %(late)s
),
asked AS (
    SELECT log.*, clicked.search_id IS NOT NULL AS is_clicked
    FROM search_searchlog log LEFT JOIN clicked USING (search_id)
    WHERE log.store_id = %(store)s AND created_at >= %(start)s AND created_at < %(end)s AND NOT is_superseded
)
"""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, both ends included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.first, time.min))

    @property
    def end(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.last + timedelta(days=1), time.min))


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    searches: int
    without_hits: int


@dataclass(frozen=True, slots=True)
class Summary:
    """`clicked` searches led to a click, a cart or a purchase; `median_ms` is None where nothing was searched."""

    searches: int
    without_hits: int
    clicked: int
    not_relevant: int
    median_ms: int | None
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class AskedRow:
    """A question and how it went. `text` is its words, or a photo's digest; `filtered` searches had filters."""

    text: str
    searches: int
    clicked: int
    filtered: int
    found: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class NotRelevantRow:
    """A product that shoppers called not relevant. `words` is empty for photos, and for searches that are not known."""

    words: str
    sku: str
    title: str
    count: int
    last_at: datetime


def summary(store: Store, period: Period) -> Summary:
    """The figures of the whole period, and searches by day."""
    facts = _facts(store, period)
    totals = _asked_rows(
        """SELECT count(*), count(*) FILTER (WHERE found = 0), count(*) FILTER (WHERE is_clicked),
                  percentile_disc(0.5) WITHIN GROUP (ORDER BY took_ms)
           FROM asked""",
        facts,
    )[0]
    by_day = _asked_rows(
        """SELECT (created_at AT TIME ZONE %(zone)s)::date AS day, count(*), count(*) FILTER (WHERE found = 0)
           FROM asked GROUP BY day""",
        facts,
    )
    unwanted = _rows(
        """SELECT count(*) FROM search_searchevent WHERE store_id = %(store)s AND kind <> 'impression'
           AND kind = 'not_relevant' AND occurred_at >= %(start)s AND occurred_at < %(end)s""",
        facts,
    )[0][0]
    known = {row[0]: Day(*row) for row in by_day}
    dates = [period.first + timedelta(days=number) for number in range((period.last - period.first).days + 1)]
    days = tuple(known.get(day, Day(day, 0, 0)) for day in dates)
    return Summary(totals[0], totals[1], totals[2], unwanted, totals[3], days)


def popular_words(store: Store, period: Period) -> list[AskedRow]:
    """The words asked most, alone or with a photo."""
    return _asked(store, period, by="words", where="words <> ''")


def words_without_hits(store: Store, period: Period) -> list[AskedRow]:
    """The words that found nothing, those asked most first."""
    return _asked(store, period, by="words", where="words <> '' AND photo_digest = '' AND found = 0")


def popular_photos(store: Store, period: Period) -> list[AskedRow]:
    """The photos searched most; the same photo is the same bytes and the same part of it."""
    return _asked(store, period, by="photo_digest", where="photo_digest <> ''")


def photos_without_hits(store: Store, period: Period) -> list[AskedRow]:
    """The photos that found nothing."""
    return _asked(store, period, by="photo_digest", where="photo_digest <> '' AND found = 0")


def not_relevant(store: Store, period: Period) -> list[NotRelevantRow]:
    """Which products were called not relevant, and to which words."""
    rows = _rows(
        f"""SELECT coalesce(log.words, ''), event.sku, coalesce(max(product.title), ''), count(*), max(occurred_at)
            FROM search_searchevent event
            LEFT JOIN search_searchlog log ON log.store_id = event.store_id AND log.search_id = event.search_id
            LEFT JOIN catalog_product product ON product.store_id = event.store_id AND product.sku = event.sku
            WHERE event.store_id = %(store)s AND kind <> 'impression' AND kind = 'not_relevant'
              AND occurred_at >= %(start)s AND occurred_at < %(end)s
            GROUP BY 1, 2 ORDER BY 4 DESC, 5 DESC LIMIT {LIMIT}""",  # noqa: S608
        _facts(store, period),
    )
    return [NotRelevantRow(*row) for row in rows]


def _asked(store: Store, period: Period, *, by: str, where: str) -> list[AskedRow]:
    """Searches grouped by a column. `by` and `where` are of this module, never of a request."""
    rows = _asked_rows(
        f"""SELECT {by}, count(*), count(*) FILTER (WHERE is_clicked), count(*) FILTER (WHERE filters <> '{{}}'),
                   (array_agg(found ORDER BY created_at DESC))[1], max(created_at)
            FROM asked WHERE {where} GROUP BY {by} ORDER BY 2 DESC, 6 DESC LIMIT {LIMIT}""",  # noqa: S608
        _facts(store, period),
    )
    return [AskedRow(*row) for row in rows]


def _facts(store: Store, period: Period) -> dict[str, Any]:
    return {
        "store": store.pk,
        "start": period.start,
        "end": period.end,
        "late": period.end + CLICKED_LATER,
        "zone": timezone.get_current_timezone_name(),
    }


def _asked_rows(select: str, facts: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    return _rows(_ASKED + select, facts)


def _rows(sql: str, facts: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, facts)
        found: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return found
