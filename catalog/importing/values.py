"""One cell -> one value. Whatever cannot be read is a `RowError` that names the cell; nothing is guessed."""

from __future__ import annotations

import html
import re
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.html import strip_tags

from catalog.importing.records import RowError
from catalog.models import Store

MAX_QUANTITY = 2**31 - 1
MAX_DESCRIPTION = 100_000
MAX_PRICE = Decimal(10) ** 11
# Control characters, and lone surrogates that JSON lets through and no database takes.
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BLOCK_END = re.compile(r"(?i)</(?:p|div|li|h[1-6]|tr)>|<br\s*/?>")
_NUMBER = re.compile(r"\d+(?:[.,'\s]\d+)*")
_TRUE = {"true", "1", "yes", "y", "published", "visible", "active", "on"}
_FALSE = {"false", "0", "-1", "no", "n", "draft", "hidden", "archived", "off", "unpublished", "inactive"}
_SYMBOLS = {
    "€": "EUR",
    "£": "GBP",
    "¥": "",
    "$": "",
    "₹": "INR",
    "₽": "RUB",
    "₩": "KRW",
    "₺": "TRY",
    "rs": "",
    "kr": "",
}
_url_validator = URLValidator(schemes=["http", "https"])


def clean_text(value: object, *, field: str, max_length: int) -> str:
    """Readable text on one line."""
    return _within(" ".join(_readable(value, field).split()), field, max_length)


def clean_description(value: object) -> str:
    """Readable text with its line breaks; HTML becomes plain text."""
    text = _readable(value, "description")
    if "<" in text or "&" in text:
        text = html.unescape(strip_tags(_BLOCK_END.sub("\n", text)))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return _within(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), "description", MAX_DESCRIPTION)


def clean_price(value: object, store: Store) -> Decimal | None:
    """A price in the store's currency, or None for an empty cell.

    "39.90", "39,90", "1.299,00", "1,299.00", "€ 5" and a JSON number are read; a price of another currency, with more
    decimals than the currency has, or that reads two ways ("1.299" in euros) is refused.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise RowError(f"price {_shown(value)} is not a number")
    price = _price_of(value, store) if isinstance(value, str) else Decimal(value)
    if price is None:
        return None
    if not price.is_finite() or price < 0 or price >= MAX_PRICE:
        raise RowError(f"price {_shown(value)} is not between 0 and {MAX_PRICE:,}")
    scaled = price.quantize(Decimal(1).scaleb(-store.minor_unit_digits))
    if scaled != price:
        raise RowError(f"price {_shown(value)} has more decimals than {store.currency} has")
    return scaled


def clean_quantity(value: object) -> int:
    """A stock of whole pieces; an empty cell is 0."""
    if value is None or value == "":
        return 0
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise ValueError
        number = Decimal(value.strip() or 0) if isinstance(value, str) else Decimal(value)
        quantity = int(number)
        if quantity != number:
            raise ValueError
    except (ValueError, ArithmeticError):
        raise RowError(f"quantity {_shown(value)} is not a whole number") from None
    if not 0 <= quantity <= MAX_QUANTITY:
        raise RowError(f"quantity {_shown(value)} is not between 0 and {MAX_QUANTITY:,}")
    return quantity


def clean_margin(value: object) -> float | None:
    """The share of the price that the shop keeps, 0 to 1 ("35 %" is 0.35), or None for an empty cell."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise ValueError
        text = str(value).strip()
        margin = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise RowError(f"margin {_shown(value)} is not a number") from None
    if not 0 <= margin <= 1:
        raise RowError(f"margin {_shown(value)} is not between 0 and 1")
    return margin


def clean_bool(value: object, *, field: str) -> bool:
    """A yes or no as shops write it."""
    word = value.strip().lower() if isinstance(value, str) else value
    if isinstance(word, bool):
        return word
    if word in _TRUE or word == 1:
        return True
    if word in _FALSE or word == 0:
        return False
    raise RowError(f"{field} {_shown(value)} is neither true nor false")


def clean_url(value: object, *, field: str, max_length: int) -> str:
    """A web address, or an empty string."""
    url = clean_text(value, field=field, max_length=max_length)
    if url:
        try:
            _url_validator(url)
        except ValidationError:
            raise RowError(f"{field} {_shown(url)} is not an http or https address") from None
    return url


def split_path(value: object) -> tuple[str, ...]:
    """ "Clothes > Trousers" -> ("Clothes", "Trousers"). A level that repeats its parent's name is one level."""
    names = [clean_text(name, field="category", max_length=120) for name in _readable(value, "category").split(">")]
    names = [name for name in names if name]
    if len(names) > 20:
        raise RowError(f"category {_shown(value)} has {len(names)} levels; at most 20")
    return tuple(name for index, name in enumerate(names) if index == 0 or name.lower() != names[index - 1].lower())


def _price_of(text: str, store: Store) -> Decimal | None:
    """The number in a price's text, or None when there is no text."""
    bare = " ".join(text.split())
    if not bare:
        return None
    found = _NUMBER.search(bare)
    # "5,-" and "5.-" are ways to write a whole price.
    around = (bare[: found.start()], re.sub(r"^[.,][-–]", "", bare[found.end() :])) if found else ()
    words = [word for part in around if (word := part.strip(" .:"))]
    if found is None or len(words) > 1 or not all(_is_currency(word, store) for word in words):
        raise RowError(f"price {_shown(text)} is not a number in {store.currency}")
    number = re.sub(r"[\s']", "", found.group())
    return Decimal(_with_point(number, text, store))


def _with_point(number: str, text: str, store: Store) -> str:
    """The digits with a point for decimals and nothing between thousands."""
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return number
    mark, other = number[last], "," if number[last] == "." else "."
    after = len(number) - last - 1
    if number.count(mark) == 1 and other not in number and after == 3 and (mark == "." or store.minor_unit_digits == 3):
        if store.minor_unit_digits == 3 and mark == ".":
            return number
        raise RowError(f"price {_shown(text)} can be read in two ways: write it without a mark between thousands")
    is_thousands = number.count(mark) > 1 or (other not in number and after == 3)
    if is_thousands and other in number:
        raise RowError(f"price {_shown(text)} is not a number")
    if is_thousands:
        return number.replace(mark, "")
    return number.replace(other, "").replace(mark, ".")


def _is_currency(word: str, store: Store) -> bool:
    """Whether what stands beside a number is this store's currency (a bare "$" is any dollar)."""
    return word.upper() == store.currency or _SYMBOLS.get(word.lower(), "?") in ("", store.currency)


def _readable(value: object, field: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise RowError(f"{field} {_shown(value)} is not text")
    return _SURROGATE.sub("\ufffd", _UNREADABLE.sub("", str(value)))


def _within(text: str, field: str, max_length: int) -> str:
    if len(text) > max_length:
        raise RowError(f"{field} has {len(text):,} characters; at most {max_length:,}")
    return text


def _shown(value: object) -> str:
    text = _SURROGATE.sub("\ufffd", str(value))
    return f'"{text[:60]}…"' if len(text) > 60 else f'"{text}"'
