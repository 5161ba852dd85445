"""Judged sets in the admin: queries with their judgments, a file taken in, and a set given out as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from catalog.admin.decorators import action, display
from catalog.admin.scope import FixedStoreForm, StoreScopedAdmin, within_own_stores
from search.evaluation.records import JudgedQueryRow, JudgedSetRow, JudgmentRow
from search.evaluation.sets import InvalidQuerySet, JudgedSet, lines_of, parse_lines, query_of
from search.evaluation.stores import row_record, store_set, stored_set

MAX_FILE_BYTES = 50 * 2**20


class JudgedSetForm(FixedStoreForm):
    """A set's name, and the file whose queries take the place of those that it has."""

    file = forms.FileField(
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text="NDJSON, one query a line: replaces the queries of this set. Empty: they stay as they are.",
    )

    class Meta:
        model = JudgedSetRow
        fields = ["store", "name"]

    def clean_file(self) -> Any:
        file = self.cleaned_data.get("file")
        self.stated: JudgedSet | None = None
        if not file:
            return file
        if file.size > MAX_FILE_BYTES:
            raise forms.ValidationError(f"The file has {file.size:,} bytes; at most {MAX_FILE_BYTES:,} are read here.")
        try:
            queries = parse_lines(file.read().decode("utf-8").splitlines(), name=file.name)
        except UnicodeDecodeError as error:
            raise forms.ValidationError(f"The file is not UTF-8 text: {error}.") from error
        except InvalidQuerySet as error:
            raise forms.ValidationError(str(error)) from error
        if named := next((query for query in queries if query.image), None):
            raise forms.ValidationError(
                f"Query {named.id!r} names the photo {named.image}, which does not come along: use"
                " manage.py import_query_set, which reads photos from beside the file."
            )
        self.stated = JudgedSet(Path(file.name).stem, queries)
        return file


@admin.register(JudgedSetRow)
class JudgedSetAdmin(StoreScopedAdmin):
    """The sets that `manage.py evaluate --set NAME` asks."""

    form = JudgedSetForm
    store_path = "store"
    fields = ["store", "name", "file"]
    list_display = ["name", "store", "shown_queries", "created_at"]
    list_select_related = ["store"]
    search_fields = ["name"]
    actions = ["download"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(query_count=Count("queries"))
        return counted

    def save_model(self, request: HttpRequest, obj: JudgedSetRow, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.stated is not None:
            store_set(obj.store, form.stated, name=obj.name)
            messages.success(request, f"{len(form.stated.queries)} queries are in {obj.name}.")

    @display(description="queries", ordering="query_count")
    def shown_queries(self, row: Any) -> SafeString:
        address = f"{reverse('admin:search_judgedqueryrow_changelist')}?judged_set__id__exact={row.pk}"
        return format_html('<a href="{}">{}</a>', address, row.query_count)

    @action(description="Download the selected set as a file", permissions=["view"])
    def download(self, request: HttpRequest, queryset: QuerySet[JudgedSetRow]) -> HttpResponse | None:
        rows = list(queryset[:2])
        if len(rows) != 1:
            messages.error(request, "Select one set: a file holds one.")
            return None
        try:
            text = lines_of(stored_set(rows[0]).queries)
        except InvalidQuerySet as error:
            messages.error(request, str(error))
            return None
        name = f'attachment; filename="{rows[0].name}.ndjson"'
        return HttpResponse(text, content_type="application/x-ndjson", headers={"Content-Disposition": name})


class JsonField(forms.JSONField):
    """JSON whose nothing is an empty field, and not the word null."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None or value == {} else super().prepare_value(value)


class JudgedQueryForm(forms.ModelForm):  # type: ignore[type-arg]
    """Checks a query by the same rules as a file's line."""

    class Meta:
        model = JudgedQueryRow
        fields = (
            "judged_set",
            "key",
            "text",
            "product",
            "photo_of",
            "image",
            "region",
            "distortion",
            "seed",
            "filters",
            "mode",
            "text_weight",
            "image_weight",
            "slices",
        )

    def clean_filters(self) -> dict[str, Any]:
        return self.cleaned_data["filters"] or {}

    def clean_slices(self) -> dict[str, Any]:
        return self.cleaned_data["slices"] or {}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        stated = JudgedQueryRow(**{name: value for name, value in cleaned.items() if name != "judged_set"})
        try:
            # Judgments are rows of their own, below: any will do here.
            query_of(row_record(stated) | {"judgments": {"any": 1}})
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return cleaned


class JudgmentInline(TabularInline):  # type: ignore[misc]
    model = JudgmentRow
    fields = ["sku", "gain"]
    extra = 1
    hide_title = True


class OwnSetFilter(admin.RelatedFieldListFilter):
    """Sets of the user's own stores."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        rows = within_own_stores(JudgedSetRow.objects.all(), request, store_path="store")
        return [(str(row.pk), str(row)) for row in rows]


@admin.register(JudgedQueryRow)
class JudgedQueryAdmin(StoreScopedAdmin):
    """A set's queries, with the products that are right for each."""

    form = JudgedQueryForm
    store_path = "judged_set__store"
    inlines = [JudgmentInline]
    list_display = ["key", "text", "shown_photo", "judged_set", "judgment_count"]
    list_filter = [("judged_set", OwnSetFilter)]
    list_select_related = ["judged_set"]
    search_fields = ["key", "text"]
    formfield_overrides = {models.JSONField: {"form_class": JsonField}}
    fieldsets = [
        (None, {"fields": ["judged_set", "key", "text", "product", "photo_of", "image", "filters", "slices"]}),
        ("How it is asked", {"fields": ["region", "distortion", "seed", "mode", "text_weight", "image_weight"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(right_count=Count("judgments"))
        return counted

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_field_queryset(db, db_field, request)
        is_set = db_field.remote_field.model is JudgedSetRow
        return within_own_stores(rows, request, store_path="store") if is_set else rows

    @display(description="photo")
    def shown_photo(self, row: JudgedQueryRow) -> str:
        return " ".join(part for part in (row.product or row.photo_of or row.image.name, row.distortion) if part) or "-"

    @display(description="judgments", ordering="right_count")
    def judgment_count(self, row: Any) -> int:
        return int(row.right_count)
