"""Words without accents, as `search_fold` in Postgres does it, and the forms in which one word may be written."""

from __future__ import annotations

import re
import unicodedata

_MARKS = re.compile("[\u0300-\u036f]+")
# Letters that no decomposition takes apart, and the apostrophes that people and phones type.
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
    | dict.fromkeys("’‘ʼ＇`´", "'")
)
_INSIDE = re.compile(r"(?<=\w)[-'/.](?=[^\W\d])|(?<=[^\W\d])[-'/.](?=\w)")
_JOINED = re.compile(r"(?<=\w)[-'](?=\w)")


def fold(text: str) -> str:
    """Lower case without accents: "Crème" and "creme" fold to the same. Other scripts keep their letters."""
    if text.isascii():
        return text.lower().replace("`", "'")
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", text.lower().translate(_LETTERS)))
    return unicodedata.normalize("NFC", plain.translate(_LETTERS))


def joined(folded: str) -> str:
    """Words with hyphens and apostrophes inside written as one: "t-shirt" is "tshirt"."""
    return _JOINED.sub("", folded)


def word_forms(word: str) -> tuple[str, ...]:
    """Other ways to write this word, without itself: folded, in parts ("t shirt") and joined ("tshirt")."""
    folded = fold(word)
    forms = [folded, _INSIDE.sub(" ", folded), joined(folded)]
    return tuple(form for form in dict.fromkeys(forms) if form and form != word.lower())
