"""The suggestions in Chromium, as a merchandiser decides on many at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from catalog.models import Product, Store
from search import indexing
from search.attributes.learning import fit_store
from search.attributes.suggesting import suggest
from search.models import IndexVersion
from tests.browser_fixtures import DESK
from tests.shop import make_store
from tests.test_attributes import colourful, fill

pytest_plugins = ["tests.browser_fixtures"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def judged(browser: Browser, live_index: IndexVersion) -> Store:
    """A shop with three products that state no colour, and two that state a wrong one."""
    store = make_store("shop")
    fill(store, per_colour=30)
    for number, looks in enumerate(("red", "green", "blue")):
        colourful(store, f"plain-{number}", looks)
    for number in range(2):
        colourful(store, f"wrong-{number}", "blue", stated="red")
    indexing.sweep(live_index)
    list(fit_store(store))
    suggest(store)
    return store


def test_several_suggestions_are_accepted_at_once(
    judged: Store, browser: Browser, live_server: LiveServer, settings: Settings, tmp_path: Path
) -> None:
    settings.SERVE_MEDIA = True
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    with browser.new_context(viewport=DESK) as context:
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]  # the same keys
        page = context.new_page()
        page.goto(live_server.url + reverse("admin:search_attributesuggestion_changelist"))
        expect(page.locator("#result_list tbody tr")).to_have_count(5)
        for name in ("plain-0", "wrong-1"):
            page.locator("#result_list tr", has_text=name).locator("input.action-select").check()
        page.screenshot(path=tmp_path / "suggestions.png")
        page.locator("select[name=action]").select_option("accept")
        page.get_by_role("button", name="Run").click()
        expect(page.get_by_text("2 products have the value now")).to_be_visible()
        expect(page.locator("#result_list tbody tr")).to_have_count(3)
    colours = dict(Product.objects.filter(sku__in=("plain-0", "wrong-1")).values_list("sku", "attributes"))
    assert colours == {"plain-0": {"color": ["red"]}, "wrong-1": {"color": ["blue"]}}
