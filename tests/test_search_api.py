"""The search endpoints over HTTP, on real Postgres, Redis and Milvus Lite."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from pytest_django import Settings

from catalog.models import Product, Store
from search import encoder as encoder_module
from search import milvus
from search.api.answers import SearchOut
from tests.api_fixtures import base64_photo, client_of, post_json, problem_of, skus, upload
from tests.encoders import COLOURS, ColourEncoder
from tests.shop import photo_bytes

pytestmark = pytest.mark.django_db

SEARCH = "/api/v1/search"
IMAGES = "/api/v1/images"


def halves(left: str, right: str) -> bytes:
    """A photo whose left half is one colour and whose right half is another."""
    image = Image.new("RGB", (64, 40), COLOURS[left])
    image.paste(COLOURS[right], (32, 0, 64, 40))
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


# --- words -----------------------------------------------------------------------------------------------------------


def test_an_answer_has_the_fields_that_are_documented(client: Client) -> None:
    body = {"parts": [{"text": "red shoes"}, {"text": "blue", "weight": -0.2}], "facet_by": "color,price(0..50,50..)"}
    answer = post_json(client, SEARCH, {**body, "explain": True}).json()
    assert answer["hits"] and answer["facet_counts"][0]["counts"]
    shape = SearchOut().fields
    assert answer.keys() == shape.keys()
    for name, one in {
        "hits": answer["hits"][0],
        "facet_counts": answer["facet_counts"][1],
        "explain": answer["explain"],
        "index": answer["index"],
    }.items():
        documented = getattr(shape[name], "child", shape[name]).fields
        assert one.keys() == documented.keys(), name
    plain = post_json(client, SEARCH, body).json()
    assert shape.keys() - plain.keys() == {"explain"}
    assert answer["hits"][0].keys() - plain["hits"][0].keys() == {"scores", "signals", "parts", "matched_part"}


def test_words_are_answered_in_the_documented_shape(client: Client) -> None:
    answer = post_json(
        client, SEARCH, {"q": "red shoes", "facet_by": "color,price(0..50,50..)", "explain": True}
    ).json()
    assert (answer["found"], answer["found_exact"], answer["page"], answer["per_page"]) == (1, True, 1, 20)
    assert (answer["mode"], answer["any_word"], answer["degraded"], answer["suggestions"]) == ("words", False, [], [])
    assert (answer["pool_renewed"], answer["removed_since"]) == (False, 0)
    assert answer["index"]["model"] == "colour"
    assert answer["took_ms"] >= 0
    assert {"lexical", "encode", "ann", "hydrate", "facets"} <= answer["timings_ms"].keys()
    hit = answer["hits"][0]
    assert hit["product"]["sku"] == "red-shoes"
    assert hit["product"]["price"] == {"amount": "10.00", "currency": "EUR"}
    assert hit["product"]["attributes"] == {"color": [{"code": "red", "label": "Red"}]}
    assert hit["highlights"] == {"title": "<mark>Red</mark> <mark>shoes</mark>", "category": "<mark>Shoes</mark>"}
    assert hit["confidence"] is None
    assert hit["scores"][0] == {"route": "lexical", "rank": 1, "score": hit["scores"][0]["score"], "confidence": None}
    colours, prices = answer["facet_counts"]
    assert colours == {
        "field_name": "color",
        "counts": [{"value": "red", "label": "Red", "count": 1, "selected": False}],
        "stats": None,
        "exact": True,
    }
    assert prices["stats"] == {"min": "10.00", "max": "10.00", "avg": "10.00"}
    assert [value["count"] for value in prices["counts"]] == [1, 0]


def test_the_same_words_in_a_url_find_the_same(client: Client) -> None:
    assert skus(client.get(SEARCH, {"q": "red shoes", "filter_by": "price:<50"})) == ["red-shoes"]
    assert "scores" not in client.get(SEARCH, {"q": "red shoes"}).json()["hits"][0]


@pytest.mark.parametrize("asked", [{}, {"q": "*"}, {"q": " "}, {"filter_by": ""}])
def test_nothing_asked_is_browsing(client: Client, asked: dict[str, str]) -> None:
    answer = post_json(client, SEARCH, asked).json()
    assert (answer["mode"], answer["found"]) == ("browse", 8)


def test_words_alone_can_be_forced(client: Client) -> None:
    lexical = client.get(SEARCH, {"q": "red shoes", "mode": "lexical"}).json()
    semantic = client.get(SEARCH, {"q": "red", "mode": "semantic"}).json()
    assert (lexical["mode"], lexical["found"]) == ("lexical", 1)
    assert (semantic["mode"], semantic["found"]) == ("semantic", 8)
    assert {hit["product"]["sku"] for hit in semantic["hits"][:2]} == {"red-shoes", "red-lamp"}


# --- photos ----------------------------------------------------------------------------------------------------------


def test_an_uploaded_photo_finds_its_colour(client: Client) -> None:
    answer = client.post(SEARCH, {"image": upload("blue"), "per_page": "2"})
    assert set(skus(answer)) == {"blue-shoes", "blue-lamp"}
    hit = answer.json()["hits"][0]
    product = Product.objects.get(store__slug="shop", sku=hit["product"]["sku"])
    assert hit["matched_image"]["id"] == product.images.get().pk
    assert hit["matched_image"]["url"].startswith("http://testserver/media/")


@pytest.mark.parametrize("head", ["", "data:image/png;base64,"])
def test_a_photo_in_base64_finds_its_colour(client: Client, head: str) -> None:
    asked = {"image": {"base64": head + base64_photo("green")}, "per_page": 2}
    assert set(skus(post_json(client, SEARCH, asked))) == {"green-shoes", "green-lamp"}


def test_base64_may_have_line_breaks(client: Client) -> None:
    text = base64.encodebytes(photo_bytes("green", size=(90, 90), kind="BMP")).decode()
    assert "\n" in text.strip()
    assert set(skus(post_json(client, SEARCH, {"image": {"base64": text}, "per_page": 2}))) == {
        "green-shoes",
        "green-lamp",
    }


def test_a_products_own_photo_finds_what_looks_like_it_and_not_itself(client: Client) -> None:
    found = skus(post_json(client, SEARCH, {"image": {"product": "red-shoes"}}))
    assert found[0] == "red-lamp"
    assert "red-shoes" not in found


def test_a_box_searches_by_that_part_of_the_photo(client: Client) -> None:
    photo = base64.b64encode(halves("red", "green")).decode()
    for box, colour in (([0, 0, 0.5, 1], "red"), ([0.5, 0, 1, 1], "green")):
        found = skus(post_json(client, SEARCH, {"image": {"base64": photo, "box": box}, "per_page": 2}))
        assert set(found) == {f"{colour}-shoes", f"{colour}-lamp"}


def test_a_form_sends_the_box_beside_the_file(client: Client) -> None:
    photo = SimpleUploadedFile("photo.png", halves("red", "green"))
    found = skus(client.post(SEARCH, {"image": photo, "box": "0.5,0,1,1", "per_page": 2}))
    assert set(found) == {"green-shoes", "green-lamp"}


def test_a_form_sends_whatever_json_can_in_its_query_part(client: Client) -> None:
    query = json.dumps({"filters": {"category": "shoes"}, "image": {"box": [0, 0, 0.5, 1]}, "facet_by": ["color"]})
    photo = SimpleUploadedFile("photo.png", halves("red", "green"))
    answer = client.post(SEARCH, {"image": photo, "query": query, "per_page": 1})
    assert skus(answer) == ["red-shoes"]
    assert answer.json()["found"] == 4


def test_a_box_of_a_products_photo_is_cut_from_its_file(client: Client) -> None:
    found = skus(post_json(client, SEARCH, {"image": {"product": "red-shoes", "box": [0, 0, 0.5, 0.5]}, "per_page": 2}))
    assert set(found) == {"red-shoes", "red-lamp"}


def test_words_beside_a_photo_move_it_by_their_weight(client: Client) -> None:
    asked: dict[str, Any] = {"q": "red", "image": {"base64": base64_photo("black")}, "per_page": 4}
    answer = post_json(client, SEARCH, asked).json()
    assert answer["mode"] == "composed"
    assert {hit["product"]["sku"].split("-")[0] for hit in answer["hits"]} == {"black", "red"}
    heavy = skus(post_json(client, SEARCH, {**asked, "text_weight": 5, "per_page": 2}))
    assert set(heavy) == {"red-shoes", "red-lamp"}


def test_parts_mean_the_same_as_q_and_image(client: Client) -> None:
    photo = {"base64": base64_photo("black")}
    plain = post_json(client, SEARCH, {"q": "red", "image": photo, "text_weight": 5})
    parts = post_json(client, SEARCH, {"parts": [{"text": "red", "weight": 5}, {"image": photo}]})
    assert skus(parts) == skus(plain)
    like = post_json(client, SEARCH, {"parts": [{"product": "red-shoes"}]})
    assert skus(like)[0] == "red-lamp"


def test_a_photo_at_an_address_is_fetched(client: Client, photo_url: str) -> None:
    found = skus(post_json(client, SEARCH, {"image": {"url": photo_url}, "per_page": 2}))
    assert set(found) == {"blue-shoes", "blue-lamp"}


def test_a_photo_at_a_private_address_is_refused(client: Client) -> None:
    refused = problem_of(post_json(client, SEARCH, {"image": {"url": "http://169.254.169.254/latest/meta-data"}}))
    assert (refused["status"], refused["code"], refused["field"]) == (400, "invalid_image", "image.url")


# --- narrowing, ordering, paging ---------------------------------------------------------------------------------------


def test_both_forms_of_filters_narrow_alike(client: Client) -> None:
    short = {"filter_by": "category:=shoes && price:[10..50] && in_stock:=true && color:=[red,green,black]"}
    typed = {
        "filters": {
            "category": "shoes",
            "price": {"min": 10, "max": 50},
            "in_stock": True,
            "attributes": {"color": ["red", "green", "black"]},
        }
    }
    for asked in (short, typed):
        assert set(skus(post_json(client, SEARCH, asked))) == {"red-shoes", "green-shoes"}


def test_a_filtered_facet_counts_what_its_own_filter_hides(client: Client) -> None:
    asked = {
        "filter_by": "color:=red && category:=shoes",
        "facet_by": ["color", {"field_name": "category", "limit": 1}],
    }
    colours, categories = post_json(client, SEARCH, asked).json()["facet_counts"]
    assert {value["value"]: (value["count"], value["selected"]) for value in colours["counts"]} == {
        "red": (1, True),
        "blue": (1, False),
        "green": (1, False),
        "black": (1, False),
    }
    assert "shoes" in {value["value"] for value in categories["counts"]}


@pytest.mark.parametrize(
    ("sort_by", "first"), [("price:asc", "red-shoes"), ("price:desc", "black-lamp"), ("title", "black-lamp")]
)
def test_the_order_is_as_asked(client: Client, sort_by: str, first: str) -> None:
    assert skus(client.get(SEARCH, {"sort_by": sort_by}))[0] == first


def test_pages_of_one_search_id_cover_everything_once(client: Client) -> None:
    first = client.get(SEARCH, {"per_page": "3", "sort_by": "price"})
    search_id = first.json()["search_id"]
    seen = skus(first)
    for page in (2, 3):
        answer = client.get(SEARCH, {"per_page": 3, "sort_by": "price", "page": page, "search_id": search_id})
        assert (answer.json()["search_id"], answer.json()["pool_renewed"]) == (search_id, False)
        seen += skus(answer)
    assert len(seen) == len(set(seen)) == 8


def test_a_search_id_of_another_query_is_refused(client: Client) -> None:
    search_id = client.get(SEARCH, {"q": "red"}).json()["search_id"]
    refused = problem_of(client.get(SEARCH, {"q": "blue", "search_id": search_id, "page": 2, "per_page": 1}))
    assert (refused["status"], refused["field"]) == (400, "search_id")


def test_a_search_id_of_another_key_is_computed_again(shop: Store, client: Client) -> None:
    search_id = client.get(SEARCH, {"q": "red"}).json()["search_id"]
    answer = client_of(shop).get(SEARCH, {"q": "red", "search_id": search_id}).json()
    assert answer["pool_renewed"]
    assert answer["search_id"] != search_id


# --- similar ---------------------------------------------------------------------------------------------------------


def test_similar_products_are_narrowed_like_a_search(client: Client) -> None:
    answer = client.get("/api/v1/products/red-shoes/similar", {"filter_by": "category:=shoes", "facet_by": "color"})
    assert "red-shoes" not in skus(answer)
    assert answer.json()["found"] == 3
    assert len(answer.json()["facet_counts"]) == 1


def test_similar_knows_a_sku_with_a_slash(client: Client, shop: Store) -> None:
    Product.objects.filter(store=shop, sku="red-shoes").update(sku="red/shoes 1")
    assert skus(client.get("/api/v1/products/red/shoes%201/similar"))[0] == "red-lamp"


def test_similar_takes_no_words(client: Client) -> None:
    assert problem_of(client.get("/api/v1/products/red-shoes/similar", {"q": "x"}))["field"] == "q"


# --- outages ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_milvus(settings: Settings) -> Iterator[None]:
    """Milvus at an address where nothing listens."""
    address = settings.MILVUS_URI
    settings.MILVUS_URI, settings.MILVUS_TIMEOUT_S = "http://127.0.0.1:9", 0.5
    milvus.close_client()
    yield
    settings.MILVUS_URI = address
    milvus.close_client()


def test_without_milvus_words_answer_and_a_photo_is_a_503(client: Client, no_milvus: None) -> None:
    answer = client.get(SEARCH, {"q": "red shoes"})
    assert skus(answer) == ["red-shoes"]
    assert answer.json()["degraded"] == ["milvus"]
    refused = client.post(SEARCH, {"image": upload("red")})
    assert problem_of(refused)["code"] == "index_unavailable"
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")


def test_without_the_encoder_words_answer_and_a_photo_is_a_503(
    client: Client, colour_encoder: ColourEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(encoder_module._encoders, "colour", ColourEncoder("other weights"))
    answer = client.get(SEARCH, {"q": "red shoes"})
    assert (skus(answer), answer.json()["degraded"]) == (["red-shoes"], ["encoder"])
    assert problem_of(client.post(SEARCH, {"image": upload("red")}))["code"] == "encoder_unavailable"


def test_without_redis_a_search_answers_and_its_pages_are_computed_again(client: Client, settings: Settings) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"},
    }
    first = client.get(SEARCH, {"sort_by": "price", "per_page": "5"})
    assert "RateLimit-Limit" not in first
    asked: dict[str, Any] = {"sort_by": "price", "per_page": 5, "page": 2, "search_id": first.json()["search_id"]}
    second = client.get(SEARCH, asked)
    assert second.json()["pool_renewed"]
    assert len(set(skus(first)) | set(skus(second))) == 8
