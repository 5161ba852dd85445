"""The playground's pages in the admin, below the judged queries that it adds to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from catalog.admin.scope import own_stores
from catalog.models import Store
from search.errors import InvalidImage
from search.evaluation.admin import JudgedQueryAdmin
from search.evaluation.records import JudgedQueryRow, JudgedSetRow
from search.models import IndexVersion
from search.playground.asking import Column, ask, beside
from search.playground.forms import PlaygroundForms, read_forms
from search.playground.judging import GAINS, NotKept, keep
from search.query_images import find_query_image, store_query_image

_TO_KEEP = ("search.add_judgedqueryrow", "search.add_judgmentrow", "search.add_judgedsetrow")
MAX_STATE_LENGTH = 12_000

admin.site.unregister(JudgedQueryRow)


@admin.register(JudgedQueryRow)
class PlaygroundAdmin(JudgedQueryAdmin):
    """The judged queries' admin with the playground beside them."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        pages = [
            path("playground/", view(_page), name="search_playground"),
            path("playground/photo/", view(_take_photo), name="search_playground_photo"),
            path(
                "playground/photo/<slug:store_slug>/<str:photo_id>/",
                view(_photo, cacheable=True),
                name="search_playground_shown",
            ),
            path("playground/keep/", view(_keep), name="search_playground_keep"),
        ]
        return [*pages, *super().get_urls()]


def may_play(request: HttpRequest) -> bool:
    """Whoever may see products may search them. Named in the settings for the sidebar."""
    return bool(request.user.is_staff and request.user.has_perm("catalog.view_product"))


@require_safe
def _page(request: HttpRequest) -> HttpResponse:
    stores = _stores(request)
    forms = read_forms(request.GET, stores=stores)
    columns: list[Column] = []
    if request.GET.get("store") and forms.is_valid:
        columns = beside([_column(request, forms, side) for side in forms.shown_sides])
    return render(request, "search/playground/page.html", _context(request, forms, columns))


def _column(request: HttpRequest, forms: PlaygroundForms, side: Any) -> Column:
    version: IndexVersion | None = side.cleaned_data["version"]
    store: Store = forms.asked.cleaned_data["store"]
    return ask(store, forms.request_of(side), owner=f"playground:{request.user.pk}", version=version)


def _context(request: HttpRequest, forms: PlaygroundForms, columns: list[Column]) -> dict[str, Any]:
    store = forms.asked.cleaned_data.get("store") if forms.asked.is_valid() else None
    photo = forms.asked.cleaned_data["photo"] if store else ""
    shown = find_query_image(store, photo) if store and photo else None
    state = request.GET.urlencode()
    return {
        **admin.site.each_context(request),
        "title": "Playground",
        "forms": forms,
        "store": store,
        "columns": columns,
        "ways_out": [
            {"suggestion": way["suggestion"], "url": _changed(request.GET, way["changes"])}
            for column in columns[:1]
            for way in column.ways_out
        ],
        "photo": shown,
        "photo_url": reverse("admin:search_playground_shown", args=[store.slug, shown.pk]) if store and shown else "",
        "no_photo_url": _changed(request.GET, {"photo": "", "box": ""}),
        "state": state,
        "may_keep": bool(store) and request.user.has_perms(_TO_KEEP),
        "sets": JudgedSetRow.objects.filter(store=store).values_list("name", flat=True) if store else [],
        "verdicts": list(GAINS),
    }


@require_POST
def _take_photo(request: HttpRequest) -> HttpResponse:
    """Keep the uploaded photo for a short time, as the API does, and search with it."""
    stores = _stores(request)
    state = _state(request)
    store = _store(stores, state)
    file = request.FILES.get("photo_file")
    changes = {"store": store.slug}
    if file is None:
        messages.error(request, "Choose a photo first.")
    elif (file.size or 0) > settings.IMAGE_MAX_BYTES:
        messages.error(request, f"The photo is larger than {settings.IMAGE_MAX_BYTES // 2**20} MB: make it smaller.")
    else:
        try:
            changes |= {"photo": store_query_image(store, file.read()).pk, "box": "", "like": ""}
        except InvalidImage as error:
            messages.error(request, error.message)
    return HttpResponseRedirect(_page_url(state, changes))


@require_safe
def _photo(request: HttpRequest, store_slug: str, photo_id: str) -> HttpResponse:
    kept = find_query_image(get_object_or_404(_stores(request), slug=store_slug), photo_id)
    if kept is None:
        raise Http404("This photo is no longer here.")
    return HttpResponse(bytes(kept.data), content_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


@require_POST
def _keep(request: HttpRequest) -> HttpResponse:
    """Keep the search with its judgments."""
    stores = _stores(request)
    if not request.user.has_perms(_TO_KEEP):
        raise PermissionDenied
    state = _state(request)
    store = _store(stores, state)
    forms = read_forms(state, stores=stores)
    name = request.POST.get("new_set", "").strip() or request.POST.get("set", "")
    if not forms.is_valid:
        messages.error(request, "This search has mistakes: correct them, search, and judge again.")
        return HttpResponseRedirect(_page_url(state, {}))
    judgments = {int(pk): verdict for pk, verdict in _verdicts(request.POST) if pk.isdecimal() and len(pk) < 19}
    try:
        row = keep(
            store,
            forms.request_of(forms.sides[0]),
            judgments,
            set_name=name,
            key=request.POST.get("key", "").replace("\x00", ""),
        )
    except NotKept as error:
        messages.error(request, f"Not kept: {error}")
        return HttpResponseRedirect(_page_url(state, {}))
    messages.success(request, f"Kept as “{row.key}” in the set {name}, with {row.judgments.count()} judgments.")
    return HttpResponseRedirect(_page_url(state, {"into": name}))


def _verdicts(posted: QueryDict) -> list[tuple[str, str]]:
    return [(name.removeprefix("gain-"), str(posted[name])) for name in posted if name.startswith("gain-")]


def _stores(request: HttpRequest) -> Any:
    if not may_play(request):
        raise PermissionDenied
    return own_stores(request)


def _store(stores: Any, state: QueryDict) -> Store:
    """The store that the page's state names, of the user's own; the first where it names none."""
    slug = state.get("store", "")
    if not slug and (first := stores.first()) is not None:
        return first  # type: ignore[no-any-return]
    return get_object_or_404(stores, slug=slug.replace("\x00", ""))  # type: ignore[no-any-return]


def _state(request: HttpRequest) -> QueryDict:
    """The address of the page that a form was sent from."""
    return QueryDict(request.POST.get("state", "")[:MAX_STATE_LENGTH])


def _page_url(state: QueryDict, changes: dict[str, str]) -> str:
    return f"{reverse('admin:search_playground')}{_changed(state, changes)}"


def _changed(state: QueryDict, changes: dict[str, str]) -> str:
    """The address's query with these fields set; empty ones are left out."""
    fields = {**{name: state[name] for name in state}, **changes}
    return "?" + urlencode({name: value for name, value in fields.items() if value})
