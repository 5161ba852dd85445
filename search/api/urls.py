"""The URLs of the API, its description, and what watches it."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from search.api import health, indexes, rules, wording
from search.api.events import EventsView
from search.api.metrics import metrics
from search.api.multi import MultiSearchView
from search.api.suggestions import SuggestView
from search.api.views import ImagesView, ImageView, SearchView, SimilarView
from search.api.visitors import VisitorEventsView, VisitorView


class UnknownPathView(APIView):
    """Whatever else is under /api/ and /1/: a problem document like every other error there."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    schema = None

    def initial(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        raise NotFound("There is no such path; see /api/docs.")


_open = {"authentication_classes": [], "permission_classes": [AllowAny], "throttle_classes": []}

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/search", SearchView.as_view(), name="search"),
    path("api/v1/suggest", SuggestView.as_view(), name="suggest"),
    path("api/v1/multi_search", MultiSearchView.as_view(), name="multi-search"),
    path("api/v1/images", ImagesView.as_view(), name="images"),
    path("api/v1/images/<str:image_id>", ImageView.as_view(), name="image"),
    path("api/v1/products/<path:sku>/similar", SimilarView.as_view(), name="similar"),
    path("api/v1/events", EventsView.as_view(), name="events"),
    path("api/v1/visitors/<str:visitor>", VisitorView.as_view(), name="visitor"),
    path("api/v1/visitors/<str:visitor>/events", VisitorEventsView.as_view(), name="visitor-events"),
    path("api/v1/rules", rules.RuleListView.as_view(), name="rules"),
    path("api/v1/rules/<int:pk>", rules.RuleView.as_view(), name="rule"),
    path("api/v1/synonyms", wording.SynonymListView.as_view(), name="synonyms"),
    path("api/v1/synonyms/<int:pk>", wording.SynonymView.as_view(), name="synonym"),
    path("api/v1/presets", wording.PresetListView.as_view(), name="presets"),
    path("api/v1/presets/<int:pk>", wording.PresetView.as_view(), name="preset"),
    path("api/v1/indexes", indexes.IndexListView.as_view(), name="indexes"),
    path("api/v1/indexes/<int:pk>", indexes.IndexView.as_view(), name="index"),
    path("api/v1/indexes/<int:pk>/compare", indexes.CompareView.as_view(), name="index-compare"),
    path("api/v1/indexes/<int:pk>/promote", indexes.PromoteView.as_view(), name="index-promote"),
    path("api/v1/indexes/<int:pk>/rollback", indexes.RollbackView.as_view(), name="index-rollback"),
    path("", include("catalog.api.urls")),
    path("", include("search.instantsearch.urls")),
    path("api/schema", SpectacularAPIView.as_view(**_open), name="schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="schema", **_open), name="docs"),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", metrics, name="metrics"),
    re_path(r"^(?:api|1)/", UnknownPathView.as_view()),
]
