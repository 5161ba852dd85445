"""What must not be kept of a shopper's words: mail addresses and numbers as long as a telephone's."""

from __future__ import annotations

import re
import unicodedata

MAX_WORDS_LENGTH = 500
EMAIL, NUMBER = "[email]", "[number]"
_EMAIL = re.compile(r"[^\s@<>\"']{1,64}@[^\s@<>\"']{1,255}")
# Separate digits count as one number from a + or 0 on, or when they are ten or more; seven or more in a row always do.
# What is glued to a letter (an article's number) stays.
_NUMBER = re.compile(r"(?<!\w)(?:\(?[+0](?:[ ./()-]{0,3}\d){6,18}|\(?\d(?:[ ./()-]{0,3}\d){9,18}|\d{7,19})(?!\w)")


def kept_words(text: str) -> str:
    """The words as they are kept: one form of Unicode, lower case, single spaces, addresses and long numbers masked.

    Numbers of seven digits and more are masked whatever they are, an article's EAN too: better one row less in a
    merchandiser's list than a shopper's telephone in it.
    """
    words = " ".join(unicodedata.normalize("NFC", text).lower().replace("\x00", " ").split())
    return _NUMBER.sub(NUMBER, _EMAIL.sub(EMAIL, words))[:MAX_WORDS_LENGTH].strip()


def is_masked(words: str) -> bool:
    return EMAIL in words or NUMBER in words
