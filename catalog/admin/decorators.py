"""Unfold's `display` and `action` with types, which the package does not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from unfold import decorators

F = TypeVar("F", bound=Callable[..., Any])


def display(**facts: Any) -> Callable[[F], F]:
    """A column or a read-only field: `description`, `ordering`, `label`, `header`, `boolean`, `empty_value`."""
    decorate: Callable[[F], F] = decorators.display(**facts)
    return decorate


def action(**facts: Any) -> Callable[[F], F]:
    """An action: `description`, `permissions`, `icon`."""
    decorate: Callable[[F], F] = decorators.action(**facts)
    return decorate
