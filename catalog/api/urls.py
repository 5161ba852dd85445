"""The products' addresses, included by the site's API urls."""

from __future__ import annotations

from django.urls import path

from catalog.api.views import ProductImportView, ProductListView, ProductView

# A SKU may hold slashes, so these come after longer addresses such as `/similar`.
urlpatterns = [
    path("api/v1/products", ProductListView.as_view(), name="products"),
    path("api/v1/products/import", ProductImportView.as_view(), name="products-import"),
    path("api/v1/products/<path:sku>", ProductView.as_view(), name="product"),
]
