"""Facets: the tree, a search within values, what triggers keep, and that nothing a process keeps is ever stale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Attribute, AttributeValue, Brand, Category, Product, Store
from search.choices import Mode
from search.facets.records import ProductFacts, StoreChange, term_of
from search.query import FacetRequest, Query
from search.retrieval import search
from search.stamps import FOLD_ABOVE, fold_changes, read_stamps
from tests.api_fixtures import post_json, problem_of
from tests.shop import brand, category, make_product, make_store

pytestmark = pytest.mark.django_db
SEARCH = "/api/v1/search"


def counts(store: Store, *names: str) -> list[dict[str, int]]:
    """The counts of these facets over the whole catalogue, by label."""
    facets = search(Query(store.pk, mode=Mode.BROWSE, facet_by=tuple(FacetRequest(name) for name in names))).facets
    return [{value.label: value.count for value in facet.values} for facet in facets]


@pytest.fixture
def shelf() -> Store:
    store = make_store()
    make_product(store, "a", colours=("red",), category=category(store, "Clothes", "Shoes"), brand=brand(store, "Oak"))
    make_product(store, "b", colours=("blue",), category=category(store, "Clothes"), price=Decimal(20))
    return store


def change_label(store: Store) -> None:
    AttributeValue.objects.filter(attribute__store=store, code="red").update(label="Vermilion")


def rename_brand(store: Store) -> None:
    Brand.objects.filter(store=store).update(name="Ash")


def move_category(store: Store) -> None:
    node = Category.objects.get(store=store, slug="shoes")
    Category.objects.move(node, category(store, "Home"), "first-child")


def change_in_sql(store: Store) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_product SET attributes = '{\"color\": [\"blue\"]}' WHERE sku = 'a'")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (change_label, [{"Blue": 1, "Vermilion": 1}, {"Clothes": 2, "Shoes": 1}, {"Oak": 1}]),
        (rename_brand, [{"Blue": 1, "Red": 1}, {"Clothes": 2, "Shoes": 1}, {"Ash": 1}]),
        (move_category, [{"Blue": 1, "Red": 1}, {"Clothes": 1, "Home": 1, "Shoes": 1}, {"Oak": 1}]),
        (change_in_sql, [{"Blue": 2}, {"Clothes": 2, "Shoes": 1}, {"Oak": 1}]),
        (
            lambda store: Product.objects.filter(sku="a").update(is_published=False),
            [{"Blue": 1}, {"Clothes": 1}, {}],
        ),
        (lambda store: Product.objects.get(sku="a").delete(), [{"Blue": 1}, {"Clothes": 1}, {}]),
        (
            lambda store: make_product(store, "c", colours=("red",)),
            [{"Red": 2, "Blue": 1}, {"Clothes": 2, "Shoes": 1}, {"Oak": 1}],
        ),
    ],
)
def test_counts_follow_every_change_at_once(
    shelf: Store, change: Callable[[Store], object], expected: list[dict[str, int]]
) -> None:
    names = ("color", "category", "brand")
    assert counts(shelf, *names) == [{"Blue": 1, "Red": 1}, {"Clothes": 2, "Shoes": 1}, {"Oak": 1}]
    change(shelf)
    assert counts(shelf, *names) == expected


def test_a_change_of_another_store_leaves_the_stamps_alone(shelf: Store) -> None:
    before = read_stamps(shelf.pk)
    make_product(make_store("other"), "x")
    assert read_stamps(shelf.pk) == before


def test_what_counts_do_not_use_leaves_the_stamps_alone(shelf: Store) -> None:
    before = read_stamps(shelf.pk)
    Product.objects.filter(sku="a").update(quantity=2, description="Long.", url="https://shop.example/a")
    assert read_stamps(shelf.pk) == before


def test_folding_the_log_leaves_the_stamps_as_they_are(shelf: Store) -> None:
    for price in range(FOLD_ABOVE + 1):
        Product.objects.filter(sku="b").update(price=price)
    before = read_stamps(shelf.pk)
    assert fold_changes() > FOLD_ABOVE
    assert read_stamps(shelf.pk) == before
    assert StoreChange.objects.filter(store_id=shelf.pk, kind=1).count() == 1
    assert fold_changes() == 0


def test_facts_hold_what_the_product_says_whatever_it_says(shelf: Store) -> None:
    odd = {"color": ["red", "red", "né"], "size": "38", "fit": [], "note": [None, 7]}
    Product.objects.filter(sku="a").update(attributes=odd, price=Decimal("19.999"), quantity=0)
    facts = ProductFacts.objects.get(product__sku="a")
    assert set(facts.terms) == {term_of("color", "red"), term_of("color", "né"), term_of("note", "7")}
    assert (facts.price_milli, facts.is_in_stock) == (19999, False)


def test_a_category_says_where_in_the_tree_it_is(client: Client) -> None:
    facet = post_json(client, SEARCH, {"facet_by": "category"}).json()["facet_counts"][0]
    assert [(one["value"], one["count"], one["level"], one["parent"]) for one in facet["counts"]] == [
        ("clothes", 4, 1, None),
        ("home", 4, 1, None),
        ("lamps", 4, 2, "home"),
        ("shoes", 4, 2, "clothes"),
    ]


def found_values(client: Client, facet_query: str, **asked: str) -> list[str]:
    answer = post_json(client, SEARCH, {"facet_by": "category,color,brand", "facet_query": facet_query, **asked}).json()
    name = facet_query.partition(":")[0]
    facet = next(facet for facet in answer["facet_counts"] if facet["field_name"] == name)
    return [value["value"] for value in facet["counts"]]


def test_a_search_within_a_facet_finds_words_of_labels_whatever_case_and_accents(client: Client, shop: Store) -> None:
    AttributeValue.objects.filter(attribute__store=shop, code="red").update(label="Bleu pâle")
    assert set(found_values(client, "color:BL")) == {"black", "blue", "red"}
    assert found_values(client, "color: pâle bleu") == found_values(client, "color:pale") == ["red"]
    assert found_values(client, "color:lue") == []
    # A selected value shows in its facet, but not in a search for others.
    assert found_values(client, "color:gr", filter_by="color:=blue") == ["green"]


@pytest.mark.parametrize(
    ("facet_query", "said"),
    [
        ("color", "write color:bl"),
        ("color:", "write color:bl"),
        ("color:\x00", "Null characters are not allowed"),
        ("size:38", "ask for it in facet_by"),
        ("price:20", "a price has none"),
        ("x" * 201, "no more than 200"),
    ],
)
def test_a_search_within_a_facet_that_cannot_be_is_refused(client: Client, facet_query: str, said: str) -> None:
    answer = post_json(client, SEARCH, {"facet_by": "color,price", "facet_query": facet_query})
    assert answer.status_code == 400
    assert said in str(problem_of(answer))


def test_later_pages_repeat_the_counts_without_counting(shop: Store) -> None:
    query = Query(shop.pk, text="lamp", mode=Mode.LEXICAL, per_page=2, facet_by=(FacetRequest("color"),))
    first = search(query)
    with CaptureQueriesContext(connection) as asked:
        later = search(replace(query, page=2, search_id=first.search_id))
    assert later.facets == first.facets
    assert not any("search_productfacts" in one["sql"] for one in asked.captured_queries)


def test_all_facets_of_a_set_are_counted_in_one_statement(shop: Store) -> None:
    Attribute.objects.create(store=shop, code="size", label="Size")
    # Products that have just changed are counted in Postgres.
    Product.objects.create(store=shop, sku="new-lamp", title="New lamp")
    names = ("category", "brand", "price", "in_stock", "color", "size")
    with CaptureQueriesContext(connection) as asked:
        search(Query(shop.pk, text="lamp", mode=Mode.LEXICAL, facet_by=tuple(map(FacetRequest, names))))
    assert sum("GROUPING SETS" in one["sql"] for one in asked.captured_queries) == 1
