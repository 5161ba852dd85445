"""Known-item queries: what somebody types who half remembers a title, and with it a photo that they took of the thing."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from string import ascii_lowercase
from typing import TYPE_CHECKING

from search.evaluation.distortions import STRONG
from search.evaluation.sets import JudgedQuery

if TYPE_CHECKING:
    # It lists the kinds, these among them.
    from search.evaluation.building import Fact, Facts

KEPT_SHARE = 0.6
# A shorter word with a typo is another word.
MIN_TYPO_LENGTH = 4
_WORD = re.compile(r"\w+")


def known_item_queries(facts: Facts, count: int, generator: random.Random, *, has_photo: bool) -> list[JudgedQuery]:
    """A title's words shuffled, 40 % of them dropped, one of the rest with a typo; right are the products of that title.

    With `has_photo` the product's photo comes along, strongly distorted.
    """
    same: dict[str, list[str]] = {}
    for product in facts.products:
        same.setdefault(product.title, []).append(product.sku)
    chosen = generator.sample(facts.products, len(facts.products))
    queries = []
    for product in chosen:
        text = half_remembered(_WORD.findall(product.title.lower()), generator)
        if text:
            queries.append(_query(product, text, same[product.title], generator, has_photo=has_photo))
        if len(queries) == count:
            break
    return queries


def half_remembered(words: Sequence[str], generator: random.Random) -> str:
    """60 % of the words in any order, one of them misspelt; empty where none is long enough for that."""
    kept = generator.sample(list(words), math.ceil(KEPT_SHARE * len(words)))
    long = [place for place, word in enumerate(kept) if len(word) >= MIN_TYPO_LENGTH and word.isalpha()]
    if not long:
        return ""
    place = generator.choice(long)
    kept[place] = misspelt(kept[place], generator)
    return " ".join(kept)


def misspelt(word: str, generator: random.Random) -> str:
    """The word with one letter dropped, added, changed, or two neighbours swapped; never the word itself."""
    while True:
        place = generator.randrange(len(word) - 1)
        letter = generator.choice(ascii_lowercase)
        changed = generator.choice(
            (
                word[:place] + word[place + 1 :],
                word[:place] + letter + word[place:],
                word[:place] + letter + word[place + 1 :],
                word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            )
        )
        if changed != word:
            return changed


def _query(product: Fact, text: str, right: Sequence[str], generator: random.Random, *, has_photo: bool) -> JudgedQuery:
    return JudgedQuery(
        f"known {product.sku}",
        dict.fromkeys(right, 1),
        text=text,
        photo_of=product.sku if has_photo else "",
        distortion=generator.choice(STRONG) if has_photo else "",
        seed=generator.randrange(1, 1 << 30) if has_photo else 0,
        slices={"kind": "known item"},
    )
