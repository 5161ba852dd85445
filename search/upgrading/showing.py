"""A comparison's sample questions with their photos, as the admin's page draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catalog.models import ProductImage, Store


@dataclass(frozen=True, slots=True)
class ShownHit:
    """`url` is the photo's, empty where it is gone; `other_place` is where the other version has it, None for nowhere."""

    sku: str
    url: str
    place: int
    other_place: int | None


@dataclass(frozen=True, slots=True)
class ShownSample:
    """One question with both answers."""

    store: str
    text: str
    photo_url: str
    before: tuple[ShownHit, ...]
    after: tuple[ShownHit, ...]


def shown_samples(samples: Sequence[dict[str, Any]]) -> list[ShownSample]:
    """The samples with what the catalogue still has of them, read in three statements."""
    hits = [hit for sample in samples for side in ("before", "after") for hit in sample[side]]
    ids = {hit["image"] for hit in hits} | {sample["image"] for sample in samples}
    urls = {row.pk: row.file.url for row in ProductImage.objects.filter(pk__in=ids - {None}).exclude(file="")}
    stores = dict(Store.objects.values_list("pk", "name"))
    return [
        ShownSample(
            store=stores.get(sample["store"], "a store that is gone"),
            text=sample["text"],
            photo_url=urls.get(sample["image"], ""),
            before=_side(sample["before"], sample["after"], urls),
            after=_side(sample["after"], sample["before"], urls),
        )
        for sample in samples
    ]


def _side(
    hits: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]], urls: dict[int, str]
) -> tuple[ShownHit, ...]:
    places = {hit["product"]: place for place, hit in enumerate(others, 1)}
    return tuple(
        ShownHit(hit["sku"], urls.get(hit["image"], ""), place, places.get(hit["product"]))
        for place, hit in enumerate(hits, 1)
    )
