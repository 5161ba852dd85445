"""Where to go from an answer that is empty, or nearly: other searches with what they find, and what always works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from search.query import Filters
from search.result import Result, Suggestion
from storefront.links import Links
from storefront.state import PageState


@dataclass(frozen=True, slots=True)
class Way:
    """`count` is what the other search finds, such as "12" or "at least 12"; empty where it was not tried."""

    label: str
    url: str
    count: str = ""


def suggested(state: PageState, result: Result, links: Links) -> tuple[Way, ...]:
    """The answer's own suggestions, each with the count that following it gives. Corrected words have their own line."""
    return tuple(
        Way(one.label, links.shop(suggested_state(state, one)), _count(one))
        for one in result.suggestions
        if one.kind != "corrected_words"
    )


def always(state: PageState, result: Result | None, links: Links, *, tried: tuple[Way, ...]) -> tuple[Way, ...]:
    """What can be done where nothing is shown, without what was tried already or is known to find nothing more."""
    ways = (Way(label, links.shop(way)) for label, way in _always(state, result, has_suggestions=bool(tried)))
    known = {way.url for way in tried}
    return tuple(way for way in ways if way.url not in known)


def suggested_state(state: PageState, suggestion: Suggestion) -> PageState:
    """The page of the suggested search."""
    changed = state.first_page()
    if suggestion.filters is not None:
        changed = _with_filters(changed, suggestion.filters)
    if suggestion.text is not None:
        changed = replace(changed, q=suggestion.text)
    if suggestion.min_confidence is not None:
        changed = replace(changed, nearest=suggestion.min_confidence == 0)
    if suggestion.is_without_photo:
        changed = replace(changed, photo="", box=(), like="")
    return changed


def _with_filters(state: PageState, filters: Filters) -> PageState:
    return replace(
        state,
        category=filters.categories[0] if filters.categories else "",
        brands=filters.brands,
        price_min=_amount(filters.price_min),
        price_max=_amount(filters.price_max),
        in_stock=bool(filters.in_stock),
        attributes=filters.attributes,
        palette=filters.palette,
    )


def _amount(amount: Decimal | None) -> str:
    """As a shopper would type it: 90, 12.50."""
    if amount is None:
        return ""
    return f"{amount:.0f}" if amount == amount.to_integral_value() else f"{amount:f}"


def _count(suggestion: Suggestion) -> str:
    return f"{suggestion.count:,}" if suggestion.count_exact else f"at least {suggestion.count:,}"


def _always(state: PageState, result: Result | None, *, has_suggestions: bool) -> Iterator[tuple[str, PageState]]:
    first = state.first_page()
    if result is not None and result.left_out:
        yield "Show the nearest anyway", replace(first, nearest=True)
    if state.is_filtered and not has_suggestions:
        yield "Without the filters", state.without_filters()
    if state.unlike:
        yield "Bring back what was waved away", replace(first, unlike=())
    if state.q and state.is_visual:
        yield "Only the words", replace(first, photo="", box=(), like="", unlike=())
        yield "Only the photo", replace(first, q="")
    yield "See everything", PageState()
