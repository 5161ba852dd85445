"""The syntax of `q`: words, "quoted phrases", -excluded words and -"excluded phrases". Pure text, no database.

Whatever cannot be read as syntax is a plain word: no query is refused for its signs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from search.words.units import MEASURE, measure_word

MAX_TOKENS = 64


class TokenKind(StrEnum):
    WORD = "word"
    PHRASE = "phrase"
    MEASURE = "measure"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the query. `text` is as typed, without quotes and sign; `measure` is a measure's one word."""

    text: str
    kind: TokenKind = TokenKind.WORD
    is_excluded: bool = False
    measure: str = ""

    def __str__(self) -> str:
        quoted = f'"{self.text}"' if self.kind is TokenKind.PHRASE else self.text
        return f"-{quoted}" if self.is_excluded else quoted


_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
_PIECE = re.compile(r'(?:(?<=\s)|^)(-?)"([^"]+)"(?=\s|$)|(\S+)')
_HAS_WORD = re.compile(r"\w")
# Neither of these can be in a Postgres text: NUL, and halves of UTF-16 pairs that JSON may name.
_UNTEXT = re.compile("[\x00\ud800-\udfff]")


def cleaned(text: str) -> str:
    """The text as Postgres can hold it, each run of spaces one space."""
    return " ".join(_UNTEXT.sub(" ", text).split())


def parse(text: str) -> tuple[Token, ...]:
    """The query's tokens in their order, at most `MAX_TOKENS`; pieces without any letter or digit are dropped."""
    tokens: list[Token] = []
    rest = cleaned(text)
    position = 0
    while position < len(rest) and len(tokens) < MAX_TOKENS:
        found = _measure_at(rest, position)
        if found is not None:
            tokens.append(Token(found.group(), TokenKind.MEASURE, measure=measure_word(found)))
            position = found.end()
            continue
        piece = _PIECE.match(rest.translate(_QUOTES), position)
        if piece is None:
            position += 1
            continue
        tokens.extend(_token(piece))
        position = piece.end()
    return tuple(tokens)


def written(tokens: tuple[Token, ...]) -> str:
    """The query that these tokens are read from."""
    return " ".join(map(str, tokens))


def meant(text: str) -> str:
    """The text without quotes and exclusions: what an encoder reads. What is excluded is not part of what is looked for."""
    if '"' not in text.translate(_QUOTES) and "-" not in text:
        return text
    tokens = parse(text)
    if not any(token.is_excluded or token.kind is TokenKind.PHRASE for token in tokens):
        return text
    return " ".join(token.text for token in tokens if not token.is_excluded) or text


def _measure_at(text: str, position: int) -> re.Match[str] | None:
    at_start = position == 0 or text[position - 1] == " "
    return MEASURE.match(text, position) if at_start else None


def _token(piece: re.Match[str]) -> list[Token]:
    sign, phrase, word = piece.groups()
    if phrase is not None:
        return [Token(phrase.strip(), TokenKind.PHRASE, bool(sign))] if _HAS_WORD.search(phrase) else []
    is_excluded = len(word) > 1 and word[0] == "-" and (word[1].isalnum() or word[1] == "_") and not word[1:].isdigit()
    plain = (word[1:] if is_excluded else word).strip('"')
    return [Token(plain, is_excluded=is_excluded)] if _HAS_WORD.search(plain) else []
