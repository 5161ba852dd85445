"""`include_fields` and `exclude_fields`: which fields of an answer are sent.

A field is its path in the answer, as in `found,hits.score,hits.product.sku`; a path's end takes all below it, lists are
looked into, and `product.sku` is short for `hits.product.sku`. The known fields are those of the answer's own serializers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any

from rest_framework import serializers

from search.api.answers import SearchOut
from search.api.parameters import ListingIn
from search.errors import InvalidQuery

# The names below a field, each with those below it; `ANY` stands for names that the data decides.
Tree = dict[str, Any]
ANY = "*"
_SHORT = "product"
_SHORT_FOR = "hits"


@dataclass(frozen=True, slots=True)
class Selection:
    """The fields that are sent, as trees of names; an empty tree takes all below it. None includes everything."""

    included: Tree | None = None
    excluded: Tree = field(default_factory=dict)

    def of(self, data: dict[str, Any]) -> dict[str, Any]:
        """The answer with these fields alone."""
        kept = data if self.included is None else _included(data, self.included)
        result: dict[str, Any] = _excluded(kept, self.excluded) if self.excluded else kept
        return result


def read_selection(data: Mapping[str, Any]) -> Selection:
    """The selection of a request's data. Raises `InvalidQuery` naming the field that an answer does not have."""
    stated = {name: data[name] for name in ("include_fields", "exclude_fields") if data.get(name)}
    if not stated:
        return Selection()
    fields = ListingIn().fields
    names = {name: fields[name].run_validation(value) for name, value in stated.items()}
    included = names.get("include_fields")
    return Selection(
        included=None if included is None else _tree(included, "include_fields"),
        excluded=_tree(names.get("exclude_fields", ()), "exclude_fields"),
    )


def _tree(names: Iterable[str], parameter: str) -> Tree:
    tree: Tree = {}
    # The shorter first: what lies below one of them adds nothing.
    for path in sorted((_path(name.strip(), parameter) for name in names), key=len):
        node = tree
        for part in path[:-1]:
            if part in node and not node[part]:
                break
            node = node.setdefault(part, {})
        else:
            node[path[-1]] = {}
    return tree


def _path(name: str, parameter: str) -> list[str]:
    """The whole path that a name stands for, if an answer has it."""
    path = name.split(".")
    known: Any = known_fields()
    if path[0] == _SHORT:
        path.insert(0, _SHORT_FOR)
    for place, part in enumerate(path):
        below = known.get(part, known.get(ANY)) if known else None
        if below is None or not part:
            raise InvalidQuery(_unknown(name, path[:place], known or {}), field=parameter)
        known = below
    return path


def _unknown(name: str, parents: list[str], known: Mapping[str, Any]) -> str:
    where = f"{'.'.join(parents)} has" if parents else "An answer has"
    last = name.split(".")[-1] if parents else name.split(".")[0]
    close = get_close_matches(last, known, n=1)
    hint = f"did you mean {'.'.join([*parents, close[0]])}? " if close else ""
    return f"Unknown field {name[:100]!r}: {hint}{where} {', '.join(known) or 'no fields'}."


@cache
def known_fields() -> Tree:
    """The fields of a search's answer, as its serializers have them."""
    return _below(SearchOut())


def _below(shown: serializers.Field[Any, Any, Any, Any]) -> Tree:
    if isinstance(shown, serializers.ListSerializer | serializers.ListField) and shown.child:
        return _below(shown.child)
    if isinstance(shown, serializers.DictField):
        return {ANY: _below(shown.child)}
    if isinstance(shown, serializers.Serializer):
        return {name: _below(one) for name, one in shown.fields.items()}
    tree: Tree = {}
    if isinstance(shown, serializers.JSONField):
        tree[ANY] = tree
    return tree


def _included(data: Any, tree: Tree) -> Any:
    if not tree:
        return data
    if isinstance(data, list):
        return [_included(one, tree) for one in data]
    if not isinstance(data, Mapping):
        return data
    return {name: _included(value, tree[name]) for name, value in data.items() if name in tree}


def _excluded(data: Any, tree: Tree) -> Any:
    if isinstance(data, list):
        return [_excluded(one, tree) for one in data]
    if not isinstance(data, Mapping):
        return data
    # An empty tree is a path's end: the field itself goes.
    return {
        name: _excluded(value, tree[name]) if name in tree else value
        for name, value in data.items()
        if name not in tree or tree[name]
    }
