"""A rule tried on a query before it is kept: the answer without the chosen rules, and with them, side by side."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from catalog.models import Product, Store
from search.errors import EncoderUnavailable, IndexUnavailable
from search.query import Query
from search.result import Result
from search.retrieval import search
from search.rules.active import rules_in_force, rules_to_try
from search.rules.matching import Action, Rule, Trigger
from search.rules.records import RuleTrigger
from search.rules.seeing import reference_vector
from search.versions import live_version

SHOWN = 24


@dataclass(frozen=True, slots=True)
class Tile:
    """A product at its 1-based place. `was` is its place on the other side, None where that does not show it."""

    product: Product
    place: int
    was: int | None

    @property
    def moved(self) -> int:
        """Places up; negative for down."""
        return 0 if self.was is None else self.was - self.place

    @property
    def fell(self) -> int:
        """Places down."""
        return -self.moved


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both answers. `applied` names the rules that held with the chosen ones, `idle` the chosen ones that did not."""

    before: tuple[Tile, ...]
    after: tuple[Tile, ...]
    found_before: int
    found_after: int
    applied: tuple[Mapping[str, Any], ...]
    idle: tuple[str, ...]
    banners: tuple[Mapping[str, Any], ...]


def compare(query: Query, store: Store, *, ids: Collection[int], unsaved: Rule | None = None) -> Comparison:
    """The query's first hits without these rules and with them; all others in force count on both sides.

    Switched-off rules may be tried, and one that is not saved; the hours of those tried do not count.
    Raises what a search raises.
    """
    tried = rules_to_try(store, ids)
    if unsaved is not None:
        tried = [*(rule for rule in tried if rule.id != unsaved.id), unsaved]
    chosen = {rule.id for rule in tried}
    others = [rule for rule in rules_in_force(store, now=timezone.now()) if rule.id not in chosen]
    together = sorted([*others, *tried], key=lambda rule: (rule.priority, rule.id))
    first = replace(query, page=1, per_page=SHOWN)
    before, after = (search(first, is_kept=False, rules=rules) for rules in (others, together))
    applied = after.notes.get("applied_rules", ())
    held = {rule["id"] for rule in applied}
    return Comparison(
        before=_tiles(before, after),
        after=_tiles(after, before),
        found_before=before.found,
        found_after=after.found,
        applied=tuple(applied),
        idle=tuple(rule.name for rule in tried if rule.id not in held),
        banners=tuple(after.notes.get("banners", ())),
    )


def carried(rule: Rule) -> dict[str, Any]:
    """A rule as JSON that outlives its rows: with the vectors of its reference photos. Read back by `rule_from`."""
    rows = {row.pk: row for row in RuleTrigger.objects.filter(pk__in=[trigger.id for trigger in rule.triggers])}
    return {
        "id": rule.id,
        "name": rule.name,
        "priority": rule.priority,
        "triggers": [_plain(trigger) | _vector_of(rows.get(trigger.id)) for trigger in rule.triggers],
        "actions": [_plain(action) for action in rule.actions],
    }


def rule_from(data: Mapping[str, Any]) -> Rule:
    """The rule that `carried` gave."""
    return Rule(
        data["id"],
        data["name"],
        tuple(_trigger_from(one) for one in data["triggers"]),
        tuple(_action_from(one) for one in data["actions"]),
        priority=data["priority"],
    )


def suggested_words(rule: Rule) -> str:
    """Words with which the rule would hold, as far as it asks for words."""
    phrases = (phrase for trigger in rule.triggers if trigger.kind == "words" for phrase in trigger.phrases)
    return " ".join(next(phrases, ()))


def _tiles(result: Result, other: Result) -> tuple[Tile, ...]:
    places = {hit.product.pk: place for place, hit in enumerate(other.hits, start=1)}
    return tuple(Tile(hit.product, place, places.get(hit.product.pk)) for place, hit in enumerate(result.hits, start=1))


def _plain(value: Trigger | Action) -> dict[str, Any]:
    shown = {name: getattr(value, name) for name in value.__slots__}
    return {name: sorted(one) if isinstance(one, frozenset) else one for name, one in shown.items() if name != "vector"}


def _vector_of(row: RuleTrigger | None) -> dict[str, str]:
    """The vector as base64, and the fingerprint of the encoder whose it is; empty where there is none to be had."""
    if row is None or not row.photo:
        return {"vector": ""}
    try:
        version = live_version()
        vector = reference_vector(row, version)
    except (IndexUnavailable, EncoderUnavailable):
        return {"vector": ""}
    if vector is None:
        return {"vector": ""}
    return {
        "vector": base64.b64encode(vector.astype("<f4").tobytes()).decode(),
        "fingerprint": version.fingerprint,
    }


def _trigger_from(data: Mapping[str, Any]) -> Trigger:
    changed = {
        "phrases": _phrases(data["phrases"]),
        "value": _pair(data["value"]),
        "colours": frozenset(data["colours"]),
        "vector": base64.b64decode(data["vector"]),
    }
    return Trigger(**{**data, **changed})


def _action_from(data: Mapping[str, Any]) -> Action:
    return Action(**{**data, "phrases": _phrases(data["phrases"]), "value": _pair(data["value"])})


def _phrases(rows: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(row) for row in rows)


def _pair(value: Any) -> tuple[str, str] | None:
    return (value[0], value[1]) if value else None
