"""Ways out of empty answers, over the API: every kind, and that following one finds exactly what it says."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Product, Store
from search import indexing, milvus
from search.api.filtering import Vocabulary, parse_filter_by, written_filters
from search.calibration.confidence import Calibration, RouteCalibration, forget_calibrations
from search.choices import Mode
from search.errors import IndexUnavailable
from search.models import IndexVersion, StoreCalibration
from search.query import Filters, Query
from search.retrieval import search
from search.suggesting.filters import rounded
from search.words import refresh_vocabulary
from tests.api_fixtures import base64_photo, post_json

pytestmark = pytest.mark.django_db
Answer = dict[str, Any]


@pytest.fixture
def sure(shop: Store, live_index: IndexVersion) -> Iterator[Store]:
    """The shop with a floor: only what has nearly the same colour is sure to be right."""
    forget_calibrations()
    same = RouteCalibration(slope=100.0, intercept=-95.0, floor=0.5)
    routes = Calibration(dict.fromkeys(("text", "image", "composed"), same))
    StoreCalibration.objects.create(store=shop, fingerprint=live_index.fingerprint, routes=routes.to_json())
    yield shop
    forget_calibrations()


def ask(client: Client, request: dict[str, Any]) -> Answer:
    answer = post_json(client, "/api/v1/search", request)
    assert answer.status_code == 200, answer.content
    body: Answer = answer.json()
    return body


def follow(client: Client, request: dict[str, Any], suggestion: Answer) -> Answer:
    """The answer to the request with the suggestion's changes; its count must hold."""
    followed = ask(client, request | suggestion["changes"])
    assert (followed["found"], followed["found_exact"]) == (suggestion["count"], suggestion["count_exact"]), suggestion
    return followed


def suggested(client: Client, request: dict[str, Any]) -> dict[str, Answer]:
    """The suggestions by their kinds (the first of each), each followed."""
    found: dict[str, Answer] = {}
    for suggestion in ask(client, request)["suggestions"]:
        assert suggestion["count"] > 0
        follow(client, request, suggestion)
        found.setdefault(suggestion["kind"], suggestion)
    return found


def test_an_answer_with_hits_has_no_suggestions(client: Client) -> None:
    assert ask(client, {"q": "red shoes"})["suggestions"] == []
    assert ask(client, {"q": "shoes", "filter_by": "brand:=halden"})["suggestions"] == []


def test_each_filter_that_is_in_the_way_is_named_with_what_there_is_without_it(client: Client) -> None:
    request = {"q": "red", "filter_by": "category:=lamps && brand:=halden"}
    found = suggested(client, request)
    assert list(found) == ["drop_filter", "nearest_category", "clear_filters"]
    assert found["drop_filter"] == {
        "kind": "drop_filter",
        "label": "Without the brand Halden",
        "changes": {"filter_by": "category:=[lamps]", "filters": None},
        "count": 1,
        "count_exact": True,
        "details": {"field": "brand", "values": ["halden"]},
    }
    labels = [one["label"] for one in ask(client, request)["suggestions"]]
    assert labels == ["Without the brand Halden", "Without the category Lamps", "In Shoes", "Without any filter"]


def test_a_category_is_offered_in_the_place_of_one_that_has_nothing(client: Client) -> None:
    Product.objects.filter(sku__in=("black-shoes", "blue-shoes")).update(title="Sandals")
    found = suggested(client, {"q": "sandals", "filters": {"category": "lamps"}})
    assert found["nearest_category"]["label"] == "In Shoes"
    assert found["nearest_category"]["changes"] == {"filter_by": "category:=[shoes]", "filters": None}
    assert found["nearest_category"]["details"] == {"category": "shoes", "name": "Shoes"}
    assert "clear_filters" not in found


def test_the_price_is_widened_to_the_nearest_in_round_numbers(client: Client) -> None:
    found = suggested(client, {"q": "green", "filter_by": "price:[20..48]"})
    assert found["widen_price"]["label"] == "From 20 to 50 EUR"
    assert found["widen_price"]["count"] == 1
    assert found["widen_price"]["details"] == {"from": "20", "to": "50.00", "currency": "EUR"}
    found = suggested(client, {"q": "green", "filter_by": "price:>=61"})
    assert (found["widen_price"]["label"], found["widen_price"]["count"]) == ("From 60 EUR", 1)
    assert found["drop_filter"]["label"] == "Without the price limit"
    assert found["drop_filter"]["count"] == 2


@pytest.mark.parametrize(
    ("amount", "up", "expected"),
    [
        ("87.90", True, "90.00"),
        ("87.90", False, "85.00"),
        ("432", True, "450.00"),
        ("12.50", False, "10.00"),
        ("0.07", True, "0.07"),
        ("0", False, "0"),
        ("99999999999.99", True, "100000000000.00"),
    ],
)
def test_a_bound_is_rounded_away_from_what_it_keeps(amount: str, up: bool, expected: str) -> None:
    assert rounded(Decimal(amount), Store(currency="EUR"), up=up) == Decimal(expected)


def test_what_is_sold_out_and_other_values_are_filters_too(client: Client) -> None:
    request = {"q": "black lamp", "filter_by": "in_stock:=true && color:=[red,blue]"}
    found = suggested(client, request)
    assert list(found) == ["drop_words", "clear_filters"]
    # Neither filter alone is to blame, so neither is named.
    assert found["clear_filters"]["count"] == 1
    assert found["drop_words"]["details"] == {"word": "black", "words": "lamp"}
    labels = {one["label"] for one in ask(client, {"q": "black", "filter_by": "in_stock:=true"})["suggestions"]}
    assert labels == {"Without “in stock”"}
    labels = {one["label"] for one in ask(client, {"filter_by": "color:=[white,pink,grey,navy]"})["suggestions"]}
    assert labels == {"Without Colour: Grey or Navy or Pink and others"}


def test_words_are_taken_away_one_at_a_time_and_phrases_whole(client: Client) -> None:
    found = suggested(client, {"q": 'green "green lamp"', "mode": "lexical", "filter_by": "brand:=halden"})
    assert found["drop_words"]["label"] == 'Without the word "green lamp"'
    assert found["drop_words"]["changes"] == {"q": "green", "parts": None}


def test_corrected_words_are_offered_where_they_are_not_searched_anyway(shop: Store, client: Client) -> None:
    refresh_vocabulary(shop)
    request = {"q": "redd shooes", "mode": "lexical", "typo_tolerance": False}
    found = suggested(client, request)
    assert found["corrected_words"]["label"] == "Search for red shoes"
    assert found["corrected_words"]["changes"] == {"q": "red shoes", "parts": None}
    assert ask(client, request | {"typo_tolerance": True})["suggestions"] == []


def test_words_of_parts_are_taken_away_as_well(client: Client) -> None:
    request = {"parts": [{"text": "red lamp"}], "filter_by": "brand:=halden"}
    assert suggested(client, request)["drop_words"]["changes"] == {"q": "red", "parts": None}


def test_a_photo_that_finds_nothing_sure_offers_the_nearest_and_their_category(
    sure: Store, client: Client, live_index: IndexVersion
) -> None:
    Product.objects.filter(sku="black-lamp").delete()
    indexing.sweep(live_index)
    request = {"image": {"base64": base64_photo("purple")}, "facet_by": "brand"}
    found = suggested(client, request)
    assert list(found) == ["nearest_category", "show_nearest"]
    assert found["nearest_category"]["label"] == "In Shoes"
    assert found["nearest_category"]["changes"] == {
        "filter_by": "category:=[shoes]",
        "filters": None,
        "q": "",
        "parts": None,
        "image": None,
    }
    assert found["show_nearest"]["changes"] == {"min_confidence": 0.0}
    assert found["show_nearest"]["count"] == 7


def test_words_whose_meaning_is_below_the_floor_offer_the_nearest_but_no_category(sure: Store, client: Client) -> None:
    found = suggested(client, {"q": "purple", "min_confidence": 0.9})
    assert list(found) == ["show_nearest"]


def test_a_photo_under_filters_is_helped_by_both(sure: Store, client: Client) -> None:
    request = {"image": {"base64": base64_photo("red")}, "filter_by": "category:=lamps && brand:=halden"}
    found = suggested(client, request)
    assert [one["label"] for one in found.values()] == ["Without the brand Halden", "In Shoes", "Without any filter"]
    assert [one["count"] for one in found.values()] == [1, 1, 2]
    request = {"parts": [{"product": "red-shoes"}], "filter_by": "price:[500..600]"}
    assert suggested(client, request)["widen_price"]["label"] == "From 20 to 600 EUR"


def test_few_hits_under_filters_are_helped_by_what_gives_more(client: Client) -> None:
    found = suggested(client, {"q": "red", "filter_by": "brand:=halden"})
    assert list(found) == ["drop_filter"]
    assert found["drop_filter"]["count"] == 2


def test_suggestions_belong_to_the_first_page_and_can_be_left_out(client: Client) -> None:
    request = {"q": "red", "filter_by": "brand:=nobody"}
    first = ask(client, request)
    assert first["suggestions"]
    assert ask(client, request | {"search_id": first["search_id"]})["suggestions"] == first["suggestions"]
    assert ask(client, request | {"page": 2})["suggestions"] == []
    without = ask(client, request | {"suggestions": False})
    assert without["suggestions"] == []
    assert "suggest" not in without["timings_ms"]


def test_an_empty_store_is_helped_by_nothing(client: Client, live_index: IndexVersion) -> None:
    Product.objects.all().delete()
    indexing.sweep(live_index)
    assert ask(client, {"q": "red lamp", "filter_by": "price:[1..2]"})["suggestions"] == []


def test_no_search_is_tried_in_the_second_half_of_the_time(shop: Store) -> None:
    asked = Query(shop.pk, text="red", mode=Mode.WORDS, filters=Filters(brands=("nobody",)), deadline_ms=0)
    assert search(asked).suggestions == ()


def test_an_outage_is_not_made_longer(sure: Store, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def dead(*args: object, **kwargs: object) -> Any:
        raise IndexUnavailable("Milvus does not answer.")

    monkeypatch.setattr(milvus, "search", dead)
    answer = ask(client, {"q": "purple", "filter_by": "brand:=halden"})
    assert (answer["found"], answer["degraded"], answer["suggestions"]) == (0, ["milvus"], [])


WORDS = st.lists(st.sampled_from(["red", "blue", "green", "shoes", "lamp", "sandals"]), max_size=4)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "category": st.sampled_from(["shoes", "lamps", ["nothing", "lamps"], "clothes"]),
        "brand": st.sampled_from(["halden", "norrvik", ["nobody", "norrvik"], 'o"dd\\ one']),
        "price": st.sampled_from([{"min": 12}, {"max": 9}, {"min": 41, "max": 49}, {"min": 500}]),
        "in_stock": st.booleans(),
        "palette": st.sampled_from([{"colours": "red"}, {"colours": ["#c81e28", "navy"], "closeness": 0.1}]),
        "attributes": st.fixed_dictionaries({"color": st.sampled_from([["red"], ["black"], ["pink", "red"]])}),
    },
)


@given(
    words=WORDS, filters=FILTERS, photo=st.sampled_from([None, "red", "purple"]), floor=st.sampled_from([None, 0.99])
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_following_a_suggestion_finds_exactly_its_count(
    sure: Store, client: Client, words: list[str], filters: dict[str, Any], photo: str | None, floor: float | None
) -> None:
    request: dict[str, Any] = {"q": " ".join(words), "filters": filters}
    if photo:
        request["image"] = {"base64": base64_photo(photo)}
    if floor is not None:
        request |= {"min_confidence": floor, "collapse": "all"}
    answer = ask(client, request)
    assert len(answer["suggestions"]) <= 6
    assert answer["found"] == 0 or filters or not answer["suggestions"]
    for suggestion in answer["suggestions"]:
        assert suggestion["count"] > answer["found"]
        follow(client, request, suggestion)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)
PRICES = st.none() | st.decimals(0, 10**9, places=2)


@given(
    categories=st.lists(TEXT, unique=True, max_size=3),
    brands=st.lists(TEXT, unique=True, max_size=3),
    low=PRICES,
    high=PRICES,
    in_stock=st.none() | st.booleans(),
    colours=st.lists(st.lists(TEXT, unique=True, min_size=1, max_size=2), max_size=2),
    palette=st.lists(st.sampled_from(["red", "navy", "#1b2a49"]), unique=True, max_size=2),
)
def test_filters_are_read_as_they_were_written(
    categories: list[str],
    brands: list[str],
    low: Decimal | None,
    high: Decimal | None,
    in_stock: bool | None,
    colours: list[list[str]],
    palette: list[str],
) -> None:
    if low is not None and high is not None:
        low, high = min(low, high), max(low, high)
    attributes = tuple(("color", tuple(terms)) for terms in colours)
    filters = Filters(tuple(categories), tuple(brands), low, high, in_stock, attributes, palette=tuple(palette))
    assert parse_filter_by(written_filters(filters), Vocabulary(frozenset({"color"}), Decimal("0.01"))) == filters
