"""CSV in and out of the product list, by the importer's own rules: a preview first, then the import.

django-import-export leads through the pages; reading, comparing and writing are `catalog.importing`'s.
"""

from __future__ import annotations

import io
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from import_export import fields, resources
from import_export.admin import ExportActionMixin, ImportMixin
from import_export.formats.base_formats import CSV
from import_export.forms import ConfirmImportForm as BaseConfirmForm
from import_export.results import Error, Result
from import_export.results import RowResult as PreviewRow
from import_export.tmp_storages import CacheStorage
from tablib import Dataset  # type: ignore[import-untyped]
from unfold.contrib.import_export.forms import ExportForm
from unfold.contrib.import_export.forms import ImportForm as BaseImportForm
from unfold.widgets import UnfoldAdminSelectWidget

from catalog.admin.preview import PreviewedRow, previewed_rows
from catalog.admin.scope import own_stores
from catalog.exporting import PLAIN_COLUMNS, export_header, export_rows
from catalog.importing import Outcome, RowResult, UnreadableFile
from catalog.importing.run import import_batches, read_items
from catalog.importing.source import Counted
from catalog.importing.writing import Writing
from catalog.models import Product, Store
from catalog.photos import InvalidPhoto
from catalog.taxonomy import Taxonomy

# What one request previews and writes in a few seconds; more goes as an import job.
MAX_ROWS = 5_000
MAX_BYTES = 8 * 2**20
MAX_SHOWN = 500
_KINDS = {
    Outcome.CREATED: PreviewRow.IMPORT_TYPE_NEW,
    Outcome.UPDATED: PreviewRow.IMPORT_TYPE_UPDATE,
    Outcome.UNCHANGED: PreviewRow.IMPORT_TYPE_SKIP,
    Outcome.REFUSED: PreviewRow.IMPORT_TYPE_SKIP,
}


class ProductFile(CSV):  # type: ignore[misc]
    """A product file as bytes: the importer finds out its encoding, separator and kind."""

    def get_title(self) -> str:
        return "csv"

    def is_binary(self) -> bool:
        return True

    def get_read_mode(self) -> str:
        return "rb"

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> bytes:
        return in_stream


class ProductCsv(CSV):  # type: ignore[misc]
    """CSV in UTF-8 with a mark, by which spreadsheets know the encoding."""

    def export_data(self, dataset: Dataset, **kwargs: Any) -> str:
        return "\ufeff" + str(super().export_data(dataset, **kwargs))


class ImportForm(BaseImportForm):  # type: ignore[misc]
    """The file and the store that it is for."""

    store = forms.ModelChoiceField(queryset=Store.objects.none(), widget=UnfoldAdminSelectWidget)
    field_order = ["store", "import_file", "resource", "format"]

    def __init__(self, *args: Any, stores: QuerySet[Store], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_store(self, stores)
        self.order_fields(self.field_order)

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                f"The file has {file.size:,} bytes; here at most {MAX_BYTES:,}. Add it as an import instead."
            )
        return file


class ConfirmForm(BaseConfirmForm):  # type: ignore[misc]
    """What the preview hands to the import; the store is checked again."""

    store = forms.ModelChoiceField(queryset=Store.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args: Any, stores: QuerySet[Store], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose_store(self, stores)


def choose_store(form: forms.Form, stores: QuerySet[Store]) -> None:
    """Offer these stores; where there is one, it is chosen."""
    choice = form.fields["store"]
    assert isinstance(choice, forms.ModelChoiceField)  # noqa: S101  (both forms declare it)
    choice.queryset = stores
    only = list(stores[:2])
    if len(only) == 1:
        choice.initial = only[0]


class ProductResource(resources.Resource):  # type: ignore[misc]
    """A table of products. `import_data` takes a file's bytes and the store."""

    sku = fields.Field(column_name="sku")
    title = fields.Field(column_name="title")
    others = fields.Field(column_name=", ".join(PLAIN_COLUMNS[2:]))
    attributes = fields.Field(column_name="attributes.NAME")

    @classmethod
    def get_display_name(cls) -> str:
        return "Products"

    def export(self, queryset: QuerySet[Product], **kwargs: Any) -> Dataset:
        stores = list(Store.objects.filter(pk__in=queryset.order_by().values("store").distinct()))
        header = export_header(stores)
        return Dataset(*export_rows(queryset, header), headers=header)

    def import_data(self, dataset: bytes, *, dry_run: bool = False, store: Store, **kwargs: Any) -> Result:
        """Preview or import. A file that is unreadable as a whole is the result's one error."""
        result = Result()
        try:
            items, _ = read_items(Counted(io.BytesIO(dataset)), store, {})
            read = list(items)
        except UnreadableFile as error:
            result.append_base_error(Error(error))
            return result
        if len(read) > MAX_ROWS:
            too_many = f"The file has {len(read):,} products; here at most {MAX_ROWS:,}. Add it as an import instead."
            result.append_base_error(Error(ValueError(too_many)))
            return result
        shown = previewed_rows(store, read) if dry_run else {}
        writing = Writing(store, Taxonomy(store), _no_photos, is_dry_run=dry_run)
        outcomes = [outcome for batch in import_batches(writing, read) for outcome in batch]
        result.diff_headers = ["Line", "SKU", "Title", "What happens"]
        for outcome in outcomes:
            _add(result, outcome, shown.get(outcome.line))
        result.total_rows = len(outcomes)
        result.refused = sum(outcome.outcome is Outcome.REFUSED for outcome in outcomes)
        result.hidden_rows = max(0, len(outcomes) - len(result.rows))
        return result


class ProductExchange(ImportMixin, ExportActionMixin):  # type: ignore[misc]
    """The product admin's import and export pages."""

    resource_classes = [ProductResource]
    import_form_class = ImportForm
    confirm_form_class = ConfirmForm
    export_form_class = ExportForm
    import_formats = [ProductFile]
    export_formats = [ProductCsv]
    # What the list shows, filters and search included, in one click.
    skip_export_form = True
    skip_export_form_from_action = True
    import_export_change_list_template = "admin/import_export/change_list_import_export.html"
    show_change_form_export = False
    change_form_template = None
    import_template_name = "admin/catalog/product/import.html"
    # Shared by all web processes, and gone after a while; never a public folder.
    tmp_storage_class = CacheStorage
    # A log entry for each of thousands of rows would bury what people did.
    skip_admin_log = True

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    def get_import_form_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().get_import_form_kwargs(request), "stores": own_stores(request)}

    def get_confirm_form_kwargs(self, request: HttpRequest, import_form: Any = None) -> dict[str, Any]:
        return {**super().get_confirm_form_kwargs(request, import_form), "stores": own_stores(request)}

    def get_confirm_form_initial(self, request: HttpRequest, import_form: Any) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_confirm_form_initial(request, import_form)
        return {**initial, "store": import_form.cleaned_data["store"]} if import_form else initial

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {"store": kwargs["form"].cleaned_data["store"]}

    def add_success_message(self, result: Result, request: HttpRequest) -> None:
        totals = result.totals
        counts = f"{totals['new']} new, {totals['update']} changed, {totals['skip'] - result.refused} unchanged"
        level = messages.WARNING if result.refused else messages.SUCCESS
        messages.add_message(request, level, f"Imported: {counts}, {result.refused} refused.")


def _add(result: Result, outcome: RowResult, shown: PreviewedRow | None) -> None:
    """Count a row, and show it when there is room; unchanged rows only say so."""
    row = PreviewRow()
    row.import_type = _KINDS[outcome.outcome]
    result.increment_row_result_total(row)
    if shown is None or len(result.rows) >= MAX_SHOWN or outcome.outcome is Outcome.UNCHANGED:
        return
    row.diff = [outcome.line, outcome.sku or "-", shown.title, shown.describe(outcome)]
    row.is_refused = outcome.outcome is Outcome.REFUSED
    result.append_row_result(row)


def _no_photos(name: str) -> bytes:
    raise InvalidPhoto("photos come with a zip, as an import")
