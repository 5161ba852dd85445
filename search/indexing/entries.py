"""Claim and mark: the short transactions on `IndexEntry` around the work. Each function is one committed statement or two.

The rule that keeps the copy honest: whoever marks without still holding the claim has perhaps overwritten somebody's
row, so the entry is cleared, its present owner loses the claim too, and the image is done again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from search.models import IndexEntry, IndexVersion

MAX_BACKOFF_S = 60


@dataclass(frozen=True, slots=True)
class Claim:
    """The entry as it was when we took it. Revisions are None where nothing was indexed."""

    image_id: int
    store_id: int | None
    content_hash: str
    error: str
    image_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """What was done with one image, by the revisions that were read."""

    image_id: int
    store_id: int
    image_revision: int
    product_revision: int
    content_hash: str
    error: str = ""


def claim(version: IndexVersion, image_ids: Sequence[int], *, token: uuid.UUID) -> dict[int, Claim]:
    """Take the free ones among these images' entries, made where missing, for `INDEX_LEASE_S` seconds.

    Commits before it returns, so every Milvus row has an entry before it exists. Entries that somebody else is
    claiming at this moment, or holds, are passed over, and so are those that are in step by now.
    """
    until = timezone.now() + timedelta(seconds=settings.INDEX_LEASE_S)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO search_indexentry (version_id, image_id, content_hash, attempts, error, is_orphaned)
            SELECT %s, id, '', 0, '', false FROM unnest(%s::bigint[]) AS id ORDER BY id
            ON CONFLICT (version_id, image_id) DO NOTHING
            """,
            [version.pk, sorted(image_ids)],
        )
        cursor.execute(
            """
            WITH free AS (
                SELECT id FROM search_indexentry
                WHERE version_id = %s AND image_id = ANY(%s)
                  AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
                  AND NOT EXISTS (
                      SELECT 1 FROM catalog_productimage i JOIN catalog_product p ON p.id = i.product_id
                      WHERE i.id = image_id AND i.revision = image_revision AND p.revision = product_revision
                  )
                ORDER BY image_id FOR UPDATE SKIP LOCKED
            )
            UPDATE search_indexentry AS entry SET claim_token = %s, claimed_until = %s
            FROM free WHERE entry.id = free.id
            RETURNING entry.image_id, entry.store_id, entry.content_hash, entry.error, entry.image_revision
            """,
            [version.pk, list(image_ids), token, until],
        )
        return {row[0]: Claim(*row) for row in cursor.fetchall()}


def mark(version: IndexVersion, marks: Sequence[Mark], *, token: uuid.UUID) -> set[int]:
    """Write what was done and give the claims back. Returns the images whose claim was lost, which are cleared."""
    if not marks:
        return set()
    columns = list(
        zip(
            *((m.image_id, m.store_id, m.image_revision, m.product_revision, m.content_hash, m.error) for m in marks),
            strict=True,
        )
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE search_indexentry AS entry SET
                store_id = done.store_id, image_revision = done.image_revision,
                product_revision = done.product_revision, content_hash = done.content_hash, error = done.error,
                claim_token = NULL, claimed_until = NULL, attempts = 0, next_attempt_at = NULL,
                is_orphaned = false, indexed_at = clock_timestamp()
            FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])
                AS done(image_id, store_id, image_revision, product_revision, content_hash, error)
            WHERE entry.version_id = %s AND entry.image_id = done.image_id AND entry.claim_token = %s
            RETURNING entry.image_id
            """,
            [*(list(column) for column in columns), version.pk, token],
        )
        lost = {m.image_id for m in marks} - {row[0] for row in cursor.fetchall()}
        take_back(version, lost)
    return lost


def take_back(version: IndexVersion, image_ids: Iterable[int]) -> None:
    """Clear these entries, made where missing, whoever holds them: what Milvus has of them is not known any more."""
    ids = sorted(image_ids)
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO search_indexentry (version_id, image_id, content_hash, attempts, error, is_orphaned)
            SELECT %s, id, '', 0, '', NOT EXISTS (SELECT 1 FROM catalog_productimage i WHERE i.id = taken.id)
            FROM unnest(%s::bigint[]) AS taken(id)
            ON CONFLICT (version_id, image_id) DO UPDATE SET
                image_revision = NULL, product_revision = NULL, content_hash = '', error = '',
                claim_token = NULL, claimed_until = NULL, is_orphaned = EXCLUDED.is_orphaned
            """,
            [version.pk, ids],
        )


def fail(version: IndexVersion, image_ids: Iterable[int], *, token: uuid.UUID) -> None:
    """Give claims back after an outage: `attempts` rises and the next try waits 2, 4, 8 ... 60 s. No image is blamed."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE search_indexentry SET
                claim_token = NULL, claimed_until = NULL, attempts = attempts + 1,
                next_attempt_at = clock_timestamp() + least(%s, power(2, least(attempts + 1, 10))) * interval '1 second'
            WHERE version_id = %s AND image_id = ANY(%s) AND claim_token = %s
            """,
            [MAX_BACKOFF_S, version.pk, list(image_ids), token],
        )


def release(version: IndexVersion, image_ids: Iterable[int], *, token: uuid.UUID) -> None:
    """Give claims back with nothing done (the image went away while we looked)."""
    IndexEntry.objects.filter(version=version, image_id__in=list(image_ids), claim_token=token).update(
        claim_token=None, claimed_until=None
    )


def delete_entries(version: IndexVersion, image_ids: Iterable[int], *, token: uuid.UUID) -> int:
    """Delete the entries that we still hold; the others are somebody else's to finish. Returns how many."""
    deleted, _ = IndexEntry.objects.filter(version=version, image_id__in=list(image_ids), claim_token=token).delete()
    return deleted


def clear_entries(image_ids: Iterable[int], *, with_vectors: bool = False) -> int:
    """Ask for a reindex of these images in every version. `with_vectors` embeds anew too. Returns the entries cleared.

    A claim that is being worked on is taken back as well, since what it read may be what is doubted.
    """
    cleared = IndexEntry.objects.filter(image_id__in=list(image_ids))
    changes: Mapping[str, object] = {
        "image_revision": None,
        "product_revision": None,
        "claim_token": None,
        "claimed_until": None,
        "next_attempt_at": None,
        "error": "",
        **({"content_hash": ""} if with_vectors else {"content_hash": F("content_hash")}),
    }
    return cleared.update(**changes)
