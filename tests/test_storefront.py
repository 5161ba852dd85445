"""The shop page through Django's client: states and URLs, what a page shows, and the parts that htmx asks for."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.db import connection
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Store
from storefront.state import PageState, read_state
from tests.shop import category, make_product
from tests.storefront_fixtures import PART, texts, titles

pytest_plugins = ["tests.storefront_fixtures"]
pytestmark = pytest.mark.django_db


# --- states and URLs --------------------------------------------------------------------------------------------------


def test_a_state_survives_its_url() -> None:
    state = PageState(
        q="red & blue",
        photo="abc",
        box=(0.1, 0.2, 0.5, 0.75),
        category="shoes",
        brands=("a", "b"),
        price_min="10",
        in_stock=True,
        attributes=(("color", ("navy", "red")), ("size", ("m",))),
        order="-price",
        nearest=True,
        palette=("navy", "light-blue"),
        is_exact=True,
        ignored=("color:red",),
        unlike=("a,b", "é/1"),
        page=3,
        search_id="xyz",
    )
    assert read_state(QueryDict(state.query_string())) == state
    assert PageState().query_string() == ""


def test_what_a_url_gets_wrong_is_left_out() -> None:
    odd = "q=+a%00+&page=-2&sort=best&box=1,2,3&photo=p&like=sku&attr.=x&attr.color=&in_stock=maybe&utm_source=x&brand=a&brand=a"
    assert read_state(QueryDict(odd)) == PageState(q="a", photo="p", brands=("a",))
    for box in ("0,0,1,1", "0.5,0,0.5,1", "nan,0,1,1", "0,0,2,1", "a,b,c,d"):
        assert read_state(QueryDict(f"photo=p&box={box}")).box == ()


def test_taking_a_filter_away_leaves_the_others_and_goes_to_the_first_page() -> None:
    state = PageState(q="a", category="c", brands=("x", "y"), attributes=(("color", ("red", "navy")),), page=2)
    assert state.without_value("brand", "x").brands == ("y",)
    assert state.without_value("color", "red").attributes == (("color", ("navy",)),)
    assert state.without_value("category", "c") == replace(state, category="", page=1)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_without_a_store_the_page_says_how_to_get_one(visitor: Client) -> None:
    response = visitor.get("/")
    assert response.status_code == 200
    assert b"No store yet" in response.content


def test_the_page_shows_brand_title_price_and_stock(visitor: Client, boutique: Store) -> None:
    response = visitor.get("/")
    assert response.status_code == 200
    assert titles(response)[:2] == ["White lamp", "White shoes"]
    assert texts(response, "card-price") == [
        *("Price on request In stock", "€110.00 In stock", "€100.00", "€90.00", "€80.00 In stock", "€70.00 In stock"),
        *("€60.00 In stock", "€50.00 In stock", "€40.00 In stock", "€30.00 In stock"),
        *("€20.00 Only 3 left", "€10.00 Only 3 left"),
    ]
    assert texts(response, "flag") == ["Sold out", "Sold out"]
    assert texts(response, "found") == ["12 products"]
    assert "Other red shoes" not in titles(response)


def test_each_store_has_its_own_page(visitor: Client, boutique: Store) -> None:
    assert titles(visitor.get("/s/other/")) == ["Other red shoes"]
    assert b'action="/s/other/"' in visitor.get("/s/other/").content
    assert visitor.get("/s/nowhere/").status_code == 404


def test_words_are_marked_in_titles_and_titles_are_escaped(visitor: Client, boutique: Store) -> None:
    make_product(boutique, "odd", title="<script>alert(1)</script> velvet")
    page = visitor.get("/", {"q": "velvet"}).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <mark>velvet</mark>" in page
    assert "<script>alert(1)" not in page
    assert "<script>alert(1)" not in visitor.get("/", {"q": "<script>alert(1)</script>"}).content.decode()


def test_filters_of_the_url_narrow_and_show_as_chips_that_can_be_taken_away(visitor: Client, boutique: Store) -> None:
    response = visitor.get("/?category=shoes&attr.color=red&attr.color=blue&price_max=25&in_stock=1")
    assert titles(response) == ["Red shoes"]
    assert texts(response, "chip") == [
        *("Category Shoes", "Colour Red", "Colour Blue", "Price up to 25", "Stock In stock"),
        "Clear all",
    ]
    page = response.content.decode()
    assert 'href="/?category=shoes&amp;price_max=25&amp;in_stock=1&amp;attr.color=blue"' in page
    assert re.search(r'id="color-red" name="attr.color" value="red" checked', page)


def test_a_filter_that_the_store_no_longer_has_is_ignored(visitor: Client, boutique: Store) -> None:
    assert texts(visitor.get("/?attr.sleeves=long"), "found") == ["12 products"]


def test_categories_open_on_the_way_to_the_chosen_one(visitor: Client, boutique: Store) -> None:
    assert texts(visitor.get("/"), "branch") == ["Everything", "Clothes 6", "Home 6"]
    assert texts(visitor.get("/?category=clothes"), "branch") == ["Everything", "Clothes 6", "Shoes 6", "Home 6"]
    assert texts(visitor.get("/?category=shoes"), "branch") == ["Everything", "Clothes 6", "Shoes 6", "Home 6"]


def test_products_are_sorted_as_asked(visitor: Client, boutique: Store) -> None:
    assert titles(visitor.get("/?sort=price"))[:2] == ["Red shoes", "Red lamp"]
    assert titles(visitor.get("/?sort=-price"))[0] == "White shoes"
    assert titles(visitor.get("/?sort=price"))[-1] == "White lamp"


def test_a_price_that_is_none_is_named_and_there_is_a_way_out(visitor: Client, boutique: Store) -> None:
    response = visitor.get("/?price_min=cheap")
    assert response.status_code == 400
    assert b"This search does not work" in response.content
    assert b'<input type="hidden" form="search" name="price_min" value="cheap">' in response.content
    assert texts(response, "nothing-acts") == ["Without the filters See everything"]


def test_nothing_found_says_what_to_do(visitor: Client, boutique: Store) -> None:
    response = visitor.get("/?q=lamp&category=shoes&price_min=5000")
    assert (response.status_code, titles(response)) == (200, [])
    assert texts(response, "nothing-acts") == ["Without any filter (6)"]
    assert texts(response, "nothing-else") == ["See everything"]
    assert b'href="/?q=lamp"' in response.content


def test_words_that_nothing_holds_together_are_admitted(visitor: Client, boutique: Store) -> None:
    response = visitor.get("/?q=red+velvet")
    assert texts(response, "note") == ["Nothing has all of these words. These products come closest."]


def test_pages_follow_one_another_and_repeat_nothing(visitor: Client, boutique: Store) -> None:
    for number in range(30):
        make_product(boutique, f"more-{number}", title=f"More {number}", colours=("grey",))
    seen, url = [], "/"
    while url:
        page = visitor.get(url)
        seen += titles(page)
        assert texts(page, "found") == ["42 products"]
        assert texts(page, "branch") == ["Everything", "Clothes 6", "Home 6"]
        link = re.search(r'id="next"><a class="button" href="([^"]+)"', page.content.decode())
        url = link[1].replace("&amp;", "&") if link else ""
    assert (len(seen), len(set(seen))) == (42, 42)


# --- parts for htmx ---------------------------------------------------------------------------------------------------


def test_htmx_gets_what_changes_and_the_address_to_show(visitor: Client, boutique: Store) -> None:
    response = visitor.get("/?price_min=&q=red&sort=&brand=norrvik", headers=PART)
    page = response.content.decode()
    assert response["HX-Push-Url"] == "/?q=red&brand=norrvik"
    assert "<html" not in page
    assert titles(response) == ["Red lamp"]
    assert '<div id="facets" hx-swap-oob="innerHTML">' in page
    assert texts(response, "found") == ["1 product"]
    assert "HX-Request" in response["Vary"]


def test_typing_on_does_not_fill_the_history(visitor: Client, boutique: Store) -> None:
    def typed(words: str, *, after: str) -> HttpResponse:
        headers = {**PART, "HX-Current-URL": f"http://testserver/{after}"}
        return visitor.get("/", {"q": words}, headers=headers)

    assert typed("re", after="").has_header("HX-Push-Url")
    assert typed("red", after="?q=re")["HX-Replace-Url"] == "/?q=red"
    assert typed("re", after="?q=red").has_header("HX-Replace-Url")
    assert typed("red", after="?q=red").has_header("HX-Replace-Url")
    assert typed("lamp", after="?q=red").has_header("HX-Push-Url")
    assert typed("red", after="?q=re&category=shoes").has_header("HX-Push-Url")


def test_going_back_gets_a_whole_page(visitor: Client, boutique: Store) -> None:
    response = visitor.get("/?q=red", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert b"<html" in response.content


def test_a_further_page_is_only_its_cards(visitor: Client, boutique: Store) -> None:
    response = visitor.get("/?page=2", headers={"HX-Request": "true", "HX-Target": "next"})
    assert response.content.decode().strip() == ""
    assert not response.has_header("HX-Push-Url")


def test_more_products_cost_no_more_queries(visitor: Client, boutique: Store) -> None:
    for _ in range(3):
        # Reads what a process then believes: the calibration for a while, and the store's facts until a product changes.
        visitor.get("/?category=shoes&q=shoes")
    with CaptureQueriesContext(connection) as few:
        visitor.get("/?category=shoes&q=shoes")
    for number in range(18):
        make_product(
            boutique, f"more-{number}", category=category(boutique, "Clothes", "Shoes"), title=f"Shoes {number}"
        )
    for _ in range(3):
        visitor.get("/?category=shoes&q=shoes")
    with CaptureQueriesContext(connection) as many:
        visitor.get("/?category=shoes&q=shoes")
    assert len(many) == len(few) <= 32
