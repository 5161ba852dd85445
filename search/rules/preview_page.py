"""The admin's preview page: words or a photo, the rules to try, and both answers side by side."""

from __future__ import annotations

import base64
from typing import Any

from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from catalog.admin.scope import own_stores
from catalog.models import Store
from search.api.requests import build_query
from search.errors import SearchError
from search.query_images import find_query_image, store_query_image
from search.rules.active import rules_to_try
from search.rules.forms import PreviewForm
from search.rules.matching import Rule as RuleValue
from search.rules.preview import carried, compare, rule_from, suggested_words
from search.rules.records import Rule

_SALT = "search.rules.preview"
# A page that is left open for a day is asked again from the rule's form.
_MAX_AGE_S = 24 * 3600


def preview_page(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """The page as it was opened from a list, or sent again with other words."""
    store = _store(model_admin, request)
    if store is None:
        return _page(model_admin, request, {"problem": "Choose a store first: you are a member of none."})
    stated = request.POST if request.method == "POST" else request.GET
    carried_text = stated.get("unsaved", "")
    unsaved, problem = _unsaved(carried_text, store)
    return _answered(model_admin, request, store, unsaved=unsaved, carried_text=carried_text, problem=problem)


def preview_unsaved(model_admin: Any, request: HttpRequest, rule: Rule) -> HttpResponse:
    """The page of a rule's form that was sent to be previewed; the caller takes back what it saved."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    value = rules_to_try(rule.store, [rule.pk])[0]
    text = signing.dumps({"store": rule.store_id, "rule": carried(value)}, salt=_SALT, compress=True)
    return _answered(model_admin, request, rule.store, unsaved=value, carried_text=text, is_first=True)


def _answered(
    model_admin: Any,
    request: HttpRequest,
    store: Store,
    *,
    unsaved: RuleValue | None,
    carried_text: str,
    problem: str = "",
    is_first: bool = False,
) -> HttpResponse:
    rows = Rule.objects.filter(store=store).order_by("priority", "pk")
    choices = [
        (row.pk, f"{row.name}{'' if row.is_enabled else ' (off)'}")
        for row in rows
        if unsaved is None or row.pk != unsaved.id
    ]
    is_sent = request.method == "POST" and not is_first
    initial: dict[str, Any] = {
        "words": request.GET.get("words", "") or (suggested_words(unsaved) if unsaved else ""),
        "rules": [int(pk) for pk in request.GET.getlist("rules")[:50] if pk.isdecimal() and len(pk) < 19],
    }
    form = (
        PreviewForm(request.POST, request.FILES, choices=choices)
        if is_sent
        else PreviewForm(initial=initial, choices=choices)
    )
    context: dict[str, Any] = {
        "form": form,
        "store": store,
        "stores": own_stores(request),
        "unsaved": unsaved,
        "carried": carried_text,
        "problem": problem,
    }
    if is_sent and not form.is_valid():
        return _page(model_admin, request, context)
    asked = form.cleaned_data if is_sent else initial
    try:
        photo = _photo(store, asked.get("photo"), request.POST.get("photo_id", "") if is_sent else "")
        data = {
            "q": asked["words"],
            "filter_by": asked.get("filter_by", ""),
            **({"image": {"id": photo.pk}} if photo else {}),
        }
        context["photo"] = photo
        context["photo_uri"] = f"data:image/jpeg;base64,{base64.b64encode(bytes(photo.data)).decode()}" if photo else ""
        query = build_query(store, owner=f"user:{request.user.pk}", data=data)
        context["comparison"] = compare(query, store, ids=asked["rules"], unsaved=unsaved)
    except SearchError as error:
        context["problem"] = error.message
    return _page(model_admin, request, context)


def _photo(store: Store, file: Any, photo_id: str) -> Any:
    """The photo of this request, kept for the next; else the one that an earlier request kept."""
    if file:
        return store_query_image(store, file.read())
    return find_query_image(store, photo_id) if photo_id else None


def _store(model_admin: Any, request: HttpRequest) -> Store | None:
    """The chosen store if it is one of the user's; else their first."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    stated = request.POST if request.method == "POST" else request.GET
    slug = stated.get("store", "").replace("\x00", "")
    stores = own_stores(request)
    return (stores.filter(slug=slug).first() if slug else None) or stores.first()


def _unsaved(text: str, store: Store) -> tuple[RuleValue | None, str]:
    """The rule that the page carries, if it is this store's and untouched."""
    if not text:
        return None, ""
    try:
        stated = signing.loads(text, salt=_SALT, max_age=_MAX_AGE_S)
    except signing.BadSignature:
        return None, "The unsaved rule is too old: open the preview from its form again."
    return (rule_from(stated["rule"]), "") if stated["store"] == store.pk else (None, "")


def _page(model_admin: Any, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    site = model_admin.admin_site.each_context(request)
    full = {
        **site,
        "title": "Preview of rules",
        "opts": model_admin.model._meta,
        "address": reverse("admin:search_rule_preview"),
    }
    return TemplateResponse(request, "search/rule_preview.html", {**full, **context}).render()
