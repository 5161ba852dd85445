"""`attributes.json` beside the data file: the labels and prompts of the store's attributes and values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import transaction

from catalog.importing.records import RowError, UnreadableFile
from catalog.importing.values import clean_text
from catalog.models import Attribute, AttributeValue, Store
from catalog.taxonomy import attribute_code, attribute_label, value_code

NAME = "attributes.json"


def import_labels(store: Store, data: bytes) -> None:
    """Make or relabel the attributes that the file states; nothing is taken away, and what is the same is not written.

    The file is `[{"code", "label", "prompt", "values": [{"code", "label"}]}]`. Raises `UnreadableFile`.
    """
    try:
        stated = json.loads(data)
        if not isinstance(stated, list):
            raise RowError('it is not a list such as [{"code": "color", "label": "Colour", "values": []}]')
        with transaction.atomic():
            for position, entry in enumerate(stated):
                _import_attribute(store, _object(entry), position)
    except (ValueError, RecursionError) as error:
        # RowError is a ValueError, and so are broken JSON and broken UTF-8.
        raise UnreadableFile(f"{NAME} cannot be read: {error}") from error


def _import_attribute(store: Store, entry: dict[str, Any], position: int) -> None:
    code = attribute_code(_text(entry, "code", 60))
    facts: dict[str, Any] = {"label": _text(entry, "label", 120) or attribute_label(code), "position": position}
    if entry.get("prompt"):
        facts["prompt"] = _text(entry, "prompt", 200)
        if "{}" not in facts["prompt"]:
            raise RowError(f'the prompt of "{code}" has no {{}} where the label goes')
    attribute, is_new = Attribute.objects.get_or_create(store=store, code=code, defaults=facts)
    if not is_new:
        _change(attribute, facts)
    present = {value.code: value for value in attribute.values.all()}
    for value_code_, label in _values(entry):
        value = present.get(value_code_)
        if value is None:
            present[value_code_] = AttributeValue.objects.create(attribute=attribute, code=value_code_, label=label)
        else:
            _change(value, {"label": label})


def _values(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    values = entry.get("values", [])
    if not isinstance(values, list):
        raise RowError("values is not a list")
    for value in values:
        stated = _object(value)
        code = value_code(_text(stated, "code", 80) or _text(stated, "label", 80))
        yield code, _text(stated, "label", 120) or code


def _change(row: Attribute | AttributeValue, facts: dict[str, Any]) -> None:
    changed = [name for name, value in facts.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, facts[name])
    if changed:
        row.save(update_fields=changed)


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RowError(f'"{str(value)[:60]}" is not an object')
    return value


def _text(entry: dict[str, Any], name: str, max_length: int) -> str:
    return clean_text(entry.get(name, ""), field=name, max_length=max_length)
