"""Searches and events in the admin: a page of insights for each of the user's stores, and the rows behind it, to read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.admin.decorators import display
from catalog.admin.scope import StoreScopedAdmin, own_stores
from catalog.models import Product, Store
from search.events import insights
from search.events.insights import AskedRow, NotRelevantRow, Period, Summary
from search.events.records import SearchEvent, SearchLog

DEFAULT_DAYS = 30
PRESETS = (7, 30, 90)
_CHART_OPTIONS = json.dumps(
    {
        "animation": False,
        "maintainAspectRatio": False,
        "plugins": {"legend": {"display": True, "align": "end", "position": "top"}},
        "scales": {
            "x": {"stacked": True, "grid": {"display": False}},
            "y": {"stacked": True, "beginAtZero": True, "ticks": {"precision": 0}},
        },
    }
)


class ReadOnlyScoped(StoreScopedAdmin):
    """Rows that shoppers write and people only read."""

    store_path = "store"
    list_select_related = ["store"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(SearchLog)
class SearchLogAdmin(ReadOnlyScoped):
    """The searches one by one, and the page of what they say together."""

    list_display = ["shown_words", "mode", "found", "took_ms", "store", "created_at"]
    list_filter = ["mode", "is_superseded"]
    search_fields = ["words", "=search_id"]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.insights_view)
        return [path("insights/", view, name="search_searchlog_insights"), *super().get_urls()]

    @display(description="words")
    def shown_words(self, search: SearchLog) -> str:
        return search.words or "-"

    def insights_view(self, request: HttpRequest) -> HttpResponse:
        """The page. Everything in it that a shopper wrote is escaped by the templates."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        stores, period = list(own_stores(request)), read_period(request)
        context = {
            **self.admin_site.each_context(request),
            "title": "Search insights",
            "stores": stores,
            "store": (store := _chosen(request, stores)),
            "period": period,
            "retention_days": settings.EVENT_RETENTION_DAYS,
            "presets": [_preset(days, store, period) for days in PRESETS],
            "log_url": reverse("admin:search_searchlog_changelist"),
        }
        if store is not None:
            context |= _figures(store, period)
        return render(request, "search/insights.html", context)


@admin.register(SearchEvent)
class SearchEventAdmin(ReadOnlyScoped):
    """The events one by one. Visitors are pseudonyms, and are not listed."""

    list_display = ["kind", "sku", "position", "value", "store", "occurred_at"]
    list_filter = ["kind"]
    search_fields = ["=sku", "=search_id"]
    fields = ["store", "kind", "sku", "search_id", "position", "value", "occurred_at"]


def read_period(request: HttpRequest) -> Period:
    """The asked days, the last 30 where none or none that exist are asked, no longer than events are kept."""
    today = timezone.localdate()
    last = min(_date(request.GET.get("to", "")) or today, today)
    first = min(_date(request.GET.get("from", "")) or last - timedelta(days=DEFAULT_DAYS - 1), last)
    return Period(max(first, last - timedelta(days=settings.EVENT_RETENTION_DAYS)), last)


def _date(text: str) -> date | None:
    try:
        stated = date.fromisoformat(text)
    except ValueError:
        return None
    # Further back than any shop, and never where a date's arithmetic ends.
    return stated if stated.year >= 2000 else None


def _chosen(request: HttpRequest, stores: Sequence[Store]) -> Store | None:
    """The asked store, which must be one of the user's; else the first of them."""
    asked = request.GET.get("store", "")
    if not asked:
        return stores[0] if stores else None
    found = next((store for store in stores if str(store.pk) == asked), None)
    if found is None:
        raise Http404("There is no such store among yours.")
    return found


def _preset(days: int, store: Store | None, period: Period) -> dict[str, Any]:
    today = timezone.localdate()
    first = today - timedelta(days=days - 1)
    chosen = f"&store={store.pk}" if store else ""
    return {
        "label": f"{days} days",
        "query": f"?from={first}&to={today}{chosen}",
        "is_chosen": (period.first, period.last) == (first, today),
    }


def _figures(store: Store, period: Period) -> dict[str, Any]:
    summary = insights.summary(store, period)
    return {
        "cards": _cards(summary),
        "chart": json.dumps(_chart(summary)),
        "chart_options": _CHART_OPTIONS,
        "words": _table(insights.popular_words(store, period), "words"),
        "empty_words": _table(insights.words_without_hits(store, period), "words", has_hits=False),
        "photos": _table(insights.popular_photos(store, period), "photo"),
        "empty_photos": _table(insights.photos_without_hits(store, period), "photo", has_hits=False),
        "unwanted": _unwanted(store, insights.not_relevant(store, period)),
    }


def _cards(summary: Summary) -> list[dict[str, str]]:
    return [
        {"name": "Searches", "value": _number(summary.searches), "note": "first pages, without steps of typing"},
        {
            "name": "Found nothing",
            "value": _share(summary.without_hits, summary.searches),
            "note": f"{_number(summary.without_hits)} searches",
        },
        {
            "name": "Led to a click",
            "value": _share(summary.clicked, summary.searches),
            "note": f"{_number(summary.clicked)} searches",
        },
        {"name": "Not relevant", "value": _number(summary.not_relevant), "note": "times said of a product"},
        {
            "name": "Median time",
            "value": "–" if summary.median_ms is None else f"{_number(summary.median_ms)} ms",
            "note": "of a search on the server",
        },
    ]


def _chart(summary: Summary) -> dict[str, Any]:
    return {
        "labels": [date_format(day.day, "j M") for day in summary.days],
        "datasets": [
            {
                "label": "found something",
                "data": [day.searches - day.without_hits for day in summary.days],
                "backgroundColor": "var(--color-primary-500)",
            },
            {
                "label": "found nothing",
                "data": [day.without_hits for day in summary.days],
                "backgroundColor": "var(--color-base-400)",
            },
        ],
    }


def _table(rows: Iterable[AskedRow], what: str, *, has_hits: bool = True) -> dict[str, Any]:
    shown = _text if what == "words" else _photo
    if has_hits:
        headers = [what, "searches", "found last", "led to a click"]
        cells = [
            [shown(row.text), _number(row.searches), _number(row.found), _bar(row.clicked, row.searches)]
            for row in rows
        ]
    else:
        headers = [what, "searches", "with filters", "last asked"]
        cells = [[shown(row.text), _number(row.searches), _number(row.filtered), _when(row)] for row in rows]
    return {"headers": headers, "rows": cells}


def _unwanted(store: Store, rows: Sequence[NotRelevantRow]) -> dict[str, Any]:
    ids = dict(Product.objects.filter(store=store, sku__in={row.sku for row in rows}).values_list("sku", "pk"))
    return {
        "headers": ["words", "product", "times", "last said"],
        "rows": [
            [
                _text(row.words or "(a photo, or no words)"),
                _product(row, ids.get(row.sku)),
                _number(row.count),
                _when(row),
            ]
            for row in rows
        ],
    }


def _text(text: str) -> SafeString:
    return format_html(
        '<span class="block max-w-48 truncate text-font-important-light dark:text-font-important-dark" title="{}">{}</span>',
        text,
        text,
    )


def _photo(digest: str) -> SafeString:
    return format_html('<span class="font-mono text-xs" title="{}">{}</span>', digest, digest[:10])


def _product(row: NotRelevantRow, product_id: int | None) -> SafeString:
    if product_id is None:
        return format_html("{} <span>({}, gone)</span>", row.title or "A product", row.sku)
    return format_html(
        '<a class="block max-w-sm truncate text-primary-600 dark:text-primary-500" href="{}" title="{}">{}</a>',
        reverse("admin:catalog_product_change", args=[product_id]),
        row.sku,
        row.title,
    )


def _bar(part: int, whole: int) -> SafeString:
    percent = round(100 * part / whole) if whole else 0
    return format_html(
        '<span class="flex items-center gap-3"><span class="tabular-nums w-10 whitespace-nowrap">{} %</span>'
        '<span class="bg-base-100 dark:bg-base-800 h-1.5 overflow-hidden rounded-default w-16">'
        '<span class="bg-primary-500 block h-1.5" style="width: {}%"></span></span></span>',
        percent,
        percent,
    )


def _when(row: AskedRow | NotRelevantRow) -> SafeString:
    return format_html(
        '<span class="whitespace-nowrap">{}</span>', date_format(timezone.localtime(row.last_at), "j M, H:i")
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _number(count: int) -> str:
    return number_format(count, use_l10n=True, force_grouping=True)
