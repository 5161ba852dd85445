"""What a row would change, for people: the old text struck out beside the new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.exporting import attribute_texts, product_texts
from catalog.importing import Outcome, Refusal, RowResult
from catalog.importing.records import Record
from catalog.labels import Labels
from catalog.models import Product, Store
from catalog.taxonomy import attribute_code

MAX_TEXT = 120


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class PreviewedRow:
    title: str
    changes: tuple[Change, ...]

    def describe(self, outcome: RowResult) -> SafeString | str:
        """The changes, or why there are none, and what happens to photos."""
        if outcome.outcome is Outcome.REFUSED:
            return f"Refused: {outcome.reason}"
        lines = [
            format_html(
                '<span class="text-base-500">{}</span> {}<ins>{}</ins>',
                change.field,
                format_html("<del>{}</del> ", _cut(change.old)) if change.old else "",
                _cut(change.new) or "(empty)",
            )
            for change in self.changes
        ]
        if outcome.images_added or outcome.images_removed:
            lines.append(format_html("photos +{} −{}", outcome.images_added, outcome.images_removed))
        lines += [format_html("photo left out: {}", problem) for problem in outcome.image_problems]
        return format_html_join("", "<div>{}</div>", ((line,) for line in lines))


def previewed_rows(store: Store, items: Sequence[Record | Refusal]) -> dict[int, PreviewedRow]:
    """What each row states otherwise than the store has it, by line."""
    records = [item for item in items if isinstance(item, Record)]
    products = {
        product.sku: product
        for product in Product.objects.filter(store=store, sku__in=[record.sku for record in records]).select_related(
            "store", "brand", "category"
        )
    }
    labels = Labels(products.values())
    shown = {item.line: PreviewedRow("", ()) for item in items}
    for record in records:
        product = products.get(record.sku)
        old = _texts_of(product, labels) if product else {}
        new = stated_texts(record)
        changes = tuple(
            Change(name, old.get(name, ""), text) for name, text in new.items() if _differs(old, name, text)
        )
        title = record.title or (product.title if product else "")
        shown[record.line] = PreviewedRow(_cut(title), tuple(change for change in changes if change.field != "sku"))
    return shown


def stated_texts(record: Record) -> dict[str, str]:
    """What the record states, as texts by field."""
    texts = {
        "title": record.title,
        "description": record.description,
        "category": " > ".join(record.category),
        "brand": record.brand,
        "price": "" if record.price is None else str(record.price),
        "quantity": str(record.quantity),
        "margin": "" if record.margin is None else str(record.margin),
        "style_code": record.style_code,
        "url": record.url,
        "is_published": "true" if record.is_published else "false",
    }
    stated = {name: text for name, text in texts.items() if name in record.given}
    return stated | {attribute_code(name): ", ".join(labels) for name, labels in record.attributes}


def _texts_of(product: Product, labels: Labels) -> dict[str, str]:
    attributes = {code: text.replace("|", ", ") for code, text in attribute_texts(product, labels).items()}
    return product_texts(product, labels) | attributes


def _differs(old: Mapping[str, str], name: str, text: str) -> bool:
    """Names of categories, brands and values count in any case, as the import takes them."""
    before = old.get(name, "")
    exact: Iterable[str] = ("title", "description", "style_code", "url")
    return before != text if name in exact else before.lower() != text.lower()


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
