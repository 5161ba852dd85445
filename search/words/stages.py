"""The two steps of understanding a query that this package does: correct its words, and see what they name."""

from __future__ import annotations

from dataclasses import replace

from search.choices import Mode
from search.run import Boost, Run
from search.words.interpretation import interpreted
from search.words.spelling import corrected

PREFERENCE = 2.0
"""How much more a product counts that is what the query's words name."""


def correct(run: Run) -> None:
    """Search with the corrected words, or only offer them where the query insists on its own; note what was corrected.

    A query whose words come from several parts stays as it is, and so does one that asks for meaning alone.
    """
    query = run.query
    if not query.text or query.words != query.text or query.mode is Mode.SEMANTIC:
        return
    found = corrected(run.words, store=run.store)
    if found is None:
        return
    run.notes["spelling"] = {
        "q": query.text,
        "corrected_q": found.words.text,
        "is_applied": query.typo_tolerance,
        "corrections": [{"word": word, "corrected": by} for word, by in found.replaced],
    }
    if query.typo_tolerance:
        run.query = replace(query, text=found.words.text)
        run.words = found.words


def interpret(run: Run) -> None:
    """Prefer products that are what the words name; note it, so that it can be shown and ignored.

    What the query filters by already needs no preference.
    """
    filters = run.query.filters
    found = [
        one
        for one in interpreted(run.words, store=run.store, ignore=run.query.ignore)
        if one.value not in filters.values_of(one.field)
    ]
    if not found:
        return
    run.notes["interpretation"] = [
        {
            "field": one.field,
            "value": one.value,
            "label": one.label,
            "words": one.words,
            "filter_by": f"{one.field}:={one.value}",
        }
        for one in found
    ]
    run.boosts += [Boost("interpretation", PREFERENCE, filters=one.filters) for one in found]
