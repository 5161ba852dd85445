"""Mixed requests made of a store's own products: words, photos, both, browsing, with facets and filters, and later pages."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalog.models import Attribute, ProductImage, Store
from catalog.models.product import ImageKind

RANGES = "price(0..20,20..50,50..100,100..)"
FORMS = ("words", "semantic", "image", "composed")


@dataclass(frozen=True, slots=True)
class Sample:
    """A random product: two words of its title, its photo, and what it could be filtered by."""

    words: str
    photo: bytes
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `form` says what it holds, and groups the figures."""

    form: str
    body: dict[str, Any]


def five_facets(store: Store) -> tuple[str, ...]:
    """Category, brand, price in four ranges, and the store's first two attributes."""
    codes = Attribute.objects.filter(store=store).order_by("position", "code").values_list("code", flat=True)
    return ("category", "brand", RANGES, *codes[:2])


def draw_samples(store: Store, count: int, chance: random.Random) -> list[Sample]:
    """Random published products of the store with a category and a catalogue photo. Raises `ValueError` without any."""
    rows = ProductImage.objects.filter(
        product__store=store, product__is_published=True, product__category__isnull=False, kind=ImageKind.CATALOG
    ).exclude(file="")
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    if not ids:
        raise ValueError(f"The store {store.slug!r} has no published product with a category and a photo.")
    return [
        _sample(rows.select_related("product__category", "product__brand").get(pk=pk), chance)
        for pk in chance.choices(ids, k=count)
    ]


def _sample(image: ProductImage, chance: random.Random) -> Sample:
    product = image.product
    words = product.title.split()
    start = chance.randrange(max(1, len(words) - 1))
    filters = [f"category:={product.category.slug}"] if product.category else []
    filters += [f"brand:={product.brand.slug}"] if product.brand else []
    filters += [f"{code}:=`{values[0]}`" for code, values in sorted(product.attributes.items()) if values]
    if product.price is not None:
        filters.append(f"price:[..{max(1, round(product.price * 2))}]")
    with image.file.open("rb") as file:
        return Sample(" ".join(words[start : start + 2]), file.read(), tuple(filters))


def forms_of(sample: Sample, facets: tuple[str, ...], chance: random.Random) -> Iterator[Asked]:
    """The sample in every form: plain, and narrowed by one or two of its own facts, each with these facets."""
    base = {"facet_by": ",".join(facets), "per_page": 20}
    photo = {"base64": base64.b64encode(sample.photo).decode()}
    asked: dict[str, dict[str, Any]] = {
        "words": {"q": sample.words},
        "semantic": {"q": sample.words, "mode": "semantic"},
        "image": {"image": photo},
        "composed": {"q": sample.words, "image": photo},
    }
    for form in FORMS:
        yield Asked(form, {**base, **asked[form]})
        yield Asked(f"{form}, filtered", {**base, **asked[form], "filter_by": narrowed(sample, chance)})
    yield Asked("browse, filtered", {**base, "filter_by": narrowed(sample, chance)})
    yield Asked("browse", base)


def narrowed(sample: Sample, chance: random.Random) -> str:
    """One or two of the sample's own facts as filters."""
    return " && ".join(chance.sample(sample.filters, k=min(len(sample.filters), chance.choice((1, 2)))))
