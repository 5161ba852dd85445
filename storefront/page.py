"""One state of the shop page, worked out: the search, and every sentence and link that the templates show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from django.conf import settings

from catalog.models import Store
from search.errors import SearchError
from search.result import Facet, Result
from storefront import ways_out
from storefront.asking import Trouble, ask, trouble_of
from storefront.banners import Banner, banners
from storefront.cards import Card, Liked, cards, liked_product
from storefront.links import Links
from storefront.panel import Chip, Panel, attribute_labels, chips, make_panel
from storefront.state import ORDERS, PER_PAGE, PageState
from storefront.understood import (
    Meaning,
    Spelling,
    Unlike,
    known_unlike,
    meanings,
    spelling,
    unlike_chips,
)
from storefront.ways_out import Way

_DEGRADED = "Photo and meaning search is resting: these products match by their words."
_NEAREST = "These are the nearest that the shop has, alike or not."
_ANY_WORD = "Nothing has all of these words. These products come closest."


@dataclass(frozen=True, slots=True)
class Page:
    """What the templates show. `suggested` are other searches that find more, `ways_out` what to do where nothing is shown.

    `said` are the form's hidden fields: what was said of the question, and the filters where no panel holds them.
    """

    store: Store
    links: Links
    state: PageState
    status: int
    heading: str
    found_text: str
    found_note: str
    announcement: str
    page_title: str
    cards: list[Card]
    search_id: str
    card_offset: int
    chips: list[Chip]
    panel: Panel | None
    notes: tuple[str, ...]
    trouble: Trouble | None
    liked: Liked | None
    next_url: str
    unfiltered_url: str
    no_photo_url: str
    whole_photo_url: str
    photo_url: str
    box_edges: str
    orders: tuple[tuple[str, str], ...]
    spelling: Spelling | None
    meanings: tuple[Meaning, ...]
    unlike: tuple[Unlike, ...]
    banners: tuple[Banner, ...]
    suggested: tuple[Way, ...]
    ways_out: tuple[Way, ...]
    said: tuple[tuple[str, str], ...]

    def context(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def make_page(
    store: Store, links: Links, state: PageState, *, trouble: Trouble | None = None, is_continued: bool = False
) -> Page:
    """Ask for this state and work out its page. A search that fails gives a page that says why and what to do.

    `trouble` is a failure from before the search, such as a refused photo: nothing is asked then. A page that continues
    one on the screen needs cards alone: it counts no facets.
    """
    labels = attribute_labels(store)
    # A link from before an attribute was renamed still leads to products.
    unlike = known_unlike(store, state)
    state = replace(
        state, attributes=tuple(pair for pair in state.attributes if pair[0] in labels), unlike=tuple(unlike)
    )
    result: Result | None = None
    if trouble is None:
        try:
            result = ask(store, state, facet_codes=None if is_continued else labels)
        except SearchError as error:
            trouble = trouble_of(error, state)
    facets, notes = (result.facets, result.notes) if result else ((), {})
    liked = liked_product(store, state.like, links) if state.like else None
    heading = _heading(state, liked, facets)
    found_text = _found_text(result) if result else ""
    is_by_likeness = state.is_visual and not state.order and bool(result and result.hits)
    base = state.first_page()
    suggested = ways_out.suggested(state, result, links) if result else ()
    return Page(
        store=store,
        links=links,
        state=state,
        status=trouble.status if trouble else 200,
        heading=heading,
        found_text=found_text,
        found_note=", closest first" if is_by_likeness else "",
        announcement=_announcement(found_text, unlike) if result else trouble.message if trouble else "",
        page_title=store.name if base == PageState() else f"{heading} · {store.name}",
        cards=cards(result.hits, links, state=state) if result else [],
        search_id=result.search_id if result else "",
        card_offset=(state.page - 1) * PER_PAGE,
        chips=chips(state, facets, labels=labels, links=links),
        panel=make_panel(facets, state=state, labels=labels, links=links) if facets else None,
        notes=_notes(state, result) if result else (),
        trouble=trouble,
        liked=liked,
        next_url=_next_url(state, result, links) if result else "",
        unfiltered_url=links.shop(state.without_filters()),
        no_photo_url=links.shop(replace(base, photo="", box=(), like="", unlike=())),
        whole_photo_url=links.shop(replace(base, box=())),
        photo_url=links.photo(state.photo) if state.photo else "",
        box_edges=",".join(f"{edge:g}" for edge in state.box),
        orders=_orders(state),
        spelling=spelling(state, notes, links),
        meanings=meanings(state, notes, labels=labels, links=links),
        unlike=unlike_chips(state, unlike, links),
        banners=banners(notes.get("banners", ())),
        suggested=suggested,
        ways_out=ways_out.always(state, result, links, tried=suggested),
        said=tuple((name, value) for name, value in (*state.said, *(() if facets else state.narrowing)) if value),
    )


def _heading(state: PageState, liked: Liked | None, facets: tuple[Facet, ...]) -> str:
    words = f"“{state.q}”" if state.q else ""
    if state.photo:
        seen = "Like this part of your photo" if state.box else "Like your photo"
        return f"{seen}, {words}" if words else seen
    if state.like:
        seen = f"Like {liked.product.title}" if liked else "Like another product"
        return f"{seen}, {words}" if words else seen
    if words:
        return words
    names = {value.value: value.label for facet in facets if facet.field_name == "category" for value in facet.values}
    return names.get(state.category, "All products")


def _found_text(result: Result) -> str:
    noun = "product" if result.found == 1 else "products"
    return f"{'' if result.found_exact else 'at least '}{result.found:,} {noun}"


def _announcement(found_text: str, unlike: Mapping[str, str]) -> str:
    return f"{found_text} found{f', {len(unlike)} waved away' if unlike else ''}"


def _notes(state: PageState, result: Result) -> tuple[str, ...]:
    said = (
        (bool(result.degraded), _DEGRADED),
        (result.any_word and bool(result.hits), _ANY_WORD),
        (state.nearest and bool(result.hits), _NEAREST),
    )
    return tuple(text for is_true, text in said if is_true)


def _next_url(state: PageState, result: Result, links: Links) -> str:
    """Where the next page is, if there may be one; it reads on in the same list of results."""
    shown = state.page * PER_PAGE
    is_full = len(result.hits) == PER_PAGE
    is_last = (result.found_exact and result.found <= shown) or shown + PER_PAGE > settings.SEARCH_POOL_SIZE
    if not is_full or is_last:
        return ""
    return links.shop(replace(state, page=state.page + 1, search_id=result.search_id))


def _orders(state: PageState) -> tuple[tuple[str, str], ...]:
    """(value, label) of the sort menu. Where nothing is asked for there is no best match: the newest come first."""
    names = {value: label for value, (label, _) in ORDERS.items()}
    if not state.q and not state.is_visual:
        names = {"": names.pop("newest"), **{value: label for value, label in names.items() if value}}
    return tuple(names.items())
