"""What the rules that hold do to a search: its words and filters, what is hidden, pinned and boosted, and what is told.

Conditions are read off the query as it came, so that no rule sets off another. Rules work in the order of their priority:
the first to pin a product, or to take a place, keeps it; what any rule hides is hidden.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from catalog.models import Category, Product, Store
from search.api.filtering import parse_filter_by, store_vocabulary
from search.choices import Mode
from search.errors import InvalidQuery
from search.query import Filters, Query
from search.rules.active import enabled_rules
from search.rules.matching import Action, Asked, Rule, holding, plausible, replaced, words_of
from search.rules.seeing import look
from search.run import Boost, Run

# What is searched by when no words are left.
_WITHOUT_WORDS = {Mode.COMPOSED: Mode.IMAGE}


def apply_rules(run: Run) -> None:
    """Do what the store's rules in force say of this query, or those that the run brings along (a preview's)."""
    now = timezone.now()
    known = _in_force(run, now) if run.rules is None else run.rules
    if not known:
        return
    asked = _asked(run, known, now=now.astimezone(ZoneInfo(run.store.time_zone)))
    candidates = plausible(known, asked)
    seen = look(run.query, run.store, run.version, rules=candidates) if candidates else None
    applied = holding(candidates, seen) if seen is not None else []
    if not applied:
        return
    for rule in applied:
        run.query = _rewritten(run.query, run.store, rule.actions)
    run.boosts.extend(_boosts(run.store, applied))
    run.hidden.update(_hidden(run.store, applied))
    run.pinned.update(_pinned(applied, free_of=run.hidden))
    run.notes["applied_rules"] = [
        {"id": rule.id, "name": rule.name, "actions": [action.kind for action in rule.actions]} for rule in applied
    ]
    banners = [dict(action.banner) for rule in applied for action in rule.actions if action.kind == "banner"]
    if banners:
        run.notes["banners"] = banners


def _in_force(run: Run, now: datetime) -> list[Rule]:
    enabled = run.kept("rules", lambda: enabled_rules(run.store))
    return [one.rule for one in enabled if one.is_in_force(now)]


def _asked(run: Run, rules: Iterable[Rule], *, now: Any) -> Asked:
    filters = run.query.filters
    needs_paths = filters.categories and any(one.kind == "category" for rule in rules for one in rule.triggers)
    paths: tuple[str, ...] = ()
    if needs_paths:
        chosen = Category.objects.filter(store=run.store, slug__in=filters.categories)
        paths = tuple(chosen.values_list("path", flat=True))
    values = {name: filters.values_of(name) for name in filters.fields}
    return Asked(now, words_of(run.query.words), paths, values)


def _rewritten(query: Query, store: Store, actions: Iterable[Action]) -> Query:
    """The query with this rule's words and filters."""
    for action in actions:
        if action.kind == "replace_words" and query.text:
            text = replaced(query.text, action.phrases, by=action.text)
            query = replace(query, text=text, mode=query.mode if text else _mode_without_words(query))
        elif action.kind == "add_filter":
            query = replace(query, filters=_with(query.filters, _added(action, store)))
    return query


def _mode_without_words(query: Query) -> Mode:
    return query.mode if any(part.text for part in query.others) else _WITHOUT_WORDS.get(query.mode, Mode.BROWSE)


def _added(action: Action, store: Store) -> Filters:
    """The filter that the action adds. A line that names what the store no longer has adds nothing."""
    if action.filter_by:
        try:
            return parse_filter_by(action.filter_by, store_vocabulary(store))
        except InvalidQuery:
            return Filters()
    if action.value:
        attribute, code = action.value
        return Filters(attributes=((attribute, (code,)),))
    return Filters(
        categories=(action.category_slug,) if action.category_slug else (),
        brands=(action.brand_slug,) if action.brand_slug else (),
    )


def _with(filters: Filters, added: Filters) -> Filters:
    """Both filters; in a field that is filtered already the shopper's own choice (or an earlier rule's) stands."""
    for name in filters.fields:
        added = added.without(name)
    both = {
        one.name: getattr(filters, one.name) if getattr(filters, one.name) != one.default else getattr(added, one.name)
        for one in fields(Filters)
    }
    return Filters(**{**both, "attributes": filters.attributes + added.attributes})


def _boosts(store: Store, rules: Iterable[Rule]) -> list[Boost]:
    boosts = []
    for rule in rules:
        actions = [action for action in rule.actions if action.kind in ("boost", "bury")]
        for number, action in enumerate(actions, start=1):
            name = f"rule:{rule.id}" if number == 1 else f"rule:{rule.id}.{number}"
            boosts.append(Boost(name, action.factor, Product.objects.filter(_of(action), store=store)))
    return boosts


def _hidden(store: Store, rules: Iterable[Rule]) -> list[int]:
    """The ids of the store's products that any of the rules hides."""
    named = [_of(action) for rule in rules for action in rule.actions if action.kind == "hide"]
    if not named:
        return []
    return list(Product.objects.filter(reduce(or_, named), store=store).values_list("pk", flat=True))


def _pinned(rules: Iterable[Rule], *, free_of: set[int]) -> dict[int, int]:
    """Each pinned product's place; where a place is taken, the next free one."""
    places: dict[int, int] = {}
    for rule in rules:
        for action in rule.actions:
            if action.kind != "pin" or action.product_id is None or action.product_id in free_of | places.keys():
                continue
            place = action.position
            while place in places.values():
                place += 1
            places[action.product_id] = place
    return places


def _of(action: Action) -> Q:
    """The products that the action names; nothing where what it named is gone."""
    if action.product_id is not None:
        return Q(pk=action.product_id)
    if action.category_path:
        return Q(category__path__startswith=action.category_path)
    if action.brand_id is not None:
        return Q(brand_id=action.brand_id)
    if action.value:
        attribute, code = action.value
        return Q(attributes__contains={attribute: [code]})
    return Q(pk__in=[])
