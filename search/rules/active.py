"""The rules that are in force, read with all they name in one statement, as the values that `matching` takes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from catalog.models import Store
from search.rules.matching import Action, Rule, Schedule, Trigger, words_of
from search.rules.records import Rule as RuleRow
from search.rules.records import RuleAction, RuleTrigger

_TRIGGER = JSONObject(
    id="pk",
    kind="kind",
    match="match",
    words="words",
    category_path="category__path",
    brand="brand__slug",
    attribute="value__attribute__code",
    value="value__code",
    field="field",
    colours="colours",
    threshold="threshold",
)
_ACTION = JSONObject(
    kind="kind",
    position="position",
    factor="factor",
    product_id="product_id",
    sku="product__sku",
    category_path="category__path",
    category_slug="category__slug",
    brand_id="brand_id",
    brand_slug="brand__slug",
    attribute="value__attribute__code",
    value="value__code",
    words="words",
    text="text",
    filter_by="filter_by",
    banner="banner",
)


@dataclass(frozen=True, slots=True)
class Enabled:
    """A rule, and the dates between which it counts."""

    rule: Rule
    starts_at: datetime | None
    ends_at: datetime | None

    def is_in_force(self, now: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)


def enabled_rules(store: Store) -> list[Enabled]:
    """The store's rules that are switched on, whatever their dates, the first priority first."""
    return _read(RuleRow.objects.filter(store=store, is_enabled=True))


def rules_in_force(store: Store, *, now: datetime) -> list[Rule]:
    """The store's rules that are switched on and whose dates are now, the first priority first."""
    return [one.rule for one in enabled_rules(store) if one.is_in_force(now)]


def rules_to_try(store: Store, ids: Collection[int]) -> list[Rule]:
    """These rules of the store, switched on or not, whatever their dates; their days and hours do not count either."""
    rows = RuleRow.objects.filter(store=store, pk__in=ids)
    return [replace(one.rule, schedule=Schedule()) for one in _read(rows)]


def _read(rows: QuerySet[RuleRow]) -> list[Enabled]:
    triggers = RuleTrigger.objects.filter(rule=OuterRef("pk")).order_by("pk").values(row=_TRIGGER)
    actions = RuleAction.objects.filter(rule=OuterRef("pk")).order_by("pk").values(row=_ACTION)
    found = (
        rows.order_by("priority", "pk")
        .annotate(trigger_rows=ArraySubquery(triggers), action_rows=ArraySubquery(actions))
        .values_list(
            "pk",
            "name",
            "priority",
            "weekdays",
            "from_time",
            "until_time",
            "starts_at",
            "ends_at",
            "trigger_rows",
            "action_rows",
            named=True,
        )
    )
    return [
        Enabled(
            Rule(
                row.pk,
                row.name,
                tuple(_trigger(one) for one in row.trigger_rows),
                tuple(_action(one) for one in row.action_rows),
                _schedule(row.weekdays, row.from_time, row.until_time),
                row.priority,
            ),
            row.starts_at,
            row.ends_at,
        )
        for row in found
    ]


def _schedule(weekdays: list[str], from_time: time | None, until_time: time | None) -> Schedule:
    return Schedule(frozenset(weekdays), from_time, until_time)


def _trigger(row: dict[str, Any]) -> Trigger:
    return Trigger(
        kind=row["kind"],
        id=row["id"],
        match=row["match"],
        phrases=_phrases(row["words"]),
        category_path=row["category_path"] or "",
        brand=row["brand"] or "",
        value=_value(row),
        field=row["field"],
        colours=frozenset(row["colours"]),
        threshold=row["threshold"],
    )


def _action(row: dict[str, Any]) -> Action:
    return Action(
        kind=row["kind"],
        position=row["position"],
        factor=row["factor"],
        product_id=row["product_id"],
        sku=row["sku"] or "",
        category_path=row["category_path"] or "",
        category_slug=row["category_slug"] or "",
        brand_id=row["brand_id"],
        brand_slug=row["brand_slug"] or "",
        value=_value(row),
        phrases=_phrases(row["words"]),
        text=row["text"],
        filter_by=row["filter_by"],
        banner=row["banner"],
    )


def _phrases(words: list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(phrase for text in words if (phrase := words_of(text)))


def _value(row: dict[str, Any]) -> tuple[str, str] | None:
    return (row["attribute"], row["value"]) if row["value"] else None
