"""Whether the best hits of a photo with words have what the words ask for ("this, but in navy").

Where the words name values of the store's attributes, a product that states others of the same attribute fails, and sinks.
What states nothing of it is let be. Words that name no value are judged by the look: a photo that has come half of the way from
the asked photo to the nearest to the words has taken them up. That is told, and moves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from search import query_cache
from search.choices import Mode
from search.errors import EncoderUnavailable, IndexUnavailable
from search.models import IndexVersion
from search.pools import Pool
from search.ranking.facts import read_columns
from search.run import Run
from search.vectors import part_vectors, product_vectors
from search.versions import encoder_of

NOTE, SIGNAL = "modifier_checks", "modifier_check"
# How many of the best are looked at for the report.
CHECKED = 20
# What states another value keeps this much of its score.
FAILED_FACTOR = 0.25
_WORD = re.compile(r"\w+")
_NAMED = """
SELECT attribute.code, value.code, value.label FROM catalog_attributevalue value
JOIN catalog_attribute attribute ON attribute.id = value.attribute_id
WHERE attribute.store_id = %s AND position(lower(value.label) IN %s) > 0 AND value.label <> ''
"""
# Null where the product states nothing of the attribute, an empty list among it.
_HAS = (
    "CASE WHEN jsonb_typeof(attributes -> %s) = 'array' THEN jsonb_exists_any(nullif(attributes -> %s, '[]'), %s) END"
)


@dataclass(frozen=True, slots=True)
class Named:
    """Words that name values (codes) of one attribute."""

    words: str
    attribute: str
    codes: frozenset[str]


def modifiers_checked(run: Run, pool: Pool) -> Pool:
    """The pool with what fails behind, and `modifier_checks` among the notes."""
    if run.query.mode is not Mode.COMPOSED or not run.query.words or not len(pool) or run.version is None:
        return pool
    named = run.kept(f"named:{run.query.words}", lambda: named_values(run.store.pk, run.query.words))
    if not named:
        run.notes[NOTE] = _checked_by_look(run, pool, run.version, run.query.words)
        return pool
    has = stated_values(pool.products, named)
    run.notes[NOTE] = [_report(one, column) for one, column in zip(named, has.T, strict=True)]
    if not run.query.check_modifiers:
        return pool
    factors = np.where((has == 0).any(axis=1), np.float32(FAILED_FACTOR), np.float32(1))
    scores = pool.scores * factors
    checked = pool.with_signal(SIGNAL, factors).with_scores(scores)
    return checked.taken(np.argsort(-scores, kind="stable"))


def named_values(store_id: int, text: str) -> list[Named]:
    """What the text names, by attribute in the order of their codes; of "navy blue" and "blue" in one place the longer."""
    words = _WORD.findall(text.lower())
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, [store_id, " ".join(words)])
        rows = cursor.fetchall()
    found = []
    for attribute, code, label in rows:
        said = _WORD.findall(label.lower())
        places = [i for i in range(len(words) - len(said) + 1) if said and words[i : i + len(said)] == said]
        found += [(attribute, code, frozenset(range(place, place + len(said)))) for place in places]
    kept = [one for one in found if not any(one[2] < other[2] and one[0] == other[0] for other in found)]
    named = []
    for attribute in sorted({one[0] for one in kept}):
        own = [one for one in kept if one[0] == attribute]
        places = sorted(frozenset().union(*(one[2] for one in own)))
        named.append(Named(" ".join(words[i] for i in places), attribute, frozenset(one[1] for one in own)))
    return named


def stated_values(products: NDArray[np.int64], named: list[Named]) -> NDArray[np.float32]:
    """(n, named): 1 where a product states a value that is named, 0 where it states others, NaN where none."""
    columns = ", ".join([_HAS] * len(named))
    sql = f"SELECT id, {columns} FROM catalog_product WHERE id = ANY(%s)"  # noqa: S608  (bound parameters only)
    parameters = [value for one in named for value in (one.attribute, one.attribute, sorted(one.codes))]
    rows = read_columns(sql, products, parameters)
    missing = (None,) * len(named)
    return np.array([[np.nan if has is None else has for has in row or missing] for row in rows], np.float32)


def _report(one: Named, has: NDArray[np.float32]) -> Mapping[str, object]:
    head = has[:CHECKED]
    return {
        "words": one.words,
        "kind": "attribute",
        "passed": int((head == 1).sum()),
        "checked": int((~np.isnan(head)).sum()),
    }


def _checked_by_look(run: Run, pool: Pool, version: IndexVersion, words: str) -> list[Mapping[str, object]]:
    """How many of the best hits are nearer to the words than the asked photos are."""
    places = [place for place, part in enumerate(run.query.parts) if part.is_visual and part.weight > 0]
    try:
        text = query_cache.text_vector(encoder_of(version), words)[0]
        parts = part_vectors(run.query, version)
        asked = np.concatenate([parts[place] for place in places])
        owners, _, vectors = product_vectors(version, pool.products[:CHECKED].tolist())
    except (IndexUnavailable, EncoderUnavailable):
        # The answer itself was found without them; what is not checked is not told.
        return []
    near = vectors @ text
    # Half of the way from the asked photo to what comes nearest to the words.
    least = (float((asked @ text).max()) + float(near.max(initial=-1.0))) / 2
    passed = np.unique(owners[near > least])
    return [{"words": words, "kind": "zero-shot", "passed": len(passed), "checked": len(np.unique(owners))}]
