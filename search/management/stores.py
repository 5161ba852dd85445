"""The store that a command line names."""

from __future__ import annotations

from django.core.management.base import CommandError

from catalog.models import Store

NAMED = 20


def find_store(slug: str) -> Store:
    """The store of that slug, or a `CommandError` that names those that there are."""
    store = Store.objects.filter(slug=slug).first()
    if store is None:
        known = ", ".join(Store.objects.values_list("slug", flat=True)[:NAMED]) or "none yet"
        raise CommandError(f"There is no store {slug!r} (stores: {known}).")
    return store
