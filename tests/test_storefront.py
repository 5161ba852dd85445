"""The shop page through Django's client: states and URLs, what a part holds, photos, outages, and what stays private."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from io import BytesIO

import pytest
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.test.html import Element, parse_html
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from catalog.models import Product, Store
from search import indexing, milvus
from search.models import IndexVersion, QueryImage
from storefront.security import UPLOADS_PER_MINUTE
from storefront.state import PageState, read_state
from tests.encoders import COLOURS, ColourEncoder
from tests.shop import brand, category, make_product, make_store, photo_bytes

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true", "HX-Target": "results"}


@pytest.fixture
def client() -> Client:
    """A visitor's browser, without a key."""
    return Client()


@pytest.fixture
def shop(live_index: IndexVersion) -> Store:
    """Twelve indexed products in six colours, lamps and shoes, priced 10 to 120; a twin store beside it."""
    store, other = make_store("shop"), make_store("other")
    shoes, lamps = category(store, "Clothes", "Shoes"), category(store, "Home", "Lamps")
    for place, colour in enumerate(("red", "blue", "green", "yellow", "black", "white")):
        for step, (kind, noun) in enumerate(((shoes, "shoes"), (lamps, "lamp"))):
            number = place * 2 + step + 1
            make_product(
                store,
                f"{colour}-{noun}",
                colours=(colour,),
                title=f"{colour.title()} {noun}",
                category=kind,
                brand=brand(store, "Norrvik" if step else "Halden"),
                price=None if number == 12 else number * 10,
                quantity=0 if colour == "black" else 3 if colour == "red" else 30,
            )
    make_product(other, "other-shoes", colours=("red",), title="Other red shoes")
    indexing.sweep(live_index)
    return store


def texts(response: HttpResponse, class_name: str) -> list[str]:
    """The texts of the elements of this class, in the page's order, spaces collapsed."""

    def walk(node: Element | str) -> Iterator[Element]:
        if isinstance(node, Element):
            yield node
            for child in node.children:
                yield from walk(child)

    def words(node: Element | str) -> str:
        return " ".join(words(child) for child in node.children) if isinstance(node, Element) else unescape(node)

    tree = parse_html(response.content.decode())
    found = (node for node in walk(tree) if class_name in dict(node.attributes).get("class", "").split())
    return [" ".join(words(node).split()) for node in found]


def titles(response: HttpResponse) -> list[str]:
    """The cards' titles in their order."""
    return texts(response, "card-title")


def upload(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("photo.png", data, content_type="image/png")


def two_halves(left: str, right: str) -> bytes:
    image = Image.new("RGB", (80, 60), COLOURS[left])
    image.paste(COLOURS[right], (40, 0, 80, 60))
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


# --- states and URLs --------------------------------------------------------------------------------------------------


def test_a_state_survives_its_url() -> None:
    state = PageState(
        q="red & blue",
        photo="abc",
        box=(0.1, 0.2, 0.5, 0.75),
        category="shoes",
        brands=("a", "b"),
        price_min="10",
        in_stock=True,
        attributes=(("color", ("navy", "red")), ("size", ("m",))),
        order="-price",
        page=3,
        search_id="xyz",
    )
    assert read_state(QueryDict(state.query_string())) == state
    assert PageState().query_string() == ""


def test_what_a_url_gets_wrong_is_left_out() -> None:
    odd = "q=+a%00+&page=-2&sort=best&box=1,2,3&photo=p&like=sku&attr.=x&attr.color=&in_stock=maybe&utm_source=x&brand=a&brand=a"
    assert read_state(QueryDict(odd)) == PageState(q="a", photo="p", brands=("a",))
    for box in ("0,0,1,1", "0.5,0,0.5,1", "nan,0,1,1", "0,0,2,1", "a,b,c,d"):
        assert read_state(QueryDict(f"photo=p&box={box}")).box == ()


def test_taking_a_filter_away_leaves_the_others_and_goes_to_the_first_page() -> None:
    state = PageState(q="a", category="c", brands=("x", "y"), attributes=(("color", ("red", "navy")),), page=2)
    assert state.without_value("brand", "x").brands == ("y",)
    assert state.without_value("color", "red").attributes == (("color", ("navy",)),)
    assert state.without_value("category", "c") == replace(state, category="", page=1)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_without_a_store_the_page_says_how_to_get_one(client: Client) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert b"No store yet" in response.content


def test_the_page_shows_brand_title_price_and_stock(client: Client, shop: Store) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert titles(response)[:2] == ["White lamp", "White shoes"]
    assert texts(response, "card-price") == [
        *("Price on request In stock", "€110.00 In stock", "€100.00", "€90.00", "€80.00 In stock", "€70.00 In stock"),
        *("€60.00 In stock", "€50.00 In stock", "€40.00 In stock", "€30.00 In stock"),
        *("€20.00 Only 3 left", "€10.00 Only 3 left"),
    ]
    assert texts(response, "flag") == ["Sold out", "Sold out"]
    assert texts(response, "found") == ["12 products"]
    assert "Other red shoes" not in titles(response)


def test_each_store_has_its_own_page(client: Client, shop: Store) -> None:
    assert titles(client.get("/s/other/")) == ["Other red shoes"]
    assert b'action="/s/other/"' in client.get("/s/other/").content
    assert client.get("/s/nowhere/").status_code == 404


def test_words_are_marked_in_titles_and_titles_are_escaped(client: Client, shop: Store) -> None:
    make_product(shop, "odd", title="<script>alert(1)</script> velvet")
    page = client.get("/", {"q": "velvet"}).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <mark>velvet</mark>" in page
    assert "<script>alert(1)" not in page
    assert "<script>alert(1)" not in client.get("/", {"q": "<script>alert(1)</script>"}).content.decode()


def test_filters_of_the_url_narrow_and_show_as_chips_that_can_be_taken_away(client: Client, shop: Store) -> None:
    response = client.get("/?category=shoes&attr.color=red&attr.color=blue&price_max=25&in_stock=1")
    assert titles(response) == ["Red shoes"]
    assert texts(response, "chip") == [
        *("Category Shoes", "Colour Red", "Colour Blue", "Price up to 25", "Stock In stock"),
        "Clear all",
    ]
    page = response.content.decode()
    assert 'href="/?category=shoes&amp;price_max=25&amp;in_stock=1&amp;attr.color=blue"' in page
    assert re.search(r'id="color-red" name="attr.color" value="red" checked', page)


def test_a_filter_that_the_store_no_longer_has_is_ignored(client: Client, shop: Store) -> None:
    assert texts(client.get("/?attr.sleeves=long"), "found") == ["12 products"]


def test_categories_open_on_the_way_to_the_chosen_one(client: Client, shop: Store) -> None:
    assert texts(client.get("/"), "branch") == ["Everything", "Clothes 6", "Home 6"]
    assert texts(client.get("/?category=clothes"), "branch") == ["Everything", "Clothes 6", "Shoes 6", "Home 6"]
    assert texts(client.get("/?category=shoes"), "branch") == ["Everything", "Clothes 6", "Shoes 6", "Home 6"]


def test_products_are_sorted_as_asked(client: Client, shop: Store) -> None:
    assert titles(client.get("/?sort=price"))[:2] == ["Red shoes", "Red lamp"]
    assert titles(client.get("/?sort=-price"))[0] == "White shoes"
    assert titles(client.get("/?sort=price"))[-1] == "White lamp"


def test_a_price_that_is_none_is_named_and_there_is_a_way_out(client: Client, shop: Store) -> None:
    response = client.get("/?price_min=cheap")
    assert response.status_code == 400
    assert b"This search does not work" in response.content
    assert texts(response, "nothing-acts") == ["Without the filters See everything"]


def test_nothing_found_says_what_to_do(client: Client, shop: Store) -> None:
    response = client.get("/?q=lamp&category=shoes&price_min=5000")
    assert (response.status_code, titles(response)) == (200, [])
    assert texts(response, "nothing-acts") == ["Without the filters See everything"]


def test_words_that_nothing_holds_together_are_admitted(client: Client, shop: Store) -> None:
    response = client.get("/?q=red+velvet")
    assert texts(response, "note") == ["Nothing has all of these words. These products come closest."]


def test_pages_follow_one_another_and_repeat_nothing(client: Client, shop: Store, live_index: IndexVersion) -> None:
    for number in range(30):
        make_product(shop, f"more-{number}", title=f"More {number}", colours=("grey",))
    seen, url = [], "/"
    while url:
        page = client.get(url)
        seen += titles(page)
        assert texts(page, "found") == ["42 products"]
        assert texts(page, "branch") == ["Everything", "Clothes 6", "Home 6"]
        link = re.search(r'id="next"><a class="button" href="([^"]+)"', page.content.decode())
        url = link[1].replace("&amp;", "&") if link else ""
    assert (len(seen), len(set(seen))) == (42, 42)


# --- parts for htmx ---------------------------------------------------------------------------------------------------


def test_htmx_gets_what_changes_and_the_address_to_show(client: Client, shop: Store) -> None:
    response = client.get("/?price_min=&q=red&sort=&brand=norrvik", headers=PART)
    page = response.content.decode()
    assert response["HX-Push-Url"] == "/?q=red&brand=norrvik"
    assert "<html" not in page
    assert titles(response) == ["Red lamp"]
    assert '<div id="facets" hx-swap-oob="innerHTML">' in page
    assert texts(response, "found") == ["1 product"]
    assert "HX-Request" in response["Vary"]


def test_typing_on_does_not_fill_the_history(client: Client, shop: Store) -> None:
    def typed(words: str, *, after: str) -> HttpResponse:
        headers = {**PART, "HX-Current-URL": f"http://testserver/{after}"}
        return client.get("/", {"q": words}, headers=headers)

    assert typed("re", after="").has_header("HX-Push-Url")
    assert typed("red", after="?q=re")["HX-Replace-Url"] == "/?q=red"
    assert typed("re", after="?q=red").has_header("HX-Replace-Url")
    assert typed("red", after="?q=red").has_header("HX-Replace-Url")
    assert typed("lamp", after="?q=red").has_header("HX-Push-Url")
    assert typed("red", after="?q=re&category=shoes").has_header("HX-Push-Url")


def test_going_back_gets_a_whole_page(client: Client, shop: Store) -> None:
    response = client.get("/?q=red", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert b"<html" in response.content


def test_a_further_page_is_only_its_cards(client: Client, shop: Store) -> None:
    response = client.get("/?page=2", headers={"HX-Request": "true", "HX-Target": "next"})
    assert response.content.decode().strip() == ""
    assert not response.has_header("HX-Push-Url")


def test_more_products_cost_no_more_queries(client: Client, shop: Store) -> None:
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/?category=shoes&q=shoes")
    for number in range(18):
        make_product(shop, f"more-{number}", category=category(shop, "Clothes", "Shoes"), title=f"Shoes {number}")
    with CaptureQueriesContext(connection) as many:
        client.get("/?category=shoes&q=shoes")
    assert len(many) == len(few) <= 32


# --- photos -----------------------------------------------------------------------------------------------------------


def test_a_photo_is_kept_once_and_named_in_the_address(client: Client, shop: Store) -> None:
    response = client.post("/photos", {"photo_file": upload(photo_bytes("blue")), "category": "shoes"})
    kept = QueryImage.objects.get()
    assert (response.status_code, response["Location"]) == (303, f"/?photo={kept.pk}&category=shoes")
    page = client.get(response["Location"])
    assert titles(page)[0] == "Blue shoes"
    assert texts(page, "found") == ["6 products, closest first"]
    shown = client.get(f"/photos/{kept.pk}")
    assert (shown["Content-Type"], Image.open(BytesIO(shown.content)).size) == ("image/jpeg", (32, 40))


def test_htmx_gets_the_results_of_an_uploaded_photo_at_once(client: Client, shop: Store) -> None:
    response = client.post("/photos", {"photo_file": upload(photo_bytes("green")), "q": "lamp"}, headers=PART)
    assert response["HX-Push-Url"] == f"/?q=lamp&photo={QueryImage.objects.get().pk}"
    assert {title.split()[0] for title in titles(response)[:2]} == {"Green"}


def test_a_box_searches_by_its_part_of_the_photo(client: Client, shop: Store) -> None:
    client.post("/photos", {"photo_file": upload(two_halves("red", "green"))})
    photo = QueryImage.objects.get().pk
    assert {title.split()[0] for title in titles(client.get(f"/?photo={photo}&box=0,0,0.45,1"))[:2]} == {"Red"}
    response = client.get(f"/?photo={photo}&box=0.55,0,1,1")
    assert {title.split()[0] for title in titles(response)[:2]} == {"Green"}
    assert b'value="0.55,0,1,1"' in response.content


@pytest.mark.parametrize("data", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40])
def test_a_bad_photo_is_refused_with_a_reason_and_not_kept(client: Client, shop: Store, data: bytes) -> None:
    plain = client.post("/photos", {"photo_file": upload(data)})
    part = client.post("/photos", {"photo_file": upload(data)}, headers=PART)
    assert (plain.status_code, part.status_code) == (400, 400)
    assert b"This photo does not work" in plain.content
    assert (part["HX-Retarget"], part["HX-Reswap"]) == ("#trouble", "innerHTML")
    assert not QueryImage.objects.exists()


def test_a_photo_too_large_is_refused_unread(client: Client, shop: Store, settings: Settings) -> None:
    settings.IMAGE_MAX_BYTES = 2**20
    response = client.post("/photos", {"photo_file": upload(b"x" * (2**20 + 1))}, headers=PART)
    assert (response.status_code, response.content) == (400, b"The photo is larger than 1 MB: make it smaller.")


def test_uploads_have_a_limit_each_minute(client: Client, shop: Store) -> None:
    answers = [
        client.post("/photos", {"photo_file": upload(b"bad")}, headers=PART).content.decode()
        for _ in range(UPLOADS_PER_MINUTE + 1)
    ]
    assert "wait a moment" not in answers[-2]
    assert "wait a moment" in answers[-1]
    assert client.post("/photos", {"photo_file": upload(photo_bytes("red"))}, REMOTE_ADDR="10.1.1.1").status_code == 303


def test_uploads_go_on_without_redis(client: Client, shop: Store, settings: Settings) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    }
    assert client.post("/photos", {"photo_file": upload(photo_bytes("red"))}).status_code == 303


def test_a_post_without_the_token_is_refused(shop: Store) -> None:
    guarded = Client(enforce_csrf_checks=True)
    assert guarded.post("/photos", {"photo_file": upload(photo_bytes("red"))}).status_code == 403
    assert not QueryImage.objects.exists()


def test_a_photo_belongs_to_its_store_and_to_its_time(client: Client, shop: Store) -> None:
    client.post("/photos", {"photo_file": upload(photo_bytes("blue"))})
    photo = QueryImage.objects.get().pk
    assert client.get(f"/s/other/photos/{photo}").status_code == 404
    assert client.get(f"/s/other/?photo={photo}").status_code == 400
    QueryImage.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    late = client.get(f"/?photo={photo}&q=lamp")
    assert late.status_code == 400
    assert b"This photo is no longer here" in late.content
    assert texts(late, "nothing-acts") == ["Only the words Only the photo See everything"]


# --- likeness and products --------------------------------------------------------------------------------------------


def test_more_like_this_leaves_the_product_itself_out(client: Client, shop: Store) -> None:
    response = client.get("/?like=red-shoes")
    assert titles(response)[0] == "Red lamp"
    assert "Red shoes" not in titles(response)
    assert texts(response, "heading") == ["Like Red shoes 11 products, closest first"]


def test_words_beside_a_likeness_move_it(client: Client, shop: Store) -> None:
    assert {title.split()[0] for title in titles(client.get("/?like=red-shoes&q=blue"))[:4]} == {"Red", "Blue"}


def test_a_product_has_a_page_and_a_part_for_the_dialog(client: Client, shop: Store) -> None:
    whole = client.get("/p/red-shoes")
    part = client.get("/p/red-shoes", headers={"HX-Request": "true"})
    assert b"<html" in whole.content
    assert b"<html" not in part.content
    for response in (whole, part):
        assert texts(response, "product-title") == ["Red shoes"]
        assert texts(response, "product-price") == ["€10.00"]
        assert texts(response, "facts") == ["Category Shoes Colour Red Article red-shoes"]
    row = client.get("/similar/red-shoes", headers={"HX-Request": "true"})
    assert titles(row)[0] == "Red lamp"
    assert client.get("/similar/red-shoes")["Location"] == "/?like=red-shoes"


def test_a_sku_may_hold_anything(client: Client, shop: Store) -> None:
    make_product(shop, "a/b ?#&é", title="Odd sku")
    page = client.get("/").content.decode()
    link = re.search(r'href="(/p/a[^"]+)"', page)
    assert link
    assert texts(client.get(unescape(link[1])), "product-title") == ["Odd sku"]
    assert client.get("/p/%00").status_code == 404


def test_hidden_products_and_other_stores_products_have_no_page(client: Client, shop: Store) -> None:
    Product.objects.filter(sku="red-lamp").update(is_published=False)
    assert client.get("/p/red-lamp").status_code == 404
    assert client.get("/p/other-shoes").status_code == 404
    assert client.get("/s/other/p/red-shoes").status_code == 404
    assert client.get("/similar/other-shoes", headers={"HX-Request": "true"}).content.strip() == b""


# --- outages and safety -----------------------------------------------------------------------------------------------


def test_words_answer_with_a_note_while_milvus_is_down(client: Client, shop: Store, settings: Settings) -> None:
    uri = settings.MILVUS_URI
    settings.MILVUS_URI = "http://127.0.0.1:1"
    settings.MILVUS_TIMEOUT_S = 0.2
    milvus.close_client()
    try:
        words, likeness = client.get("/?q=red+shoes"), client.get("/?like=red-shoes")
        row = client.get("/similar/red-shoes", headers={"HX-Request": "true"})
    finally:
        settings.MILVUS_URI = uri
        milvus.close_client()
    assert (words.status_code, titles(words)) == (200, ["Red shoes"])
    assert texts(words, "note") == ["Photo and meaning search is resting: these products match by their words."]
    assert likeness.status_code == 503
    assert b"Photo search is resting" in likeness.content
    assert (row.status_code, row.content.strip()) == (200, b"")


def test_a_photo_without_its_encoder_is_a_503_that_says_words_work(
    client: Client, shop: Store, colour_encoder: ColourEncoder
) -> None:
    client.post("/photos", {"photo_file": upload(photo_bytes("red"))})
    colour_encoder.fingerprint = "other weights"
    response = client.get("/", {"photo": QueryImage.objects.get().pk})
    assert response.status_code == 503
    assert b"Searching by words still works" in response.content


def test_every_file_that_the_page_names_exists(client: Client, shop: Store) -> None:
    page = client.get("/").content.decode()
    named = set(re.findall(r'(?:src|href)="/static/([^"]+)"', page))
    assert len(named) == 4
    assert {name for name in named if not finders.find(name)} == set()


def test_pages_load_from_this_site_alone(client: Client, shop: Store) -> None:
    for url in ("/", "/p/red-shoes", "/?q=x"):
        response = client.get(url)
        assert response["Content-Security-Policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        page = response.content.decode()
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)
        assert not re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
