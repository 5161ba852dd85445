"""Puts a store's synonyms into a search: alternatives for its words route, canonical words for what is encoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from search.rules.synonyms import Expansion, canonical, expansions, has_synonyms
from search.run import Run
from search.words import syntax
from search.words.reading import Group, Words
from search.words.syntax import Token, TokenKind


def apply_synonyms(run: Run) -> None:
    """Let the words of the query find what their synonyms find, and encode the canonical ones."""
    if not run.kept("synonyms", lambda: has_synonyms(run.store)):
        return
    found = expansions(_open(run.words.tokens), store=run.store)
    if not found:
        return
    run.words = _with(run.words, found)
    for text in {part.text for part in run.query.parts if part.text}:
        tokens = syntax.parse(text)
        inside = found if tokens == run.words.tokens else expansions(_open(tokens), store=run.store)
        shown = ["" if token.is_excluded else token.text for token in tokens]
        run.canonical[text] = " ".join(canonical(shown, inside).split())


def _open(tokens: Sequence[Token]) -> list[str]:
    """The tokens that synonyms may stand for; quoted, measured and excluded ones are meant as they are."""
    return [token.text if token.kind is TokenKind.WORD and not token.is_excluded else "" for token in tokens]


def _with(words: Words, found: Sequence[Expansion]) -> Words:
    """The words with each phrase and its synonyms as one group. A group that lies across a phrase's end stays apart."""
    groups = list(words.groups)
    for one in found:
        inside = [group for group in groups if one.first <= group.first and group.last <= one.last]
        if not inside:
            continue
        place = groups.index(inside[0])
        typed = " & ".join(f"({group.query})" for group in inside)
        text = " ".join(token.text for token in words.tokens[one.first : one.last + 1])
        expanded = Group(text, f"({typed}) | {one.query}", one.first, one.last)
        groups = [group for group in groups if group not in inside]
        groups.insert(place, expanded)
    return replace(words, groups=tuple(groups))
