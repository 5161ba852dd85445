"""The shop page's views: find the store, read the state, ask, render the whole page or the part that htmx asked for."""

from __future__ import annotations

import logging
from dataclasses import replace
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.html import escape
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import push_url, replace_url, reswap, retarget
from django_htmx.middleware import HtmxDetails

from catalog.models import Product, Store
from search.errors import InvalidImage, InvalidQuery, SearchError
from search.events.search_log import supersede_search
from search.models import QueryImage
from search.query_images import load_query_image, store_query_image
from storefront import asking
from storefront.asking import Trouble
from storefront.cards import cards, detail
from storefront.links import Links
from storefront.page import make_page
from storefront.panel import attribute_labels, make_group
from storefront.security import UPLOADS_PER_MINUTE, may_upload, shop_page
from storefront.state import PageState, read_state

logger = logging.getLogger(__name__)
MAX_FIND_LENGTH = 60
# The row of similar products under a product.
SIMILAR = 8


class ShopRequest(HttpRequest):
    """A request as django-htmx's middleware leaves it."""

    htmx: HtmxDetails


@shop_page
@require_GET
def shop(request: ShopRequest, store_slug: str = "") -> HttpResponse:
    """The page of results, or of the whole catalogue where nothing is asked for."""
    if not store_slug and not Store.objects.exists():
        return render(request, "storefront/no_store.html")
    return answer(request, find_store(store_slug), links=Links(store_slug), state=read_state(request.GET))


@shop_page
@require_POST
def upload_photo(request: ShopRequest, store_slug: str = "") -> HttpResponse:
    """Keep the photo for a short time and search with it, beside the words and filters that the form already had."""
    store, links = find_store(store_slug), Links(store_slug)
    state = read_state(request.POST).first_page()
    try:
        photo = keep_photo(request, store)
    except InvalidQuery as error:
        return refuse(request, store, links=links, state=state, message=error.message)
    state = replace(state, photo=photo.pk, box=(), like="", unlike=())
    if not request.htmx:
        return HttpResponseRedirect(links.shop(state), status=303)
    return answer(request, store, links=links, state=state)


@require_GET
@cache_control(private=True, max_age=3600, immutable=True)
def photo(request: HttpRequest, photo_id: str, store_slug: str = "") -> HttpResponse:
    """A kept photo, for the shopper who has its unguessable id."""
    try:
        kept = load_query_image(find_store(store_slug), photo_id)
    except InvalidQuery as error:
        raise Http404(error.message) from error
    return HttpResponse(bytes(kept.data), content_type="image/jpeg")


@shop_page
@require_GET
def product(request: ShopRequest, sku: str, store_slug: str = "") -> HttpResponse:
    """A product in full: its part for the dialog, or a page of its own."""
    store, links = find_store(store_slug), Links(store_slug)
    if "\x00" in sku:
        raise Http404("No sku has a zero byte.")
    found = get_object_or_404(Product.objects.published().with_facts(), store=store, sku=sku)
    context = {
        "store": store,
        "links": links,
        "detail": detail(found, links),
        "page_title": f"{found.title} · {store.name}",
    }
    template = "_product.html" if request.htmx else "product.html"
    return render(request, f"storefront/{template}", context)


@shop_page
@require_GET
def similar(request: ShopRequest, sku: str, store_slug: str = "") -> HttpResponse:
    """The row of products that look like this one; empty where photo search has no answer."""
    store, links = find_store(store_slug), Links(store_slug)
    if not request.htmx:
        return HttpResponseRedirect(links.shop(PageState(like=sku)))
    context: dict[str, object] = {"store": store, "cards": [], "page_number": 2}
    try:
        found = asking.similar(store, sku, count=SIMILAR)
        context |= {"cards": cards(found.hits, links), "search_id": found.search_id, "card_offset": 0}
    except SearchError as error:
        logger.info("Nothing similar to %r is shown: %s", sku, error)
    return render(request, "storefront/_similar.html", context)


@shop_page
@require_GET
def values(request: ShopRequest, code: str, store_slug: str = "") -> HttpResponse:
    """The values of one facet that a shopper looks for, without those in use, which stand beside."""
    store, links, state = find_store(store_slug), Links(store_slug), read_state(request.GET)
    labels = {"brand": "Brand", **attribute_labels(store)}
    if code not in labels:
        raise Http404("The store has no such facet.")
    state = replace(state, attributes=tuple(pair for pair in state.attributes if pair[0] in labels))
    words = " ".join(request.GET.get("find", "").replace("\x00", "").split())[:MAX_FIND_LENGTH]
    try:
        facet = asking.find_values(store, state, code=code, words=words)
    except SearchError as error:
        logger.info("The values of %r are not searched: %s", code, error)
        return HttpResponse(escape(error.message), status=503)
    group = make_group(code, labels[code], facet, links)
    return render(request, "storefront/_values.html", {"group": group, "words": words})


def find_store(store_slug: str) -> Store:
    """The store of this slug, or the first one made where the URL names none. Otherwise a 404."""
    stores = Store.objects.filter(slug=store_slug) if store_slug else Store.objects.order_by("pk")
    store = stores.first()
    if store is None:
        raise Http404(f"There is no store {store_slug!r}." if store_slug else "There is no store yet.")
    return store


def answer(
    request: ShopRequest, store: Store, *, links: Links, state: PageState, trouble: Trouble | None = None
) -> HttpResponse:
    """The page in this state: all of it, what a new search changes, or the cards of a further page."""
    is_part = bool(request.htmx) and not request.htmx.history_restore_request
    is_continued = is_part and request.htmx.target == "next"
    page = make_page(store, links, state, trouble=trouble, is_continued=is_continued)
    context = {**page.context(), "is_shop": True, "page_number": state.page}
    if not is_part:
        return render(request, "storefront/shop.html", context, status=page.status)
    if is_continued:
        return render(request, "storefront/_cards.html", context, status=page.status)
    response = render(request, "storefront/_answer.html", context, status=page.status)
    url = links.shop(page.state)
    if not is_typing_on(request, state):
        return push_url(response, url)
    supersede_search(store, request.headers.get("X-Search-Before", ""))
    return replace_url(response, url)


def is_typing_on(request: ShopRequest, state: PageState) -> bool:
    """Whether only the words differ from the page shown, and only grew or shrank: no step for the back button."""
    before = read_state(QueryDict(urlsplit(request.htmx.current_url or "").query))
    if replace(before, q=state.q) != state.first_page():
        return False
    return before.q == state.q or bool(before.q and state.q and prefixed(before.q, state.q))


def prefixed(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def keep_photo(request: ShopRequest, store: Store) -> QueryImage:
    """Store the uploaded photo. Raises `InvalidQuery` or `InvalidImage` with words for the shopper."""
    file = request.FILES.get("photo_file")
    if file is None:
        raise InvalidImage("Pick a photo first.", field="photo_file")
    if not may_upload(request):
        raise InvalidQuery(
            f"That were more than {UPLOADS_PER_MINUTE} photos in a minute: wait a moment.", field="photo_file"
        )
    if (file.size or 0) > settings.IMAGE_MAX_BYTES:
        raise InvalidImage(f"The photo is larger than {settings.IMAGE_MAX_BYTES // 2**20} MB: make it smaller.")
    return store_query_image(store, file.read())


def refuse(request: ShopRequest, store: Store, *, links: Links, state: PageState, message: str) -> HttpResponse:
    """Say why a photo was not taken: in the toast, above results that stay as they are, or on a page of its own."""
    if not request.htmx:
        trouble = Trouble("This photo does not work", message, 400)
        return answer(request, store, links=links, state=state, trouble=trouble)
    response = HttpResponse(escape(message), status=400)
    return reswap(retarget(response, "#trouble"), "innerHTML")
