"""Columns of facts count as Postgres does, and are never older than the request that uses them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import AttributeValue, Product, Store
from search import lexical
from search.choices import Mode, SortKey
from search.facets import facts, statement
from search.facets.columns import COLUMNS, KeptColumns, read_columns_of
from search.facets.members import Members
from search.ordering import in_order
from search.query import FacetRequest, Filters, Query, Sort
from search.ranking.modifier_checks import Named, stated_among, stated_values
from search.ranking.signals import boost_factors
from search.retrieval import begun, search
from search.run import Boost, Run
from search.stamps import read_stamps
from search.word_matches import word_matches
from search.words.reading import parse_words
from tests.shop import brand, category, make_store

pytestmark = pytest.mark.django_db
RANGES = ((None, Decimal("9.9995")), (Decimal(10), Decimal("50.5")), (Decimal(50), None))
FACETS = (
    FacetRequest("category"),
    FacetRequest("brand"),
    FacetRequest("price", ranges=RANGES),
    FacetRequest("in_stock"),
    FacetRequest("color"),
    FacetRequest("color", is_conjunctive=True),
)


@pytest.fixture
def shelf() -> Store:
    """Two hundred random products, some without a price, a brand, a category or a colour, some not published."""
    store, chance = make_store(), random.Random(4)
    make_store("other")
    categories = [None, category(store, "Clothes"), category(store, "Clothes", "Shoes"), category(store, "Home")]
    brands = [None, brand(store, "Oak"), brand(store, "Halden")]
    colours = list(AttributeValue.objects.filter(attribute__store=store).values_list("code", flat=True))
    Product.objects.bulk_create(
        Product(
            store=store,
            sku=str(number),
            title=f"Thing {number}",
            category=chance.choice(categories),
            brand=chance.choice(brands),
            price=chance.choice([None, Decimal(chance.randrange(0, 99999)) / 1000]),
            quantity=chance.choice([0, 3]),
            attributes=chance.choice(
                [{}, {"color": chance.sample(colours, k=2)}, {"color": chance.sample(colours, k=1)}]
            ),
            is_published=chance.random() < 0.9,
        )
        for number in range(200)
    )
    return store


def run_of(store: Store, *, filters: Filters | None = None) -> Run:
    return begun(
        Query(store.pk, filters=filters or Filters(), stamps=read_stamps(store.pk)),
        None,
        is_kept=False,
        clock=lambda: 0.0,
    )


def some_filters(chance: random.Random) -> Filters:
    low = chance.choice([None, Decimal(chance.randrange(0, 60))])
    return Filters(
        categories=chance.choice([(), ("clothes",), ("shoes", "home"), ("nowhere",)]),
        brands=chance.choice([(), ("oak",), ("oak", "halden"), ("nobody",)]),
        price_min=low,
        price_max=chance.choice([None, Decimal("10e30"), Decimal(chance.randrange(0, 99))]),
        in_stock=chance.choice([None, True, False]),
        attributes=chance.choice([(), (("color", ("red",)),), (("color", ("red", "blue")),), (("color", ("none",)),)]),
    )


def some_members(store: Store, chance: random.Random) -> Iterator[Members]:
    ids = list(Product.objects.filter(store=store).values_list("pk", flat=True))
    yield Members()
    yield Members(ids=np.array([*chance.sample(ids, k=50), 10**12], np.int64), is_exact=False)
    yield Members(products=Product.objects.filter(store=store, title__contains="1"))
    yield Members(products=Product.objects.none())


@pytest.mark.parametrize("seed", range(6))
def test_columns_and_postgres_count_and_filter_alike(shelf: Store, seed: int) -> None:
    chance = random.Random(seed)
    filters = some_filters(chance)
    run = run_of(shelf, filters=filters)
    run.hidden = set(chance.sample(list(Product.objects.values_list("pk", flat=True)), k=3))
    run.pinned = {chance.choice(list(Product.objects.filter(store=shelf).values_list("pk", flat=True))): 1}
    terms = {term: value.attribute for term, value in run.names.terms.items()}
    assert run.columns is None, "a stamp that is asked for once is not worth a copy"
    assert run.columns is None, "nor is one that a search asks for twice"
    run = replace(run, asked_columns=None)
    assert run.columns is not None
    for members in some_members(shelf, chance):
        for requests in (FACETS[:5], FACETS[5:]):
            with CaptureQueriesContext(connection) as asked:
                counts = facts.count_fields(run, members, filters, requests, terms=terms)
            assert not any("search_productfacts" in one["sql"] for one in asked.captured_queries)
            assert counts == statement.count_fields(run, members, filters, requests, terms=terms)
        assert facts.count_products(run, members, filters) == statement.count_products(run, members, filters)
    expected = statement.passing_ids(run, filters)
    assert facts.passing_ids(run, filters).tolist() == sorted(expected.tolist())
    for sort in (Sort(), Sort(SortKey.PRICE), Sort(SortKey.PRICE, is_descending=True)):
        first = facts.first_of_all(run, filters, sort, limit=30)
        ordered = in_order(run.products(filters), sort).values_list("pk", flat=True)
        assert first is not None
        assert (first[0].tolist(), first[1]) == (list(ordered[:30]), ordered.count())


def test_boosts_and_checks_are_alike_by_columns_and_in_postgres(shelf: Store) -> None:
    run, ids = run_of(shelf), np.array([*Product.objects.published().values_list("pk", flat=True), 10**12], np.int64)
    run.boosts = [
        Boost("a", 2.0, filters=Filters(brands=("oak",))),
        Boost("b", 0.5, filters=some_filters(random.Random(3))),
    ]
    named = [Named("red", "color", frozenset({"red", "green"}))]
    assert stated_among(run, ids, named) is None
    in_postgres, stated = boost_factors(run, ids), stated_values(ids, named)
    run = replace(run, asked_columns=None)
    by_columns, known = boost_factors(run, ids), stated_among(run, ids, named)
    assert [one.tolist() for one in by_columns] == [one.tolist() for one in in_postgres]
    assert any((one != 1).any() for one in by_columns)
    assert known is not None
    assert np.array_equal(known, stated, equal_nan=True)
    assert {0.0, 1.0} <= set(known.ravel().tolist())


def test_a_change_is_counted_by_the_next_search(shelf: Store) -> None:
    query = Query(shelf.pk, mode=Mode.BROWSE, filters=Filters(brands=("oak",)), facet_by=(FacetRequest("color"),))
    for _ in range(3):
        before = search(query)
    assert COLUMNS.of(shelf.pk, read_stamps(shelf.pk).products) is not None
    gone = Product.objects.published().filter(store=shelf, brand__slug="oak", attributes__color__contains="red").first()
    assert gone is not None
    gone.delete()
    after = search(query)
    assert after.found == before.found - 1
    red = [next(value.count for value in one.facets[0].values if value.value == "red") for one in (before, after)]
    assert red == [red[1] + 1, red[1]]


def test_what_is_kept_is_bounded_and_no_other_stores(shelf: Store) -> None:
    other = make_store("third")
    Product.objects.bulk_create(Product(store=other, sku=str(number), title="x") for number in range(100))
    sizes = {store.pk: len(read_columns_of(store.pk)) for store in (shelf, other)}
    assert sizes[other.pk] == 100 < sizes[shelf.pk] < 200
    kept = KeptColumns(size=250)
    for store_id in sizes:
        assert kept.of(store_id, 1) is None
        held = kept.of(store_id, 1)
        assert held is not None
        assert len(held) == sizes[store_id]
    assert kept.of(other.pk, 1) is not None
    assert kept.of(shelf.pk, 1) is None, "the longest unused goes first"
    small = KeptColumns(size=99)
    assert [small.of(other.pk, 1) for _ in range(3)] == [None] * 3


@pytest.mark.parametrize("seed", range(4))
def test_words_are_found_alike_by_texts_and_by_texts_and_facts(shelf: Store, seed: int) -> None:
    chance = random.Random(seed)
    filters = some_filters(chance)
    run = run_of(shelf, filters=filters)
    run.hidden = set(chance.sample(list(Product.objects.filter(store=shelf).values_list("pk", flat=True)), k=9))
    text = chance.choice(["thing 1", "thing", "1 2 3", "thing -12", "-7", "17", "nothing"])
    run.words = parse_words(text, store=shelf)
    ids = np.array(chance.sample(list(Product.objects.values_list("pk", flat=True)), k=99), np.int64)
    ways = [(any_word, among) for any_word in (False, True) for among in (None, ids)]
    assert run.columns is None
    slow = [
        word_matches(replace(run, stamps=None), filters, any_word=any_word, among=among) for any_word, among in ways
    ]
    run = replace(run, asked_columns=None)
    assert run.columns is not None
    assert run.columns.is_alone
    for (any_word, among), expected in zip(ways, slow, strict=True):
        found = word_matches(run, filters, any_word=any_word, among=among)
        assert found.products.tolist() == expected.products.tolist()
        assert found.scores.tolist() == expected.scores.tolist()
        assert sorted(found.everywhere.tolist()) == sorted(expected.everywhere.tolist())
        products = lexical.matching(run.products(filters), run.words, any_word=any_word)
        products = products if among is None else products.filter(pk__in=among.tolist())
        assert sorted(found.products.tolist()) == sorted(products.values_list("pk", flat=True))


def test_texts_of_other_stores_between_are_not_looked_at(shelf: Store) -> None:
    other = Store.objects.get(slug="other")
    last = Product.objects.filter(store=shelf).latest("pk")
    Product.objects.filter(pk=last.pk - 5).update(store=other)
    run = run_of(shelf)
    run.words = parse_words("thing", store=shelf)
    assert run.columns is None
    run = replace(run, asked_columns=None)
    assert run.columns is not None
    assert not run.columns.is_alone
    assert last.pk - 5 not in word_matches(run, Filters(), any_word=False).everywhere.tolist()
