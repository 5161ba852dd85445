"""Filters of the product list that are not plain columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from catalog.admin.scope import within_own_stores
from catalog.models import Category, Product, ProductImage
from catalog.taxonomy import category_choices

_YES_NO = [("yes", "Yes"), ("no", "No")]


class CategoryFilter(DropdownFilter):  # type: ignore[misc]
    """A category with everything below it."""

    title = "category"
    parameter_name = "in_category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        own = within_own_stores(Category.objects.order_by("store__name", "path"), request)
        return [(str(pk), name) for pk, name in category_choices(own)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        value = str(self.value() or "")
        if not value.isdigit():
            return queryset
        own = within_own_stores(Category.objects.filter(pk=value), request)
        paths = list(own.values_list("path", flat=True))
        return queryset.filter(category__path__startswith=paths[0]) if paths else queryset.none()


class _YesNoFilter(admin.SimpleListFilter):
    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return _YES_NO

    def choices(self, changelist: Any) -> Iterator[Any]:
        return super().choices(changelist)


class StockFilter(_YesNoFilter):
    title = "in stock"
    parameter_name = "in_stock"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        if self.value() == "yes":
            return queryset.filter(quantity__gt=0)
        return queryset.filter(quantity=0) if self.value() == "no" else queryset


class PriceFilter(_YesNoFilter):
    title = "has a price"
    parameter_name = "has_price"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        return queryset.filter(price__isnull=self.value() == "no") if self.value() else queryset


class ImageFilter(_YesNoFilter):
    title = "has a photo"
    parameter_name = "has_image"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        if not self.value():
            return queryset
        has_image = Exists(ProductImage.objects.filter(product=OuterRef("pk")))
        return queryset.filter(has_image if self.value() == "yes" else ~has_image)
