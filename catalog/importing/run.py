"""An import from end to end: open, recognise, read, write in batches, report."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from catalog.importing.columns import resolve_columns
from catalog.importing.labels import NAME as LABELS_NAME
from catalog.importing.labels import import_labels
from catalog.importing.ndjson import read_ndjson
from catalog.importing.records import (
    ImportReport,
    Outcome,
    Progress,
    Record,
    Refusal,
    RowResult,
    UnreadableFile,
)
from catalog.importing.shopify import is_shopify, read_shopify
from catalog.importing.source import DAMAGED, MAX_EXTRA_BYTES, Counted, Source, open_source, read_photo
from catalog.importing.tables import read_table
from catalog.importing.tally import Tally
from catalog.importing.text import Table, read_lines
from catalog.importing.woocommerce import is_woocommerce, read_woocommerce
from catalog.importing.writing import Writing, write_batch
from catalog.models import Store
from catalog.taxonomy import Taxonomy

BATCH_SIZE = 500
Item = Record | Refusal


def import_file(
    *,
    store: Store,
    source: Path,
    mapping: Mapping[str, str] | None = None,
    member: str = "",
    on_progress: Callable[[Progress], None] | None = None,
    on_refused: Callable[[Refusal], None] | None = None,
    is_dry_run: bool = False,
) -> ImportReport:
    """Import a CSV, NDJSON, Shopify or WooCommerce file, or a folder or zip with one of them and its photos.

    `mapping` names the column of a field (`{"title": "product_name"}`) and makes any table a plain one; `member` names
    the data file in a zip that holds several. A row that cannot be imported is refused with its reason and never stops
    the file; of rows with one SKU the first counts. A second run over the same file changes nothing. `on_progress` is
    called after each batch, `on_refused` for each refused row and each photo that was left out.

    Raises `UnreadableFile` when nothing can be read, `Store.DoesNotExist` when the store goes meanwhile.
    """
    tally = Tally()
    with open_source(source, member) as opened:
        labels = opened.read_beside(LABELS_NAME, MAX_EXTRA_BYTES)
        if labels is not None and not is_dry_run:
            import_labels(store, labels)
        with opened.open_data() as data:
            counted = Counted(data)
            items, ignored = read_items(counted, store, mapping or {})
            tally.ignored_columns = ignored
            writing = Writing(store, Taxonomy(store), lambda name: read_photo(opened, name), is_dry_run)
            for results in import_batches(writing, _until_damage(items)):
                tally.add(results, on_refused)
                if on_progress:
                    on_progress(Progress(tally.report(), _fraction(counted, opened)))
    return tally.report()


def import_batches(writing: Writing, items: Iterable[Item]) -> Iterator[list[RowResult]]:
    """Write records in batches and yield each batch's results in the file's order, refused rows among them."""
    first_lines: dict[str, int] = {}
    batch: list[Item] = []
    for item in items:
        if isinstance(item, Record):
            first = first_lines.setdefault(item.sku, item.line)
            if first != item.line:
                item = Refusal(item.line, item.sku, f"the SKU stands in line {first} already; the first one counts")
        batch.append(item)
        if len(batch) >= BATCH_SIZE:
            yield _write(writing, batch)
            batch = []
    if batch:
        yield _write(writing, batch)


def _write(writing: Writing, batch: list[Item]) -> list[RowResult]:
    written = iter(write_batch(writing, [item for item in batch if isinstance(item, Record)]))
    return [
        next(written) if isinstance(item, Record) else RowResult(item.line, item.sku, Outcome.REFUSED, item.reason)
        for item in batch
    ]


def read_items(file: Counted, store: Store, mapping: Mapping[str, str]) -> tuple[Iterator[Item], tuple[str, ...]]:
    """The file's records by what it is, and the columns that nobody reads. Raises `UnreadableFile`."""
    lines = read_lines(io.BufferedReader(file))
    head: list[str] = []
    try:
        for line in lines:
            head.append(line)
            if line.strip():
                break
    except DAMAGED as error:
        raise UnreadableFile(f"the file cannot be read: {error}") from error
    first = head[-1].lstrip("\ufeff \t") if head else ""
    everything = _chain(head, lines)
    if first.startswith("["):
        raise UnreadableFile("the file is a list in JSON; write one object a line instead (NDJSON)")
    if first.startswith("{"):
        return read_ndjson(everything, store), ()
    table = Table(everything)
    if not mapping and is_shopify(table.header):
        return read_shopify(table, store), ()
    if not mapping and is_woocommerce(table.header):
        return read_woocommerce(table, store), ()
    columns = resolve_columns(table.header, mapping)
    return read_table(table, columns, store), columns.ignored


def _chain(head: list[str], lines: Iterator[str]) -> Iterator[str]:
    yield from head
    yield from lines


def _until_damage(items: Iterator[Item]) -> Iterator[Item]:
    """The items; where the file breaks off (a cut zip), a refusal says so and all before it is imported."""
    line = 0
    try:
        for item in items:
            line = item.line
            yield item
    except DAMAGED as error:
        yield Refusal(line + 1, "", f"the file is damaged from about here on: {error}")


def _fraction(counted: Counted, source: Source) -> float | None:
    return min(1.0, counted.count / source.data_size) if source.data_size else None
