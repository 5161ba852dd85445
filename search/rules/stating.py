"""What a trigger and an action must say, by their kind. The admin's forms and the API hold rows to it by `full_clean`.

The functions also empty whatever does not count for the kind, so that a form's leftovers mean nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from catalog.models import Store
from search.api.filtering import parse_filter_by, store_vocabulary
from search.errors import InvalidQuery
from search.rules.colours import NAMES

MAX_JSON_BYTES = 4096
MAX_JSON_DEPTH = 8
TARGETS = ("product", "category", "brand", "value")
# The columns that count for each kind; all others are emptied.
TRIGGER_FIELDS: dict[str, tuple[str, ...]] = {
    "words": ("match", "words"),
    "category": ("category",),
    "filter": ("brand", "value", "field"),
    "attribute": ("value",),
    "colour": ("colours",),
    "similar": ("threshold", "photo"),
}
ACTION_FIELDS: dict[str, tuple[str, ...]] = {
    "pin": ("product", "position"),
    "boost": ("factor", *TARGETS),
    "bury": ("factor", *TARGETS),
    "hide": TARGETS,
    "replace_words": ("words", "text"),
    "add_filter": ("category", "brand", "value", "filter_by"),
    "banner": ("banner",),
}


def trigger_errors(row: Any, store: Store) -> dict[str, str]:
    """What is wrong with this `RuleTrigger` of the store's, by column."""
    _keep(row, TRIGGER_FIELDS.get(row.kind, ()), all_fields=TRIGGER_FIELDS)
    errors = _foreign(row, store, ("category", "brand", "value"))
    match row.kind:
        case "words":
            row.words = _phrases(row.words)
            if row.match == "any":
                row.words = []
            elif not row.words:
                errors["words"] = "Give the words, such as: red dress, red dresses."
        case "category":
            errors |= _needed(row, ("category",), "Choose the category.")
        case "filter":
            errors |= _needed(
                row, ("brand", "value", "field"), "Choose a brand or a value, or name the filter's field."
            )
            if row.field and row.field not in store_vocabulary(store).fields:
                errors["field"] = f"The store has {', '.join(store_vocabulary(store).fields)}."
        case "attribute":
            errors |= _needed(row, ("value",), "Choose the value that the photo shows.")
        case "colour":
            row.colours = list(dict.fromkeys(row.colours))
            if not row.colours or set(row.colours) - set(NAMES):
                errors["colours"] = f"Choose from {', '.join(NAMES)}."
        case "similar":
            if not row.photo:
                errors["photo"] = "Give the photo to compare with."
    return errors


def action_errors(row: Any, store: Store) -> dict[str, str]:
    """What is wrong with this `RuleAction` of the store's, by column."""
    _keep(row, ACTION_FIELDS.get(row.kind, ()), all_fields=ACTION_FIELDS)
    errors = _foreign(row, store, TARGETS)
    match row.kind:
        case "pin":
            errors |= _needed(row, ("product",), "Choose the product.")
        case "boost" | "bury" | "hide":
            errors |= _needed(row, TARGETS, "Choose a product, a category, a brand or a value: one of them.")
            if row.kind == "boost" and row.factor <= 1:
                errors["factor"] = f"{row.factor} does not boost: give more than 1."
            if row.kind == "bury" and row.factor >= 1:
                errors["factor"] = f"{row.factor} does not bury: give less than 1, such as 0.5."
        case "replace_words":
            row.words, row.text = _phrases(row.words), " ".join(row.text.split())
        case "add_filter":
            errors |= _needed(
                row, ("category", "brand", "value", "filter_by"), "Choose a category, brand or value, or write a line."
            )
            errors |= _line_errors(row, store)
        case "banner":
            errors |= {"banner": problem} if (problem := json_problem(row.banner)) else {}
            if not row.banner:
                errors["banner"] = 'Give an object, such as {"title": "Sale"}.'
    return errors


def json_problem(value: Any) -> str:
    """Why this is no JSON object that we keep and give out, or an empty string."""
    if not isinstance(value, dict):
        return 'Give a JSON object, such as {"title": "Sale"}.'
    if _depth(value) > MAX_JSON_DEPTH:
        return f"It is nested more than {MAX_JSON_DEPTH} deep."
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except (ValueError, UnicodeEncodeError, TypeError) as error:
        return f"It cannot be kept as JSON: {error}."
    if "\\u0000" in json.dumps(value):
        return "It has a NUL character, which cannot be kept."
    return "" if size <= MAX_JSON_BYTES else f"It has {size:,} bytes; at most {MAX_JSON_BYTES:,} are kept."


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level and depth <= MAX_JSON_DEPTH + 1:
        depth += 1
        level = [
            child
            for one in level
            for child in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        ]
    return depth


def _keep(row: Any, kept: tuple[str, ...], *, all_fields: Mapping[str, tuple[str, ...]]) -> None:
    """Give every column that does not count its default."""
    for name in {name for names in all_fields.values() for name in names} - set(kept):
        field = row._meta.get_field(name)
        setattr(row, name, None if field.is_relation or field.null else field.get_default())


def _foreign(row: Any, store: Store, names: tuple[str, ...]) -> dict[str, str]:
    """Rows of another store."""
    errors = {}
    for name in names:
        chosen = getattr(row, name)
        owner = chosen and (chosen.attribute.store_id if name == "value" else chosen.store_id)
        if chosen and owner != store.pk:
            errors[name] = f"{chosen} belongs to another store."
    return errors


def _needed(row: Any, names: tuple[str, ...], message: str) -> dict[str, str]:
    """Exactly one of these columns must be given."""
    given = [name for name in names if getattr(row, name)]
    return {} if len(given) == 1 else {(given or names)[-1]: message}


def _line_errors(row: Any, store: Store) -> dict[str, str]:
    if not row.filter_by:
        return {}
    try:
        parse_filter_by(row.filter_by, store_vocabulary(store))
    except InvalidQuery as error:
        return {"filter_by": error.message}
    return {}


def _phrases(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(phrase for text in words or () if (phrase := " ".join(text.split()))))
