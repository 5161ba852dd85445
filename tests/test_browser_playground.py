"""The playground in Chromium: photos and boxes, two ways side by side, judging and keeping, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from catalog.models import Store
from search.evaluation.records import JudgedQueryRow
from tests.browser_fixtures import DESK, PHONE, Visit
from tests.shop import photo_bytes

pytest_plugins = ["tests.browser_fixtures"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def playground(browser: Browser, thirty_products: Store, live_server: LiveServer, settings: Settings) -> Iterator[Page]:
    """The page as a superuser opens it. Fails the test for any console error, failed or foreign request."""
    settings.SERVE_MEDIA = True
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    with browser.new_context(viewport=DESK) as context:
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]  # the same keys
        visit = Visit(context, live_server.url)
        visit.page.goto(live_server.url + reverse("admin:search_playground"))
        yield visit.page
        assert visit.wrongs == []


def is_narrow_enough(page: Page) -> bool:
    """Whether nothing makes the page scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def unlabelled(page: Page) -> list[str]:
    """The controls of the playground that have no label."""
    return list(
        page.evaluate(
            """[...document.querySelectorAll(".pg :is(input, select, textarea):not([type=hidden])")]
               .filter((field) => !field.labels.length && !field.ariaLabel).map((field) => field.outerHTML)"""
        )
    )


def test_words_are_compared_judged_and_kept(playground: Page, tmp_path: Path) -> None:
    page = playground
    page.get_by_role("searchbox", name="Words").fill("red")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator(".pg-found")).to_have_text("5 found by words")
    page.screenshot(path=tmp_path / "one.png", full_page=True)
    page.get_by_text("Compare with another way").click()
    expect(page.locator(".pg-column")).to_have_count(2)
    second = page.locator("details").nth(1)
    second.get_by_label("Further parameters").fill('{"sort_by": "price:asc"}')
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator(".pg-moved.is-up").first).to_be_visible()
    assert unlabelled(page) == []
    asked, kept = page.locator(".pg-ask").bounding_box(), page.locator(".pg-keep").bounding_box()
    assert asked is not None and kept is not None
    assert asked["y"] + asked["height"] <= kept["y"]
    page.screenshot(path=tmp_path / "two.png", full_page=True)
    page.locator(".pg-hit").first.get_by_label("right").check()
    page.locator(".pg-hit").nth(1).get_by_label("wrong").check()
    page.get_by_label("New set").fill("browser")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("Kept as “red” in the set browser, with 2 judgments.")).to_be_visible()
    assert sorted(JudgedQueryRow.objects.get().judgments.values_list("gain", flat=True)) == [0, 2]
    page.set_viewport_size(PHONE)
    assert is_narrow_enough(page)
    page.screenshot(path=tmp_path / "phone.png", full_page=True)


def test_a_photo_is_dropped_and_a_box_dragged_on_it(playground: Page, tmp_path: Path) -> None:
    page = playground
    page.get_by_role("searchbox", name="Words").fill("lamp")
    data = photo_bytes("red", size=(300, 400))
    page.set_input_files("#photo-file", {"name": "p.png", "mimeType": "image/png", "buffer": data})
    expect(page.locator("#box")).to_be_visible()
    expect(page.locator(".pg-found")).to_contain_text("30 found by composed")
    expect(page.get_by_role("searchbox", name="Words")).to_have_value("lamp")
    frame = page.locator("#stage").bounding_box()
    assert frame is not None
    page.mouse.move(frame["x"] + frame["width"] * 0.2, frame["y"] + frame["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] * 0.8, frame["y"] + frame["height"] * 0.7, steps=5)
    with page.expect_navigation():
        page.mouse.up()
    edges = [float(edge) for edge in page.locator("#ask [name=box]").input_value().split(",")]
    assert edges == pytest.approx([0.2, 0.2, 0.8, 0.7], abs=0.02)
    page.locator("#box").focus()
    with page.expect_navigation():
        page.keyboard.press("Home")
    assert page.locator("#ask [name=box]").input_value() == ""
    assert is_narrow_enough(page)
    page.screenshot(path=tmp_path / "photo.png", full_page=True)
    page.set_viewport_size(PHONE)
    assert is_narrow_enough(page)
    page.screenshot(path=tmp_path / "photo-phone.png", full_page=True)
