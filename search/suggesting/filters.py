"""Suggestions that take a filter away, widen the price, or look in another category."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from django.db.models import Count, Max, Min, QuerySet

from catalog.models import Category, Product, Store
from search.matching import match_set
from search.query import Filters
from search.result import Suggestion
from search.suggesting import wording
from search.suggesting.trials import Trial, Trials

MAX_DROPPED = 5
"""Filters that are each tried without; the others are left to `clear_filters`."""


def fewer_filters(trials: Trials) -> Iterator[Suggestion]:
    """What there is without the filters, with a wider price, and in the category that has the most of it."""
    filters = trials.asked.filters
    names = sorted(filters.fields)
    if not names:
        return
    if trials.try_out(filters=Filters()).pool.found <= trials.pool.found:
        # Fewer filters never find less: none of them is to blame.
        return
    for way in (_wider_price, _other_category):
        if (suggestion := way(trials)) is not None:
            yield suggestion
    dropped = [suggestion for name in names[:MAX_DROPPED] if (suggestion := _without(trials, name)) is not None]
    yield from sorted(dropped, key=lambda one: -one.count)
    if len(names) > 1:
        cleared = trials.suggestion("clear_filters", "Without any filter", details={}, filters=Filters())
        if cleared is not None:
            yield cleared


def _without(trials: Trials, name: str) -> Suggestion | None:
    filters, store = trials.asked.filters, trials.run.store
    return trials.suggestion(
        "drop_filter",
        f"Without {wording.named_filter(store, filters, name)}",
        details={"field": name, "values": sorted(filters.values_of(name))},
        filters=filters.without(name),
    )


def _wider_price(trials: Trials) -> Suggestion | None:
    """The range that reaches the nearest price outside of it, in round numbers."""
    filters, store = trials.asked.filters, trials.run.store
    if filters.price_min is None and filters.price_max is None:
        return None
    wider = _widened(filters, _matching(trials.try_out(filters=filters.without("price"))), store)
    if wider is None:
        return None
    return trials.suggestion(
        "widen_price",
        wording.named_price(store, wider),
        details={
            "from": None if wider.price_min is None else str(wider.price_min),
            "to": None if wider.price_max is None else str(wider.price_max),
            "currency": store.currency,
        },
        filters=wider,
    )


def _widened(filters: Filters, products: QuerySet[Product], store: Store) -> Filters | None:
    low, high = filters.price_min, filters.price_max
    below = None if low is None else products.order_by().filter(price__lt=low).aggregate(at=Max("price"))["at"]
    above = None if high is None else products.order_by().filter(price__gt=high).aggregate(at=Min("price"))["at"]
    if low is not None and below is not None and (high is None or above is None or low - below <= above - high):
        return replace(filters, price_min=rounded(below, store, up=False))
    if high is not None and above is not None:
        return replace(filters, price_max=rounded(above, store, up=True))
    return None


def rounded(amount: Decimal, store: Store, *, up: bool) -> Decimal:
    """The amount as a shop would say it, away from what it bounds: in steps of half its leading digit's unit."""
    if amount <= 0:
        return Decimal(0)
    step = max(Decimal(5).scaleb(amount.adjusted() - 1), Decimal(1).scaleb(-store.minor_unit_digits))
    steps = (amount / step).to_integral_value(rounding=ROUND_CEILING if up else ROUND_FLOOR)
    return (steps * step).quantize(Decimal(1).scaleb(-store.minor_unit_digits))


def _other_category(trials: Trials) -> Suggestion | None:
    filters = trials.asked.filters
    if not filters.categories:
        return None
    best = _fullest_category(_matching(trials.try_out(filters=filters.without("category"))))
    return best and in_category(trials, best)


def in_category(trials: Trials, category: Category, **changes: object) -> Suggestion | None:
    """The search in this category, in the place of those that were asked for."""
    return trials.suggestion(
        "nearest_category",
        f"In {category.name}",
        details={"category": category.slug, "name": category.name},
        filters=replace(trials.asked.filters, categories=(category.slug,)),
        **changes,
    )


def _fullest_category(products: QuerySet[Product]) -> Category | None:
    row = (
        products.order_by()
        .filter(category__isnull=False)
        .values("category_id")
        .annotate(count=Count("pk", distinct=True))
        .order_by("-count", "category_id")
        .first()
    )
    return Category.objects.get(pk=row["category_id"]) if row else None


def _matching(trial: Trial) -> QuerySet[Product]:
    return match_set(trial.run, trial.run.query.filters, trial.pool)
