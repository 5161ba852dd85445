"""Several searches in one call: one batch for the encoder, each its own answer or problem, each counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from django.test import Client
from numpy.typing import NDArray
from PIL import Image
from pytest_django import Settings

from catalog.models import ApiKey, Store
from catalog.models.keys import create_api_key
from search import encoder as encoder_module
from search.query_cache import encoded_together, photo_vector, text_vector
from tests.api_fixtures import base64_photo, post_json, problem_of
from tests.encoders import COLOURS, ColourEncoder

pytestmark = pytest.mark.django_db

MULTI = "/api/v1/multi_search"
NO_REDIS = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}}


class CountingEncoder(ColourEncoder):
    """Notes the size of each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[tuple[str, int]] = []

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.batches.append(("texts", len(texts)))
        return super().encode_texts(texts)

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        self.batches.append(("images", len(images)))
        return super().encode_images(images)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch, shop: Store) -> CountingEncoder:
    """The live index's encoder, counting from now on."""
    encoder = CountingEncoder()
    monkeypatch.setitem(encoder_module._encoders, "colour", encoder)
    return encoder


def results(client: Client, searches: list[Any], **common: Any) -> list[dict[str, Any]]:
    answer = post_json(client, MULTI, {"searches": searches, "common": common})
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def skus(result: dict[str, Any]) -> list[str]:
    return [hit["product"]["sku"] for hit in result["hits"]]


def test_each_search_is_answered_as_it_would_be_alone(client: Client) -> None:
    searches = [
        {"q": "red shoes", "facet_by": "color"},
        {"image": {"base64": base64_photo("blue")}, "per_page": 2},
        {"filter_by": "category:=lamps", "sort_by": "price:desc"},
    ]
    together = results(client, searches)
    alone = [post_json(client, "/api/v1/search", search).json() for search in searches]
    fleeting = {"search_id", "took_ms", "timings_ms", "next_cursor", "index"}
    for one, other in zip(together, alone, strict=True):
        assert {name: one[name] for name in one.keys() - fleeting} == {
            name: other[name] for name in other.keys() - fleeting
        }
    assert skus(together[0]) == ["red-shoes"]


def test_common_fields_hold_where_a_search_does_not_state_its_own(client: Client) -> None:
    first, second = results(client, [{}, {"per_page": 1}], per_page=2, sort_by="price", include_fields="product.sku")
    assert (skus(first), skus(second)) == (["red-shoes", "red-lamp"], ["red-shoes"])
    assert second == {"hits": [{"product": {"sku": "red-shoes"}}]}


def test_all_texts_and_photos_are_encoded_in_one_batch_each(client: Client, counting: CountingEncoder) -> None:
    photo = {"base64": base64_photo("blue")}
    searches = [{"q": "red shoes"}, {"q": "green"}, {"q": "red shoes"}, {"q": "lamp", "mode": "lexical"}, {}]
    results(client, [*searches, {"image": photo, "q": "navy"}, {"image": photo}])
    assert counting.batches == [("texts", 3), ("images", 1)]


def test_without_redis_they_are_encoded_in_one_batch_all_the_same(
    client: Client, counting: CountingEncoder, settings: Settings
) -> None:
    settings.CACHES = NO_REDIS
    answers = results(client, [{"q": "red shoes"}, {"q": "blue lamp"}, {"image": {"base64": base64_photo("blue")}}])
    assert [skus(answer)[0] for answer in answers[:2]] == ["red-shoes", "blue-lamp"]
    assert counting.batches == [("texts", 2), ("images", 1)]


def test_a_wrong_search_is_a_problem_in_its_place(client: Client) -> None:
    answers = results(
        client, [{"q": "red shoes"}, {"filter_by": "colour:=red"}, 3, {"qq": 1}, {"image": {"product": "none"}}, {"q": "blue"}]
    )  # fmt: skip
    assert [answer.get("code") for answer in answers] == [
        None, "invalid_query", "invalid_query", "invalid_request", "invalid_query", None,
    ]  # fmt: skip
    assert [answer.get("field") for answer in answers] == [None, "filter_by", "searches", "qq", "image.product", None]
    assert answers[1]["status"] == 400
    assert "did you mean color" in answers[1]["detail"]
    assert answers[5]["found"] == 2


def test_an_outage_is_a_problem_for_photos_and_words_answer(
    client: Client, colour_encoder: ColourEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(encoder_module._encoders, "colour", ColourEncoder("other weights"))
    words, photo = results(client, [{"q": "red shoes"}, {"image": {"base64": base64_photo("red")}}])
    assert (skus(words), words["degraded"]) == (["red-shoes"], ["encoder"])
    assert (photo["status"], photo["code"]) == (503, "encoder_unavailable")


def test_later_pages_are_asked_by_search_id_or_cursor(client: Client) -> None:
    (first,) = results(client, [{"per_page": 3}])
    by_id, by_cursor = results(
        client,
        [{"per_page": 3, "page": 2, "search_id": first["search_id"]}, {"per_page": 3, "cursor": first["next_cursor"]}],
    )
    assert skus(by_id) == skus(by_cursor)
    assert not set(skus(first)) & set(skus(by_id))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "searches"),
        ({"searches": []}, "searches"),
        ({"searches": [{}] * 21}, "searches"),
        ({"searches": {"q": "x"}}, "searches"),
        ({"searches": [{}], "common": [1]}, "common"),
        ({"searches": [{}], "q": "x"}, "q"),
    ],
)
def test_a_call_that_is_no_list_of_searches_is_refused(client: Client, body: dict[str, Any], field: str) -> None:
    problem = problem_of(post_json(client, MULTI, body))
    assert (problem["status"], problem["code"], problem["field"]) == (400, "invalid_request", field)


def test_each_search_counts_against_the_keys_rate(shop: Store) -> None:
    row, key = create_api_key(store=shop, name="slow", kind="publishable")
    ApiKey.objects.filter(pk=row.pk).update(rate_per_minute=10)
    client = Client(headers={"X-API-Key": key})
    first = post_json(client, MULTI, {"searches": [{}] * 8})
    assert (first.status_code, first["RateLimit-Remaining"]) == (200, "2")
    second = post_json(client, MULTI, {"searches": [{}] * 3})
    assert problem_of(second)["code"] == "too_many_requests"
    assert (second.status_code, second["RateLimit-Remaining"]) == (429, "0")
    assert 0 < int(second["Retry-After"]) <= 60
    queries = {"requests": [{"indexName": "shop"}] * 3}
    page = Client(headers={"X-Algolia-API-Key": key})
    assert post_json(page, "/1/indexes/*/queries", queries).status_code == 429


def test_what_is_encoded_together_is_read_inside_and_gone_outside(settings: Settings) -> None:
    settings.QUERY_VECTOR_LIFETIME_S = 0
    encoder = CountingEncoder()
    red = Image.new("RGB", (8, 8), COLOURS["red"])
    with encoded_together(encoder, texts=["red", "blue", "red"], photos=[red, red.copy()]):
        np.testing.assert_array_equal(text_vector(encoder, "blue"), encoder._text_vector("blue")[None])
        assert photo_vector(encoder, red).shape == (1, encoder.dimension)
        assert encoder.batches == [("texts", 2), ("images", 1)]
        text_vector(encoder, "green")
    assert encoder.batches[2:] == [("texts", 1)]
    text_vector(encoder, "blue")
    assert encoder.batches[3:] == [("texts", 1)]
