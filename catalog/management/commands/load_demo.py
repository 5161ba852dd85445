"""`manage.py load_demo`: the demo's store, catalogue, user and keys. Only in demo mode; safe to run twice."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from catalog.models import ApiKey, Product, Store
from catalog.models.keys import KeyKind, hash_key

STORE = "demo"
USERNAME = "demo"
PRODUCTS_A_SCENE = 16
# Known to everybody, so that the examples in the documents can be pasted: they open the demo store and nothing else.
PUBLISHABLE_KEY = "pk_demo0001_anybody-may-search-the-demo-store"
SECRET_KEY = "sk_demo0002_anybody-may-change-the-demo-store"  # noqa: S105


class Command(BaseCommand):
    help = "Make the demo store: generate and import its catalogue, its user and its keys (VITRINE_DEMO=1 only)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("the demo's keys are known to everybody: set VITRINE_DEMO=1 to make them here.")
        store, _ = Store.objects.get_or_create(slug=STORE, defaults={"name": "Vitrine demo", "currency": "EUR"})
        _make_user(store)
        _make_key(store, PUBLISHABLE_KEY, KeyKind.PUBLISHABLE)
        _make_key(store, SECRET_KEY, KeyKind.SECRET)
        self._load_catalogue(store)

    def _load_catalogue(self, store: Store) -> None:
        folder: Path = settings.DATA_DIR / "demo-catalogue"
        # Written last: a generator or an import that was interrupted is done again.
        done = folder / ".imported"
        if done.exists() and Product.objects.filter(store=store).exists():
            return
        count: int = settings.DEMO_PRODUCTS
        call_command("generate_demo", str(folder), products=count, scenes=count // PRODUCTS_A_SCENE, stdout=self.stdout)
        call_command("import_products", str(folder), store=store.slug, stdout=self.stdout)
        done.touch()


def read_password() -> str:
    """The demo user's password: random, one for each data folder."""
    return (settings.DATA_DIR / "demo_password").read_text()


def _make_user(store: Store) -> None:
    path: Path = settings.DATA_DIR / "demo_password"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(9))
    user, _ = User.objects.get_or_create(username=USERNAME, defaults={"is_staff": True, "is_superuser": True})
    password = read_password()
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    store.members.add(user)


def _make_key(store: Store, key: str, kind: str) -> None:
    prefix = key.split("_", 2)[1]
    ApiKey.objects.get_or_create(
        prefix=prefix, defaults={"store": store, "name": "Demo", "kind": kind, "key_hash": hash_key(key)}
    )
