"""Questions for a comparison: what shoppers ask of each store, else what its products are called, and photos of its products
as a shopper would take them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.files.storage import default_storage
from django.db.models import Count
from PIL import Image

from catalog.models import ProductImage, Store
from catalog.models.product import ImageKind
from search.choices import Mode
from search.errors import InvalidImage
from search.evaluation.asking import DEADLINE_MS
from search.evaluation.distortions import MILD, distort
from search.events.records import PopularQuery
from search.images import decode_image
from search.query import Query

# Stores beyond these are small beside them, and each costs the same time.
MAX_STORES = 5
PHOTO_MAX_SIDE = 512


@dataclass(frozen=True, slots=True)
class Question:
    """One sampled query. `form` is `words` or `photo`; a photo is that of `image_id`, changed a little."""

    store_id: int
    form: str
    text: str
    image_id: int | None
    query: Query


def draw_questions(*, of_each: int, seed: int) -> list[Question]:
    """At most `of_each` questions of each form for each of the largest stores; the same seed draws the same."""
    chance = random.Random(seed)
    counted = Store.objects.annotate(images=Count("products__images")).filter(images__gt=0).order_by("-images", "pk")
    questions: list[Question] = []
    for store in counted[:MAX_STORES]:
        questions += [_worded(store, text) for text in _texts(store, chance, count=of_each)]
        questions += _pictured(store, chance, count=of_each)
    return questions


def _texts(store: Store, chance: random.Random, *, count: int) -> list[str]:
    asked = list(
        PopularQuery.objects.filter(store=store).order_by("-count", "text").values_list("text", flat=True)[:count]
    )
    titles = list(
        store.products.filter(is_published=True).order_by("pk").values_list("title", flat=True).distinct()[:5000]
    )
    for title in chance.sample(titles, min(count, len(titles))):
        words = title.split()
        start = chance.randrange(max(1, len(words) - 1))
        asked.append(" ".join(words[start : start + 2]))
    return list(dict.fromkeys(text.lower() for text in asked if text))[:count]


def _worded(store: Store, text: str) -> Question:
    # By meaning, since how words match is the same whatever the index.
    query = Query(store.pk, text=text, mode=Mode.SEMANTIC, per_page=10, deadline_ms=DEADLINE_MS, suggests=False)
    return Question(store.pk, "words", text, None, query)


def _pictured(store: Store, chance: random.Random, *, count: int) -> list[Question]:
    rows = ProductImage.objects.filter(
        product__store=store, product__is_published=True, kind=ImageKind.CATALOG
    ).exclude(file="")
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    chosen = rows.in_bulk(chance.sample(ids, min(count, len(ids))))
    found = []
    for place, row in enumerate(chosen.values()):
        try:
            with default_storage.open(row.file.name or "", "rb") as file:
                photo = decode_image(file.read(), max_side=PHOTO_MAX_SIDE)
        except (OSError, InvalidImage):
            # The index says so of this photo; a comparison can do without it.
            continue
        found.append(_question(store, row, distort(photo, MILD[place % len(MILD)], seed=place)))
    return found


def _question(store: Store, row: ProductImage, photo: Image.Image) -> Question:
    query = Query(
        store.pk,
        image=photo,
        image_digest=f"comparison:{row.pk}",
        mode=Mode.IMAGE,
        per_page=10,
        deadline_ms=DEADLINE_MS,
        suggests=False,
    )
    return Question(store.pk, "photo", "", row.pk, query)


def spread(questions: Sequence[Question], count: int) -> list[int]:
    """The places of `count` questions, of all forms alike."""
    by_form: dict[str, list[int]] = {}
    for place, question in enumerate(questions):
        by_form.setdefault(question.form, []).append(place)
    rounds = max((len(places) for places in by_form.values()), default=0)
    mixed = [places[turn] for turn in range(rounds) for places in by_form.values() if turn < len(places)]
    return mixed[:count]
