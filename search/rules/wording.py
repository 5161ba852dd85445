"""Puts a store's synonyms into a search: alternatives for its words route, canonical words for what is encoded."""

from __future__ import annotations

from dataclasses import replace

from search.lexical import Words
from search.rules.synonyms import Expansion, canonical, expansions
from search.run import Run


def apply_synonyms(run: Run) -> None:
    """Let the words of the query find what their synonyms find, and encode the canonical ones."""
    found = expansions(run.words.text.split(), store=run.store)
    if not found:
        return
    run.words = _with(run.words, found)
    texts = {part.text for part in run.query.parts if part.text}
    for text in texts:
        words = text.split()
        inside = found if words == run.words.text.split() else expansions(words, store=run.store)
        run.canonical[text] = canonical(words, inside)


def _with(words: Words, found: tuple[Expansion, ...]) -> Words:
    covered = {stem for one in found for stem in one.stems}
    return replace(
        words,
        lexemes=tuple(lexeme for lexeme in words.lexemes if lexeme not in covered),
        expanded=tuple(one.query for one in found),
    )
