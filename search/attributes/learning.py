"""Fits a store's attributes from the labels that its products state, and keeps what came out for the live encoder."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice

import numpy as np
from django.utils import timezone

from catalog.models import Store
from search.attributes.fitting import Examples, Figures, Fitted, TooFewLabels, fit, fold_of
from search.attributes.photos import Photographed, photographed
from search.attributes.prompts import prompt_vectors
from search.attributes.report import as_json
from search.attributes.storage import arrays_of, fitted_from, parameters_of
from search.attributes.targets import Target, targets
from search.encoder import Encoder
from search.models import FittedAttribute, IndexVersion
from search.versions import encoder_of, live_version

# Of a suggestion; merchandisers look at each, and one in twenty wrong is what a list may have before it is a nuisance.
PRECISION = 0.95
# The newest products of a large store; 50,000 vectors of 512 numbers are 100 MB.
MAX_PRODUCTS = 50_000
REFIT_AFTER = timedelta(days=7)


def fit_store(
    store: Store,
    *,
    names: Collection[str] = (),
    precision: float = PRECISION,
    version: IndexVersion | None = None,
) -> Iterator[tuple[str, Figures | str]]:
    """Fit and keep each attribute of these names, or all, for the live (or the given) version's encoder: its figures, or why
    it cannot be fitted.

    Raises `IndexUnavailable`, `EncoderUnavailable`.
    """
    version = version or live_version()
    encoder = encoder_of(version)
    rows = list(islice((row for page in photographed(store, version) for row in page), MAX_PRODUCTS))
    for target in targets(store, names):
        try:
            fitted, figures = _fit_target(target, rows, encoder, precision=precision)
        except TooFewLabels as error:
            yield target.name, str(error)
            continue
        FittedAttribute.objects.update_or_create(
            store=store,
            attribute=target.attribute,
            fingerprint=version.fingerprint,
            defaults={
                "parameters": parameters_of(fitted) | {"precision": precision},
                "arrays": arrays_of(fitted),
                "figures": as_json({target.name: figures})[target.name],
            },
        )
        # What was fitted for vectors that no version holds any more has done its work: it said that the store wants this.
        FittedAttribute.objects.filter(store=store, attribute=target.attribute).exclude(
            fingerprint__in=IndexVersion.objects.values("fingerprint")
        ).delete()
        yield target.name, figures


def fitted_targets(store: Store, version: IndexVersion) -> list[tuple[Target, Fitted]]:
    """What can tag the store's photos with this version's vectors."""
    rows = {
        row.attribute_id: row for row in FittedAttribute.objects.filter(store=store, fingerprint=version.fingerprint)
    }
    return [
        (target, fitted_from(rows[key].parameters, bytes(rows[key].arrays)))
        for target in (targets(store) if rows else [])
        if (key := target.attribute.pk if target.attribute else None) in rows
    ]


def outdated_names(store: Store, version: IndexVersion) -> set[str]:
    """Attributes that were fitted once, but long ago or for another encoder's vectors only."""
    rows = FittedAttribute.objects.filter(store=store).select_related("attribute")
    fresh = {
        row.attribute_id
        for row in rows
        if row.fingerprint == version.fingerprint and row.fitted_at > timezone.now() - REFIT_AFTER
    }
    return {row.attribute.code if row.attribute else "category" for row in rows if row.attribute_id not in fresh}


def folds_of(rows: Iterable[Photographed]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Each product's fold: the head that has not seen it judges it."""
    return np.array([fold_of(row.style) for row in rows], dtype=np.int64)


def _fit_target(
    target: Target, rows: Sequence[Photographed], encoder: Encoder, *, precision: float
) -> tuple[Fitted, Figures]:
    places = {pk: place for place, pk in enumerate(target.codes)}
    known = [(row, places[label]) for row in rows if (label := target.label(row)) is not None]
    if not known:
        raise TooFewLabels("no product states one value and has an indexed photo")
    examples = Examples(
        np.stack([row.vector for row, _ in known]),
        np.array([place for _, place in known], dtype=np.int64),
        folds_of(row for row, _ in known),
    )
    prompts = prompt_vectors(encoder, target.name, list(target.labels.values()), own=target.prompt)
    return fit(examples, value_ids=list(target.codes), prompts=prompts, precision=precision)
