"""Which column of a table holds which field: by the usual names, or as told by a mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.importing.records import FIELDS, UnreadableFile

PREFIX = "attributes."

# Names as `normalise` gives them, the best first. A path of columns is joined by ">", "|" gives the first not empty.
_SYNONYMS = {
    "sku": "sku product_sku item_sku variant_sku stock_keeping_unit article_number article_no item_number uniq_id "
    "unique_id id product_id item_id asin pid product_code code",
    "title": "title name product_name product_title product_display_name productdisplayname item_name",
    "description": "description product_description long_description body_html body details",
    "category": "category category_path categories mastercategory>subcategory>articletype product_category "
    "product_type type",
    "brand": "brand brand_name vendor manufacturer maker",
    "price": "price sale_price selling_price discounted_price current_price final_price unit_price regular_price "
    "list_price retail_price mrp",
    "quantity": "quantity qty stock stock_quantity inventory inventory_quantity quantity_in_stock",
    "margin": "margin gross_margin profit_margin",
    "style_code": "style_code item_group_id style_id group_id parent_sku model_code",
    "url": "url product_url link permalink product_link",
    "is_published": "is_published published active is_active visible",
    "images": "images image_224|image image image_file image_files photo photos picture pictures image_url image_urls "
    "image_link image_src file filename",
}
SYNONYMS = {field: tuple(names.split()) for field, names in _SYNONYMS.items()}
ATTRIBUTES = {
    "color": "color",
    "colour": "color",
    "base_color": "color",
    "base_colour": "color",
    "basecolour": "color",
    "basecolor": "color",
    "gender": "gender",
    "season": "season",
    "usage": "usage",
    "material": "material",
    "pattern": "pattern",
    "size": "size",
    "fit": "fit",
    "style": "style",
    "age_group": "age_group",
    "occasion": "occasion",
    "sleeve": "sleeve",
    "neckline": "neckline",
}


@dataclass(frozen=True, slots=True)
class Column:
    """Where a field's value stands: the first of `alternatives` that is not empty, each a path of columns."""

    alternatives: tuple[tuple[str, ...], ...]

    def read(self, cells: Mapping[str, str]) -> str | None:
        """The value, an empty string for empty cells, or None when the row has none of the cells."""
        found: str | None = None
        for path in self.alternatives:
            values = [cells[name].strip() for name in path if name in cells]
            if not values:
                continue
            found = " > ".join(value for value in values if value)
            if found:
                return found
        return found


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table by field, those of attributes by the attribute's name, and those that nobody reads."""

    fields: Mapping[str, Column]
    attributes: Mapping[str, Column]
    ignored: tuple[str, ...]


def normalise(name: str) -> str:
    """A header as synonyms name it: "Product Name " -> "product_name"."""
    return re.sub(r"[^\w>|]+", "_", name.strip().lower()).strip("_")


def resolve_columns(header: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """Find each field's column. `mapping` (our field -> column, "a>b" or "a|b") wins over the usual names.

    An empty column in the mapping takes a field out. Raises `UnreadableFile` for a field or a column that is not there,
    and for a table without a column of SKUs.
    """
    names = {normalise(name): name for name in reversed(header) if name}
    exact = {name: name for name in header if name}
    fields: dict[str, Column] = {}
    attributes: dict[str, Column] = {}
    for field, choices in SYNONYMS.items():
        if field not in mapping:
            column = next((found for choice in choices if (found := _find(choice, names))), None)
            if column:
                fields[field] = column
    taken = {name for column in fields.values() for path in column.alternatives for name in path}
    for normal, name in names.items():
        code = ATTRIBUTES.get(normal) or _prefixed(normal)
        if code and name not in taken and PREFIX + code not in mapping and code not in attributes:
            attributes[code] = Column(((name,),))
    for field, text in mapping.items():
        _apply(field, text, names | exact, fields=fields, attributes=attributes)
    if "sku" not in fields:
        shown = ", ".join(header[:20])[:400]
        raise UnreadableFile(f"no column holds the SKUs; name it with sku=COLUMN. The columns are: {shown}")
    used = {
        name for column in (*fields.values(), *attributes.values()) for path in column.alternatives for name in path
    }
    return Columns(fields, attributes, tuple(name for name in header if name and name not in used))


def _apply(
    field: str, text: str, names: Mapping[str, str], *, fields: dict[str, Column], attributes: dict[str, Column]
) -> None:
    """Enter one pair of the mapping."""
    column: Column | None = None
    if text:
        column = _find(text, names, is_required=True)
    if field.startswith(PREFIX) and len(field) > len(PREFIX):
        target, key = attributes, field.removeprefix(PREFIX)
    elif field in ATTRIBUTES.values():
        target, key = attributes, field
    elif field in FIELDS and field != "attributes":
        target, key = fields, field
    else:
        known = ", ".join(name for name in FIELDS if name != "attributes")
        raise UnreadableFile(f'"{field}" is not a field of a product; map {known} or {PREFIX}NAME')
    target.pop(key, None)
    if column:
        target[key] = column


def _find(text: str, names: Mapping[str, str], *, is_required: bool = False) -> Column | None:
    """The column of a choice such as "name", "a>b" or "a|b", or None when one of its parts is missing."""
    if text in names:
        return Column(((names[text],),))
    alternatives = []
    for alternative in text.split("|"):
        path = []
        for part in alternative.split(">"):
            name = names.get(part.strip()) or names.get(normalise(part))
            if name is None:
                if is_required:
                    shown = ", ".join(dict.fromkeys(names.values()))[:400]
                    raise UnreadableFile(f'the file has no column "{part.strip()}"; the columns are: {shown}')
                return None
            path.append(name)
        alternatives.append(tuple(path))
    return Column(tuple(alternatives))


def _prefixed(normal: str) -> str:
    """The attribute that a header such as "attributes.color" or "attribute:color" names."""
    found = re.fullmatch(r"attr(?:ibute)?s?[_.:]+(\w+)", normal)
    return found.group(1) if found else ""
