"""A store's categories, brands and attributes as a process keeps them, under the store's stamp: names to ids and back.

What is read here is never older than the request that asks (`search.stamps`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.models import Attribute, AttributeValue, Brand, Category
from search.facets.records import term_of
from search.stamps import read_stamps
from telemetry import metrics

# Stores whose names a process keeps; the longest kept goes first.
MAX_STORES = 64

_kept: dict[int, Taxonomy] = {}


@dataclass(frozen=True, slots=True)
class Value:
    """An attribute's value."""

    id: int
    attribute: str
    code: str
    label: str


@dataclass(slots=True)
class Taxonomy:
    """One store's names. `categories` are in the order of their paths; brands are read as they are asked for."""

    store_id: int
    stamp: int
    categories: Sequence[Category]
    attributes: Mapping[str, str]
    values: Mapping[str, Mapping[str, Value]]
    terms: Mapping[int, Value]
    category_by_id: Mapping[int, Category] = field(init=False)
    _paths: Sequence[str] = field(init=False)
    _category_by_path: Mapping[str, Category] = field(init=False)
    _category_by_slug: Mapping[str, Category] = field(init=False)
    _brands: dict[int, Brand] = field(default_factory=dict)
    _brand_by_slug: dict[str, Brand] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.category_by_id = {node.pk: node for node in self.categories}
        self._paths = [node.path for node in self.categories]
        self._category_by_path = {node.path: node for node in self.categories}
        self._category_by_slug = {node.slug: node for node in self.categories}

    def subtree_ids(self, slugs: Iterable[str]) -> tuple[int, ...]:
        """The ids of these categories and of everything below them; an unknown slug has none."""
        found: dict[int, None] = {}
        for slug in slugs:
            node = self._category_by_slug.get(slug)
            if node is None:
                continue
            place = bisect_left(self._paths, node.path)
            while place < len(self._paths) and self._paths[place].startswith(node.path):
                found[self.categories[place].pk] = None
                place += 1
        return tuple(found)

    def parent(self, category: Category) -> Category | None:
        return self._category_by_path.get(category.path[: -Category.steplen])

    def line(self, category: Category) -> list[Category]:
        """The categories from the root down to this one."""
        step = Category.steplen
        above = (self._category_by_path.get(category.path[:end]) for end in range(step, len(category.path) + 1, step))
        return [node for node in above if node is not None]

    def category_path(self, category: Category) -> str:
        """ "Clothes > Trousers": the form that imports take."""
        return " > ".join(node.name for node in self.line(category))

    def value(self, store_id: int, attribute: str, code: str) -> str:
        """The label of a value, or its code where it has none."""
        known = self.values.get(attribute, {}).get(code)
        return known.label if known else code

    def brands(self, ids: Iterable[int]) -> dict[int, Brand]:
        """The brands of these ids that the store has."""
        wanted = set(ids)
        missing = wanted - self._brands.keys()
        if missing:
            self._remember(Brand.objects.filter(store_id=self.store_id, pk__in=missing))
        return {pk: self._brands[pk] for pk in wanted if pk in self._brands}

    def brand_ids(self, slugs: Iterable[str]) -> tuple[int, ...]:
        """The ids of these brands; an unknown slug has none."""
        wanted = list(dict.fromkeys(slugs))
        missing = [slug for slug in wanted if slug not in self._brand_by_slug]
        if missing:
            self._remember(Brand.objects.filter(store_id=self.store_id, slug__in=missing))
        return tuple(self._brand_by_slug[slug].pk for slug in wanted if slug in self._brand_by_slug)

    def _remember(self, brands: Iterable[Brand]) -> None:
        for brand in brands:
            self._brands[brand.pk] = brand
            self._brand_by_slug[brand.slug] = brand


def store_taxonomy(store_id: int, *, stamp: int | None = None) -> Taxonomy:
    """The store's names as they are now; `stamp` is that of the request, read anew where it is left out."""
    stamp = read_stamps(store_id).taxonomy if stamp is None else stamp
    known = _kept.get(store_id)
    is_true = known is not None and known.stamp == stamp
    metrics.TAXONOMIES.labels(metrics.hit_or_miss(is_true)).inc()
    if known is not None and is_true:
        return known
    found = _read(store_id, stamp)
    if len(_kept) >= MAX_STORES and store_id not in _kept:
        _kept.pop(next(iter(_kept)), None)
    _kept[store_id] = found
    return found


def _read(store_id: int, stamp: int) -> Taxonomy:
    labels = dict(Attribute.objects.filter(store_id=store_id).values_list("code", "label"))
    values: dict[str, dict[str, Value]] = {code: {} for code in labels}
    rows = AttributeValue.objects.filter(attribute__store_id=store_id).order_by("attribute_id", "label", "pk")
    for pk, attribute, code, label in rows.values_list("pk", "attribute__code", "code", "label"):
        values.setdefault(attribute, {})[code] = Value(pk, attribute, code, label)
    return Taxonomy(
        store_id=store_id,
        stamp=stamp,
        # By code points, as paths are cut and compared here, whatever the database's collation.
        categories=sorted(Category.objects.filter(store_id=store_id), key=lambda node: str(node.path)),
        attributes=labels,
        values=values,
        terms={term_of(code, value.code): value for code, known in values.items() for value in known.values()},
    )
