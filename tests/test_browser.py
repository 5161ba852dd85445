"""The shop page in Chromium: what a person does with a mouse, a finger, a keyboard, and with scripts switched off."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from catalog.models import Store
from search import indexing
from search.models import IndexVersion
from tests.shop import brand, category, make_product, make_store, photo_bytes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The machine's own traffic off: a test's requests are then the page's alone.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop lives in this thread, where Django would take the tests' own queries for a mistake.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def shop(browser: Browser, live_index: IndexVersion) -> Store:
    """Thirty products of six colours, shoes and lamps, of 10 to 300 each."""
    store = make_store("shop")
    shoes, lamps = category(store, "Clothes", "Shoes"), category(store, "Home", "Lamps")
    for number in range(30):
        colour = ("red", "blue", "green", "yellow", "black", "white")[number % 6]
        kind, noun = ((shoes, "shoes"), (lamps, "lamp"))[number % 2]
        make_product(
            store,
            f"sku-{number}",
            colours=(colour,),
            title=f"{colour.title()} {noun} {number}",
            category=kind,
            brand=brand(store, "Norrvik" if number % 3 else "Halden"),
            price=number * 10 + 10,
        )
    indexing.sweep(live_index)
    return store


class Visit:
    """A page with all that went wrong on it."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.address = address
        self.wrongs: list[str] = []
        self.page.on("console", lambda message: self._note(message.type in ("error", "warning"), message.text))
        self.page.on("pageerror", lambda error: self._note(True, str(error)))
        self.page.on("request", lambda request: self._note(not self._is_own(request.url), request.url))
        self.page.on("response", lambda answer: self._note(answer.status >= 400, f"{answer.status} {answer.url}"))

    def _is_own(self, url: str) -> bool:
        return url.startswith((self.address, "data:", "blob:"))

    def _note(self, is_wrong: bool, text: str) -> None:
        if is_wrong:
            self.wrongs.append(text)

    def asked(self) -> dict[str, list[str]]:
        """The query of the page's address."""
        return parse_qs(urlsplit(self.page.url).query)


@pytest.fixture
def visit(browser: Browser, shop: Store, live_server: LiveServer) -> Iterator[Visit]:
    """The shop page on a desk's screen. Fails the test for any console error, failed or foreign request."""
    with browser.new_context(viewport=DESK) as context:
        visit = Visit(context, live_server.url)
        visit.page.goto(live_server.url)
        yield visit
        assert visit.wrongs == []


def found(page: Page, text: str) -> None:
    expect(page.locator("#found")).to_have_text(text)


def first_title(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator(".card-title").first).to_have_text(text)


def show_photo(page: Page, colour: str) -> None:
    data = photo_bytes(colour, size=(300, 400))
    page.set_input_files("#photo-file", {"name": "p.png", "mimeType": "image/png", "buffer": data})
    expect(page.locator("#box")).to_be_visible()


def test_typing_searches_and_the_back_button_goes_back(visit: Visit) -> None:
    page = visit.page
    found(page, "30 products")
    page.locator("#q").press_sequentially("red shoes", delay=10)
    found(page, "5 products")
    expect(page.locator("#status")).to_have_text("5 products found")
    expect(page.locator(".card-title mark").first).to_have_text("Red")
    assert visit.asked() == {"q": ["red shoes"]}
    expect(page).to_have_title("“red shoes” · Shop")
    page.locator("#results h1").click()
    page.go_back()
    found(page, "30 products")
    expect(page.locator("#q")).to_have_value("")
    page.go_forward()
    found(page, "5 products")
    expect(page.locator("#q")).to_have_value("red shoes")


def test_a_facet_narrows_keeps_the_focus_and_leaves_by_its_chip(visit: Visit) -> None:
    page = visit.page
    page.get_by_label("Norrvik").check()
    found(page, "20 products")
    expect(page.locator("#brand-norrvik")).to_be_focused()
    page.locator("#category-home").check(force=True)
    found(page, "10 products")
    assert visit.asked() == {"brand": ["norrvik"], "category": ["home"]}
    page.reload()
    found(page, "10 products")
    page.get_by_role("link", name="Remove the filter Brand: Norrvik").click()
    found(page, "15 products")
    expect(page.locator("#brand-norrvik")).not_to_be_checked()
    assert visit.asked() == {"category": ["home"]}


def test_a_closed_group_stays_closed_when_results_change(visit: Visit) -> None:
    page = visit.page
    page.locator("#facet-brand > summary").click()
    page.locator("#category-home").check(force=True)
    found(page, "15 products")
    assert page.locator("#facet-brand").get_attribute("open") is None


def test_a_photo_finds_its_colour_and_words_and_filters_narrow_it(visit: Visit) -> None:
    page = visit.page
    show_photo(page, "blue")
    first_title(page, re.compile("Blue"))
    expect(page.locator(".stage img")).to_have_js_property("complete", True)
    photo = visit.asked()["photo"]
    page.locator("#category-home").check(force=True)
    found(page, "15 products, closest first")
    assert visit.asked() == {"photo": photo, "category": ["home"]}
    page.get_by_role("link", name="Remove", exact=True).click()
    expect(page.locator("#box")).to_have_count(0)
    assert visit.asked() == {"category": ["home"]}


def test_the_box_moves_by_keyboard_and_resets(visit: Visit) -> None:
    page = visit.page
    show_photo(page, "green")
    page.locator("#box").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator("#results h1")).to_have_text("Like this part of your photo")
    assert visit.asked()["box"] == ["0.18,0.18,0.85,0.88"]
    expect(page.locator("#box")).to_be_focused()
    page.keyboard.press("Home")
    expect(page.locator("#results h1")).to_have_text("Like your photo")
    assert "box" not in visit.asked()
    page.go_back()
    expect(page.locator("#results h1")).to_have_text("Like this part of your photo")
    box, stage = page.locator("#box").bounding_box(), page.locator(".stage").bounding_box()
    assert box and stage
    assert box["width"] / stage["width"] == pytest.approx(0.67, abs=0.02)


def test_the_box_is_drawn_and_dragged_with_a_pointer(visit: Visit) -> None:
    page = visit.page
    show_photo(page, "red")
    frame = page.locator(".stage").bounding_box()
    assert frame

    def drag(start: tuple[float, float], end: tuple[float, float]) -> None:
        for share, act in ((start, page.mouse.down), (end, page.mouse.up)):
            page.mouse.move(frame["x"] + share[0] * frame["width"], frame["y"] + share[1] * frame["height"], steps=4)
            act()

    drag((0.2, 0.2), (0.6, 0.7))
    expect(page.locator("#box-edges")).to_have_value(re.compile(r"^0\.(19|2).*"))
    drawn = [float(edge) for edge in visit_box(visit)]
    assert drawn == pytest.approx([0.2, 0.2, 0.6, 0.7], abs=0.02)
    with page.expect_response(re.compile("box=")):
        drag((0.4, 0.4), (0.5, 0.3))
    expect(page.locator("#results h1")).to_have_text("Like this part of your photo")
    page.wait_for_url(re.compile(r"box=0\.(29|3)"))
    assert [float(edge) for edge in visit_box(visit)] == pytest.approx([0.3, 0.1, 0.7, 0.6], abs=0.02)
    page.get_by_role("link", name="Whole photo").click()
    expect(page.locator("#results h1")).to_have_text("Like your photo")


def visit_box(visit: Visit) -> list[str]:
    visit.page.wait_for_url(re.compile("box="))
    return visit.asked()["box"][0].split(",")


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_photo_is_dropped_or_pasted_anywhere(visit: Visit, way: str) -> None:
    page = visit.page
    page.evaluate(
        """([way, text]) => {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "p.png", { type: "image/png" }));
            const event = way === "drop"
                ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
                : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true });
            document.querySelector("main").dispatchEvent(event);
        }""",
        [way, b64encode(photo_bytes("yellow")).decode()],
    )
    expect(page.locator("#box")).to_be_visible()
    first_title(page, re.compile("Yellow"))


def test_a_refused_photo_says_why_and_the_results_stay(visit: Visit) -> None:
    page = visit.page
    page.set_input_files("#photo-file", {"name": "p.png", "mimeType": "image/png", "buffer": b"this is no photo"})
    expect(page.locator("#trouble")).to_be_visible()
    found(page, "30 products")
    page.get_by_label("Norrvik").check()
    expect(page.locator("#trouble")).to_be_hidden()
    refused = [wrong for wrong in visit.wrongs if "400" in wrong]
    assert len(refused) == len(visit.wrongs) > 0
    visit.wrongs.clear()


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
    browser: Browser, shop: Store, live_server: LiveServer
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


def test_words_filters_and_pages_work_without_scripts(browser: Browser, shop: Store, live_server: LiveServer) -> None:
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
