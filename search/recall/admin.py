"""Recall in the admin: a chart by selectivity over time, what is wrong, and what to do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from catalog.admin.scope import ReadOnlyAdmin
from search.models import IndexVersion, RecallSample, VersionState
from search.recall.alarms import current_alarms, recall_by_selectivity
from search.recall.buckets import PROMISE, shown
from search.recall.chart import recall_chart

PERIODS_DAYS = (7, 30, 90)


@admin.register(RecallSample)
class RecallSampleAdmin(ReadOnlyAdmin):
    """One page instead of a list: single searches say little."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        versions = list(IndexVersion.objects.exclude(state=VersionState.RETIRED)) or list(
            IndexVersion.objects.all()[:1]
        )
        version = _chosen(request, versions)
        days = int(asked) if (asked := request.GET.get("days", "")) in map(str, PERIODS_DAYS) else PERIODS_DAYS[0]
        context = {
            **self.admin_site.each_context(request),
            "title": "Recall",
            "versions": versions,
            "version": version,
            "days": days,
            "periods": PERIODS_DAYS,
            "promise": PROMISE,
            "share": f"{settings.RECALL_SAMPLE_SHARE:g}",
            "retention_days": settings.RECALL_RETENTION_DAYS,
            "alarms": current_alarms(),
        }
        if version is not None:
            context |= _figures(version, days)
        return render(request, "search/recall.html", context)


def _chosen(request: HttpRequest, versions: list[IndexVersion]) -> IndexVersion | None:
    asked = request.GET.get("version", "")
    live = next((one for one in versions if one.state == VersionState.LIVE), versions[0] if versions else None)
    return next((one for one in versions if str(one.pk) == asked), live)


def _figures(version: IndexVersion, days: int) -> dict[str, Any]:
    today = timezone.now().date()
    first = today - timedelta(days=days - 1)
    day = {one.selectivity: one for one in recall_by_selectivity(version)}
    rows = recall_by_selectivity(version, since=timezone.now() - timedelta(days=days))
    return {
        "chart": recall_chart(version, first=first, last=today),
        "table": {
            "headers": [
                "Rows that pass the filter",
                "Recall@10, 24 hours",
                "Searches",
                f"Recall@10, {days} days",
                "Searches",
            ],
            "rows": [
                [
                    f"up to {shown(one.selectivity)}",
                    f"{last.recall:.4f}" if (last := day.get(one.selectivity)) else "-",
                    f"{last.searches:,}" if last else "-",
                    f"{one.recall:.4f}",
                    f"{one.searches:,}",
                ]
                for one in rows
            ],
        },
    }
