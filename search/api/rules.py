"""Merchandising rules over REST: one serializer in, one out. A trigger and an action name things as filters do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Prefetch, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from catalog.models import Store
from search.api.fields import StrictSerializer
from search.api.named_things import FiniteFloatField, NamedThings
from search.api.parameters import PhotoIn
from search.api.photos import read_photo
from search.api.record_docs import described_item, described_list
from search.api.records import ItemView, ListView, RecordsOfStore
from search.errors import InvalidQuery
from search.rules.records import (
    MAX_FACTOR,
    MAX_PHRASE,
    MAX_PHRASES,
    MAX_POSITION,
    MIN_FACTOR,
    WEEKDAYS,
    ActionKind,
    Rule,
    RuleAction,
    RuleTrigger,
    TriggerKind,
    WordsMatch,
)
from search.rules.stating import ACTION_FIELDS, TRIGGER_FIELDS
from search.rules.writing import keep_photo, write_rule

MAX_TRIGGERS = 20
MAX_ACTIONS = 100
_WHOLE = [0.0, 0.0, 1.0, 1.0]


def _phrases(**facts: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=MAX_PHRASE), max_length=MAX_PHRASES, required=False, **facts
    )


class TriggerIn(NamedThings):
    """One condition; `kind` says which other fields it takes."""

    kind = serializers.ChoiceField(choices=TriggerKind.choices)
    match = serializers.ChoiceField(choices=WordsMatch.choices, required=False, help_text="words: any, is or contains.")
    words = _phrases(help_text="words: any of these phrases will do.")
    field = serializers.CharField(
        required=False,
        max_length=60,
        help_text="filter: any filter of this field (category, brand, price, in_stock, a code).",
    )
    colours = serializers.ListField(child=serializers.CharField(max_length=20), max_length=30, required=False)
    threshold = FiniteFloatField(required=False, min_value=0, max_value=1, help_text="similar: the least cosine.")
    image = PhotoIn(required=False, help_text="similar: the photo to compare with.")
    photo = serializers.CharField(
        required=False, max_length=64, help_text="similar: a photo that the rule has, by its SHA-256."
    )

    def validate(self, attrs: dict[str, Any]) -> RuleTrigger:
        row = RuleTrigger(kind=attrs["kind"])
        for name, thing in self.found(attrs).items():
            if name != "product":
                setattr(row, name, thing)
        for name in ("match", "words", "field", "colours", "threshold"):
            if name in attrs:
                setattr(row, name, attrs[name])
        if "photo" in attrs:
            self._take_photo(row, attrs["photo"])
        elif "image" in attrs:
            self._read_photo(row, attrs["image"])
        return self.checked(row, attrs, fields=TRIGGER_FIELDS)  # type: ignore[no-any-return]

    def _take_photo(self, row: RuleTrigger, sha256: str) -> None:
        """The photo that the rule has already."""
        known: Rule | None = self.context["rule"]
        old = known.triggers.filter(photo_sha256=sha256).first() if known and "\x00" not in sha256 else None
        if old is None:
            raise ValidationError({"photo": ["The rule has no such photo: give image."]})
        for name in ("photo", "photo_sha256", "vector", "fingerprint"):
            setattr(row, name, getattr(old, name))

    def _read_photo(self, row: RuleTrigger, stated: Mapping[str, Any]) -> None:
        try:
            photo = read_photo(self.context["store"], {"box": _WHOLE, **stated})
        except InvalidQuery as error:
            raise ValidationError({"image": [error.message]}) from error
        assert photo.image is not None  # noqa: S101  (a box is always cut from pixels)
        keep_photo(row, photo.image)


class ActionIn(NamedThings):
    """One thing to do; `kind` says which other fields it takes."""

    kind = serializers.ChoiceField(choices=ActionKind.choices)
    position = serializers.IntegerField(required=False, min_value=1, max_value=MAX_POSITION, help_text="pin: from 1.")
    factor = FiniteFloatField(
        required=False, min_value=MIN_FACTOR, max_value=MAX_FACTOR, help_text="boost: above 1; bury: below 1."
    )
    words = _phrases(help_text="replace_words: these; none: all that was typed.")
    text = serializers.CharField(required=False, allow_blank=True, max_length=200, help_text="replace_words: by this.")
    filter_by = serializers.CharField(required=False, max_length=1000, help_text="add_filter: as a search's.")
    banner = serializers.DictField(
        required=False, help_text="banner: an object of at most 4,096 bytes, given out as it is."
    )

    def validate(self, attrs: dict[str, Any]) -> RuleAction:
        row = RuleAction(kind=attrs["kind"], **self.found(attrs))
        for name in ("position", "factor", "words", "text", "filter_by", "banner"):
            if name in attrs:
                setattr(row, name, attrs[name])
        if row.kind == ActionKind.BURY and "factor" not in attrs:
            row.factor = 0.5
        return self.checked(row, attrs, fields=ACTION_FIELDS)  # type: ignore[no-any-return]


class RuleIn(StrictSerializer):
    """A rule: when all of `triggers` hold, all of `actions` are done."""

    name = serializers.CharField(max_length=120)
    is_enabled = serializers.BooleanField(default=True)
    priority = serializers.IntegerField(default=100, min_value=0, max_value=32_767, help_text="Lower comes first.")
    starts_at = serializers.DateTimeField(default=None, allow_null=True)
    ends_at = serializers.DateTimeField(default=None, allow_null=True)
    weekdays = serializers.ListField(
        child=serializers.ChoiceField(choices=WEEKDAYS), default=list, max_length=7, help_text="None: every day."
    )
    from_time = serializers.TimeField(default=None, allow_null=True, help_text="In the store's time zone.")
    until_time = serializers.TimeField(default=None, allow_null=True)
    triggers = serializers.ListField(child=TriggerIn(), allow_empty=False, max_length=MAX_TRIGGERS)
    actions = serializers.ListField(child=ActionIn(), allow_empty=False, max_length=MAX_ACTIONS)


class TriggerOut(TriggerIn):
    """As it was stated; a photo as the SHA-256 of what is kept."""

    image = None  # type: ignore[assignment]


class RuleOut(RuleIn):
    """A rule as it is kept; a PUT with the same fields but `id` changes nothing."""

    id = serializers.IntegerField()
    triggers = serializers.ListField(child=TriggerOut())
    actions = serializers.ListField(child=ActionIn())


class RuleListOut(serializers.Serializer[Any]):
    found = serializers.IntegerField()
    page = serializers.IntegerField()
    per_page = serializers.IntegerField()
    rules = RuleOut(many=True)


def rule_data(rule: Rule) -> dict[str, Any]:
    """`RuleOut`'s JSON. Read the rules by `rules_of`."""
    return {
        "id": rule.pk,
        "name": rule.name,
        "is_enabled": rule.is_enabled,
        "priority": rule.priority,
        "starts_at": rule.starts_at and rule.starts_at.isoformat(),
        "ends_at": rule.ends_at and rule.ends_at.isoformat(),
        "weekdays": rule.weekdays,
        "from_time": rule.from_time and rule.from_time.isoformat(),
        "until_time": rule.until_time and rule.until_time.isoformat(),
        "triggers": [_stated(one, TRIGGER_FIELDS[one.kind]) for one in rule.triggers.all()],
        "actions": [_stated(one, ACTION_FIELDS[one.kind]) for one in rule.actions.all()],
    }


def rules_of(store: Store) -> QuerySet[Rule]:
    """The store's rules with all that `rule_data` shows."""
    things = ("category", "brand", "value__attribute")
    triggers = RuleTrigger.objects.select_related(*things).defer("photo", "vector")
    actions = RuleAction.objects.select_related("product", *things)
    return Rule.objects.filter(store=store).prefetch_related(
        Prefetch("triggers", queryset=triggers), Prefetch("actions", queryset=actions)
    )


def _stated(row: RuleTrigger | RuleAction, fields: tuple[str, ...]) -> dict[str, Any]:
    """What the row says, as it may be stated: things by their names, and only what is there."""
    shown: dict[str, Any] = {"kind": row.kind}
    for name in fields:
        if name == "photo":
            shown["photo"] = row.photo_sha256  # type: ignore[union-attr]  # a trigger's
            continue
        value = getattr(row, name)
        if value in (None, ""):
            continue
        if name == "product":
            value = value.sku
        elif name in ("category", "brand"):
            value = value.slug
        elif name == "value":
            shown["attribute"], value = value.attribute.code, value.code
        shown[name] = value
    return shown


class _Rules(RecordsOfStore[Rule]):
    name, plural = "rule", "rules"

    def rows(self) -> QuerySet[Rule]:
        return rules_of(self.store())

    def shown(self, row: Rule) -> dict[str, Any]:
        return rule_data(row)

    def written(self, data: Mapping[str, Any], row: Rule | None, *, is_partial: bool = False) -> Rule:
        context = {"store": self.store(), "rule": row}
        serializer = RuleIn(data=data, partial=is_partial, context=context)
        serializer.is_valid(raise_exception=True)
        facts = dict(serializer.validated_data)
        triggers, actions = facts.pop("triggers", None), facts.pop("actions", None)
        written = write_rule(self.store(), row, facts=facts, triggers=triggers, actions=actions)
        return self.rows().get(pk=written.pk)


_EXAMPLE = {
    "name": "Summer dresses first",
    "triggers": [{"kind": "words", "match": "contains", "words": ["dress", "dresses"]}],
    "actions": [
        {"kind": "pin", "product": "DRESS-1", "position": 1},
        {"kind": "boost", "attribute": "season", "value": "summer", "factor": 2},
        {"kind": "banner", "banner": {"title": "Summer sale", "url": "/sale"}},
    ],
}


@described_list("rule", stated=RuleIn, shown=RuleOut, listed=RuleListOut, example=_EXAMPLE)
class RuleListView(_Rules, ListView[Rule]):
    """The store's rules, the first priority first, and a new one."""


@described_item("rule", stated=RuleIn, shown=RuleOut)
class RuleView(_Rules, ItemView[Rule]):
    """One rule."""
