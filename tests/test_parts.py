"""Queries of several signed parts: what each pulls towards or pushes away, and how several photos count."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from catalog.models import Store
from search.choices import Match, Mode
from search.models import IndexVersion
from search.query import Part, Query
from search.retrieval import search
from search.vectors import MAX_PUSH, query_vectors, unit
from tests.api_fixtures import base64_photo, post_json, skus
from tests.encoders import COLOURS, colour_vector

pytestmark = pytest.mark.django_db
SEARCH = "/api/v1/search"


def photo(colour: str) -> Image.Image:
    return Image.new("RGB", (20, 20), COLOURS[colour])


def test_any_of_several_photos_finds_what_is_near_to_one(client: Client) -> None:
    parts = [{"image": {"base64": base64_photo(colour)}} for colour in ("red", "green")]
    answer = post_json(client, SEARCH, {"parts": parts})
    assert answer.json()["mode"] == "image"
    assert {sku.split("-")[0] for sku in skus(answer)[:4]} == {"red", "green"}


def test_all_of_several_photos_scores_by_their_weighted_mean(shop: Store, live_index: IndexVersion) -> None:
    query = Query(
        shop.pk, mode=Mode.IMAGE, image=photo("red"), others=(Part(3.0, image=photo("green")),), match=Match.ALL
    )
    result = search(query)
    assert [hit.product.sku.split("-")[0] for hit in result.hits[:2]] == ["green", "green"]
    assert [hit.product.sku.split("-")[0] for hit in result.hits[2:4]] == ["red", "red"]
    assert (result.found, result.found_exact) == (8, True)
    red, green = colour_vector(COLOURS["red"]), colour_vector(COLOURS["green"])
    expected = (red @ green + 3 * green @ green) / 4
    assert result.hits[0].scores[0].score == pytest.approx(float(expected), abs=1e-4)


def test_words_that_push_away_move_a_photo_off_them(client: Client) -> None:
    image = {"image": {"base64": base64_photo("black")}}
    plain = post_json(client, SEARCH, {"parts": [image, {"text": "red"}]})
    pushed = post_json(client, SEARCH, {"parts": [image, {"text": "red", "weight": -1}]})
    assert pushed.json()["mode"] == "image"
    assert skus(plain).index("red-shoes") < skus(pushed).index("red-shoes")
    assert skus(pushed)[-1].startswith("red")


def test_more_like_one_product_and_unlike_another(client: Client) -> None:
    answer = post_json(client, SEARCH, {"parts": [{"product": "black-shoes"}, {"product": "blue-lamp", "weight": -1}]})
    found = skus(answer)
    assert found[0] == "black-lamp"
    assert "black-shoes" not in found
    assert "blue-lamp" not in found
    assert found[-1] == "blue-shoes"
    assert answer.json()["found"] == 6


def test_several_texts_are_searched_by_all_their_words(client: Client) -> None:
    answer = post_json(client, SEARCH, {"parts": [{"text": "red"}, {"text": "lamp"}]})
    assert (answer.json()["mode"], skus(answer)) == ("words", ["red-lamp"])


def test_what_pushes_away_never_outweighs_what_is_asked_for(shop: Store, live_index: IndexVersion) -> None:
    query = Query(shop.pk, text="red", mode=Mode.SEMANTIC, others=(Part(-10.0, text="blue"),))
    red, blue = colour_vector(COLOURS["red"]), colour_vector(COLOURS["blue"])
    expected = unit((red - MAX_PUSH * blue)[None])
    assert np.allclose(query_vectors(query, live_index).vectors, expected, atol=1e-5)


def test_a_page_of_a_composed_search_belongs_to_its_parts(client: Client) -> None:
    parts = [{"text": "red"}, {"product": "blue-lamp", "weight": -1}]
    first = post_json(client, SEARCH, {"parts": parts, "per_page": 1}).json()
    again = post_json(client, SEARCH, {"parts": parts, "per_page": 1, "page": 2, "search_id": first["search_id"]})
    assert again.json()["search_id"] == first["search_id"]
    other = [{"text": "red"}, {"product": "blue-lamp", "weight": -2}]
    refused = post_json(client, SEARCH, {"parts": other, "search_id": first["search_id"]})
    assert refused.status_code == 400


def test_words_are_read_alike_under_every_filter(client: Client) -> None:
    narrowed = post_json(client, SEARCH, {"q": "red shoes", "filter_by": "color:=blue", "facet_by": "color"}).json()
    assert (narrowed["found"], narrowed["any_word"]) == (0, False)
    counts = {value["value"]: value["count"] for value in narrowed["facet_counts"][0]["counts"]}
    assert counts == {"red": 1, "blue": 0}
