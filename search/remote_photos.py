"""Fetches the photos that an import knows by address only, and gives each image its file. Safe with any number of workers."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from catalog.models import ProductImage
from catalog.photos import InvalidPhoto, StorageUnavailable, inspect_photo, keep_photo
from catalog.signals import catalogue_written
from search.errors import InvalidImage
from search.fetching import UnreachableImage, fetch_image

# A claim outlives the slowest fetch; a worker that died frees its photos after it.
CLAIM = timedelta(minutes=5)
MAX_ATTEMPTS = 8
MAX_WAIT_S = 6 * 3600
CLAIM_BATCH = 10


def fetch_waiting_photos(*, limit: int = 500) -> int:
    """Fetch up to `limit` photos that are due. Returns how many images got their file."""
    fetched = tried = 0
    while tried < limit and (waiting := _claim()):
        done = sum(
            _fetch(image_id, url, store_id=store_id, attempts=attempts) for image_id, url, store_id, attempts in waiting
        )
        if done:
            catalogue_written.send(sender=ProductImage)
        fetched += done
        tried += len(waiting)
    return fetched


def _claim() -> list[tuple[int, str, int, int]]:
    """Take due photos: (image id, URL, store id, attempts so far)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS (
                SELECT i.id, p.store_id FROM catalog_productimage i JOIN catalog_product p ON p.id = i.product_id
                WHERE i.file = '' AND i.source_url <> '' AND i.fetch_attempts < %s
                  AND (i.fetch_after IS NULL OR i.fetch_after < clock_timestamp())
                ORDER BY i.id LIMIT %s FOR UPDATE OF i SKIP LOCKED
            )
            UPDATE catalog_productimage image
            SET fetch_after = %s, fetch_attempts = image.fetch_attempts + 1
            FROM due WHERE image.id = due.id
            RETURNING image.id, image.source_url, due.store_id, image.fetch_attempts
            """,
            [MAX_ATTEMPTS, CLAIM_BATCH, timezone.now() + CLAIM],
        )
        return [(row[0], row[1], row[2], row[3]) for row in cursor.fetchall()]


def _fetch(image_id: int, url: str, *, store_id: int, attempts: int) -> bool:
    # The URL is part of the condition: an image that was given another address, or a file, meanwhile is left alone.
    image = ProductImage.objects.filter(pk=image_id, source_url=url, file="")
    try:
        data = fetch_image(url, field="source_url")
        photo = inspect_photo(data)
        name = keep_photo(photo, store_id=store_id)
    except (UnreachableImage, StorageUnavailable) as error:
        wait = timedelta(seconds=min(MAX_WAIT_S, 30 * 4**attempts))
        image.update(fetch_error=str(error), fetch_after=timezone.now() + wait)
        return False
    except InvalidImage as error:
        image.update(fetch_error=error.message, fetch_attempts=MAX_ATTEMPTS)
        return False
    except InvalidPhoto as error:
        image.update(fetch_error=str(error), fetch_attempts=MAX_ATTEMPTS)
        return False
    return bool(
        image.update(
            file=name, sha256=photo.sha256, width=photo.width, height=photo.height, fetch_error="", fetch_after=None
        )
    )
