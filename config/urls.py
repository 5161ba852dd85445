"""Every URL of the site, by the application that answers it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.static import serve

handler500 = "search.serving.outages.server_error"


def photo(request: HttpRequest, path: str) -> FileResponse | HttpResponse:
    """A product's photo, its type by the name that we gave it."""
    return serve(request, path, document_root=str(settings.MEDIA_ROOT))


urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("search.api.urls")),
    path("", include("storefront.urls")),
]
if settings.SERVE_MEDIA:
    # Photos alone: import files lie in the same storage and are nobody else's to read.
    urlpatterns.append(re_path(r"^media/(?P<path>products/.*)$", photo))
