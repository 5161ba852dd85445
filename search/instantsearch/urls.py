"""The addresses that Algolia's clients ask, `*` included as it stands."""

from __future__ import annotations

from django.urls import path

from search.instantsearch.views import FacetQueryView, QueriesView, QueryView

urlpatterns = [
    path("1/indexes/*/queries", QueriesView.as_view(), name="instantsearch-queries"),
    path("1/indexes/<str:index>/query", QueryView.as_view(), name="instantsearch-query"),
    path("1/indexes/<str:index>/facets/<str:facet>/query", FacetQueryView.as_view(), name="instantsearch-facet"),
]
