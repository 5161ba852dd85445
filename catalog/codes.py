"""Codes from names: the stable, lower-case keys by which filters and addresses name things."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_CODE = re.compile(r"[a-z0-9][a-z0-9_-]*")
_APART = re.compile(r"[^a-z0-9_]+")
# What these signs mean tells names apart ("A" and "A+", "10" and "10 %"), so they become words.
_SIGNS = {"+": " plus ", "%": " percent ", "&": " and ", "'": "", "’": "", "ʼ": ""}
# Letters that no Unicode decomposition turns into ASCII.
_LETTERS = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i"}
_TABLE = str.maketrans(_SIGNS | _LETTERS)


def code_for(name: str, *, max_length: int = 80) -> str:
    """The code of a name: "Navy Blue" -> "navy-blue", "5.5" -> "5-5", "Größe" -> "grosse".

    A valid code stands for itself. A name that is cut, or written in letters that have no ASCII form, ends in six
    digits of its hash, so that different names keep different codes.
    """
    if len(name) <= max_length and _CODE.fullmatch(name):
        return name
    folded = unicodedata.normalize("NFKD", name.casefold().translate(_TABLE))
    letters = [letter for letter in folded if not unicodedata.combining(letter)]
    is_lossy = any(letter.isalnum() and not letter.isascii() for letter in letters)
    code = _APART.sub("-", "".join(letters)).strip("-_")
    if code and not is_lossy and len(code) <= max_length:
        return code
    digest = hashlib.sha256(name.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{code[: max_length - 7].strip('-_')}-{digest}".lstrip("-")
