"""How the words were understood and what was waved away, each with a link that takes it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from catalog.models import Product, Store
from storefront.links import Links
from storefront.state import PageState

_FIELDS = {"category": "Category", "brand": "Brand"}
# Waved away products that are each named; of more, all are brought back at once.
MAX_NAMED = 4


@dataclass(frozen=True, slots=True)
class Spelling:
    """The words as the store spells them: the results are of them where `is_applied`. `url` leads to the other words."""

    words: str
    corrected: str
    is_applied: bool
    url: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word was taken for: `label` is such as "Colour", `value` such as "Red"."""

    label: str
    value: str
    words: str
    ignore_url: str
    only_url: str


@dataclass(frozen=True, slots=True)
class Unlike:
    """A product that was waved away, and the URL that brings it back."""

    title: str
    url: str


def spelling(state: PageState, notes: Mapping[str, Any], links: Links) -> Spelling | None:
    found = notes.get("spelling")
    if not found:
        return None
    first, is_applied = state.first_page(), bool(found["is_applied"])
    other = replace(first, is_exact=True) if is_applied else replace(first, q=found["corrected_q"], is_exact=False)
    return Spelling(state.q, found["corrected_q"], is_applied, links.shop(other))


def meanings(
    state: PageState, notes: Mapping[str, Any], *, labels: Mapping[str, str], links: Links
) -> tuple[Meaning, ...]:
    """What is preferred because words name it, and not asked for by a filter."""
    names = {**labels, **_FIELDS}
    first = state.first_page()
    return tuple(
        Meaning(
            label=names[one["field"]],
            value=one["label"],
            words=one["words"],
            ignore_url=links.shop(
                replace(first, ignored=tuple(dict.fromkeys((*state.ignored, f"{one['field']}:{one['value']}"))))
            ),
            only_url=links.shop(state.with_value(one["field"], one["value"])),
        )
        for one in notes.get("interpretation", ())
        if one["field"] in names
    )


def known_unlike(store: Store, state: PageState) -> dict[str, str]:
    """The waved away products that the store has: sku -> title, in the order in which they were."""
    if not state.unlike:
        return {}
    rows = Product.objects.published().filter(store=store, sku__in=state.unlike).values_list("sku", "title")
    titles = dict(rows)
    return {sku: titles[sku] for sku in state.unlike if sku in titles}


def unlike_chips(state: PageState, titles: Mapping[str, str], links: Links) -> tuple[Unlike, ...]:
    """The last of them first, so that the chip of a mistake is at hand; and all of them at once where they are several."""
    return tuple(_unlike(state, titles, links))


def _unlike(state: PageState, titles: Mapping[str, str], links: Links) -> Iterator[Unlike]:
    for sku in list(titles)[: -MAX_NAMED - 1 : -1]:
        yield Unlike(titles[sku], links.shop(state.bringing_back(sku)))
    if len(titles) > 1:
        yield Unlike("", links.shop(replace(state.first_page(), unlike=())))
