"""Keeps the waiting suggestions of a store in step with its photos; deciding on them is `search.attributes.decisions`.

A run adds, refreshes and drops waiting rows. What somebody decided stays, and is not brought up again for that photo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from catalog.models import ProductImage, Store
from search.attributes.fitting import Fitted
from search.attributes.learning import fit_store, fitted_targets, folds_of, outdated_names
from search.attributes.photos import Photographed, photographed
from search.attributes.targets import Target, categories_with
from search.models import AttributeSuggestion, FittedAttribute, SuggestionKind, SuggestionStatus
from search.versions import live_version

_KEY = ("product_id", "photo_sha256", "value_id", "category_id")


@dataclass(frozen=True, slots=True)
class SuggestReport:
    """Waiting rows after a run, by kind, and how many old ones were dropped. `attributes`: how many could be judged."""

    attributes: int
    missing: int
    disagreements: int
    dropped: int


@dataclass(frozen=True, slots=True)
class _Judge:
    """One target, what was fitted for it, and the categories that have such a thing (None: all)."""

    target: Target
    fitted: Fitted
    categories: set[int | None] | None


def refresh_all() -> None:
    """Suggest for each store that has a fitted attribute, after fitting again what is outdated.

    Raises `IndexUnavailable`, `EncoderUnavailable`.
    """
    version = live_version()
    for store in Store.objects.filter(pk__in=FittedAttribute.objects.values("store")):
        outdated = outdated_names(store, version)
        if outdated:
            list(fit_store(store, names=outdated))
        suggest(store)


def suggest(store: Store) -> SuggestReport:
    """Bring the store's waiting suggestions in step with its photos. Safe to run twice, or twice at once.

    Raises `IndexUnavailable`.
    """
    version, started = live_version(), timezone.now()
    judges = [
        _Judge(target, fitted, categories_with(target, store)) for target, fitted in fitted_targets(store, version)
    ]
    if judges:
        for page in photographed(store, version):
            wanted = [found for judge in judges for found in _suggestions(judge, page, seen_at=started)]
            _keep(wanted, seen_at=started)
    judged = waiting(store).filter(_of_targets([judge.target for judge in judges]))
    dropped, _ = judged.filter(seen_at__lt=started).delete()
    missing = waiting(store).filter(kind=SuggestionKind.MISSING).count()
    return SuggestReport(len(judges), missing, waiting(store).count() - missing, dropped)


def waiting(store: Store) -> QuerySet[AttributeSuggestion]:
    """The store's suggestions that nobody has decided on."""
    return AttributeSuggestion.objects.filter(product__store=store, status=SuggestionStatus.WAITING)


def _suggestions(judge: _Judge, page: Sequence[Photographed], *, seen_at: datetime) -> list[AttributeSuggestion]:
    """What the judge is sure of and the products do not say."""
    target, fitted = judge.target, judge.fitted
    if not page or fitted.threshold is None:
        return []
    places, confidence = fitted.predict(np.stack([row.vector for row in page]), folds_of(page))
    found = []
    for row, place, probability in zip(page, places, confidence, strict=True):
        value_id = fitted.value_ids[place]
        kind = _kind(judge, row, value_id)
        if kind is None or probability < fitted.threshold:
            continue
        found.append(
            AttributeSuggestion(
                product_id=row.product_id,
                value_id=value_id if target.attribute else None,
                category_id=None if target.attribute else value_id,
                kind=kind,
                stated=target.stated(row),
                probability=float(probability),
                image_id=row.image_id,
                photo_sha256=row.sha256,
                seen_at=seen_at,
            )
        )
    return found


def _kind(judge: _Judge, row: Photographed, value_id: int) -> SuggestionKind | None:
    """Why this value would be suggested for this product; None where it would not."""
    target, stated = judge.target, judge.target.stated(row)
    # A value deleted since the fit cannot be suggested, and one made since was never among the choices.
    if value_id not in target.codes:
        return None
    if not stated:
        applies = judge.categories is None or row.category_id in judge.categories
        return SuggestionKind.MISSING if applies else None
    label = target.label(row)
    is_other = label is not None and label != value_id and label in judge.fitted.value_ids
    return SuggestionKind.DISAGREEMENT if is_other else None


@transaction.atomic
def _keep(wanted: Sequence[AttributeSuggestion], *, seen_at: datetime) -> None:
    """Add what is new and refresh what waits; rows that somebody decided on are left alone."""
    # Held to the end: a photo or its product that is deleted meanwhile would leave a row that points nowhere.
    photos = ProductImage.objects.filter(pk__in=[row.image_id for row in wanted]).order_by("pk")
    alive = set(photos.select_for_update(no_key=True).values_list("pk", flat=True))
    wanted = [row for row in wanted if row.image_id in alive]
    known = {
        tuple(getattr(row, name) for name in _KEY): row
        for row in AttributeSuggestion.objects.filter(product__in={row.product_id for row in wanted})
    }
    new, again = [], []
    for row in wanted:
        old = known.get(tuple(getattr(row, name) for name in _KEY))
        if old is None:
            new.append(row)
        elif old.status == SuggestionStatus.WAITING:
            old.kind, old.stated, old.probability = row.kind, row.stated, row.probability
            old.image_id, old.seen_at = row.image_id, seen_at
            again.append(old)
    # Another run at the same time may have added the same.
    AttributeSuggestion.objects.bulk_create(new, ignore_conflicts=True)
    AttributeSuggestion.objects.bulk_update(
        again, ["kind", "stated", "probability", "image", "seen_at"], batch_size=500
    )


def _of_targets(found: Sequence[Target]) -> Q:
    has_categories = any(target.attribute is None for target in found)
    attributes = [target.attribute.pk for target in found if target.attribute]
    return Q(value__attribute__in=attributes) | (Q(category__isnull=False) if has_categories else Q(pk__in=[]))
