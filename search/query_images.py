"""A shopper's photo, kept for a short time and bound to one store, so that it can be searched again by its id.

It is kept re-encoded: upright, small, and without the metadata (GPS!) that it came with.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from catalog.models import Store
from search.errors import InvalidQuery
from search.images import decode_image, to_jpeg
from search.models import QueryImage

MAX_SIDE = 1024


def store_query_image(store: Store, data: bytes, *, visitor: str = "") -> QueryImage:
    """Keep the photo as a JPEG of at most 1,024 pixels a side, for the visitor of this pseudonym where it is known.

    Raises `InvalidImage` for bytes that are not a photo.
    """
    image = decode_image(data, max_side=MAX_SIDE)
    return QueryImage.objects.create(
        store=store,
        visitor=visitor,
        data=to_jpeg(image),
        width=image.width,
        height=image.height,
        expires_at=timezone.now() + timedelta(seconds=settings.QUERY_IMAGE_LIFETIME_S),
    )


def find_query_image(store: Store, image_id: str) -> QueryImage | None:
    """The store's photo of that id, or None when there is none, it expired, or it is another store's."""
    if "\x00" in image_id:
        return None
    return QueryImage.objects.filter(store=store, pk=image_id, expires_at__gt=timezone.now()).first()


def load_query_image(store: Store, image_id: str) -> QueryImage:
    """The store's photo of that id, for a search. Raises `InvalidQuery` (field `image.id`) where there is none."""
    found = find_query_image(store, image_id)
    if found is None:
        raise InvalidQuery(
            f"There is no stored photo {image_id[:40]!r}, or its time is over: upload it again.", field="image.id"
        )
    return found


def delete_query_image(store: Store, image_id: str) -> bool:
    """Delete the store's photo of that id; whether there was one."""
    found = find_query_image(store, image_id)
    if found is None:
        return False
    found.delete()
    return True


def delete_expired() -> int:
    """Delete the photos whose time is over. Returns how many."""
    return QueryImage.objects.filter(expires_at__lte=timezone.now()).delete()[0]
