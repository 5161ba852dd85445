"""Makes judged sets from a catalogue's own facts: no labels are needed beyond what the shop already keeps."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from catalog.models import Attribute, AttributeValue, Category, Product, ProductImage, Store
from catalog.models.product import ImageKind
from search.evaluation.distortions import DISTORTIONS
from search.evaluation.known_items import known_item_queries
from search.evaluation.sets import InvalidQuerySet, JudgedQuery
from search.query import Filters

# Fewer right products than this say little about a word; of all words, one that fits half the shop says nothing.
MIN_RIGHT = 3
MAX_SHARE = 0.5
TITLE_WORDS = (2, 4)
_COLOR_NAME = re.compile(r"colou?r|couleur|farbe|kleur|colore|kolor|färg|farve|väri", re.IGNORECASE)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Fact:
    """What the catalogue says of one published product with a photo. `path` are its category and those above it."""

    sku: str
    title: str
    path: tuple[int, ...]
    attributes: Mapping[str, tuple[str, ...]]
    style_code: str
    photo_sha256: str

    @property
    def category_id(self) -> int:
        return self.path[-1] if self.path else 0


@dataclass(frozen=True, slots=True)
class Facts:
    """A store's products, and the names and labels that queries are worded with. `color_code` is "" where none is."""

    products: tuple[Fact, ...]
    categories: Mapping[int, tuple[str, str]]
    labels: Mapping[tuple[str, str], str]
    color_code: str

    def colors_of(self, product: Fact) -> tuple[str, ...]:
        return product.attributes.get(self.color_code, ())

    def color_label(self, color: str) -> str:
        return self.labels.get((self.color_code, color), color).lower()


def read_facts(store: Store, *, color_code: str = "") -> Facts:
    """The store's facts. Raises `InvalidQuerySet` for a store without products, or without that colour attribute."""
    codes = dict(Attribute.objects.filter(store=store).values_list("code", "label"))
    if color_code and color_code not in codes:
        raise InvalidQuerySet(f"{store.slug} has no attribute {color_code!r}: its attributes are {', '.join(codes)}.")
    likely = (code for code, label in codes.items() if _COLOR_NAME.search(f"{code} {label}"))
    categories = {
        pk: (path, name, slug)
        for pk, path, name, slug in Category.objects.filter(store=store).values_list("pk", "path", "name", "slug")
    }
    by_path = {path: pk for pk, (path, _, _) in categories.items()}
    photos: dict[int, str] = {}
    rows = ProductImage.objects.filter(product__store=store, kind=ImageKind.CATALOG).exclude(file="")
    for product_id, sha256 in rows.order_by("-position", "-pk").values_list("product_id", "sha256"):
        photos[product_id] = sha256
    products = tuple(
        Fact(
            product.sku,
            product.title,
            _above(categories[product.category_id][0], by_path) if product.category_id in categories else (),
            {code: tuple(values) for code, values in product.attributes.items()},
            product.style_code,
            photos[product.pk],
        )
        for product in Product.objects.filter(store=store, is_published=True).order_by("sku")
        if product.pk in photos
    )
    if not products:
        raise InvalidQuerySet(f"{store.slug} has no published product with a photo: import a catalogue first.")
    labels = AttributeValue.objects.filter(attribute__store=store).values_list("attribute__code", "code", "label")
    return Facts(
        products,
        {pk: (name, slug) for pk, (_, name, slug) in categories.items()},
        {(attribute, code): label for attribute, code, label in labels},
        color_code or next(likely, ""),
    )


def _above(path: str, by_path: Mapping[str, int]) -> tuple[int, ...]:
    step: int = Category.steplen
    return tuple(by_path[path[:end]] for end in range(step, len(path) + 1, step) if path[:end] in by_path)


def build(facts: Facts, kind: str, *, count: int, seed: int) -> tuple[JudgedQuery, ...]:
    """At most `count` queries of a kind in `KINDS`, the same for a seed and a catalogue.

    Raises `InvalidQuerySet` where the catalogue gives none.
    """
    queries = KINDS[kind](facts, count, random.Random(f"{seed}:{kind}"))
    if not queries:
        raise InvalidQuerySet(
            f"The catalogue gives no {kind} queries: they need a category, a colour attribute (name it with --color)"
            f" or other attributes that at least {MIN_RIGHT} products share."
        )
    return tuple(queries)


def attribute_queries(facts: Facts, count: int, generator: random.Random) -> list[JudgedQuery]:
    """Words for categories, attribute values, colour with category, and a colour within a category filter."""
    by_kind: dict[str, list[JudgedQuery]] = {}
    for query in (*_single(facts), *_colored(facts)):
        by_kind.setdefault(query.slices["kind"], []).append(query)
    return _spread(by_kind, count, generator)


def _single(facts: Facts) -> Iterator[JudgedQuery]:
    for pk, (name, _) in facts.categories.items():
        right = [product.sku for product in facts.products if pk in product.path]
        if _says_something(right, facts):
            yield _worded(f"category {name}", name.lower(), right, {"kind": "category", "category": name})
    for (attribute, code), label in facts.labels.items():
        right = [product.sku for product in facts.products if code in product.attributes.get(attribute, ())]
        if _says_something(right, facts):
            kind = "colour" if attribute == facts.color_code else attribute
            slices = {"kind": kind} | ({"colour": label.lower()} if kind == "colour" else {})
            yield _worded(f"{attribute} {label}", label.lower(), right, slices)


def _colored(facts: Facts) -> Iterator[JudgedQuery]:
    """Colour and category together: both as words, and the colour as a word with the category as a filter."""
    right: dict[tuple[int, str], list[str]] = {}
    for product in facts.products:
        for color in facts.colors_of(product):
            for pk in product.path:
                right.setdefault((pk, color), []).append(product.sku)
    for (pk, color), skus in sorted(right.items()):
        name, slug = facts.categories[pk]
        if not _says_something(skus, facts):
            continue
        label = facts.color_label(color)
        slices = {"category": name, "colour": label}
        yield _worded(
            f"both {label} {name}", f"{label} {name.lower()}", skus, {"kind": "colour and category", **slices}
        )
        filters = Filters(categories=(slug,))
        yield _worded(f"filtered {label} {name}", label, skus, {"kind": "filtered", **slices}, filters=filters)


def title_queries(facts: Facts, count: int, generator: random.Random) -> list[JudgedQuery]:
    """Whole titles, and two to four words of a title in their order; right is every product whose title has them all."""
    words = {product.sku: frozenset(_words(product.title)) for product in facts.products}
    holders: dict[str, set[str]] = {}
    for sku, own in words.items():
        for word in own:
            holders.setdefault(word, set()).add(sku)
    queries: list[JudgedQuery] = []
    for place, product in enumerate(_sample(facts.products, count, generator)):
        said = _words(product.title)
        is_whole = place % 2 == 0
        if not is_whole:
            low, high = TITLE_WORDS
            chosen = sorted(generator.sample(range(len(said)), min(len(said), generator.randint(low, high))))
            said = [said[i] for i in chosen]
        if said:
            right = set.intersection(*(holders[word] for word in said))
            text = product.title if is_whole else " ".join(said)
            slices = _place(facts, product) | {"kind": "whole title" if is_whole else "words of a title"}
            queries.append(_worded(f"title {product.sku}", text, sorted(right), slices))
    return queries


def self_queries(facts: Facts, count: int, generator: random.Random) -> list[JudgedQuery]:
    """Products' first photos, each under every distortion; right is the product, and any other with the same photo."""
    twins: dict[str, list[str]] = {}
    for product in facts.products:
        twins.setdefault(product.photo_sha256, []).append(product.sku)
    chosen = _sample(facts.products, max(1, count // len(DISTORTIONS)), generator)
    return [
        JudgedQuery(
            f"{name} {product.sku}",
            dict.fromkeys(twins[product.photo_sha256], 1),
            photo_of=product.sku,
            distortion=name,
            seed=generator.randrange(1, 1 << 30),
            slices={
                "distortion": name,
                "strength": name.rsplit("-", 1)[-1],
                "kind": "self-retrieval",
                **_place(facts, product),
            },
        )
        for product in chosen
        for name in DISTORTIONS
    ]


def composed_queries(facts: Facts, count: int, generator: random.Random) -> list[JudgedQuery]:
    """ "This, but in another colour": a product and a colour's name. Gain 1 for its category in that colour, 2 for its style."""
    by_look: dict[tuple[int, str], list[Fact]] = {}
    for product in facts.products:
        for color in facts.colors_of(product):
            by_look.setdefault((product.category_id, color), []).append(product)
    colors: dict[int, list[str]] = {}
    for category_id, color in sorted(by_look):
        colors.setdefault(category_id, []).append(color)
    queries: list[JudgedQuery] = []
    for product in _sample(facts.products, len(facts.products), generator):
        others = [color for color in colors.get(product.category_id, ()) if color not in facts.colors_of(product)]
        if not product.category_id or not others:
            continue
        color = generator.choice(others)
        gains = {
            other.sku: 2 if product.style_code and other.style_code == product.style_code else 1
            for other in by_look[product.category_id, color]
        }
        label = facts.color_label(color)
        slices = {"kind": "composed", **_place(facts, product), "colour": label}
        queries.append(
            JudgedQuery(f"{product.sku} in {label}", gains, text=f"in {label}", product=product.sku, slices=slices)
        )
        if len(queries) == count:
            break
    return queries


def _worded(
    key: str, text: str, right: Iterable[str], slices: dict[str, str], *, filters: Filters | None = None
) -> JudgedQuery:
    return JudgedQuery(key, dict.fromkeys(right, 1), text=text, slices=slices, filters=filters or Filters())


def _says_something(right: list[str], facts: Facts) -> bool:
    return MIN_RIGHT <= len(right) <= MAX_SHARE * len(facts.products)


def _place(facts: Facts, product: Fact) -> dict[str, str]:
    return {"category": facts.categories[product.category_id][0]} if product.category_id else {}


def _words(title: str) -> list[str]:
    return list(dict.fromkeys(_WORD.findall(title.lower())))


def _sample(products: tuple[Fact, ...], count: int, generator: random.Random) -> list[Fact]:
    return generator.sample(products, min(count, len(products)))


def _spread(by_kind: dict[str, list[JudgedQuery]], count: int, generator: random.Random) -> list[JudgedQuery]:
    """`count` queries, as evenly from all kinds as they have them; ids stay unique."""
    for queries in by_kind.values():
        generator.shuffle(queries)
    chosen: dict[str, JudgedQuery] = {}
    for turn in range(max(map(len, by_kind.values()), default=0)):
        for queries in by_kind.values():
            if turn < len(queries) and len(chosen) < count:
                chosen.setdefault(queries[turn].id, queries[turn])
    return sorted(chosen.values(), key=lambda query: (query.slices["kind"], query.id))


KINDS: Mapping[str, Callable[[Facts, int, random.Random], list[JudgedQuery]]] = {
    "attributes": attribute_queries,
    "titles": title_queries,
    "self-retrieval": self_queries,
    "composed": composed_queries,
    "known-items": partial(known_item_queries, has_photo=False),
    "known-items-and-photos": partial(known_item_queries, has_photo=True),
}
