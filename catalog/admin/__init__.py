"""The merchandisers' admin, a module for each noun. Staff see the stores that they are members of, superusers all."""

from django.contrib import admin

from catalog.admin import access, imports, keys, products, stores, taxonomy

admin.site.index_title = "Overview"
admin.site.index_template = "admin/catalog/dashboard.html"

__all__ = ["access", "imports", "keys", "products", "stores", "taxonomy"]
