"""From the page's state to a search request, and from its failures to words that help a shopper on."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.models import Store
from search.api.requests import search_request
from search.errors import EncoderUnavailable, IndexUnavailable, SearchError
from search.result import Facet, Result
from storefront.state import ORDERS, PER_PAGE, PageState

logger = logging.getLogger(__name__)
# Binds the pinned lists of results: the page is public, so all its visitors are one asker.
OWNER = "shop page"
# An attribute beyond these has no group in the panel; the request's own limit is 20 facets.
MAX_ATTRIBUTE_GROUPS = 12
# Of brands and of each attribute; a search within the facet finds the others.
MAX_VALUES = 40


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no answer. `status` is the HTTP status of the page that says so."""

    title: str
    message: str
    status: int


def ask(store: Store, state: PageState, *, facet_codes: Iterable[str] | None) -> Result:
    """Search for what the page shows, and count its facets and these attributes, or nothing at all for `None`.

    Raises as `search_request` does.
    """
    return search_request(store, owner=OWNER, data=search_data(state, facet_codes=facet_codes))


def search_data(state: PageState, *, facet_codes: Iterable[str] | None) -> dict[str, Any]:
    """The search request's fields for this state."""
    data: dict[str, Any] = {
        "q": state.q,
        "filters": _filters(state),
        "sort_by": ORDERS[state.order][1],
        "page": state.page,
        "per_page": PER_PAGE,
        "search_id": state.search_id,
        "typo_tolerance": not state.is_exact,
        **({"ignore": list(state.ignored)} if state.ignored else {}),
        "not_relevant": list(state.unlike),
        "collapse": "all",
    }
    if state.photo:
        data["image"] = {"id": state.photo, **({"box": list(state.box)} if state.box else {})}
    elif state.like:
        data["image"] = {"product": state.like}
    if state.nearest:
        data["min_confidence"] = 0.0
    if facet_codes is not None:
        codes = ["brand", *list(facet_codes)[:MAX_ATTRIBUTE_GROUPS]]
        wide = [{"field_name": code, "limit": MAX_VALUES} for code in codes]
        data["facet_by"] = [{"field_name": "category", "limit": 1000}, "price", "in_stock", "palette", *wide]
    return data


def find_values(store: Store, state: PageState, *, code: str, words: str) -> Facet:
    """The values of one facet with a word that begins so, counted as the page counts them; all of them without words.

    The state's `search_id` spares the search that the page has already made. Raises as `search_request` does.
    """
    data = search_data(state, facet_codes=None)
    data |= {"page": 1, "per_page": 1, "suggestions": False, "facet_by": [{"field_name": code, "limit": MAX_VALUES}]}
    if words:
        data["facet_query"] = f"{code}:{words}"
    return search_request(store, owner=OWNER, data=data).facets[0]


def similar(store: Store, sku: str, *, count: int) -> Result:
    """Products that look like this one."""
    return search_request(store, owner=OWNER, data={"image": {"product": sku}, "per_page": count, "collapse": "all"})


def trouble_of(error: SearchError, state: PageState) -> Trouble:
    """What to tell the shopper about this error."""
    if isinstance(error, IndexUnavailable | EncoderUnavailable):
        logger.warning("The shop page has no answer: %s", error)
        return Trouble("Photo search is resting", "Searching by words still works. Try the photo again soon.", 503)
    if state.photo and error.field == "image.id":
        return Trouble(
            "This photo is no longer here", "A photo is kept for a short time only. Pick, drop or paste it again.", 400
        )
    return Trouble("This search does not work", error.message, 400)


def _filters(state: PageState) -> Mapping[str, Any]:
    filters: dict[str, Any] = {}
    if state.category:
        filters["category"] = [state.category]
    if state.brands:
        filters["brand"] = list(state.brands)
    price = {name: text for name, text in (("min", state.price_min), ("max", state.price_max)) if text}
    if price:
        filters["price"] = price
    if state.in_stock:
        filters["in_stock"] = True
    if state.palette:
        filters["palette"] = {"colours": list(state.palette)}
    if state.attributes:
        filters["attributes"] = {code: list(values) for code, values in state.attributes}
    return filters
