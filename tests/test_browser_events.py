"""The shop page reports what was seen and clicked, in a Chromium; and nothing where the browser asks not to be tracked."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import Store
from search.events.records import SearchEvent, SearchLog
from search.events.search_log import keep_searches
from tests.browser_fixtures import DESK, Visit

pytest_plugins = ["tests.browser_fixtures"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what the browser sends in its own time."""
    deadline = monotonic() + 15
    while not is_so():
        assert monotonic() < deadline
        sleep(0.1)


def hide(page: Page) -> None:
    """What a browser says when its tab goes into the background."""
    page.evaluate(
        "Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )


def kinds() -> set[str]:
    return set(SearchEvent.objects.values_list("kind", flat=True))


def test_cards_in_view_are_seen_once_and_a_click_is_reported(visit: Visit) -> None:
    page = visit.page
    expect(page.locator(".card").first).to_be_visible()
    page.wait_for_timeout(900)
    page.locator(".card-link").nth(1).click()
    expect(page.locator("#product")).to_be_visible()
    hide(page)
    until(lambda: {"impression", "click"} <= kinds())
    click = SearchEvent.objects.get(kind="click")
    assert (click.position, click.visitor[:2], len(click.visitor)) == (2, "v-", 34)
    seen = list(SearchEvent.objects.filter(kind="impression", search_id=click.search_id))
    assert len({event.sku for event in seen}) == len(seen) < 24
    assert {event.position for event in seen} >= {1, 2, 3}
    assert {event.visitor for event in SearchEvent.objects.all()} == {click.visitor}
    keep_searches()
    assert SearchLog.objects.filter(search_id=click.search_id, mode="browse").exists()


def test_cards_further_down_are_seen_when_they_are_scrolled_to(visit: Visit) -> None:
    page = visit.page
    page.locator(".card").last.scroll_into_view_if_needed()
    expect(page.locator(".card")).to_have_count(30)
    page.locator(".card").last.scroll_into_view_if_needed()
    page.wait_for_timeout(900)
    hide(page)
    until(lambda: SearchEvent.objects.filter(position=30).exists())


def test_what_is_waved_away_is_reported_at_once(visit: Visit) -> None:
    page = visit.page
    page.evaluate(
        "const button = document.createElement('button'); button.dataset.notRelevant = '';"
        "button.textContent = 'Not this'; document.querySelector('.card').append(button)"
    )
    page.get_by_role("button", name="Not this").click()
    until(lambda: "not_relevant" in kinds())
    assert SearchEvent.objects.get(kind="not_relevant").position == 1


def test_typing_leaves_one_question(visit: Visit) -> None:
    page = visit.page
    page.locator("#q").press_sequentially("red", delay=10)
    expect(page.locator("h1")).to_have_text("“red”")
    page.locator("#q").press_sequentially(" shoes", delay=10)
    expect(page.locator("h1")).to_have_text("“red shoes”")
    keep_searches()
    asked = SearchLog.objects.exclude(words="").values_list("words", "is_superseded")
    assert set(asked) == {("red", True), ("red shoes", False)}


@pytest.mark.parametrize("signal", ["globalPrivacyControl", "doNotTrack"])
def test_a_browser_that_asks_not_to_be_tracked_reports_nothing(
    browser: Browser, thirty_products: Store, live_server: LiveServer, signal: str
) -> None:
    with browser.new_context(viewport=DESK) as context:
        value = "true" if signal == "globalPrivacyControl" else "'1'"
        context.add_init_script(f"Object.defineProperty(Navigator.prototype, '{signal}', {{get: () => {value}}})")
        page = context.new_page()
        posted: list[str] = []
        page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
        page.goto(live_server.url)
        page.wait_for_timeout(900)
        page.locator(".card-link").first.click()
        expect(page.locator("#product")).to_be_visible()
        hide(page)
        page.wait_for_timeout(300)
        assert posted == []
        assert page.evaluate("sessionStorage.getItem('visitor')") is None
        assert [cookie["name"] for cookie in context.cookies()] == ["csrftoken"]
    assert not SearchEvent.objects.exists()
