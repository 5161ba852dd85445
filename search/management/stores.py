"""The store that a command line names."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db.models import Count

from catalog.models import Store

NAMED = 20


def find_store(slug: str) -> Store:
    """The store of that slug, or a `CommandError` that names those that there are."""
    store = Store.objects.filter(slug=slug).first()
    if store is None:
        known = ", ".join(Store.objects.values_list("slug", flat=True)[:NAMED]) or "none yet"
        raise CommandError(f"There is no store {slug!r} (stores: {known}).")
    return store


def largest_store() -> Store:
    """The store with the most products, or a `CommandError` where there is none."""
    store = Store.objects.annotate(n=Count("products")).order_by("-n", "pk").first()
    if store is None:
        raise CommandError("There is no store yet: create one in the admin, or run make demo.")
    return store
