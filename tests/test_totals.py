"""Totals and facets are right in every mode: on random catalogues, counts are what the pages hold and what filters give."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pytest_django import DjangoDbBlocker

from catalog.models import Attribute, AttributeValue, Category, Product, Store
from search import encoder as encoder_module
from search import indexing, milvus, versions
from search.calibration.confidence import forget_calibrations
from search.choices import Match, Mode, SortKey
from search.models import IndexVersion, StoreCalibration
from search.query import FacetRequest, Filters, Part, Query, Sort
from search.result import Result
from search.retrieval import search
from tests.encoders import COLOURS, ColourEncoder
from tests.shop import brand, category, make_product, make_store

pytestmark = pytest.mark.django_db

NOUNS = ("shoes", "lamp", "coat", "sofa")
SIZES = ("36", "38", "40", "xl")
BRANDS = ("Halden", "Norrvik", "Oak")
TREE = (("Clothes",), ("Clothes", "Shoes"), ("Clothes", "Shoes", "Boots"), ("Home",), ("Home", "Lamps"))
RANGES = ((None, Decimal(20)), (Decimal(20), Decimal("60.5")), (Decimal(60), None))
FACETS = (
    FacetRequest("category", 1000),
    FacetRequest("brand", 1000),
    FacetRequest("price", ranges=RANGES),
    FacetRequest("in_stock"),
    FacetRequest("color", 1000),
    FacetRequest("size", 1000),
)
EVERYTHING = 2000


@dataclass(frozen=True, slots=True)
class Shops:
    """Random catalogues in one index; all but the first have calibrated floors, which leave products out."""

    stores: tuple[Store, ...]
    encoder: ColourEncoder


@pytest.fixture(scope="module")
def shops(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shops]:
    """Three random catalogues for all tests of this module, committed and indexed: the floors of two are calibrated."""
    encoder = ColourEncoder("totals")
    media = tmp_path_factory.mktemp("media")
    with (
        django_db_blocker.unblock(),
        override_settings(ENCODER_MODEL=encoder.name, MEDIA_ROOT=Path(media), INDEX_COLLECTION_PREFIX="totals"),
    ):
        encoder_module._encoders[encoder.name] = encoder
        version = versions.ensure_live_version()
        stores = tuple(_random_store(f"random-{size}", size) for size in (1, 24, 60))
        for store, floor in zip(stores[1:], (0.5, 0.8), strict=True):
            routes = {name: {"slope": 8.0, "intercept": -4.0, "floor": floor} for name in ("text", "image", "composed")}
            StoreCalibration.objects.create(store=store, fingerprint=version.fingerprint, routes=routes)
        forget_calibrations()
        indexing.sweep(version)
        yield Shops(stores, encoder)
        for store in stores:
            Product.objects.filter(store=store).delete()
            store.delete()
        forget_calibrations()
        for name in milvus.collection_names(prefix="totals"):
            milvus.drop_collection(name)
        IndexVersion.objects.all().delete()
        del encoder_module._encoders[encoder.name]


def _random_store(slug: str, size: int) -> Store:
    """Products with none, one or several values of everything; some hidden, some sold out, some without a price."""
    chance = random.Random(size)
    store = make_store(slug)
    sizes = Attribute.objects.create(store=store, code="size", label="Size")
    AttributeValue.objects.bulk_create(AttributeValue(attribute=sizes, code=code, label=code) for code in SIZES)
    nodes = [category(store, *names) for names in TREE]
    colours = list(COLOURS)[:6]
    for number in range(size):
        shown = chance.sample(colours, chance.choice((1, 1, 1, 2)))
        noun = chance.choice(NOUNS)
        make_product(
            store,
            f"{slug}-{number}",
            colours=shown,
            title=f"{shown[0].title()} {noun}",
            category=chance.choice([None, *nodes]),
            brand=chance.choice([None, *(brand(store, name) for name in BRANDS)]),
            price=chance.choice([None, *(Decimal(step) / 4 for step in range(20, 400, 19))]),
            quantity=chance.choice((0, 1, 7)),
            is_published=chance.random() > 0.1,
            attributes={
                "color": shown if chance.random() > 0.2 else [],
                "size": chance.sample(SIZES, chance.choice((0, 1, 2))),
            },
        )
    return store


# --- what may be asked ------------------------------------------------------------------------------------------------
@st.composite
def filters(draw: st.DrawFn) -> Filters:
    """Any combination of filters, values that no product has among them."""
    low, high = draw(st.sampled_from([(None, None), (None, 50), (10, None), (20, 60), (60, 20)]))
    return Filters(
        categories=draw(_some("clothes", "shoes", "boots", "home", "no-such")),
        brands=draw(_some("halden", "norrvik", "no-such")),
        price_min=None if low is None else Decimal(low),
        price_max=None if high is None else Decimal(high),
        in_stock=draw(st.sampled_from([None, None, True, False])),
        attributes=tuple(
            (code, values)
            for code, values in (("color", draw(_some("red", "blue", "white"))), ("size", draw(_some("36", "40"))))
            if values
        ),
    )


def _some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.one_of(st.just(()), st.just(()), st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple))


def _photo() -> st.SearchStrategy[Part]:
    return st.sampled_from(["red", "blue", "green", "white"]).map(
        lambda colour: Part(1.0, image=Image.new("RGB", (20, 20), COLOURS[colour]), image_digest=colour)
    )


WORDS = st.sampled_from(
    [
        "red",
        "lamp",
        "red shoes",
        "blue velvet",
        "velvet",
        "white coat sofa",
        "random-24-3",
        "the",
        "shoes -red",
        "-lamp",
    ]
)


@st.composite
def parts(draw: st.DrawFn) -> dict[str, Any]:
    """The fields of a query in any mode."""
    mode = draw(st.sampled_from([*Mode, "several", "pushed"]))
    if mode in (Mode.WORDS, Mode.LEXICAL, Mode.SEMANTIC):
        return {"mode": mode, "text": draw(WORDS)}
    if mode is Mode.BROWSE:
        sort = Sort(draw(st.sampled_from(SortKey)), is_descending=draw(st.booleans()))
        return {"mode": mode, "sort": replace(sort, colour="#1b2a49") if sort.key is SortKey.PALETTE else sort}
    photo = draw(_photo())
    asked: dict[str, Any] = {"mode": Mode.IMAGE, "image": photo.image, "image_digest": photo.image_digest}
    if mode is Mode.COMPOSED:
        asked |= {"mode": Mode.COMPOSED, "text": draw(WORDS)}
    elif mode == "several":
        asked |= {
            "others": tuple(draw(st.lists(_photo(), min_size=1, max_size=2))),
            "match": draw(st.sampled_from(Match)),
        }
    elif mode == "pushed":
        asked["others"] = (Part(-0.5, text=draw(st.sampled_from(["red", "black"]))),)
    return asked


@st.composite
def queries(draw: st.DrawFn) -> dict[str, Any]:
    facts = {"filters": draw(filters()), "facet_by": FACETS, "per_page": draw(st.sampled_from([3, 7, 100]))}
    return {**facts, **draw(parts())}


any_store = st.sampled_from([0, 1, 2])
quick = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


# --- what must hold ---------------------------------------------------------------------------------------------------
def pages_of(query: Query) -> list[Result]:
    """The answers of all pages up to the first that is empty."""
    pages = [search(query)]
    while pages[-1].hits:
        pages.append(search(replace(query, page=len(pages) + 1, search_id=pages[0].search_id)))
    return pages


def all_hits(query: Query) -> list[Product]:
    """Every product that the query finds, in one page."""
    result = search(replace(query, per_page=EVERYTHING, facet_by=(), page=1, search_id=""))
    return [hit.product for hit in result.hits]


def counts_of(result: Result) -> dict[str, dict[str, int]]:
    """The counts that are not 0, by field and value."""
    return {facet.field_name: {one.value: one.count for one in facet.values if one.count} for facet in result.facets}


def counted(products: list[Product]) -> dict[str, dict[str, int]]:
    """The same counts by looking at each product."""
    found: dict[str, Counter[str]] = {facet.field_name: Counter() for facet in FACETS}
    for product in products:
        node = product.category
        while node is not None:
            found["category"][node.slug] += 1
            node = Category.objects.get_parent(node)
        if product.brand is not None:
            found["brand"][product.brand.slug] += 1
        found["in_stock"]["true" if product.quantity else "false"] += 1
        for low, high in RANGES:
            if product.price is not None and (low is None or product.price >= low):
                found["price"][f"{low or ''}..{high or ''}"] += high is None or product.price <= high
        for code in ("color", "size"):
            found[code].update(set(product.attributes.get(code, [])))
    return {name: {value: n for value, n in values.items() if n} for name, values in found.items()}


def with_value(asked: Filters, field_name: str, value: str) -> Filters:
    """The filters with this value as the only one of its field."""
    rest = asked.without(field_name)
    if field_name == "category":
        return replace(rest, categories=(value,))
    if field_name == "brand":
        return replace(rest, brands=(value,))
    if field_name == "in_stock":
        return replace(rest, in_stock=value == "true")
    if field_name == "price":
        low, high = (Decimal(bound) if bound else None for bound in value.split(".."))
        return replace(rest, price_min=low, price_max=high)
    return replace(rest, attributes=(*rest.attributes, (field_name, (value,))))


@quick
@given(place=any_store, asked=queries())
def test_pages_hold_as_many_hits_as_were_found_and_none_twice(shops: Shops, place: int, asked: dict[str, Any]) -> None:
    pages = pages_of(Query(shops.stores[place].pk, **asked))
    ids = [hit.product.pk for page in pages for hit in page.hits]
    assert len(ids) == len(set(ids))
    assert pages[0].found_exact
    assert len(ids) == pages[0].found
    assert {page.found for page in pages} == {pages[0].found}
    assert all(page.facets == pages[0].facets for page in pages)
    assert not any(page.pool_renewed or page.removed_since for page in pages)


@quick
@given(place=any_store, asked=queries())
def test_counts_are_what_all_pages_hold_without_the_fields_own_filter(
    shops: Shops, place: int, asked: dict[str, Any]
) -> None:
    query = Query(shops.stores[place].pk, **asked)
    result = search(query)
    shown = counts_of(result)
    assert all(facet.is_exact for facet in result.facets)
    held: dict[Filters, dict[str, dict[str, int]]] = {}
    for facet in FACETS:
        without = query.filters.without(facet.field_name)
        if without not in held:
            held[without] = counted(all_hits(replace(query, filters=without)))
        assert shown[facet.field_name] == held[without][facet.field_name]


@quick
@given(place=any_store, asked=queries(), chance=st.randoms(use_true_random=False))
def test_a_count_is_what_one_finds_by_adding_its_filter(
    shops: Shops, place: int, asked: dict[str, Any], chance: random.Random
) -> None:
    query = Query(shops.stores[place].pk, **asked)
    shown = [(name, value, n) for name, values in counts_of(search(query)).items() for value, n in values.items()]
    for name, value, count in chance.sample(shown, min(4, len(shown))):
        assert search(replace(query, filters=with_value(query.filters, name, value))).found == count


@quick
@given(place=any_store, asked=queries(), page=st.integers(1, 9), per_page=st.integers(1, 50))
def test_counts_depend_on_no_page_and_no_page_size(
    shops: Shops, place: int, asked: dict[str, Any], page: int, per_page: int
) -> None:
    query = Query(shops.stores[place].pk, **asked)
    first, other = search(query), search(replace(query, page=page, per_page=per_page))
    assert (first.found, first.facets) == (other.found, other.facets)


@settings(quick, max_examples=20)
@given(asked=queries())
def test_a_pool_that_was_cut_states_lower_bounds_and_its_own_counts(shops: Shops, asked: dict[str, Any]) -> None:
    query = Query(shops.stores[2].pk, **asked)
    whole = all_hits(query)
    with override_settings(SEARCH_POOL_SIZE=8):
        result = search(query)
        held = all_hits(query)
    assert result.found <= len(whole)
    assert result.found == len(whole) or not result.found_exact
    shown = counts_of(result)
    for facet in result.facets:
        if facet.field_name in query.filters.fields:
            continue
        assert facet.is_exact == result.found_exact
        # Words and browsing are counted in whole, whatever the pool holds. A vector's set is what its route brought;
        # of several photos that may be more than the pool keeps.
        least, most = (counted(products)[facet.field_name] for products in (held, whole))
        if result.found == len(held) or result.found_exact:
            assert shown[facet.field_name] == (most if result.found_exact else least)
        assert all(least.get(value, 0) <= count <= most[value] for value, count in shown[facet.field_name].items())


@pytest.mark.parametrize(
    "asked",
    [
        {"mode": Mode.BROWSE, "sort": Sort(SortKey.PRICE)},
        {"mode": Mode.WORDS, "text": "white"},
        {"mode": Mode.IMAGE, "image": Image.new("RGB", (20, 20), COLOURS["green"]), "min_confidence": 0.0},
    ],
    ids=["browse", "words", "image"],
)
def test_a_catalogue_that_changes_between_pages_repeats_nothing_and_loses_nothing(
    shops: Shops, asked: dict[str, Any]
) -> None:
    store = shops.stores[2]
    for product in Product.objects.filter(store=store).order_by("pk")[:20]:
        Product.objects.filter(pk=product.pk).update(
            title=f"White {product.title}", is_published=True, price=Decimal(30)
        )
    query = Query(store.pk, filters=Filters(price_max=Decimal(80)), facet_by=FACETS, per_page=4, **asked)
    everything = [product.pk for product in all_hits(query)]
    assert len(everything) >= 16
    first = search(query)
    hidden, deleted, dearer, kept = everything[5], everything[6], everything[9], everything[:2]
    Product.objects.filter(pk__in=[hidden, kept[0]]).update(is_published=False)
    Product.objects.get(pk=deleted).delete()
    Product.objects.filter(pk=dearer).update(price=Decimal(500))
    make_product(store, "new", colours=("white",), title="White new lamp", price=Decimal(1))
    pages = [first]
    while pages[-1].hits:
        pages.append(search(replace(query, page=len(pages) + 1, search_id=first.search_id)))
    ids = [hit.product.pk for page in pages for hit in page.hits]
    gone = {hidden, deleted, dearer}
    assert ids == [pk for pk in everything if pk not in gone]
    assert sum(page.removed_since for page in pages) == len(gone)
    assert all((page.found, page.facets) == (first.found, first.facets) for page in pages)
