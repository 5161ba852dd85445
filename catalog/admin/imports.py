"""Import jobs: upload a file, watch its counts, read why rows were refused."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget

from catalog.admin.decorators import display
from catalog.admin.scope import StoreScopedAdmin
from catalog.models import ImportJob
from catalog.models.imports import ImportState


class ImportJobForm(forms.ModelForm):  # type: ignore[type-arg]
    """A file and how to read it. The mapping is a line for each field."""

    columns = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=(
            "Only where the file's columns have unusual names: a line for each field, such as title=product_name or "
            "attributes.color=shade."
        ),
    )

    class Meta:
        model = ImportJob
        fields = ["store", "file", "member"]

    def clean_columns(self) -> dict[str, str]:
        mapping = {}
        for line in self.cleaned_data["columns"].splitlines():
            field, mark, column = line.partition("=")
            if line.strip() and (not mark or not field.strip()):
                raise forms.ValidationError("“%(line)s” is not field=column.", params={"line": line})
            if line.strip():
                mapping[field.strip()] = column.strip()
        return mapping


@admin.register(ImportJob)
class ImportJobAdmin(StoreScopedAdmin):
    form = ImportJobForm
    list_display = [
        "shown_name",
        "store",
        "shown_state",
        "created_count",
        "updated_count",
        "unchanged_count",
        "refused_count",
        "created_by",
        "created_at",
    ]
    list_filter = ["state"]
    list_select_related = ["store", "created_by"]
    search_fields = ["file"]
    add_fieldsets = [
        (
            None,
            {
                "fields": ["store", "file", "member", "columns"],
                "description": (
                    "CSV, NDJSON, a Shopify or WooCommerce export, or a zip with one of them and its photos. Products are "
                    "known by their SKU: importing a file again changes only what differs."
                ),
            },
        )
    ]
    fieldsets = [
        (None, {"fields": ["shown_name", "store", "member", "mapping", ("created_by", "created_at")]}),
        (
            "Result",
            {
                "fields": [
                    ("shown_state", "finished_at"),
                    ("created_count", "updated_count", "unchanged_count", "refused_count"),
                    "error",
                    "shown_refused",
                ]
            },
        ),
    ]

    def save_model(self, request: HttpRequest, obj: ImportJob, form: Any, change: bool) -> None:
        obj.created_by = request.user  # type: ignore[assignment]
        obj.mapping = form.cleaned_data["columns"]
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: ImportJob | None = None) -> bool:
        return False

    @display(description="file", ordering="file")
    def shown_name(self, job: ImportJob) -> str:
        return (job.file.name or "").rsplit("/", 1)[-1]

    @display(
        description="state",
        ordering="state",
        label={
            ImportState.WAITING: "warning",
            ImportState.RUNNING: "info",
            ImportState.DONE: "success",
            ImportState.FAILED: "danger",
        },
    )
    def shown_state(self, job: ImportJob) -> str:
        return job.state

    @display(description="not imported")
    def shown_refused(self, job: ImportJob) -> SafeString | str:
        if not job.results:
            return "Nothing was refused." if job.state == ImportState.DONE else "-"
        rows = format_html_join(
            "",
            '<tr class="border-t border-base-200 dark:border-base-800"><td class="py-2 pr-6 tabular-nums">{}</td>'
            '<td class="py-2 pr-6">{}</td><td class="py-2">{}</td></tr>',
            ((row.get("line"), row.get("sku") or "-", row.get("reason")) for row in job.results),
        )
        return format_html(
            '<table class="text-left w-full"><thead><tr><th class="py-2 pr-6">Line</th><th class="py-2 pr-6">SKU</th>'
            '<th class="py-2">Reason</th></tr></thead><tbody>{}</tbody></table>',
            rows,
        )
