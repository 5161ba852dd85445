"""The shop page in Chromium: words, facets, and photos that are picked, dropped, pasted and boxed."""

from __future__ import annotations

import re
from base64 import b64encode

import pytest
from playwright.sync_api import expect

from tests.browser_fixtures import Visit, first_title, found, show_photo
from tests.shop import photo_bytes

pytest_plugins = ["tests.browser_fixtures"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_typing_searches_and_the_back_button_goes_back(visit: Visit) -> None:
    page = visit.page
    found(page, "30 products")
    page.locator("#q").press_sequentially("red shoes", delay=10)
    found(page, "5 products")
    expect(page.locator("#status")).to_have_text("5 products found")
    expect(page.locator(".card-title mark").first).to_have_text("Red")
    assert visit.asked() == {"q": ["red shoes"]}
    expect(page).to_have_title("“red shoes” · Shop")
    page.locator("#q").blur()
    page.go_back()
    found(page, "30 products")
    expect(page.locator("#q")).to_have_value("")
    page.go_forward()
    found(page, "5 products")
    expect(page.locator("#q")).to_have_value("red shoes")


def test_a_facet_narrows_keeps_the_focus_and_leaves_by_its_chip(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("checkbox", name="Norrvik").check()
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
    page.get_by_role("checkbox", name="Norrvik").check()
    expect(page.locator("#trouble")).to_be_hidden()
    refused = [wrong for wrong in visit.wrongs if "400" in wrong]
    assert len(refused) == len(visit.wrongs) > 0
    visit.wrongs.clear()
