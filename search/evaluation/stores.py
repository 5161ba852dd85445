"""Finds what a command line names: a store, and a judged set in a file or in rows."""

from __future__ import annotations

from pathlib import Path

from catalog.models import Store
from search.evaluation.sets import InvalidQuerySet, JudgedSet, read_set


def find_store(slug: str) -> Store:
    """The store of that slug. Raises `InvalidQuerySet` naming those that there are."""
    store = Store.objects.filter(slug=slug).first()
    if store is None:
        known = ", ".join(Store.objects.values_list("slug", flat=True)[:20]) or "none yet"
        raise InvalidQuerySet(f"There is no store {slug!r} (stores: {known}).")
    return store


def find_set(store: Store, name: str) -> JudgedSet:
    """The set in the file of that path. Raises `InvalidQuerySet`."""
    return read_set(Path(name))
