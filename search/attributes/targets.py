"""What a store's photos can be tagged with: its attributes with their values, and its categories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from catalog.models import Attribute, AttributeValue, Category, Product, Store
from search.attributes.photos import Photographed

CATEGORY = "category"
# A category that states the attribute less than this, relative to the store as a whole, has no such thing: lamps have
# no neckline. Relative, because a store that has hardly begun to state colours still wants them suggested.
MIN_RELATIVE_SHARE = 0.5
# A product without a category may be a lamp too: it is asked only for what nearly all categories' products have.
MIN_COMMON_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Target:
    """An attribute, or with `attribute` None the categories. `codes` and `labels` are by value id, in one order."""

    attribute: Attribute | None
    codes: Mapping[int, str]
    labels: Mapping[int, str]

    @property
    def name(self) -> str:
        return self.attribute.code if self.attribute else CATEGORY

    @property
    def prompt(self) -> str:
        """The store's own template."""
        return self.attribute.prompt if self.attribute else ""

    def stated(self, row: Photographed) -> list[str]:
        """The codes that the product states."""
        if self.attribute is None:
            return [self.codes[row.category_id]] if row.category_id and row.category_id in self.codes else []
        stated = row.attributes.get(self.attribute.code)
        # Raw SQL may have put any JSON there.
        return [str(code) for code in stated] if isinstance(stated, list) else []

    def label(self, row: Photographed) -> int | None:
        """The value's id where the product states exactly one that is known; several say nothing of one photo."""
        stated = self.stated(row)
        return next((pk for pk, code in self.codes.items() if code == stated[0]), None) if len(stated) == 1 else None


def targets(store: Store, names: Collection[str] = ()) -> list[Target]:
    """The targets of these names, or all; those with fewer than two values have nothing to choose from."""
    attributes = Attribute.objects.filter(store=store).prefetch_related("values")
    found = [_attribute_target(attribute) for attribute in attributes if not names or attribute.code in names]
    if not names or CATEGORY in names:
        found.append(_category_target(store))
    return [target for target in found if len(target.codes) > 1]


def _attribute_target(attribute: Attribute) -> Target:
    values: list[AttributeValue] = list(attribute.values.all())
    return Target(attribute, {v.pk: v.code for v in values}, {v.pk: v.label for v in values})


def _category_target(store: Store) -> Target:
    """The leaves of the tree, and whatever else has products. Equal names are told apart by the one above."""
    rows = list(Category.objects.filter(store=store).order_by("path"))
    names = {row.path: row.name for row in rows}
    used = set(Product.objects.filter(store=store).order_by().values_list("category_id", flat=True).distinct())
    kept = [row for row in rows if row.numchild == 0 or row.pk in used]
    counts = Counter(row.name.lower() for row in kept)

    def label(row: Category) -> str:
        above = names.get(row.path[: -Category.steplen], "") if counts[row.name.lower()] > 1 else ""
        return f"{above} {row.name}".strip()

    return Target(None, {row.pk: row.slug for row in kept}, {row.pk: label(row) for row in kept})


def categories_with(target: Target, store: Store) -> set[int | None] | None:
    """The categories (None: no category) whose products may lack this attribute by mistake; None means all."""
    if target.attribute is None:
        return None
    stating = Count("pk", filter=Q(attributes__has_key=target.attribute.code))
    rows: Any = (
        Product.objects.filter(store=store).order_by().values("category").annotate(all=Count("pk"), some=stating)
    )
    counts = {row["category"]: (row["some"], row["all"]) for row in rows}
    categorised = {category: count for category, count in counts.items() if category is not None} or counts
    some, everything = (sum(column) for column in zip(*categorised.values(), strict=True)) if counts else (0, 0)
    found: set[int | None] = {
        category
        for category, (stated, size) in categorised.items()
        if stated * everything >= MIN_RELATIVE_SHARE * some * size and stated
    }
    if sum(categorised[category][1] for category in found if category in categorised) >= MIN_COMMON_SHARE * everything:
        found.add(None)
    return found
