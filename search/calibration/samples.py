"""A store's products as a calibration sees them: their photos' vectors and what they are, all in memory."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.models import AttributeValue, Category, Product, ProductImage, Store
from catalog.models.product import ImageKind
from search import milvus
from search.models import IndexVersion

MAX_PRODUCTS = 3000
READ_ROWS = 500


@dataclass(frozen=True, slots=True)
class Sampled:
    """One product: its row in `Sample.vectors`, and what a hit is judged by."""

    product_id: int
    image_id: int
    title: str
    category_id: int
    category: str
    values: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sample:
    """`vectors` are unit rows (n, d), one of each product; `labels` name the attribute values of the store."""

    products: list[Sampled]
    vectors: NDArray[np.float32]
    labels: dict[tuple[str, str], str]


def draw_sample(store: Store, version: IndexVersion, generator: random.Random) -> Sample:
    """Published products with a category and an indexed photo, at most `MAX_PRODUCTS`, each with its first photo."""
    rows = (
        ProductImage.objects.filter(
            product__store=store, product__is_published=True, product__category__isnull=False, kind=ImageKind.CATALOG
        )
        .order_by("product_id", "position", "pk")
        .distinct("product_id")
        .values_list("product_id", "pk")
    )
    pairs = sorted(rows)
    drawn = dict(generator.sample(pairs, min(MAX_PRODUCTS, len(pairs))))
    products = Product.objects.filter(pk__in=drawn).select_related("category").order_by("pk")
    ids = list(drawn.values())
    vectors: dict[int, NDArray[np.float32]] = {}
    for start in range(0, len(ids), READ_ROWS):
        vectors.update(milvus.read_vectors(version.collection, ids[start : start + READ_ROWS], is_strong=False))
    sampled = [
        _sampled(product, product.category, drawn[product.pk])
        for product in products
        if product.category is not None and drawn[product.pk] in vectors
    ]
    labels = AttributeValue.objects.filter(attribute__store=store).values_list("attribute__code", "code", "label")
    return Sample(
        products=sampled,
        vectors=np.stack([vectors[product.image_id] for product in sampled])
        if sampled
        else np.zeros((0, version.dimension), np.float32),
        labels={(attribute, code): label for attribute, code, label in labels},
    )


def _sampled(product: Product, category: Category, image_id: int) -> Sampled:
    return Sampled(
        product_id=product.pk,
        image_id=image_id,
        title=product.title,
        category_id=category.pk,
        category=category.name,
        values=frozenset((code, value) for code, values in product.attributes.items() for value in values),
    )


@dataclass(frozen=True, slots=True)
class Question:
    """A query whose right answers are known: words, the photo of a sampled product, or both."""

    text: str
    photo_of: int | None
    right: NDArray[np.bool_]


def text_questions(sample: Sample, generator: random.Random, *, limit: int, fewest: int = 3) -> list[Question]:
    """Category names, values with category names ("navy trousers"), and titles; right is the same category and value."""
    categories = np.array([product.category_id for product in sample.products])
    names = {product.category_id: product.category for product in sample.products}
    questions = [
        Question(names[category].lower(), None, categories == category)
        for category, count in Counter(categories.tolist()).items()
        if count >= fewest
    ]
    questions += [
        Question(f"{sample.labels[value]} {names[category]}".lower(), None, _holding(rows, len(categories)))
        for (category, value), rows in _by_value(sample).items()
        if len(rows) >= fewest and value in sample.labels
    ]
    generator.shuffle(questions)
    del questions[limit * 3 // 4 :]
    titled = generator.sample(sample.products, min(limit - len(questions), len(sample.products)))
    return [*questions, *(Question(p.title.lower(), None, categories == p.category_id) for p in titled)]


def photo_questions(sample: Sample, generator: random.Random, *, limit: int) -> list[Question]:
    """Photos of the store's own products, to be changed as a shopper's photo is; right is the same category."""
    categories = np.array([product.category_id for product in sample.products])
    rows = generator.sample(range(len(categories)), min(limit, len(categories)))
    return [Question("", row, categories == categories[row]) for row in rows]


def composed_questions(sample: Sample, generator: random.Random, *, limit: int, fewest: int = 3) -> list[Question]:
    """ "Like this, but navy": a product's photo and another value of one of its attributes, as its category has it."""
    found = _by_value(sample)
    questions = []
    for row in generator.sample(range(len(sample.products)), len(sample.products)):
        product = sample.products[row]
        others = [
            (value, rows)
            for (category, value), rows in found.items()
            if category == product.category_id and len(rows) >= fewest and value not in product.values
            and value in sample.labels and any(value[0] == own for own, _ in product.values)
        ]  # fmt: skip
        if others:
            value, rows = generator.choice(others)
            questions.append(Question(sample.labels[value].lower(), row, _holding(rows, len(sample.products))))
        if len(questions) == limit:
            break
    return questions


def _by_value(sample: Sample) -> dict[tuple[int, tuple[str, str]], list[int]]:
    found: dict[tuple[int, tuple[str, str]], list[int]] = defaultdict(list)
    for row, product in enumerate(sample.products):
        for value in sorted(product.values):
            found[product.category_id, value].append(row)
    return found


def _holding(rows: list[int], size: int) -> NDArray[np.bool_]:
    right = np.zeros(size, bool)
    right[rows] = True
    return right
