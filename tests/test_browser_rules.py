"""Rules in Chromium, as a merchandiser makes one: only the fields that count, a preview, and then it works."""

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
from search.models import Rule
from search.query import Query
from search.retrieval import search
from tests.browser_fixtures import DESK

pytest_plugins = ["tests.browser_fixtures"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(thirty_products: Store, browser: Browser, live_server: LiveServer, settings: Settings) -> Iterator[Page]:
    """A superuser's page. Fails the test for any script error."""
    settings.SERVE_MEDIA = True
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    wrongs: list[str] = []
    with browser.new_context(viewport=DESK) as context:
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]  # the same keys
        page = context.new_page()
        context.on("weberror", lambda error: wrongs.append(str(error.error)))
        page.set_default_timeout(15_000)
        yield page
    assert wrongs == []


def choose(page: Page, field: str, text: str) -> None:
    """Choose a row in an autocomplete field by typing."""
    page.locator(f".field-{field}:visible .select2-selection").first.click()
    page.locator(".select2-search__field").last.fill(text)
    page.locator(".select2-results__option--highlighted", has_text=text).first.click()


def test_a_rule_is_made_previewed_and_kept(
    page: Page, thirty_products: Store, live_server: LiveServer, tmp_path: Path
) -> None:
    page.goto(live_server.url + reverse("admin:search_rule_add"))
    page.fill("#id_name", "Yellow first")
    expect(page.locator("#id_triggers-0-words")).to_be_visible()
    expect(page.locator("#id_triggers-0-threshold")).to_be_hidden()
    page.fill("#id_triggers-0-words", "lamp, lamps")
    expect(page.locator("#id_actions-0-position")).to_be_visible()
    expect(page.locator("#id_actions-0-factor")).to_be_hidden()
    choose(page, "product", "Yellow lamp 3")
    page.locator("#actions-group .add-row a, #actions-group a.add-row").first.click()
    page.select_option("#id_actions-1-kind", "hide")
    expect(page.locator("#id_actions-1-position")).to_be_hidden()
    page.locator(
        "#actions-1 .field-value .select2-selection, #id_actions-1-value + .select2 .select2-selection"
    ).first.click()
    page.locator(".select2-search__field").last.fill("Red")
    page.locator(".select2-results__option", has_text="Colour: Red").click()
    page.screenshot(path=tmp_path / "form.png", full_page=True)

    with page.expect_popup() as opened:
        page.get_by_role("button", name="Preview without saving").click()
    preview = opened.value
    expect(preview.locator("#applied")).to_contain_text("Yellow first")
    expect(preview.locator("#after .tile").first).to_contain_text("Yellow lamp 3")
    expect(preview.locator("#before .tile").first).not_to_contain_text("Yellow lamp 3")
    assert Rule.objects.count() == 0, "a preview keeps nothing"
    preview.screenshot(path=tmp_path / "preview.png", full_page=True)
    preview.fill("#id_words", "shoes")
    preview.get_by_role("button", name="Preview").click()
    expect(preview.locator("#applied")).to_contain_text("Did not apply: Yellow first")
    preview.close()

    page.locator("button[name=_save]").click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    page.screenshot(path=tmp_path / "list.png")
    hits = search(Query(thirty_products.pk, text="lamps", mode="words")).hits  # type: ignore[arg-type]
    assert hits[0].product.title.startswith("Yellow lamp 3")
    assert not any("Red" in hit.product.title for hit in hits)
