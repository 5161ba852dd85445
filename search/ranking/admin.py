"""What merchandisers declare for ranking, and what was learned for it, in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from catalog.admin.decorators import display
from catalog.admin.scope import FixedStoreForm, ScopedAutocompleteFilter, StoreScopedAdmin
from search.ranking.records import RankingModifier, RankingWeights


@admin.register(RankingModifier)
class RankingModifierAdmin(StoreScopedAdmin):
    """One row for each signal that a store wants."""

    store_path = "store"
    form = FixedStoreForm
    list_display = ["signal", "store", "weight", "half_life_days", "is_active"]
    list_filter = ["signal", "is_active", ["store", ScopedAutocompleteFilter]]
    list_select_related = ["store"]
    fields = ["store", "signal", "weight", "half_life_days", "is_active"]


@admin.register(RankingWeights)
class RankingWeightsAdmin(StoreScopedAdmin):
    """Read, and deleted to switch the second stage off; learned by `manage.py tune_ranking`."""

    store_path = "store"
    list_display = ["store", "shown_gain", "fitted_at"]
    list_select_related = ["store"]
    readonly_fields = ["store", "fingerprint", "weights", "figures", "fitted_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="NDCG@10, before and after")
    def shown_gain(self, row: RankingWeights) -> str:
        before, after = (row.figures.get(name) for name in ("before", "after"))
        return "-" if before is None or after is None else f"{before:.3f}, {after:.3f}"
