"""What a preset may state: whatever a request may, checked by the same serializers, so that no preset breaks a search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.models import Store
from search.api.requests import build_query
from search.api.selection import read_selection
from search.errors import InvalidQuery
from search.rules.presets import REFUSED
from search.rules.stating import json_problem


def check_parameters(store: Store, parameters: Mapping[str, Any]) -> None:
    """Raise `InvalidQuery` (its `field` names the parameter) for what a search of this store would refuse."""
    problem = json_problem(parameters)
    if problem:
        raise InvalidQuery(problem)
    refused = sorted(REFUSED & parameters.keys())
    if refused:
        raise InvalidQuery(f"A preset cannot state {refused[0]}: each request states its own.", field=refused[0])
    # With words, because some modes need them.
    build_query(store, owner="", data={**parameters, "q": "words"})
    read_selection(parameters)
