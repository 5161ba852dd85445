"""The products: what merchandisers do all day."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeNumericFilter

from catalog.admin.decorators import action, display
from catalog.admin.exchange import ProductExchange
from catalog.admin.filters import CategoryFilter, ImageFilter, PriceFilter, StockFilter
from catalog.admin.photos import PhotoInline, thumbnail
from catalog.admin.product_form import attribute_fields, product_form
from catalog.admin.scope import ScopedAutocompleteFilter, StoreScopedAdmin, own_stores
from catalog.models import Product, ProductImage, Store

THUMBNAIL_PX = 44


@admin.register(Product)
class ProductAdmin(ProductExchange, StoreScopedAdmin):
    list_display: list[str] = [
        "shown_title",
        "shown_category",
        "shown_brand",
        "shown_price",
        "shown_stock",
        "shown_published",
        "shown_updated",
    ]
    list_display_links = ["shown_title"]
    list_filter = [
        ["store", ScopedAutocompleteFilter],
        CategoryFilter,
        ["brand", ScopedAutocompleteFilter],
        "is_published",
        StockFilter,
        PriceFilter,
        ImageFilter,
        ["price", RangeNumericFilter],
    ]
    search_fields = ["sku", "title", "style_code"]
    search_help_text = "SKU, title or style code"
    autocomplete_fields = ["category", "brand"]
    inlines = [PhotoInline]
    actions: list[str] = ["publish", "hide"]
    readonly_fields = ["created_at", "updated_at"]
    date_hierarchy = None
    list_fullwidth = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        photos = Prefetch("images", queryset=ProductImage.objects.order_by("position", "id"))
        rows: QuerySet[Product] = super().get_queryset(request)
        return rows.select_related("store", "brand", "category").prefetch_related(photos)

    def get_form(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> Any:
        kwargs["form"] = product_form(self._store_of(request, obj))
        return super().get_form(request, obj, **kwargs)

    def get_fieldsets(
        self, request: HttpRequest, obj: Product | None = None
    ) -> list[tuple[str | None, dict[str, Any]]]:
        names = list(attribute_fields(self._store_of(request, obj)))
        pairs = [tuple(names[index : index + 2]) for index in range(0, len(names), 2)]
        note = "" if obj or names else "Save the product first: its store says which attributes there are."
        return [
            (None, {"fields": ["store", ("sku", "style_code"), "title", "description", ("category", "brand")]}),
            ("Sale", {"fields": [("price", "quantity"), "margin", "url", "is_published"]}),
            ("Attributes", {"fields": pairs, "description": note}),
            *([("Times", {"fields": [("created_at", "updated_at")], "classes": ["collapse"]})] if obj else []),
        ]

    def _store_of(self, request: HttpRequest, obj: Product | None) -> Store | None:
        """The product's store, or that of somebody who has one only."""
        if obj is not None:
            return obj.store
        stores = list(own_stores(request)[:2])
        return stores[0] if len(stores) == 1 else None

    @action(description="Publish the selected products", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        count = queryset.filter(is_published=False).update(is_published=True)
        messages.success(request, f"{number_format(count, use_l10n=True)} products are published now.")

    @action(description="Hide the selected products", permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        count = queryset.filter(is_published=True).update(is_published=False)
        messages.success(request, f"{number_format(count, use_l10n=True)} products are hidden now.")

    @display(description="product", ordering="title")
    def shown_title(self, product: Product) -> SafeString:
        photo = next((image.file.url for image in product.images.all() if image.file), "")
        return format_html(
            '<span class="flex items-center gap-4">{}<span class="flex flex-col" style="max-width: min(24rem, 50vw)">'
            '<strong class="font-medium truncate" title="{}">{}</strong><span class="text-base-500">{}</span></span></span>',
            thumbnail(photo, size_px=THUMBNAIL_PX),
            product.title,
            product.title,
            product.sku,
        )

    @display(description="published", ordering="is_published", boolean=True)
    def shown_published(self, product: Product) -> bool:
        return product.is_published

    @display(description="updated", ordering="updated_at")
    def shown_updated(self, product: Product) -> SafeString:
        when = timezone.localtime(product.updated_at)
        return format_html('<span class="whitespace-nowrap">{}</span>', date_format(when, "j M Y, H:i"))

    @display(description="category", ordering="category__path", empty_value="-")
    def shown_category(self, product: Product) -> str | None:
        return product.category.name if product.category else None

    @display(description="brand", ordering="brand__name", empty_value="-")
    def shown_brand(self, product: Product) -> str | None:
        return product.brand.name if product.brand else None

    @display(description="price", ordering="price")
    def shown_price(self, product: Product) -> SafeString | str:
        if product.price is None:
            return "-"
        amount = number_format(product.price, product.store.minor_unit_digits, use_l10n=True, force_grouping=True)
        return format_html('<span class="whitespace-nowrap tabular-nums">{} {}</span>', amount, product.store.currency)

    @display(description="stock", ordering="quantity", label={"none": "danger", "low": "warning", "enough": "success"})
    def shown_stock(self, product: Product) -> tuple[str, str]:
        level = "none" if product.quantity == 0 else "low" if product.quantity < 5 else "enough"
        return level, number_format(product.quantity, use_l10n=True, force_grouping=True)
