"""Suggestions of other words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from search.result import Suggestion
from search.suggesting.trials import Trials

MAX_WORDS = 4
"""Words that are each tried without; a longer query is understood word by word anyway."""
_TOKEN = re.compile(r'-?"[^"]*"|\S+')


def other_words(trials: Trials) -> Iterator[Suggestion]:
    """The words as the store spells them, where they were not corrected anyway; then the query without each of its words."""
    asked = trials.asked
    # A photo's words change it, and parts are not told apart from q here: neither is cut.
    if trials.pool.found or not asked.text or asked.has_photo or asked.others:
        return
    spelling = trials.pool.notes.get("spelling")
    if spelling and not spelling["is_applied"]:
        text = spelling["corrected_q"]
        corrected = trials.suggestion("corrected_words", f"Search for {text}", details={"words": text}, text=text)
        if corrected is not None:
            yield corrected
    yield from _fewer_words(trials)


def _fewer_words(trials: Trials) -> Iterator[Suggestion]:
    """What keeps the most of the meaning first: the fewest hits."""
    asked = trials.asked
    tokens = _TOKEN.findall(asked.text)
    if not 2 <= len(tokens) <= MAX_WORDS:
        return
    found = []
    for place, token in enumerate(tokens):
        text = " ".join(tokens[:place] + tokens[place + 1 :])
        suggestion = trials.suggestion(
            "drop_words", f"Without the word {token}", details={"word": token, "words": text}, text=text
        )
        if suggestion is not None:
            found.append(suggestion)
    yield from sorted(found, key=lambda one: one.count)
