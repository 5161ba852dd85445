"""The shop page's URLs: at the root for the first store, under /s/<store>/ for any."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from storefront import completing, reports, views

app_name = "storefront"
shop: list[URLPattern | URLResolver] = [
    path("", views.shop, name="shop"),
    path("photos", views.upload_photo, name="photos"),
    path("photos/<str:photo_id>", views.photo, name="photo"),
    path("events", reports.report, name="events"),
    path("suggestions", completing.suggestions, name="suggestions"),
    path("values/<str:code>", views.values, name="values"),
    path("p/<path:sku>", views.product, name="product"),
    path("similar/<path:sku>", views.similar, name="similar"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(shop)),
    path("s/<slug:store_slug>/", include(shop)),
]
