"""API keys: shown once when made, kept as a hash, found by their prefix."""

from __future__ import annotations

import hashlib
import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Q
from django.utils import timezone

from catalog.models.rows import rows_of
from catalog.models.store import Store


class KeyKind(models.TextChoices):
    PUBLISHABLE = "publishable", "publishable (search only, safe in a page)"
    SECRET = "secret", "secret (catalogue too, servers only)"


class ApiKey(models.Model):
    """A key of one store. The key itself is `{pk|sk}_{prefix}_{secret}`; only its SHA-256 is kept.

    A plain hash is enough, where a password needs a slow one: the secret has 256 random bits.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=KeyKind.choices, default=KeyKind.PUBLISHABLE)
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    key_hash = models.CharField(max_length=64, editable=False)
    origins = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="Web origins (https://shop.example) whose pages may use the key; empty allows any.",
    )
    rate_per_minute = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: the installation's default.")
    expires_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    # Index versions belong to all stores at once, so a store's key has no say in them unless it was given one.
    manages_indexes = models.BooleanField(
        "manages the index of all stores",
        default=False,
        help_text="May build, compare, promote, roll back and retire index versions, and see all stores' samples.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # What was read with the key (`find_api_key`).
    beside: str | None = None

    class Meta:
        ordering = ["-id"]
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=Q(manages_indexes=False) | Q(kind="secret"), name="only_secret_keys_manage_indexes"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_usable(self) -> bool:
        return self.is_active and (self.expires_at is None or self.expires_at > timezone.now())


def hash_key(key: str) -> str:
    """Hex SHA-256 of a whole key, as `ApiKey.key_hash` holds it."""
    return hashlib.sha256(key.encode()).hexdigest()


def new_key(kind: str) -> tuple[str, str]:
    """A fresh key of that kind and its prefix: `("pk_1a2b3c4d_...", "1a2b3c4d")`. Hand it out once; keep its hash."""
    prefix = secrets.token_hex(4)
    head = "sk" if kind == KeyKind.SECRET else "pk"
    return f"{head}_{prefix}_{secrets.token_urlsafe(32)}", prefix


def create_api_key(*, store: Store, name: str, kind: str, origins: list[str] | None = None) -> tuple[ApiKey, str]:
    """Make a key and return its row with the key itself, which is not recoverable later."""
    key, prefix = new_key(kind)
    row = ApiKey.objects.create(
        store=store, name=name, kind=kind, prefix=prefix, key_hash=hash_key(key), origins=origins or []
    )
    return row, key


def _row(prefix: str, beside: str) -> ApiKey | None:
    """The key of this prefix with its store. Every request reads it: written by hand it takes a third of the time."""
    keys, stores = rows_of(ApiKey, "k", without=("created_at",)), rows_of(Store, "s", without=("created_at",))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {keys.sql}, {stores.sql}, {beside} FROM catalog_apikey k"  # noqa: S608  (our own names alone)
            " JOIN catalog_store s ON s.id = k.store_id WHERE k.prefix = %s",
            [prefix],
        )
        values = cursor.fetchone()
    if values is None:
        return None
    row: ApiKey = keys.read(values[: len(keys)])
    row.store = stores.read(values[len(keys) : -1])
    row.beside = values[-1]
    return row


def find_api_key(key: str, *, beside: str = "NULL") -> ApiKey | None:
    """The usable key row for this key, or None. Compares the hash in constant time, and one that none can have for an
    unknown prefix: what remains to be timed is one indexed look.

    `beside` is SQL of whoever wants to know one thing more of the store `s` in the same statement: the row's `beside`.
    """
    parts = key.split("_", 2)
    if len(parts) != 3 or len(key) > 200 or "\x00" in key:
        return None
    row = _row(parts[1], beside)
    if not secrets.compare_digest(row.key_hash if row else "-" * 64, hash_key(key)) or row is None:
        return None
    return row if row.is_usable else None
