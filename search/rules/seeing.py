"""What is seen on a query's photo: attribute values by what the store fitted, main colours, likeness to reference photos."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.models import AttributeValue, Product, Store
from search import query_cache
from search.attributes.fitting import FOLDS
from search.attributes.prompts import KINDS
from search.attributes.storage import fitted_from
from search.errors import EncoderUnavailable, IndexUnavailable
from search.models import FittedAttribute, IndexVersion
from search.query import Part, Query
from search.rules.colours import NAMES, colours_of_products, main_colours
from search.rules.matching import NOTHING_SEEN, Rule, Seen, Trigger
from search.rules.records import RuleTrigger
from search.vectors import product_vectors
from search.versions import encoder_of

logger = logging.getLogger(__name__)

Vectors = NDArray[np.float32]
# The photo more probably shows the value than not.
MIN_PROBABILITY = 0.5


def look(query: Query, store: Store, version: IndexVersion | None, *, rules: Iterable[Rule]) -> Seen:
    """What these rules' conditions ask of the query's photos and products; a part that is down has seen nothing."""
    triggers = [trigger for rule in rules for trigger in rule.triggers]
    visual = [part for part in query.parts if part.is_visual and part.weight > 0]
    if not visual or not triggers:
        return NOTHING_SEEN
    kinds = {trigger.kind for trigger in triggers}
    attributes = {trigger.value[0] for trigger in triggers if trigger.kind == "attribute" and trigger.value}
    colours = _colours(visual) if kinds & {"attribute", "colour"} else frozenset()
    stated = _stated(store, visual)
    try:
        vectors = _vectors(visual, version) if kinds & {"attribute", "similar"} else None
        values = _values(store, attributes, vectors, version, colours=colours)
        likeness = _likeness([trigger for trigger in triggers if trigger.kind == "similar"], vectors, version)
    except (IndexUnavailable, EncoderUnavailable) as error:
        logger.warning("Rules that look at the photo are passed over: %s", error)
        values, likeness = set(), {}
    named = {code for attribute, code in stated if KINDS.get(attribute) == "color" and code in NAMES}
    return Seen(frozenset(values | stated), colours | named, likeness)


def reference_vector(row: RuleTrigger, version: IndexVersion) -> Vectors | None:
    """(dimension,): the reference photo's unit vector by the version's encoder, made and kept where it is another's.

    None where there is no photo. Raises `EncoderUnavailable`.
    """
    if row.fingerprint == version.fingerprint and row.vector:
        return np.frombuffer(bytes(row.vector), "<f4").astype(np.float32)
    if not row.photo:
        return None
    with Image.open(BytesIO(bytes(row.photo))) as photo:
        vector: Vectors = query_cache.photo_vector(encoder_of(version), photo.convert("RGB"))[0]
    RuleTrigger.objects.filter(pk=row.pk, photo_sha256=row.photo_sha256).update(
        vector=vector.astype("<f4").tobytes(), fingerprint=version.fingerprint
    )
    return vector


def _colours(visual: Sequence[Part]) -> frozenset[str]:
    seen = frozenset[str]().union(*(main_colours(part.image) for part in visual if part.image is not None))
    ids = [part.product_id for part in visual if part.product_id is not None]
    return seen | colours_of_products(ids) if ids else seen


def _stated(store: Store, visual: Sequence[Part]) -> set[tuple[str, str]]:
    """What the products that are asked by state of themselves."""
    ids = [part.product_id for part in visual if part.product_id is not None]
    rows = Product.objects.filter(store=store, pk__in=ids).values_list("attributes", flat=True) if ids else ()
    return {(attribute, code) for attributes in rows for attribute, codes in attributes.items() for code in codes}


def _vectors(visual: Sequence[Part], version: IndexVersion | None) -> Vectors | None:
    """Unit rows of the photos and products; None without an index."""
    if version is None:
        return None
    encoder = encoder_of(version)
    rows = [query_cache.photo_vector(encoder, part.image) for part in visual if part.image is not None]
    ids = [part.product_id for part in visual if part.product_id is not None]
    if ids:
        rows.append(product_vectors(version, ids)[2])
    return np.concatenate(rows)


def _values(
    store: Store,
    attributes: Collection[str],
    vectors: Vectors | None,
    version: IndexVersion | None,
    *,
    colours: frozenset[str],
) -> set[tuple[str, str]]:
    """The values that the photos show: by what was fitted, else for an attribute of colours by the colours' names."""
    found: set[tuple[str, str]] = set()
    if not attributes:
        return found
    fitted = FittedAttribute.objects.none()
    if version is not None and vectors is not None and len(vectors):
        fitted = FittedAttribute.objects.filter(
            store=store, attribute__code__in=attributes, fingerprint=version.fingerprint
        ).select_related("attribute")
    known = set()
    for row in fitted:
        assert row.attribute is not None and vectors is not None  # noqa: S101  (asked for by its code, with vectors)
        known.add(row.attribute.code)
        model = fitted_from(row.parameters, bytes(row.arrays))
        places, confidences = model.predict(vectors, np.full(len(vectors), FOLDS))
        ids = {model.value_ids[place] for place in places[confidences >= MIN_PROBABILITY]}
        codes = AttributeValue.objects.filter(pk__in=ids).values_list("code", flat=True)
        found |= {(row.attribute.code, code) for code in codes}
    unfitted = [code for code in attributes if code not in known and KINDS.get(code) == "color"]
    return found | {(code, name) for code in unfitted for name in colours}


def _likeness(triggers: Sequence[Trigger], vectors: Vectors | None, version: IndexVersion | None) -> dict[int, float]:
    """By the id of each trigger the cosine of its reference and the nearest of the query's photos."""
    if not triggers or version is None or vectors is None or not len(vectors):
        return {}
    found = {
        trigger.id: float((vectors @ np.frombuffer(trigger.vector, "<f4")).max())
        for trigger in triggers
        if trigger.vector and trigger.fingerprint == version.fingerprint
    }
    # The photo itself is read where its vector has to be made anew only.
    for row in RuleTrigger.objects.filter(pk__in=[trigger.id for trigger in triggers if trigger.id not in found]).defer(
        "photo"
    ):
        vector = reference_vector(row, version)
        if vector is not None and vector.shape[0] == vectors.shape[1]:
            found[row.pk] = float((vectors @ vector).max())
    return found
