"""Which rules hold for a query. Pure: rules and facts come in as values, no database and no model is asked here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
# Kinds that need the photo looked at: asked only of rules whose other conditions hold.
SEEN_KINDS = frozenset({"attribute", "colour", "similar"})


@dataclass(frozen=True, slots=True)
class Trigger:
    """One condition. `phrases` are words as `words_of` reads them; `category_path` is a place in the store's tree."""

    kind: str
    id: int = 0
    match: str = "any"
    phrases: tuple[tuple[str, ...], ...] = ()
    category_path: str = ""
    brand: str = ""
    value: tuple[str, str] | None = None
    field: str = ""
    colours: frozenset[str] = frozenset()
    threshold: float = 1.0
    # Of a rule that is tried and not kept: its reference's unit vector, little-endian float32, and whose it is.
    vector: bytes = b""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. At most one of `product_id`, `category_path`, `brand_id` and `value` is set; `brand_slug` and
    `category_slug` name the same for filters."""

    kind: str
    position: int = 1
    factor: float = 1.0
    product_id: int | None = None
    sku: str = ""
    category_path: str = ""
    category_slug: str = ""
    brand_id: int | None = None
    brand_slug: str = ""
    value: tuple[str, str] | None = None
    phrases: tuple[tuple[str, ...], ...] = ()
    text: str = ""
    filter_by: str = ""
    banner: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Weekdays (empty: all) and hours in the store's time zone; `from_time` after `until_time` goes over midnight."""

    weekdays: frozenset[str] = frozenset()
    from_time: time | None = None
    until_time: time | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that is switched on, and whose dates are now."""

    id: int
    name: str
    triggers: tuple[Trigger, ...] = ()
    actions: tuple[Action, ...] = ()
    schedule: Schedule = field(default_factory=Schedule)
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query says without its photo being looked at. `now` is in the store's time zone.

    `category_paths` are those of the categories it is filtered by, `filter_values` all its filters' terms by field.
    """

    now: datetime
    words: tuple[str, ...] = ()
    category_paths: tuple[str, ...] = ()
    filter_values: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen on the query's photo: (attribute, value) pairs, its main colours, and by the id of a trigger how alike
    its reference is."""

    values: frozenset[tuple[str, str]] = frozenset()
    colours: frozenset[str] = frozenset()
    likeness: Mapping[int, float] = field(default_factory=dict)


NOTHING_SEEN = Seen()


def words_of(text: str) -> tuple[str, ...]:
    """The text's words in one case, without signs."""
    return tuple(word.casefold() for word in _WORD.findall(text))


def replaced(text: str, phrases: Sequence[Sequence[str]], *, by: str) -> str:
    """The text with each of the phrases replaced, wherever they stand; without phrases, all of it."""
    if not phrases:
        return by
    found = [(match.group().casefold(), match.start(), match.end()) for match in _WORD.finditer(text)]
    words = [word for word, _, _ in found]
    parts, place, end = [], 0, 0
    while place < len(words):
        size = max((len(one) for one in phrases if find_phrase(words, one, start=place) == place), default=0)
        if size:
            parts += [text[end : found[place][1]], by]
            end = found[place + size - 1][2]
        place += size or 1
    return " ".join("".join([*parts, text[end:]]).split())


def plausible(rules: Iterable[Rule], asked: Asked) -> list[Rule]:
    """The rules whose conditions on words, filters and time hold; their photo's conditions are still open."""
    return [
        rule
        for rule in rules
        if rule.triggers
        and is_time(rule.schedule, asked.now)
        and all(_is_asked(trigger, asked) for trigger in rule.triggers if trigger.kind not in SEEN_KINDS)
    ]


def holding(rules: Iterable[Rule], seen: Seen) -> list[Rule]:
    """Of plausible rules those whose conditions on the photo hold too."""
    return [
        rule
        for rule in rules
        if all(_is_seen(trigger, seen) for trigger in rule.triggers if trigger.kind in SEEN_KINDS)
    ]


def is_time(schedule: Schedule, now: datetime) -> bool:
    """Whether the schedule has this moment. Hours over midnight belong to the day on which they begin."""
    day, clock = now.weekday(), now.time()
    low, high = schedule.from_time, schedule.until_time
    if low is not None and high is not None:
        if low <= high:
            is_hour = low <= clock < high
        else:
            is_hour = clock >= low or clock < high
            day = (day - 1) % 7 if clock < high else day
        if not is_hour:
            return False
    return not schedule.weekdays or _DAYS[day] in schedule.weekdays


def find_phrase(words: Sequence[str], phrase: Sequence[str], *, start: int = 0) -> int | None:
    """Where the phrase begins among the words, from `start` on; None where it does not stand there."""
    size = len(phrase)
    places = range(start, len(words) - size + 1) if size else ()
    return next((place for place in places if tuple(words[place : place + size]) == tuple(phrase)), None)


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _is_asked(trigger: Trigger, asked: Asked) -> bool:
    if trigger.kind == "words":
        return _has_words(trigger, asked.words)
    if trigger.kind == "category":
        path = trigger.category_path
        return bool(path) and any(chosen.startswith(path) for chosen in asked.category_paths)
    if trigger.kind == "filter":
        return _is_filtered(trigger, asked.filter_values)
    return False


def _has_words(trigger: Trigger, words: tuple[str, ...]) -> bool:
    if trigger.match == "any":
        return True
    if trigger.match == "is":
        return words in trigger.phrases and bool(words)
    return any(find_phrase(words, phrase) is not None for phrase in trigger.phrases)


def _is_filtered(trigger: Trigger, values: Mapping[str, frozenset[str]]) -> bool:
    if trigger.brand:
        return trigger.brand in values.get("brand", frozenset())
    if trigger.value:
        attribute, code = trigger.value
        return code in values.get(attribute, frozenset())
    return bool(trigger.field) and trigger.field in values


def _is_seen(trigger: Trigger, seen: Seen) -> bool:
    if trigger.kind == "attribute":
        return trigger.value in seen.values
    if trigger.kind == "colour":
        return bool(trigger.colours & seen.colours)
    return seen.likeness.get(trigger.id, -1.0) >= trigger.threshold
