"""Presets: a named set of a search's parameters, which a request asks for by `preset=NAME`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.models import Store
from search.errors import InvalidQuery
from search.rules.records import Preset

# What a preset cannot state: what is searched for, and what belongs to one request.
REFUSED = frozenset({"q", "image", "parts", "search_id", "cursor", "preset", "page"})
# Two ways to say one thing: a request that says it in one way is not asked in the other as well.
_SAME = ({"filter_by", "filters"},)
MAX_NAMED = 20


def with_preset(store: Store, stated: Mapping[str, Any]) -> dict[str, Any]:
    """The stated fields over those of the preset that they name. Raises `InvalidQuery` for a name that the store lacks."""
    name = stated.get("preset")
    rest = {key: value for key, value in stated.items() if key != "preset"}
    if not name:
        return rest
    preset = (
        Preset.objects.filter(store=store, name=name).first() if isinstance(name, str) and "\x00" not in name else None
    )
    if preset is None:
        raise InvalidQuery(f"There is no preset {str(name)[:60]!r}: {_known(store)}.", field="preset")
    hidden = {other for pair in _SAME if pair & rest.keys() for other in pair}
    defaults = {key: value for key, value in preset.parameters.items() if key not in hidden}
    return {**defaults, **rest}


def _known(store: Store) -> str:
    names = list(Preset.objects.filter(store=store).values_list("name", flat=True)[: MAX_NAMED + 1])
    if not names:
        return "this store has none"
    return f"this store has {', '.join(names[:MAX_NAMED])}{' and more' if len(names) > MAX_NAMED else ''}"
