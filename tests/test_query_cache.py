"""`search.query_cache` on the real Redis: what was asked before is not encoded again, and no Redis is no error."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from prometheus_client import REGISTRY
from pytest_django import Settings

from search import indexing
from search.choices import Mode
from search.models import IndexVersion
from search.query import Query
from search.query_cache import photo_vector, text_vector
from search.vectors import query_vectors
from tests.encoders import COLOURS, DIMENSION, ColourEncoder
from tests.shop import make_product, make_store


def photo(colour: str, size: tuple[int, int] = (8, 8)) -> Image.Image:
    return Image.new("RGB", size, COLOURS[colour])


def counted(kind: str, result: str) -> float:
    labels = {"kind": kind, "result": result}
    return REGISTRY.get_sample_value("vitrine_query_vectors_total", labels) or 0.0


def test_repeated_words_are_encoded_once() -> None:
    encoder = ColourEncoder()
    hits, misses = counted("text", "hit"), counted("text", "miss")
    first, again = text_vector(encoder, "red shoes"), text_vector(encoder, "red shoes")
    assert encoder.texts_encoded == 1
    assert (first.shape, again.shape, again.dtype) == ((1, DIMENSION), (1, DIMENSION), np.float32)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(text_vector(encoder, "blue shoes"), encoder.encode_texts(["blue shoes"]))
    assert (counted("text", "hit") - hits, counted("text", "miss") - misses) == (1, 2)


def test_the_same_pixels_are_encoded_once() -> None:
    encoder = ColourEncoder()
    hits = counted("photo", "hit")
    first, again = photo_vector(encoder, photo("red")), photo_vector(encoder, photo("red"))
    assert encoder.images_encoded == 1
    np.testing.assert_array_equal(first, again)
    for other in (photo("blue"), photo("red", (4, 16)), photo("red", (16, 4))):
        photo_vector(encoder, other)
    assert encoder.images_encoded == 4
    assert counted("photo", "hit") - hits == 1


def test_other_weights_find_nothing() -> None:
    old, new = ColourEncoder("one"), ColourEncoder("two")
    text_vector(old, "red")
    text_vector(new, "red")
    assert (old.texts_encoded, new.texts_encoded) == (1, 1)


def test_a_lifetime_of_nothing_keeps_nothing(settings: Settings) -> None:
    settings.QUERY_VECTOR_LIFETIME_S = 0
    encoder = ColourEncoder()
    for _ in range(2):
        text_vector(encoder, "red")
        photo_vector(encoder, photo("red"))
    assert (encoder.texts_encoded, encoder.images_encoded) == (2, 2)


def test_without_redis_every_query_is_encoded(settings: Settings) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    }
    encoder = ColourEncoder()
    for _ in range(2):
        np.testing.assert_array_equal(text_vector(encoder, "red"), encoder._text_vector("red")[None])
    assert encoder.texts_encoded == 2


def test_a_text_that_is_no_unicode_has_a_key() -> None:
    encoder = ColourEncoder()
    assert text_vector(encoder, "red \ud800").shape == (1, DIMENSION)


@pytest.mark.django_db
def test_a_search_asks_the_cache(live_index: IndexVersion, colour_encoder: ColourEncoder) -> None:
    store = make_store()
    make_product(store, "a", colours=("red",))
    indexing.sweep(live_index)
    colour_encoder.images_encoded = 0
    query = Query(store_id=store.pk, text="red", image=photo("blue"), mode=Mode.COMPOSED)
    for _ in range(3):
        assert query_vectors(query, live_index).name == "composed"
    assert (colour_encoder.texts_encoded, colour_encoder.images_encoded) == (1, 1)
