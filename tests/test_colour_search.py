"""Searching by colour: the filter, the order and the facet, and that a count is what its filter finds, in every mode."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from catalog.models import Attribute, Product, Store
from search import indexing, matching
from search.colour.bins import BINS, BY_NAME, bin_mask
from search.colour.conditions import nearest_first, with_colours
from search.colour.oklab import from_hex
from search.colour.palette import Swatch
from search.colour.records import ImagePalette
from search.colour.sweep import refresh_palettes
from search.models import IndexVersion
from tests.api_fixtures import base64_photo, client_of, post_json, problem_of, skus
from tests.shop import add_photo, make_product, make_store, photo_bytes

SEARCH = "/api/v1/search"


@pytest.fixture
def coloured(shop: Store) -> Store:
    """The indexed shop, its photos' colours known."""
    refresh_palettes()
    return shop


@pytest.fixture
def asking(coloured: Store) -> Client:
    return client_of(coloured)


def counts(answer: Any) -> dict[str, int]:
    assert answer.status_code == 200, answer.content
    (facet,) = answer.json()["facet_counts"]
    assert facet["field_name"] == "palette"
    return {value["value"]: value["count"] for value in facet["counts"]}


def test_a_named_colour_a_hexadecimal_one_and_one_of_css_each_filter(asking: Client) -> None:
    reds = {"red-shoes", "red-lamp"}
    for colour in ("red", "#c81e28", "c81e28", '"#C81E28"', "#c22", "crimson"):
        found = asking.get(SEARCH, {"filter_by": f"palette:={colour}"})
        assert set(skus(found)) == reds, colour
    assert skus(asking.get(SEARCH, {"filter_by": "palette:=yellow"})) == []
    either = asking.get(SEARCH, {"filter_by": "palette:=[red,#2846be] && category:=shoes"})
    assert set(skus(either)) == {"red-shoes", "blue-shoes"}


def test_the_typed_form_takes_colours_and_how_near_they_must_be(asking: Client) -> None:
    def found(**palette: object) -> set[str]:
        return set(skus(post_json(asking, SEARCH, {"filters": {"palette": palette}})))

    assert found(colours=["#d04048"], closeness=0.02) == set()
    assert found(colours=["#d04048"], closeness=0.12) == {"red-shoes", "red-lamp"}
    assert found(colours="navy") == set()
    assert found(colours=["green", "blue"]) == {"green-shoes", "green-lamp", "blue-shoes", "blue-lamp"}


def test_nearest_first_whatever_is_searched(asking: Client) -> None:
    order = skus(asking.get(SEARCH, {"sort_by": "palette(#10102a)"}))
    assert [sku.split("-")[0] for sku in order[:4]] == ["black", "black", "blue", "blue"]
    assert len(order) == 8
    by_words = skus(asking.get(SEARCH, {"q": "shoes", "sort_by": "palette(red)"}))
    assert by_words[0] == "red-shoes"
    by_photo = {"image": {"base64": base64_photo("blue")}, "sort_by": "palette(#0f0f0f)"}
    assert skus(post_json(asking, SEARCH, by_photo))[0].startswith("black")


def test_products_without_colours_come_last_and_match_no_colour(coloured: Store, asking: Client) -> None:
    make_product(coloured, "no-photo", colours=())
    assert skus(asking.get(SEARCH, {"sort_by": "palette(white)"}))[-1] == "no-photo"
    found = asking.get(SEARCH, {"facet_by": "palette"})
    assert sum(counts(found).values()) == 8
    assert found.json()["found"] == 9


def test_facet_values_are_swatches_that_the_filter_takes(asking: Client) -> None:
    answer = asking.get(SEARCH, {"facet_by": "palette,category", "filter_by": "palette:=[red,#2846be]"}).json()
    palette, category = answer["facet_counts"]
    assert palette["counts"][0] == {
        "value": "#2846be", "label": "#2846be", "count": 2, "selected": True, "swatch": "#2846be",
    }  # fmt: skip
    assert {value["value"]: (value["count"], value["selected"]) for value in palette["counts"][1:]} == {
        "black": (2, False), "blue": (2, False), "green": (2, False), "red": (2, True),
    }  # fmt: skip
    assert palette["counts"][1]["swatch"] == BY_NAME["black"].hex
    assert not any("swatch" in value for value in category["counts"])
    assert sum(value["count"] for value in category["counts"] if value["value"] in ("shoes", "lamps")) == 4


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"q": "shoes"},
        {"q": "shoes", "mode": "lexical"},
        {"q": "red", "mode": "semantic"},
        {"image": {"base64": base64_photo("blue")}},
        {"image": {"base64": base64_photo("red")}, "q": "lamp"},
        {"filters": {"category": "shoes", "price": {"max": 50}}},
        {"filters": {"attributes": {"color": ["blue", "red"]}}, "image": {"base64": base64_photo("black")}},
    ],
    ids=["browse", "words", "lexical", "meaning", "photo", "both", "filters", "photo and attribute"],
)
def test_a_count_is_what_its_filter_finds(coloured: Store, live_index: IndexVersion, asked: dict[str, Any]) -> None:
    for position, colours in enumerate([("navy", "red"), ("white",), ("yellow",), ("pink", "grey")]):
        make_product(coloured, f"extra-{position}", colours=colours, title=f"{colours[0]} shoes", price=position * 30)
    striped = make_product(coloured, "striped", colours=(), title="striped shoes")
    add_photo(striped, "red", data=_striped((200, 30, 40), (20, 25, 80)))
    indexing.sweep(live_index)
    refresh_palettes()
    client = client_of(coloured)
    counted = counts(post_json(client, SEARCH, {**asked, "facet_by": "palette"}))
    assert len(counted) >= 2
    for colour in (*(found.name for found in BINS), "#2846be"):
        filters = {**asked.get("filters", {}), "palette": {"colours": [colour]}}
        answer = post_json(client, SEARCH, {**asked, "filters": filters, "facet_by": "palette", "per_page": 100})
        body = answer.json()
        assert body["found"] == len(body["hits"]) == counts(answer)[colour], colour
        if colour in BY_NAME:
            assert body["found"] == counted.get(colour, 0), colour
        # The facet does not count itself away.
        assert {name: n for name, n in counts(answer).items() if n and name in BY_NAME} == counted


def _striped(*colours: tuple[int, int, int]) -> bytes:
    photo = Image.new("RGB", (96, 96), "white")
    for row in range(8, 88, 8):
        ImageDraw.Draw(photo).rectangle((12, row, 84, row + 7), fill=colours[row // 8 % len(colours)])
    data = BytesIO()
    photo.save(data, "PNG")
    return data.getvalue()


def test_a_long_list_of_products_is_given_to_the_engine_as_those_that_do_not_pass(
    asking: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(colours: list[str], **filters: object) -> set[str]:
        asked = {"image": {"base64": base64_photo("blue")}, "filters": {"palette": {"colours": colours}, **filters}}
        return set(skus(post_json(asking, SEARCH, asked)))

    most = ["red", "blue", "green"]
    plain = found(most), found(most, attributes={"color": ["blue", "black"]}), found(["black"], category="shoes")
    monkeypatch.setattr(matching, "LONG_LIST", 0)
    assert plain == (
        found(most),
        found(most, attributes={"color": ["blue", "black"]}),
        found(["black"], category="shoes"),
    )
    assert [len(one) for one in plain] == [6, 2, 1]


def test_pages_of_one_colour_neither_repeat_nor_lose_a_hit(asking: Client) -> None:
    asked = {"filter_by": "palette:=[red,blue,green]", "per_page": 4, "sort_by": "palette(blue)"}
    first = asking.get(SEARCH, asked)
    second = asking.get(SEARCH, {**asked, "page": 2, "search_id": first.json()["search_id"]})
    assert first.json()["found"] == 6
    assert len(set(skus(first) + skus(second))) == 6


def test_an_attribute_called_palette_does_not_take_the_name(coloured: Store) -> None:
    Attribute.objects.create(store=coloured, code="palette", label="Palette")
    client = client_of(coloured)
    assert len(skus(client.get(SEARCH, {"filter_by": "palette:=red"}))) == 2
    assert counts(client.get(SEARCH, {"facet_by": "palette"}))["red"] == 2


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"filter_by": "palette:=reddish"}, "filter_by"),
        ({"filter_by": "palette:=#12345"}, "filter_by"),
        ({"filter_by": "palette:=red && palette:=blue"}, "filter_by"),
        ({"filter_by": "palette:=[" + ",".join(f"#0000{n:02x}" for n in range(11)) + "]"}, "filter_by"),
        ({"sort_by": "palette(nothing)"}, "sort_by"),
        ({"sort_by": "palette"}, "sort_by"),
        ({"sort_by": "palette(#\x00ff)"}, "sort_by"),
        ({"facet_by": "palette(0..1)"}, "facet_by"),
        ({"filters": {"palette": {"colours": ["x" * 200]}}}, "filters.palette"),
        ({"filters": {"palette": {"colours": ["red"], "closeness": 9}}}, "filters.palette.closeness"),
        ({"filters": {"palette": {"closeness": 0.1}}}, "filters.palette.colours"),
        ({"filters": {"palette": {"colours": ["red"], "nearness": 1}}}, "filters.palette.nearness"),
        ({"filters": {"palette": ["red"]}}, "filters.palette"),
    ],
)
def test_what_is_no_colour_is_refused_by_name(client: Client, asked: dict[str, Any], field: str) -> None:
    problem = problem_of(post_json(client, SEARCH, asked))
    assert problem["status"] == 400
    assert field in str(problem)


@given(st.integers(0, 2**24 - 1), st.integers(0, 2**24 - 1), st.sampled_from([0.01, 0.1, 0.2, 0.5]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_look_at_named_colours_first_passes_nothing_near_over(
    unnamed: ImagePalette, own: int, asked: int, closeness: float
) -> None:
    unnamed.swatches = (Swatch(from_hex(f"{own:06x}"), 1.0),)
    unnamed.bins = bin_mask(unnamed.swatches)
    unnamed.save()
    distance = (
        sum((x - y) ** 2 for x, y in zip(unnamed.swatches[0].colour, from_hex(f"{asked:06x}"), strict=True)) ** 0.5
    )
    if abs(distance - closeness) > 0.002:
        assert with_colours(Product.objects.all(), [f"#{asked:06x}"], closeness).exists() is (distance < closeness)


@pytest.fixture
def unnamed(shop: Store) -> ImagePalette:
    refresh_palettes()
    ImagePalette.objects.exclude(pk=ImagePalette.objects.filter(product__isnull=False).first().pk).delete()  # type: ignore[union-attr]
    return ImagePalette.objects.get()


def test_a_larger_share_is_nearer_than_a_smaller_one_of_the_same_colour(db: None, tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    store = make_store()
    striped, plain = make_product(store, "striped", colours=()), make_product(store, "plain", colours=())
    add_photo(striped, "red", data=_striped((200, 30, 40), (245, 210, 60), (20, 25, 80)))
    add_photo(plain, "red", data=photo_bytes("red"))
    refresh_palettes()
    assert list(Product.objects.order_by(nearest_first("#c81e28"))) == [plain, striped]
