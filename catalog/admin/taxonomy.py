"""The category tree, brands, and attributes with their values."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextInputWidget

from catalog.admin.decorators import display
from catalog.admin.scope import FixedStoreForm, ScopedAutocompleteFilter, StoreScopedAdmin, within_own_stores
from catalog.models import Attribute, AttributeValue, Brand, Category, Product
from catalog.protection import values_in_use
from catalog.taxonomy import attribute_code, free_slug, place_category, value_code

MAX_NAMED = 5


class ParentField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice of categories, indented like the tree."""

    def label_from_instance(self, obj: Category) -> str:
        return str("\u2003" * (obj.depth - 1) + obj.name)


class CategoryForm(FixedStoreForm):
    """A category and the one above it. An empty slug is made from the name."""

    parent = ParentField(
        queryset=Category.objects.all(), required=False, empty_label="(a root)", widget=UnfoldAdminSelect2Widget
    )
    slug = forms.CharField(
        required=False,
        max_length=160,
        help_text="Filters and addresses name it; empty: from the name.",
        widget=UnfoldAdminTextInputWidget,
    )

    class Meta:
        model = Category
        fields = ["store", "name", "slug"]

    def __init__(self, *args: Any, own: QuerySet[Category], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["parent"]
        assert isinstance(choice, forms.ModelChoiceField)  # noqa: S101  (it is declared above)
        choice.queryset = own.order_by("store__name", "path")
        node = self.instance
        if node.pk:
            choice.queryset = choice.queryset.filter(store=node.store_id).exclude(path__startswith=node.path)
            above = node.path[: -Category.steplen]
            self.initial["parent"] = own.filter(path=above).first() if above else None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        store, parent = cleaned.get("store"), cleaned.get("parent")
        if store and parent and parent.store_id != store.pk:
            self.add_error("parent", f"{parent} belongs to another store. Choose a category of {store}.")
        if store and cleaned.get("name") and not cleaned.get("slug"):
            cleaned["slug"] = free_slug(cleaned["name"], store=store, taken_by_itself=self.instance.pk)
        return cleaned


@admin.register(Category)
class CategoryAdmin(StoreScopedAdmin):
    """The tree as an indented list; a category is moved by choosing another one above it."""

    form = CategoryForm
    list_display = ["indented_name", "slug", "store", "product_count"]
    list_filter = [["store", ScopedAutocompleteFilter]]
    list_select_related = ["store"]
    list_per_page = 200
    search_fields = ["name", "slug"]
    fields = ["store", "name", "parent", "slug"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        rows: QuerySet[Category] = super().get_queryset(request)
        annotated: QuerySet[Category] = rows.annotate(products_in_it=Count("products"))
        return annotated

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return ["store__name", "path"]

    def get_form(self, request: HttpRequest, obj: Category | None = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        own = within_own_stores(Category.objects.all(), request)

        class OwnCategoryForm(form):  # type: ignore[misc, valid-type]
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, own=own, **kwargs)

        return OwnCategoryForm

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        place_category(obj, form.cleaned_data["parent"])

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the products that keep a category, or one below it, from being deleted."""
        deleted, counts, permissions, protected = super().get_deleted_objects(objs, request)
        for category in objs:
            inside = Product.objects.filter(category__path__startswith=category.path)
            protected += [f"Product: {product.title} ({product.sku})" for product in inside[:MAX_NAMED]]
        return deleted, counts, permissions, list(dict.fromkeys(map(str, protected)))

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        Category.objects.filter(pk=obj.pk).delete()

    @display(description="name", ordering="path")
    def indented_name(self, category: Category) -> SafeString:
        return format_html('<span style="padding-left: {}rem">{}</span>', 1.5 * (category.depth - 1), category.name)

    @display(description="products", ordering="products_in_it")
    def product_count(self, category: Category) -> int:
        return int(category.products_in_it)


@admin.register(Brand)
class BrandAdmin(StoreScopedAdmin):
    form = FixedStoreForm
    list_display = ["name", "slug", "store", "product_count"]
    list_filter = [["store", ScopedAutocompleteFilter]]
    list_select_related = ["store"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    fields = ["store", "name", "slug"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Brand]:
        rows: QuerySet[Brand] = super().get_queryset(request)
        return rows.annotate(products_of_it=Count("products"))

    @display(description="products", ordering="products_of_it")
    def product_count(self, brand: Brand) -> int:
        return int(brand.products_of_it)  # type: ignore[attr-defined]


class ValueForm(forms.ModelForm):  # type: ignore[type-arg]
    """A value. Products hold its code, so only the label changes later."""

    code = forms.CharField(
        required=False, max_length=80, help_text="Empty: from the label.", widget=UnfoldAdminTextInputWidget
    )

    class Meta:
        model = AttributeValue
        fields = ["label", "code"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].disabled = bool(self.instance.pk)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("label") and not cleaned.get("code"):
            cleaned["code"] = value_code(cleaned["label"])
        return cleaned


class ValueFormSet(PaginationInlineFormSet):  # type: ignore[misc]
    """Keeps values that products use."""

    def clean(self) -> None:
        super().clean()
        removed = [form.instance for form in self.deleted_forms if form.instance.pk]
        used = values_in_use(removed)
        if used:
            names = ", ".join(value.label for value in used[:MAX_NAMED])
            raise forms.ValidationError(f"Products use {names}. Take the value off them first.")


class ValueInline(TabularInline):  # type: ignore[misc]
    model = AttributeValue
    form = ValueForm
    formset: type[BaseInlineFormSet[Any, Any, Any]] = ValueFormSet
    fields = ["label", "code"]
    extra = 0
    per_page = 50
    hide_title = True


class AttributeForm(FixedStoreForm):
    code = forms.CharField(
        required=False,
        max_length=60,
        help_text="Filters name it; empty: from the label.",
        widget=UnfoldAdminTextInputWidget,
    )

    class Meta:
        model = Attribute
        fields = ["store", "label", "code", "prompt", "position"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "code" in self.fields:
            self.fields["code"].disabled = bool(self.instance.pk)

    def clean_prompt(self) -> str:
        prompt = str(self.cleaned_data["prompt"])
        if "{}" not in prompt:
            raise forms.ValidationError("Put {} where the value's label goes, as in: a photo of a {} product.")
        return prompt

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("label") and not cleaned.get("code"):
            cleaned["code"] = attribute_code(cleaned["label"])
        return cleaned


@admin.register(Attribute)
class AttributeAdmin(StoreScopedAdmin):
    form = AttributeForm
    list_display = ["label", "code", "store", "value_count", "prompt", "position"]
    list_filter = [["store", ScopedAutocompleteFilter]]
    list_select_related = ["store"]
    search_fields = ["label", "code"]
    fields = ["store", ("label", "code"), ("prompt", "position")]
    inlines = [ValueInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attribute]:
        rows: QuerySet[Attribute] = super().get_queryset(request)
        return rows.annotate(values_of_it=Count("values"))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the values in use, which keep an attribute from being deleted."""
        deleted, counts, permissions, protected = super().get_deleted_objects(objs, request)
        values = AttributeValue.objects.filter(attribute__in=objs).select_related("attribute")
        protected += [f"Attribute value in use: {value.label}" for value in values_in_use(values)]
        return deleted, counts, permissions, protected

    @display(description="values", ordering="values_of_it")
    def value_count(self, attribute: Attribute) -> int:
        return int(attribute.values_of_it)  # type: ignore[attr-defined]
