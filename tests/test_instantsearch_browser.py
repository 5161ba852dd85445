"""The real instantsearch.js and algoliasearch in Chromium, on a page of another origin, against the live server."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import Store
from catalog.models.keys import create_api_key
from tests.browser_fixtures import DESK

pytest_plugins = ["tests.browser_fixtures"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Files(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(autouse=True, scope="module")
def patience() -> Iterator[None]:
    """Each key typed is a request: a busy machine needs longer than the usual five seconds."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def files(npm_folder: Path) -> Iterator[str]:
    """The address of a server of the page's files."""
    handler = partial(Files, directory=str(npm_folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def page(browser: Browser, files: str, thirty_products: Store, live_server: LiveServer) -> Iterator[Page]:
    """InstantSearch's page of the thirty products. Fails the test for any console error, failed or foreign request."""
    _, key = create_api_key(store=thirty_products, name="page", kind="publishable", origins=[files])
    wrongs: list[str] = []
    with browser.new_context(viewport=DESK) as context:
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: message.type in ("error", "warning") and wrongs.append(message.text))
        page.on("pageerror", lambda error: wrongs.append(str(error)))
        page.on("response", lambda answer: answer.status >= 400 and wrongs.append(f"{answer.status} {answer.url}"))
        own = (files, live_server.url, "data:")
        page.on("request", lambda request: request.url.startswith(own) or wrongs.append(request.url))
        asked = {"api": live_server.url.removeprefix("http://"), "index": thirty_products.slug, "key": key}
        page.goto(f"{files}/shop.html?{urlencode(asked)}")
        shows(page, 30)
        yield page
        assert wrongs == []


def shows(page: Page, count: int) -> None:
    # Beside the text the widget speaks to screen readers, a little later.
    expect(page.locator("#stats .ais-Stats-text")).to_have_text(f"{count} products")


def titles(page: Page) -> Locator:
    return page.locator(".ais-Hits-item h3")


def values(page: Page, container: str) -> list[str]:
    """The facet's values with their counts, as the page shows them."""
    return [" ".join(text.split()) for text in page.locator(f"{container} li").all_inner_texts()]


def choose(page: Page, container: str, value: str) -> None:
    page.locator(f"{container} li label", has_text=value).click()


def test_words_are_searched_as_they_are_typed_and_marked_in_the_hits(page: Page, tmp_path: Path) -> None:
    expect(titles(page)).to_have_count(8)
    page.locator("#searchbox input").press_sequentially("green shoes", delay=20)
    shows(page, 5)
    expect(titles(page)).to_have_count(5)
    expect(titles(page).first).to_have_text(re.compile(r"^Green shoes \d+$"))
    expect(titles(page).first.locator("mark")).to_have_text(["Green", "shoes"])
    expect(page.locator(".ais-Hits-item img").first).to_have_js_property("naturalWidth", 32)
    page.screenshot(path=tmp_path / "instantsearch.png")
    page.locator("#searchbox button[type=reset]").click()
    shows(page, 30)


def test_a_refinement_list_narrows_by_any_of_its_values_and_keeps_the_others_counts(page: Page) -> None:
    assert sorted(values(page, "#brands")) == ["Halden 10", "Norrvik 20"]
    every_colour = ["Black 5", "Blue 5", "Green 5", "Red 5", "White 5", "Yellow 5"]
    assert sorted(values(page, "#colours")) == every_colour
    choose(page, "#colours", "Red")
    shows(page, 5)
    assert sorted(values(page, "#colours")) == every_colour
    assert values(page, "#brands") == ["Halden 5"]
    choose(page, "#colours", "Blue")
    shows(page, 10)
    choose(page, "#brands", "Norrvik")
    shows(page, 5)
    expect(titles(page).first).to_have_text(re.compile("^Blue"))
    assert sorted(values(page, "#colours")) == ["Black 5", "Blue 5", "Green 5", "Red 0", "White 5"]
    page.locator("#clear button").click()
    shows(page, 30)


def test_a_facets_values_are_searched(page: Page) -> None:
    # At once: the widget shows whichever answer comes last, and the machine may be busy.
    page.locator("#brands input[type=search]").fill("nor")
    expect(page.locator("#brands li")).to_have_count(1)
    assert values(page, "#brands") == ["Norrvik 20"]
    expect(page.locator("#brands li mark")).to_have_text("Nor")
    choose(page, "#brands", "Norrvik")
    shows(page, 20)


def test_pages_show_every_product_once(page: Page) -> None:
    seen: list[str] = []
    for number, count in enumerate((8, 8, 8, 6), start=1):
        if number > 1:
            page.locator("#pages a", has_text=re.compile(rf"^{number}$")).click()
            expect(titles(page).first).not_to_have_text(seen[-8])
        expect(page.locator("#pages .ais-Pagination-item--selected")).to_have_text(str(number))
        expect(titles(page)).to_have_count(count)
        seen += titles(page).all_inner_texts()
    assert len(set(seen)) == 30


def test_the_range_slider_spans_the_prices_and_narrows_by_them(page: Page) -> None:
    slider = page.locator("#price")
    low, high = slider.locator(".rheostat-handle-lower"), slider.locator(".rheostat-handle-upper")
    assert (low.get_attribute("aria-valuemin"), low.get_attribute("aria-valuemax")) == ("10", "300")
    high.focus()
    high.press("PageDown")
    expect(high).not_to_have_attribute("aria-valuenow", "300")
    top = float(high.get_attribute("aria-valuenow") or 0)
    assert 10 < top < 300
    shows(page, int(top // 10))
    expect(page.locator("#refinements")).to_contain_text(f"≤ {top:g}")
    # The slider's own end stays that of all prices.
    assert high.get_attribute("aria-valuemax") == "300"


def test_orders_are_replicas(page: Page) -> None:
    for order, first in (("Dearest first", "White lamp 29"), ("Cheapest first", "Red shoes 0")):
        page.locator("#sort select").select_option(label=order)
        expect(titles(page).first).to_have_text(first)
    shows(page, 30)


def test_a_hierarchical_menu_opens_level_by_level(page: Page) -> None:
    menu = page.locator("#categories")
    expect(menu.locator("li")).to_have_text([re.compile(r"Clothes\s*15"), re.compile(r"Home\s*15")])
    menu.locator("a", has_text="Clothes").click()
    shows(page, 15)
    expect(menu.locator("li li")).to_have_text(re.compile(r"^\s*Shoes\s*15\s*$"))
    menu.locator("a", has_text="Shoes").click()
    shows(page, 15)
    expect(titles(page).first).to_have_text(re.compile("shoes"))
    expect(menu.locator(":scope > div > ul > li").last).to_contain_text("Home")


def test_a_toggle_and_what_is_chosen_can_be_taken_back(page: Page, thirty_products: Store) -> None:
    thirty_products.products.filter(sku__in=["sku-0", "sku-1"]).update(quantity=0)
    page.locator("#stock label").click()
    shows(page, 28)
    page.locator("#refinements button").click()
    shows(page, 30)


def test_the_whole_client_searches_single_indexes_and_facets_from_node(
    npm_folder: Path, thirty_products: Store, live_server: LiveServer
) -> None:
    _, key = create_api_key(store=thirty_products, name="node", kind="publishable")
    script = """
        const { algoliasearch } = require("algoliasearch");
        const { createFetchRequester } = require("@algolia/requester-fetch");
        const [host, key] = process.argv.slice(1);
        const client = algoliasearch("vitrine", key, {
            hosts: [{ url: host, accept: "readWrite", protocol: "http" }], requester: createFetchRequester(),
            timeouts: { connect: 20000, read: 20000, write: 20000 },
        });
        (async () => {
            const found = await client.searchSingleIndex({ indexName: "shop", searchParams: { query: "red shoes" } });
            const both = await client.search({ requests: [
                { indexName: "shop", query: "green" }, { indexName: "shop", type: "facet", facet: "color", facetQuery: "bl" },
            ] });
            const values = await client.searchForFacetValues({
                indexName: "shop", facetName: "brand", searchForFacetValuesRequest: { facetQuery: "h" },
            });
            const refused = await client.searchSingleIndex({ indexName: "nope" }).catch((error) => [error.status, error.message]);
            const hits = both.results[1].facetHits.map((hit) => hit.value);
            console.log(JSON.stringify([found.nbHits, both.results[0].nbHits, hits, values.facetHits[0].value, refused]));
        })();
    """
    done = subprocess.run(
        ["node", "-e", script, live_server.url.removeprefix("http://"), key],
        cwd=npm_folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found, green, colours, brand, refused = json.loads(done.stdout)
    assert (found, green, sorted(colours), brand) == (5, 5, ["Black", "Blue"], "Halden")
    assert refused == [
        404,
        "Index 'nope' does not exist. This key has shop, shop_price_asc, shop_price_desc, shop_newest.",
    ]
