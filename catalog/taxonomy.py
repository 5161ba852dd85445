"""Finds and makes what products refer to: the category tree, brands, attributes and their values.

One `Taxonomy` per store and import remembers what it saw, so a row costs no query. Call its methods in a transaction.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

from django.db import connection, transaction

from catalog.codes import code_for
from catalog.models import Attribute, AttributeValue, Brand, Category, Store

Path = tuple[str, ...]
# Held to the end of a transaction that adds nodes: treebeard computes a new node's place from what it reads.
_TREE_LOCK = 0x7669747265


class Taxonomy:
    """A store's categories by path, brands and values by code; missing ones are made by the `ensure_` methods."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._categories: dict[Path, int] = {}
        self._slugs: dict[str, int] = {}
        self.reload()

    def reload(self) -> None:
        """Forget what was seen: after a rolled back transaction some of it is not there."""
        self._categories.clear()
        self._slugs.clear()
        paths: dict[str, Path] = {}
        rows = Category.objects.filter(store=self.store).order_by("path").values_list("path", "name", "slug", "id")
        for path, name, slug, pk in rows:
            # A node's path begins with its parent's, which comes first in this order.
            keys = (*paths.get(path[: -Category.steplen], ()), _slug(name))
            paths[path] = keys
            self._categories[keys] = pk
            self._slugs[slug] = pk
        brands = list(Brand.objects.filter(store=self.store).values_list("slug", "name", "id"))
        self._brands = {slug: pk for slug, _, pk in brands}
        # Somebody may have renamed what an export then calls by its new name.
        self._brand_names = {name.lower(): pk for _, name, pk in brands}
        self._attributes = dict(Attribute.objects.filter(store=self.store).values_list("code", "id"))
        values = list(
            AttributeValue.objects.filter(attribute__store=self.store).values_list("attribute__code", "code", "label")
        )
        self._values = {(attribute, code) for attribute, code, _ in values}
        self._labels = {(attribute, label.lower()): code for attribute, code, label in values}

    def category_id(self, names: Path) -> int | None:
        """The category at this path of names. A single name may also be a category's slug anywhere in the tree."""
        if not names:
            return None
        found = self._categories.get(tuple(_slug(name) for name in names))
        return found if found or len(names) > 1 else self._slugs.get(_slug(names[0]))

    def brand_id(self, name: str) -> int | None:
        """The brand of this name or slug, in whatever case."""
        return self._brand_names.get(name.lower()) or self._brands.get(_slug(name)) if name else None

    def codes(self, attributes: Iterable[tuple[str, Path]]) -> dict[str, list[str]]:
        """Names of attributes and values as the codes that products hold."""
        found: dict[str, list[str]] = {}
        for name, labels in attributes:
            code = attribute_code(name)
            found[code] = list(dict.fromkeys([*found.get(code, []), *(self._code(code, label) for label in labels)]))
        return found

    def _code(self, attribute: str, label: str) -> str:
        """The code of a value that is stated by code or label."""
        code = value_code(label)
        return code if (attribute, code) in self._values else self._labels.get((attribute, label.lower()), code)

    def ensure_categories(self, paths: Iterable[Path]) -> None:
        """Make the categories that are missing, with those above them."""
        missing = [names for names in dict.fromkeys(paths) if names and self.category_id(names) is None]
        if not missing:
            return
        lock_tree()
        # Another import may have made them while this one waited for the lock.
        self.reload()
        for names in missing:
            if self.category_id(names) is None:
                self._add_category(names)

    def _add_category(self, names: Path) -> None:
        parent: Category | None = None
        for depth in range(1, len(names) + 1):
            keys = tuple(_slug(name) for name in names[:depth])
            found = self._categories.get(keys)
            if found:
                parent = Category.objects.get(pk=found)
                continue
            name = names[depth - 1]
            facts = {"store": self.store, "name": name, "slug": self._free_slug(names[:depth])}
            made: Category = Category.objects.add_child(parent, facts) if parent else Category.objects.add_root(facts)
            self._categories[keys] = made.pk
            self._slugs[made.slug] = made.pk
            parent = made

    def _free_slug(self, names: Path) -> str:
        """The name's slug; where another category has it, with the names above in front."""
        for start in range(len(names) - 1, -1, -1):
            slug = code_for(" ".join(names[start:]).lower(), max_length=150)
            if slug not in self._slugs:
                return slug
        return next(free for number in range(2, 10**6) if (free := f"{slug}-{number}") not in self._slugs)

    def ensure_brands(self, names: Iterable[str]) -> None:
        """Make the brands that are missing; the first spelling stays."""
        missing = {_slug(name): name for name in reversed(list(names)) if name and self.brand_id(name) is None}
        if missing:
            Brand.objects.bulk_create(
                [Brand(store=self.store, slug=slug, name=name) for slug, name in missing.items()],
                ignore_conflicts=True,
            )
            rows = Brand.objects.filter(store=self.store, slug__in=missing).values_list("slug", "id")
            self._brands.update(rows)

    def ensure_values(self, attributes: Iterable[tuple[str, Path]]) -> None:
        """Make the attributes and values that are missing; their first spelling becomes the label."""
        labels: dict[str, str] = {}
        values: dict[tuple[str, str], str] = {}
        for name, names in attributes:
            code = attribute_code(name)
            labels.setdefault(code, name)
            for label in names:
                values.setdefault((code, self._code(code, label)), label)
        self._add_attributes({code: name for code, name in labels.items() if code not in self._attributes})
        missing = {pair: label for pair, label in values.items() if pair not in self._values}
        if missing:
            AttributeValue.objects.bulk_create(
                [
                    AttributeValue(attribute_id=self._attributes[attribute], code=code, label=label)
                    for (attribute, code), label in missing.items()
                ],
                ignore_conflicts=True,
            )
            self._values.update(missing)

    def _add_attributes(self, names: Mapping[str, str]) -> None:
        if not names:
            return
        first = len(self._attributes)
        Attribute.objects.bulk_create(
            [
                Attribute(store=self.store, code=code, label=attribute_label(name), position=first + index)
                for index, (code, name) in enumerate(names.items())
            ],
            ignore_conflicts=True,
        )
        rows = Attribute.objects.filter(store=self.store, code__in=names).values_list("code", "id")
        self._attributes.update(rows)


def lock_tree() -> None:
    """Let nobody else add or move categories until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TREE_LOCK])


def place_category(category: Category, parent: Category | None) -> None:
    """Save a category, new or not, as the last one below `parent`, or at the root; where it is there, it stays."""
    with transaction.atomic():
        lock_tree()
        above = Category.objects.get(pk=parent.pk) if parent else None
        if category.pk is None:
            if above:
                Category.objects.add_child(above, instance=category)
            else:
                Category.objects.add_root(instance=category)
            return
        category.save(update_fields=["name", "slug"])
        node = Category.objects.get(pk=category.pk)
        if (above.path if above else "") == node.path[: -Category.steplen]:
            return
        if above:
            Category.objects.move(node, above, "last-child")
        else:
            Category.objects.move(node, Category.objects.get_last_root_node(), "last-sibling")


def category_choices(categories: Iterable[Category]) -> Iterator[tuple[int, str]]:
    """Ids and indented names of categories that come in the tree's order."""
    for category in categories:
        yield category.pk, "\u2003" * (category.depth - 1) + category.name


def free_slug(name: str, *, store: Store, taken_by_itself: int | None = None) -> str:
    """A slug for a category of this name that no other category of the store has."""
    taken = set(Category.objects.filter(store=store).exclude(pk=taken_by_itself).values_list("slug", flat=True))
    slug = _slug(name)
    candidates = (slug if number == 1 else f"{slug}-{number}" for number in itertools.count(1))
    return next(candidate for candidate in candidates if candidate not in taken)


def attribute_code(name: str) -> str:
    """An attribute's code from its name: "Sleeve length" -> "sleeve-length"."""
    return code_for(name.lower(), max_length=60)


def value_code(label: str) -> str:
    """A value's code from its label: "Navy Blue" -> "navy-blue"."""
    return code_for(label.lower(), max_length=80)


def attribute_label(name: str) -> str:
    """A name as people read it: "age_group" -> "Age group"."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def _slug(name: str) -> str:
    return code_for(name.lower(), max_length=150)
