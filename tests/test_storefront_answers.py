"""What the shop page makes of an answer: corrected words, what they were taken for, what was waved away, colours, variants."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.http import HttpResponse, QueryDict
from django.test import Client

from catalog.models import AttributeValue, Product, Store
from search import indexing
from search.colour.sweep import refresh_palettes
from search.models import IndexVersion, Rule, RuleAction, RuleTrigger
from search.words import refresh_vocabulary
from storefront.banners import Banner, banners
from storefront.state import PageState, read_state
from tests.shop import make_product
from tests.storefront_fixtures import PART, texts, titles

pytest_plugins = ["tests.storefront_fixtures"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def worded(boutique: Store) -> Store:
    """The boutique with a vocabulary."""
    assert refresh_vocabulary(boutique)
    return boutique


def links(response: HttpResponse, class_name: str) -> list[str]:
    """Where the links of this class lead."""
    found = re.findall(rf'<a[^>]*class="[^"]*\b{class_name}\b[^"]*"[^>]*>', response.content.decode())
    return [unescape(re.search(r'href="([^"]*)"', tag)[1]) for tag in found]  # type: ignore[index]


def links_in(response: HttpResponse, class_name: str) -> list[str]:
    """Where the links within the first element of this class lead."""
    part = re.search(rf'<(\w+)[^>]*class="[^"]*\b{class_name}\b.*?</\1>', response.content.decode(), re.DOTALL)
    return [unescape(url) for url in re.findall('href="([^"#][^"]*)"', part[0])] if part else []


# --- what a URL says of an answer -------------------------------------------------------------------------------------


def test_what_was_said_of_words_is_dropped_with_them() -> None:
    said = "of=red&exact=1&ignore=color:red&not=a"
    assert read_state(QueryDict(f"q=red&{said}")) == PageState(
        q="red", is_exact=True, ignored=("color:red",), unlike=("a",)
    )
    assert read_state(QueryDict(f"q=red+shoes&{said}")) == PageState(q="red shoes")
    assert read_state(QueryDict(f"q=blue&like=b&{said}")) == PageState(q="blue", like="b", unlike=("a",))
    assert read_state(QueryDict("not=a&exact=1&ignore=color:red")) == PageState()


def test_hostile_sayings_are_left_out() -> None:
    odd = "q=a&of=a&exact=yes&ignore=x&ignore=a:b%00&ignore=A:B&ignore=a:b:c&palette=javascript:x&palette=%23ff0000"
    state = read_state(
        QueryDict(f"{odd}&palette=navy&not={'x' * 121}&not=%00&" + "&".join(f"not=s{n}" for n in range(40)))
    )
    assert (state.is_exact, state.ignored, state.palette) == (False, ("a:b",), ("navy",))
    assert state.unlike == tuple(f"s{n}" for n in range(20))


# --- words ------------------------------------------------------------------------------------------------------------


def test_corrected_words_are_told_and_can_be_insisted_against(visitor: Client, worded: Store) -> None:
    page = visitor.get("/?q=yelow+shoes")
    assert titles(page)[0] == "Yellow shoes"
    assert texts(page, "spelling") == ["Showing results for yellow shoes . Search instead for yelow shoes ."]
    insisted = visitor.get(links_in(page, "spelling")[0])
    assert insisted.wsgi_request.GET.dict() == {"q": "yelow shoes", "of": "yelow shoes", "exact": "1"}
    assert texts(insisted, "spelling") == ["Did you mean yellow shoes ?"]
    assert links_in(insisted, "spelling") == ["/?q=yellow+shoes"]
    assert 'name="exact" value="1"' in insisted.content.decode()


def test_what_words_were_taken_for_can_be_ignored_or_asked_for_alone(visitor: Client, worded: Store) -> None:
    page = visitor.get("/?q=red")
    assert texts(page, "meaning")[0] == "Colour Red first Only these"
    only = visitor.get(links(page, "only")[0])
    assert (sorted(titles(only), key=str.lower), texts(only, "meaning")) == (["Red lamp", "Red shoes"], [])
    assert texts(only, "chip")[0] == "Colour Red"
    ignored = visitor.get(links(page, "ignore")[0])
    assert ignored.wsgi_request.GET.dict() == {"q": "red", "of": "red", "ignore": "color:red"}
    assert texts(ignored, "meaning") == []


# --- not this ---------------------------------------------------------------------------------------------------------


def test_a_card_is_waved_away_and_brought_back(visitor: Client, boutique: Store) -> None:
    page = visitor.get("/?like=red-shoes")
    assert titles(page)[0] == "Red lamp"
    waved = visitor.get(links(page, "unlike")[0])
    assert waved.wsgi_request.GET.dict() == {"like": "red-shoes", "not": "red-lamp"}
    assert "Red lamp" not in titles(waved)
    assert texts(waved, "found") == ["10 products, closest first"]
    assert texts(waved, "bring-back") == ["Not Red lamp"]
    assert b"10 products found, 1 waved away" in waved.content
    assert titles(visitor.get(links(waved, "bring-back")[0])) == titles(page)


def test_only_a_question_can_be_waved_away_from_and_only_so_often(visitor: Client, boutique: Store) -> None:
    assert links(visitor.get("/?category=shoes"), "unlike") == []
    for number in range(20):
        make_product(boutique, f"n{number}", colours=())
    page = visitor.get("/?like=red-shoes&" + "&".join(f"not=n{number}" for number in range(20)))
    assert (len(titles(page)) > 0, links(page, "unlike")) == (True, [])
    assert texts(page, "bring-back")[-1] == "Bring all back"
    assert links(page, "bring-back")[-1] == "/?like=red-shoes"


def test_products_of_other_stores_are_no_part_of_the_state(visitor: Client, boutique: Store) -> None:
    page = visitor.get("/?like=red-shoes&not=other-shoes&not=nothing")
    assert (texts(page, "found"), texts(page, "bring-back")) == (["11 products, closest first"], [])


# --- colours of photos ------------------------------------------------------------------------------------------------


def test_colours_of_photos_are_swatches_that_narrow(visitor: Client, boutique: Store) -> None:
    refresh_palettes()
    page = visitor.get("/")
    text = page.content.decode()
    assert re.search(r'name="palette" value="red">\s*<svg class="swatch"[^>]*><circle[^>]* fill="#[0-9a-f]{6}"', text)
    assert 'id="facet-palette">' in text
    assert "Colour in the photo" in text
    narrowed = visitor.get("/?palette=red&palette=yellow")
    assert set(titles(narrowed)) == {"Red shoes", "Red lamp", "Yellow shoes", "Yellow lamp"}
    assert texts(narrowed, "chip")[:2] == ["Colour in the photo Red", "Colour in the photo Yellow"]
    assert 'id="facet-palette" open>' in narrowed.content.decode()
    assert links(narrowed, "chip")[0] == "/?palette=yellow"


# --- facets -----------------------------------------------------------------------------------------------------------


def test_values_of_a_long_facet_are_found_by_their_beginning(visitor: Client, boutique: Store) -> None:
    colour = boutique.attributes.get(code="color")
    for number in range(45):
        AttributeValue.objects.create(attribute=colour, code=f"shade-{number}", label=f"Shade {number}")
        make_product(boutique, f"s{number}", colours=(), attributes={"color": [f"shade-{number}"]})
    page = visitor.get("/?attr.color=shade-44").content.decode()
    assert 'hx-get="/values/color"' in page
    assert page.index('value="shade-44" checked') < page.index('id="find-color"') < page.index('value="red"')
    found = visitor.get("/values/color?attr.color=shade-44&find=sHáde+4", headers=PART)
    assert texts(found, "choices") == []
    assert re.findall('value="([^"]+)"', found.content.decode()) == ["shade-4", *(f"shade-{n}" for n in range(40, 44))]
    assert texts(visitor.get("/values/color?find=%3Cxq%3E"), "find-nothing") == ["Nothing called “<xq>”."]
    assert visitor.get("/values/sleeves?find=x").status_code == 404
    assert visitor.get("/values/color?find=%00" + "x" * 500).status_code == 200


# --- variants ---------------------------------------------------------------------------------------------------------


def test_variants_share_a_card_and_the_product_lists_them(
    visitor: Client, boutique: Store, live_index: IndexVersion
) -> None:
    Product.objects.filter(sku__in=("red-shoes", "blue-shoes", "green-shoes")).update(style_code="sneaker")
    Product.objects.filter(sku="other-shoes").update(style_code="sneaker")
    indexing.sweep(live_index)
    page = visitor.get("/?category=shoes&sort=price")
    assert (titles(page)[0], texts(page, "found")) == ("Red shoes", ["4 products"])
    assert texts(page, "others") == ["+2 variants"]
    product = visitor.get(links(page, "others")[0])
    assert texts(product, "variants") == ["Variants Blue Green Red"]
    assert 'href="/p/red-shoes" data-product aria-current="true"' in product.content.decode()
    assert texts(visitor.get("/p/red-lamp"), "variants") == []


# --- ways out ---------------------------------------------------------------------------------------------------------


def test_ways_out_lead_to_as_much_as_they_say(visitor: Client, boutique: Store) -> None:
    page = visitor.get("/?q=red&brand=norrvik&category=shoes&attr.color=red&price_max=90")
    assert titles(page) == []
    ways = list(zip(texts(page, "nothing-acts")[0].split(")"), links_in(page, "nothing-acts"), strict=False))
    assert [label.strip() for label, _ in ways][:2] == ["Without the brand Norrvik (1", "Without the category Shoes (1"]
    for label, url in ways:
        assert texts(visitor.get(url), "found")[0].split()[0] == label.rpartition("(")[2]


def test_few_hits_under_filters_come_with_ways_to_more(visitor: Client, boutique: Store) -> None:
    page = visitor.get("/?category=shoes&attr.color=red")
    assert titles(page) == ["Red shoes"]
    assert "There is more without some of this" in page.content.decode()
    assert "/?category=shoes" in links_in(page, "nothing-acts")


# --- banners ----------------------------------------------------------------------------------------------------------


def test_a_rules_banner_is_shown_escaped_and_nothing_else_of_it(visitor: Client, boutique: Store) -> None:
    rule = Rule.objects.create(store=boutique, name="Secret plan")
    RuleTrigger.objects.create(rule=rule, kind="words", match="any")
    said = {
        "title": "<b>Sale</b>",
        "text": 'Now "half"',
        "url": "javascript:alert(1)",
        "image": "https://x.example/a.png",
    }
    RuleAction.objects.create(rule=rule, kind="banner", banner=said)
    page = visitor.get("/?q=red")
    assert "&lt;b&gt;Sale&lt;/b&gt;" in page.content.decode()
    assert texts(page, "banner") == ['<b>Sale</b> Now "half"']
    assert b"Secret plan" not in page.content
    assert b"javascript:" not in page.content
    assert b"x.example" not in page.content


@pytest.mark.parametrize(
    "url", ["javascript:x", "//evil.example", "/\\evil.example", "data:text/html,x", "ftp://x", " x"]
)
def test_a_banner_leads_nowhere_else_than_to_the_web_or_this_site(url: str) -> None:
    assert banners([{"title": "Sale", "url": url, "image": url}]) == (Banner("Sale", "", "", ""),)


def test_a_banner_takes_what_it_knows_of_any_object() -> None:
    assert banners([{"title": 7, "text": None}, {"of": [1]}, {}]) == ()
    assert banners([{"title": "A  b", "url": "/sale?x=1", "image": "/media/a.png", "more": {"x": 1}}]) == (
        Banner("A b", "", "/sale?x=1", "/media/a.png"),
    )
    assert len(banners([{"text": "x" * 4000}] * 9)) == 3


# --- completions ------------------------------------------------------------------------------------------------------


def test_options_keep_what_else_is_asked_for(visitor: Client, worded: Store) -> None:
    response = visitor.get("/suggestions?q=sho&brand=halden&palette=red")
    urls = links(response, "option")
    assert "/?q=shoes&brand=halden&palette=red" in urls
    assert "/?category=shoes&brand=halden&palette=red" in urls
    assert "/p/red-shoes" in urls
    assert "<html" not in response.content.decode()
    assert "max-age=60" in response["Cache-Control"]


def test_options_are_of_the_store_and_escaped_and_nothing_is_none(visitor: Client, worded: Store) -> None:
    make_product(worded, "odd", title="<i>Velvet</i> shoes", colours=())
    page = visitor.get("/suggestions?q=velvet").content.decode()
    assert "&lt;i&gt;<mark>Velvet</mark>&lt;/i&gt;" in page
    assert "Other" not in visitor.get("/suggestions?q=oth").content.decode()
    for odd in ("", "%00", "%25", "'", "(((", "x" * 1000):
        assert visitor.get(f"/suggestions?q={odd}").status_code == 200
    assert visitor.get("/suggestions").content.strip() == b""
    assert visitor.post("/suggestions", {"q": "a"}).status_code == 405
