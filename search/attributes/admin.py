"""The suggestions as merchandisers decide on them: a photo, what is listed, what it looks like, yes or no for many."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.admin.decorators import action, display
from catalog.admin.photos import thumbnail
from catalog.admin.scope import ScopedAutocompleteFilter, StoreScopedAdmin, within_own_stores
from catalog.models import Attribute
from search.attributes.decisions import accept, reconsider, reject
from search.attributes.targets import CATEGORY
from search.models import AttributeSuggestion, FittedAttribute, SuggestionKind, SuggestionStatus

THUMBNAIL_PX = 72
MAX_REASONS = 5


class StatusFilter(admin.SimpleListFilter):
    """What waits, unless something else is asked for."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((value, label.capitalize()) for value, label in SuggestionStatus.choices), ("all", "All")]

    def value(self) -> str:
        return super().value() or str(SuggestionStatus.WAITING)

    def choices(self, changelist: Any) -> Any:
        """Without Django's own "All", which would be what waits."""
        return list(super().choices(changelist))[1:]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AttributeSuggestion]) -> QuerySet[AttributeSuggestion]:
        return queryset if self.value() == "all" else queryset.filter(status=self.value())


class SuggestedAttributeFilter(admin.SimpleListFilter):
    """Suggestions of one attribute, or of categories, within the user's stores."""

    title = "attribute"
    parameter_name = "attribute"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        own = within_own_stores(Attribute.objects.order_by("label", "code"), request)
        labels = dict(own.values_list("code", "label"))
        return [*labels.items(), (f"{CATEGORY}:", "Category")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AttributeSuggestion]) -> QuerySet[AttributeSuggestion]:
        value = self.value()
        if value == f"{CATEGORY}:":
            return queryset.filter(category__isnull=False)
        return queryset.filter(value__attribute__code=value) if value else queryset


@admin.register(AttributeSuggestion)
class AttributeSuggestionAdmin(StoreScopedAdmin):
    """Read, accepted and rejected; never added, edited or deleted by hand."""

    store_path = "product__store"
    list_display = [
        "shown_product",
        "shown_attribute",
        "shown_stated",
        "shown_suggested",
        "shown_probability",
        "shown_kind",
        "shown_status",
    ]
    list_display_links = None
    list_filter = [StatusFilter, "kind", SuggestedAttributeFilter, ["product__store", ScopedAutocompleteFilter]]
    list_select_related = ["product__store", "product__category", "value__attribute", "category", "image"]
    search_fields = ["product__sku", "product__title"]
    search_help_text = "SKU or title"
    actions = ["accept", "reject", "reconsider"]
    list_fullwidth = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They go with their product: whoever may delete that must not be stopped by them."""
        return bool(request.user.has_perm("catalog.delete_product"))

    def get_actions(self, request: HttpRequest) -> Any:
        """Decided, not deleted: a deleted suggestion would come again."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody edits a suggestion; whoever may change it decides on it by the actions."""
        return False

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Who accepts a suggestion changes a product."""
        user: Any = request.user
        return bool(user.has_perms(["search.change_attributesuggestion", "catalog.change_product"]))

    def get_queryset(self, request: HttpRequest) -> QuerySet[AttributeSuggestion]:
        rows: QuerySet[AttributeSuggestion] = super().get_queryset(request)
        return rows.select_related(*self.list_select_related).prefetch_related("value__attribute__values")

    @action(description="Accept: give the products this value", permissions=["decide"])
    def accept(self, request: HttpRequest, queryset: QuerySet[AttributeSuggestion]) -> None:
        done = accept(queryset, user=request.user)  # type: ignore[arg-type]  # staff only
        messages.success(request, f"{done.written:,} products have the value now.")
        if done.outdated:
            messages.warning(request, f"{done.outdated:,} were dropped: their products were changed meanwhile.")
        if done.refused:
            messages.error(request, f"{len(done.refused):,} were refused: {'; '.join(done.refused[:MAX_REASONS])}.")

    @action(description="Reject: keep the products as they are", permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: QuerySet[AttributeSuggestion]) -> None:
        count = reject(queryset, user=request.user)  # type: ignore[arg-type]  # staff only
        messages.success(request, f"{count:,} suggestions are rejected and will not come again for these photos.")

    @action(description="Reconsider: let rejected ones wait again", permissions=["decide"])
    def reconsider(self, request: HttpRequest, queryset: QuerySet[AttributeSuggestion]) -> None:
        messages.success(request, f"{reconsider(queryset):,} suggestions wait again.")

    @display(description="product", ordering="product__title")
    def shown_product(self, suggestion: AttributeSuggestion) -> SafeString:
        product, image = suggestion.product, suggestion.image
        return format_html(
            '<a href="{}" class="flex items-center gap-4">{}<span class="flex flex-col" style="max-width: min(15rem, 40vw)">'
            '<strong class="font-medium truncate" title="{}">{}</strong><span class="text-base-500">{}</span></span></a>',
            reverse("admin:catalog_product_change", args=[product.pk]),
            thumbnail(image.file.url if image and image.file else "", size_px=THUMBNAIL_PX),
            product.title,
            product.title,
            product.sku,
        )

    @display(description="attribute")
    def shown_attribute(self, suggestion: AttributeSuggestion) -> str:
        return suggestion.value.attribute.label if suggestion.value else "Category"

    @display(description="listed as", empty_value="-")
    def shown_stated(self, suggestion: AttributeSuggestion) -> str | None:
        return ", ".join(_labels_of(suggestion)) or None

    @display(description="looks")
    def shown_suggested(self, suggestion: AttributeSuggestion) -> SafeString:
        label = suggestion.value.label if suggestion.value else suggestion.category.name if suggestion.category else ""
        return format_html('<strong class="font-medium">{}</strong>', label)

    @display(description="probability", ordering="probability")
    def shown_probability(self, suggestion: AttributeSuggestion) -> SafeString:
        return format_html('<span class="tabular-nums">{} %</span>', int(suggestion.probability * 100))

    @display(description="kind", ordering="kind", label={"missing": "info", "disagreement": "warning"})
    def shown_kind(self, suggestion: AttributeSuggestion) -> tuple[str, str]:
        return suggestion.kind, SuggestionKind(suggestion.kind).label

    @display(
        description="status",
        ordering="status",
        label={"waiting": "info", "accepted": "success", "rejected": "danger"},
    )
    def shown_status(self, suggestion: AttributeSuggestion) -> str:
        return suggestion.status


def _labels_of(suggestion: AttributeSuggestion) -> list[str]:
    """The labels of what the product stated; a code that is gone stands for itself."""
    if suggestion.value:
        found = {value.code: value.label for value in suggestion.value.attribute.values.all()}
    else:
        category = suggestion.product.category
        found = {category.slug: category.name} if category else {}
    return [found.get(code, code) for code in suggestion.stated]


@admin.register(FittedAttribute)
class FittedAttributeAdmin(StoreScopedAdmin):
    """What was fitted, with its figures; read only."""

    store_path = "store"
    list_display = ["shown_name", "store", "shown_method", "shown_f1", "shown_error", "shown_sure", "fitted_at"]
    list_display_links = None
    list_select_related = ["store", "attribute"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They go with their attribute: whoever may delete that must not be stopped by them."""
        return bool(request.user.has_perm("catalog.delete_attribute"))

    @display(description="attribute")
    def shown_name(self, fitted: FittedAttribute) -> str:
        return fitted.attribute.label if fitted.attribute else "Category"

    @display(description="method")
    def shown_method(self, fitted: FittedAttribute) -> str:
        return str(fitted.parameters["method"])

    @display(description="macro-F1")
    def shown_f1(self, fitted: FittedAttribute) -> str:
        return f"{fitted.figures['macro_f1'][fitted.parameters['method']]:.2f}"

    @display(description="calibration error")
    def shown_error(self, fitted: FittedAttribute) -> str:
        return f"{fitted.figures['error_after']:.3f}"

    @display(description="sure of")
    def shown_sure(self, fitted: FittedAttribute) -> str:
        if fitted.parameters["threshold"] is None:
            return "nothing"
        return f"{fitted.figures['coverage']:.0%} (from {fitted.parameters['threshold']:.2f} on)"
