"""What a shopper may be typing, as options under the search field, each with the page that it leads to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from catalog.models import Product, ProductImage, Store
from search.words.suggest import Suggestion, suggest
from storefront.links import Links
from storefront.photos import main_image
from storefront.security import shop_page
from storefront.state import PageState, read_state
from storefront.views import find_store

LIMIT = 8
_KINDS = {"category": "Category", "brand": "Brand", "query": "", "product": ""}


@dataclass(frozen=True, slots=True)
class Option:
    """`text` is safe HTML, what was typed in <mark>; `words` are what the search field holds once it is chosen."""

    kind: str
    kind_label: str
    text: SafeString
    words: str
    url: str
    count: int | None
    product: Product | None
    image: ProductImage | None


@shop_page
@require_GET
@cache_control(private=True, max_age=60)
def suggestions(request: HttpRequest, store_slug: str = "") -> HttpResponse:
    """The options for the words of this state, which keep what else it asks for."""
    store, links, state = find_store(store_slug), Links(store_slug), read_state(request.GET)
    return render(
        request,
        "storefront/_options.html",
        {"store": store, "options": options(store, state, links) if state.q else []},
    )


def options(store: Store, state: PageState, links: Links) -> list[Option]:
    """At most `LIMIT`. One query more than the suggestions themselves, for the products' photos and prices."""
    found = suggest(store, state.q, limit=LIMIT)
    products = _products(store, (one.sku for one in found if one.sku))
    options = []
    for one in found:
        product = products.get(one.sku) if one.sku else None
        if one.sku and product is None:
            continue
        chosen = suggested_state(state, one)
        options.append(
            Option(
                kind=one.kind,
                kind_label=_KINDS[one.kind],
                # The suggestion's text is escaped before it gets its <mark>.
                text=mark_safe(one.highlight),  # noqa: S308
                words=state.q if product else chosen.q,
                url=links.product(product.sku) if product else links.shop(chosen),
                count=one.count,
                product=product,
                image=main_image(product) if product else None,
            )
        )
    return options


def suggested_state(state: PageState, suggestion: Suggestion) -> PageState:
    """The words in the place of those typed; a category or brand narrows what else is asked for."""
    changed = replace(state.first_page(), q=suggestion.q, is_exact=False, ignored=())
    field, _, value = suggestion.filter_by.partition(":=")
    return changed.with_value(field, value) if field in ("category", "brand") and value else changed


def _products(store: Store, skus: Iterable[str]) -> dict[str, Product]:
    found = Product.objects.published().with_facts().filter(store=store, sku__in=list(skus))
    return {product.sku: product for product in found}
