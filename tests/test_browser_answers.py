"""The shop page in Chromium: completions by keyboard, "not this" and back, corrected words, colours of photos, ways out."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import AttributeValue, Product, Store
from search import indexing
from search.colour.sweep import refresh_palettes
from search.events.records import SearchEvent
from search.models import IndexVersion
from search.words import refresh_vocabulary
from tests.browser_fixtures import PHONE, Visit, found
from tests.shop import make_product
from tests.test_browser_events import until

pytest_plugins = ["tests.browser_fixtures"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worded(thirty_products: Store) -> Store:
    """The shop with a vocabulary and the colours of its photos."""
    assert refresh_vocabulary(thirty_products)
    refresh_palettes()
    return thirty_products


def forget_overtaken(visit: Visit) -> None:
    """What htmx tells the console of a search that the next one overtook is nothing wrong."""
    visit.wrongs[:] = [wrong for wrong in visit.wrongs if not wrong.startswith(("htmx:afterRequest", "htmx:sendAbort"))]


def test_completions_are_chosen_by_keyboard(worded: Store, visit: Visit) -> None:
    page = visit.page
    box = page.get_by_role("combobox", name="Search by words")
    # A choice aborts a search by what was typed that is still under way, and htmx says so in the console.
    with page.expect_response(re.compile(r"/\?(.*&)?q=lam(&|$)")):
        box.press_sequentially("lam", delay=10)
    listed = page.get_by_role("listbox", name="Suggestions")
    expect(listed).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#options-said")).to_have_text(re.compile(r"^\d suggestions$"))
    page.keyboard.press("ArrowDown")
    first = page.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", "option-1")
    expect(box).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(box).not_to_have_attribute("aria-activedescendant", re.compile("."))
    page.keyboard.press("ArrowUp")
    expect(page.locator("#options a").last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(listed).to_be_hidden()
    expect(box).to_have_value("lam")
    page.keyboard.press("ArrowDown")
    expect(listed).to_be_visible()
    category = page.get_by_role("option").filter(has_text="Category")
    while category.get_attribute("aria-selected") != "true":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    found(page, "15 products")
    expect(listed).to_be_hidden()
    expect(box).to_have_value("")
    assert visit.asked() == {"category": ["lamps"]}


def test_a_chosen_completion_is_not_undone_by_the_typing_before_it(worded: Store, visit: Visit) -> None:
    page = visit.page
    page.locator("#q").press_sequentially("sho", delay=5)
    page.get_by_role("option").filter(has_text="Category").click()
    found(page, "15 products")
    page.wait_for_timeout(600)
    assert visit.asked() == {"category": ["shoes"]}
    forget_overtaken(visit)


def test_a_completed_product_opens_over_the_page(worded: Store, visit: Visit) -> None:
    page = visit.page
    # Or it would end later, and the address be its own.
    with page.expect_response(re.compile(r"/\?(.*&)?q=red(\+|%20)shoes(\+|%20)6(&|$)")):
        page.locator("#q").press_sequentially("red shoes 6", delay=10)
    page.get_by_role("option").filter(has_text="€70").click()
    expect(page.locator("#product .product-title")).to_have_text("Red shoes 6")
    assert urlsplit(page.url).path == "/p/sku-6"
    page.keyboard.press("Escape")
    expect(page.locator("#product")).to_be_hidden()


def test_not_this_takes_a_card_away_reports_it_and_is_undone(worded: Store, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.address}/?like=sku-0")
    found(page, "29 products, closest first")
    card = page.locator(".card").nth(1)
    sku, title = card.get_attribute("data-sku"), card.locator(".card-title").inner_text()
    card.hover()
    card.get_by_role("link", name=f"Not this: {title}").click()
    found(page, "28 products, closest first")
    expect(page.locator(f'.card[data-sku="{sku}"]')).to_have_count(0)
    expect(page.locator(".card").nth(1).locator(".unlike")).to_be_focused()
    expect(page.locator("#status")).to_have_text("28 products found, 1 waved away")
    assert visit.asked() == {"like": ["sku-0"], "not": [sku]}
    until(lambda: SearchEvent.objects.filter(kind="not_relevant", sku=sku, position=2).exists())
    page.locator("#category-home").check(force=True)
    expect(page.locator("#results h1")).to_be_visible()
    page.wait_for_url("**category=home**")
    assert visit.asked()["not"] == [sku]
    page.get_by_role("link", name=f"Bring back {title}").click()
    expect(page.locator(".bring-back")).to_have_count(0)
    assert visit.asked() == {"like": ["sku-0"], "category": ["home"]}


def test_other_words_forget_what_was_waved_away(worded: Store, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.address}/?q=lamp&of=lamp&not=sku-1")
    expect(page.locator(".bring-back")).to_have_count(1)
    page.locator("#q").focus()
    page.keyboard.press("End")
    page.keyboard.type("s")
    expect(page.locator(".bring-back")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/\?q=lamps$"))


def test_corrected_words_are_told_and_undone(worded: Store, visit: Visit) -> None:
    page = visit.page
    page.locator("#q").fill("yelow shoes")
    page.keyboard.press("Enter")
    expect(page.locator(".spelling")).to_have_text("Showing results for yellow shoes. Search instead for yelow shoes.")
    page.get_by_role("link", name="yelow shoes", exact=True).click()
    expect(page.locator(".spelling")).to_have_text("Did you mean yellow shoes?")
    assert visit.asked() == {"q": ["yelow shoes"], "of": ["yelow shoes"], "exact": ["1"]}
    page.get_by_role("link", name="yellow shoes", exact=True).click()
    expect(page.locator(".spelling")).to_have_count(0)
    expect(page.locator("#q")).to_have_value("yellow shoes")


def test_colours_of_photos_are_swatches(worded: Store, visit: Visit) -> None:
    page = visit.page
    page.reload()
    page.locator("#facet-palette > summary").click()
    swatch = page.locator("#facet-palette label").filter(has_text="Red").locator("svg circle")
    assert re.fullmatch("rgb.*", swatch.evaluate("(circle) => getComputedStyle(circle).fill"))
    page.locator("#palette-red").check(force=True)
    found(page, "5 products")
    assert visit.asked() == {"palette": ["red"]}
    page.get_by_role("link", name="Remove the filter Colour in the photo: Red").click()
    found(page, "30 products")


def test_values_are_found_in_a_long_facet_and_chosen(
    thirty_products: Store, live_index: IndexVersion, visit: Visit
) -> None:
    colour = thirty_products.attributes.get(code="color")
    for number in range(15):
        AttributeValue.objects.create(attribute=colour, code=f"shade-{number}", label=f"Shade {number}")
        make_product(thirty_products, f"s{number}", colours=(), attributes={"color": [f"shade-{number}"]})
    page = visit.page
    page.reload()
    page.get_by_label("Find in Colour").press_sequentially("shade 14", delay=10)
    expect(page.locator("#values-color label")).to_have_count(1)
    assert visit.asked() == {}
    page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    found(page, "45 products")
    page.locator("#color-shade-14").check(force=True)
    found(page, "1 product")
    assert visit.asked() == {"attr.color": ["shade-14"]}


def test_an_empty_answer_leads_on_with_counts(worded: Store, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.address}/?q=red+shoes&brand=norrvik&attr.color=white")
    expect(page.get_by_role("heading", name="Nothing here fits")).to_be_visible()
    way = page.locator(".nothing-acts a").first
    count = re.search(r"\((\d+)\)", way.inner_text())
    assert count
    way.click()
    found(page, f"{count[1]} product{'' if count[1] == '1' else 's'}")


def test_variants_open_in_the_product(thirty_products: Store, live_index: IndexVersion, visit: Visit) -> None:
    Product.objects.filter(sku__in=("sku-28", "sku-26", "sku-24")).update(style_code="runner")
    indexing.sweep(live_index)
    page = visit.page
    page.reload()
    found(page, "28 products")
    page.get_by_role("link", name="2 more variants of").click()
    expect(page.locator("#product .variants li")).to_have_count(3)
    page.locator("#product .variants a").filter(has_text="Red").click()
    expect(page.locator("#product .product-title")).to_have_text("Red shoes 24")
    page.go_back()
    expect(page.locator("#product")).to_be_hidden()


def test_completions_fit_a_phone(browser: Browser, worded: Store, live_server: LiveServer) -> None:
    with browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True) as context:
        visit = Visit(context, live_server.url)
        page = visit.page
        page.goto(live_server.url)
        page.locator("#q").tap()
        page.locator("#q").press_sequentially("red", delay=10)
        page.get_by_role("option").first.tap()
        expect(page.get_by_role("listbox")).to_be_hidden()
        found(page, "5 products")
        page.locator(".unlike").first.tap()
        found(page, "4 products")
        forget_overtaken(visit)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert visit.wrongs == []
