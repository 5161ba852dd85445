"""Pytest plugin: a Chromium, thirty indexed products, and a visit to the shop page that notes all that goes wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from catalog.models import Store
from search import indexing
from search.models import IndexVersion
from tests.shop import brand, category, make_product, make_store, photo_bytes

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
def thirty_products(browser: Browser, live_index: IndexVersion) -> Store:
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
def visit(browser: Browser, thirty_products: Store, live_server: LiveServer) -> Iterator[Visit]:
    """The shop page on a desk's screen. Fails the test for any console error, failed or foreign request."""
    with browser.new_context(viewport=DESK) as context:
        visit = Visit(context, live_server.url)
        visit.page.goto(live_server.url)
        yield visit
        assert visit.wrongs == [], visit.wrongs


def found(page: Page, text: str) -> None:
    expect(page.locator("#found")).to_have_text(text)


def first_title(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator(".card-title").first).to_have_text(text)


def show_photo(page: Page, colour: str) -> None:
    data = photo_bytes(colour, size=(300, 400))
    page.set_input_files("#photo-file", {"name": "p.png", "mimeType": "image/png", "buffer": data})
    expect(page.locator("#box")).to_be_visible()
    expect(page.locator(".stage img")).to_have_js_property("naturalWidth", 300)
