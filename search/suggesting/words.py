"""Suggestions of other words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from search.query import Suggestion
from search.suggesting.trials import Trials

MAX_WORDS = 4
"""Words that are each tried without; a longer query is understood word by word anyway."""
_TOKEN = re.compile(r'-?"[^"]*"|\S+')


def other_words(trials: Trials) -> Iterator[Suggestion]:
    """The query without each of its words, what keeps the most of its meaning first: the fewest hits."""
    asked = trials.asked
    # A photo's words change it, and parts are not told apart from q here: neither is cut.
    if trials.pool.found or not asked.text or asked.has_photo or asked.others:
        return
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
