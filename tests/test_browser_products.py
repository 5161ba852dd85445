"""The shop page in Chromium: likeness, scrolling, products in full; by keyboard, on a phone, and without scripts."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import Store
from tests.browser_fixtures import DESK, PHONE, Visit, first_title, found

pytest_plugins = ["tests.browser_fixtures"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_more_like_this_starts_from_the_product(visit: Visit) -> None:
    page = visit.page
    page.locator("#q").fill("red shoes")
    page.keyboard.press("Enter")
    found(page, "5 products")
    card = page.locator(".card").first
    card.hover()
    card.locator(".alike").click()
    expect(page.locator("#results h1")).to_have_text(re.compile("^Like Red"))
    assert list(visit.asked()) == ["like"]
    expect(page.locator("#q")).to_have_value("")
    first_title(page, re.compile("Red"))


def test_scrolling_loads_the_rest(visit: Visit) -> None:
    page = visit.page
    expect(page.locator(".card")).to_have_count(24)
    page.locator("#next").scroll_into_view_if_needed()
    expect(page.locator(".card")).to_have_count(30)
    expect(page.locator("#next")).to_have_count(0)
    assert visit.asked() == {}
    titles = page.locator(".card-title").all_text_contents()
    assert len(set(titles)) == 30


def test_a_product_opens_over_the_page_and_back_closes_it(visit: Visit) -> None:
    page = visit.page
    page.locator("#next").scroll_into_view_if_needed()
    expect(page.locator(".card")).to_have_count(30)
    page.locator(".card-link").nth(27).click()
    expect(page.locator("#product .product-title")).to_have_text("Green shoes 2")
    expect(page.locator("#product .row .card").first).to_be_visible()
    assert urlsplit(page.url).path == "/p/sku-2"
    page.go_back()
    expect(page.locator("#product")).to_be_hidden()
    assert urlsplit(page.url).path == "/"
    expect(page.locator(".grid .card")).to_have_count(30)
    page.go_forward()
    expect(page.locator("#product .product-title")).to_have_text("Green shoes 2")
    page.locator("#product .row .card-link").first.click()
    expect(page.locator("#product .product-title")).not_to_have_text("Green shoes 2")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator("#product")).to_be_hidden()
    page.wait_for_url("**/")
    page.reload()
    found(page, "30 products")


def test_a_product_link_opened_by_itself_is_a_page_that_leads_back(visit: Visit) -> None:
    page = visit.page
    page.locator(".card-link").first.click()
    expect(page.locator("#product")).to_be_visible()
    page.reload()
    expect(page.locator(".product-page .product-title")).to_have_text("White lamp 29")
    page.go_back()
    found(page, "30 products")


def test_everything_is_reached_by_keyboard(visit: Visit) -> None:
    page = visit.page
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("blue lamp")
    page.keyboard.press("Enter")
    found(page, "5 products")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.card-link')"):
            break
    card = page.evaluate("document.activeElement.id")
    outline = page.evaluate("getComputedStyle(document.activeElement.querySelector('.card-photo')).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("#product .product-title")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#product")).to_be_hidden()
    expect(page).to_have_url(re.compile("q=blue"))
    expect(page.locator(f"#{card}")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".alike").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#results h1")).to_have_text(re.compile("^Like Blue lamp"))


def test_on_a_phone_filters_rise_from_below_and_stay_while_choosing(
    browser: Browser, thirty_products: Store, live_server: LiveServer
) -> None:
    with browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True) as context:
        visit = Visit(context, live_server.url)
        page = visit.page
        page.goto(live_server.url)
        expect(page.locator("#filters")).to_be_hidden()
        page.get_by_role("button", name="Filters").tap()
        page.locator("label", has_text="Halden").tap()
        expect(page.get_by_role("button", name="Show 10 products")).to_be_visible()
        page.get_by_role("button", name="Show 10 products").tap()
        expect(page.locator("#filters")).to_be_hidden()
        found(page, "10 products")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert visit.wrongs == []


def test_words_filters_and_pages_work_without_scripts(
    browser: Browser, thirty_products: Store, live_server: LiveServer
) -> None:
    with browser.new_context(viewport=DESK, java_script_enabled=False) as context:
        visit = Visit(context, live_server.url)
        page = visit.page
        page.goto(live_server.url)
        page.get_by_role("link", name="Next page").click()
        expect(page.locator(".card")).to_have_count(6)
        page.locator("#q").fill("shoes")
        page.get_by_role("button", name="Search", exact=True).click()
        found(page, "15 products")
        page.get_by_label("Norrvik").check()
        page.get_by_role("button", name="Apply the filters").click()
        found(page, "10 products")
        page.locator(".card-link").first.click()
        expect(page.locator(".product-title")).to_have_text(re.compile("shoes"))
        assert visit.wrongs == []
