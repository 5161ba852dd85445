"""Writing a rule with all its triggers and actions, and the photo of a trigger."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import transaction
from PIL import Image

from catalog.models import Store
from search.images import to_jpeg
from search.query_images import MAX_SIDE
from search.rules.records import Rule, RuleAction, RuleTrigger

Part = TypeVar("Part", RuleTrigger, RuleAction)


def keep_photo(trigger: RuleTrigger, photo: Image.Image) -> None:
    """Give the trigger this photo to compare with, small and without metadata. Nothing is saved."""
    data = to_jpeg(photo, max_side=MAX_SIDE)
    trigger.photo, trigger.photo_sha256 = data, hashlib.sha256(data).hexdigest()
    trigger.vector, trigger.fingerprint = None, ""


@transaction.atomic
def write_rule(
    store: Store,
    rule: Rule | None,
    *,
    facts: dict[str, Any],
    triggers: Sequence[RuleTrigger] | None = None,
    actions: Sequence[RuleAction] | None = None,
) -> Rule:
    """Save the rule with these columns; triggers and actions that are given take the place of those it has.

    Raises Django's `ValidationError`.
    """
    row = rule or Rule(store=store)
    for name, value in facts.items():
        setattr(row, name, value)
    row.full_clean(exclude=["store"])
    row.save()
    if triggers is not None:
        row.triggers.all().delete()
        RuleTrigger.objects.bulk_create([_of(row, one) for one in triggers])
    if actions is not None:
        row.actions.all().delete()
        RuleAction.objects.bulk_create([_of(row, one) for one in actions])
    return row


def _of(rule: Rule, part: Part) -> Part:
    part.rule = rule
    return part
