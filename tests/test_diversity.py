"""Different products near the top: MMR and caps, as functions and through a search."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from catalog.models import Product, Store
from search import milvus
from search.choices import Mode
from search.query import Query
from search.ranking.diversity import capped_order, mmr_order
from search.retrieval import search
from tests.api_fixtures import problem_of, skus
from tests.encoders import COLOURS

SEARCH = "/api/v1/search"


def test_without_diversity_relevance_alone_decides() -> None:
    vectors = np.eye(3, dtype=np.float32)
    assert mmr_order(np.array([0.1, 0.9, 0.5], np.float32), vectors, diversity=0.0).tolist() == [1, 2, 0]


def test_a_look_alike_waits_behind_something_else() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    relevance = np.array([1.0, 0.9, 0.5], np.float32)
    assert mmr_order(relevance, vectors, diversity=0.5).tolist() == [0, 2, 1]
    assert mmr_order(relevance, vectors, diversity=0.1).tolist() == [0, 1, 2]


VALUE = st.one_of(st.none(), st.integers(0, 3))


# A busy machine draws slowly.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.fixed_dictionaries({"brand": VALUE, "style": VALUE}), max_size=30),
    st.fixed_dictionaries({"brand": st.integers(1, 4), "style": st.integers(1, 4)}),
    st.integers(1, 20),
)
def test_caps_hold_within_the_window_and_lose_nothing(
    groups: list[dict[str, Any]], caps: dict[str, int], window: int
) -> None:
    count = len(groups)
    order = capped_order(groups, caps, window=window).tolist()
    assert sorted(order) == list(range(count))

    def is_within(places: list[int]) -> bool:
        counts = Counter((name, groups[place][name]) for place in places for name in caps)
        return all(n <= caps[name] for (name, own), n in counts.items() if own is not None)

    kept = next((end for end in range(min(window, count), -1, -1) if is_within(order[:end])), 0)
    # Either the whole window is within the caps, or nothing behind it could have filled it.
    assert kept == min(window, count) or all(not is_within([*order[:kept], place]) for place in order[kept:])
    # What was moved keeps its order, before and behind.
    assert order[:kept] == sorted(order[:kept])


def photo(colour: str) -> Image.Image:
    return Image.new("RGB", (20, 20), COLOURS[colour])


def shown(query: Query) -> list[str]:
    return [hit.product.sku for hit in search(query).hits]


@pytest.mark.django_db
def test_diversity_brings_another_colour_forward_and_loses_nothing(shop: Store) -> None:
    asked = Query(shop.pk, image=photo("red"), image_digest="r", mode=Mode.IMAGE)
    plain, varied = shown(asked), shown(replace(asked, diversity=0.9))
    assert {sku.split("-")[0] for sku in plain[:2]} == {"red"}
    assert len({sku.split("-")[0] for sku in varied[:2]}) == 2
    assert sorted(plain) == sorted(varied)


@pytest.mark.django_db
def test_pages_under_diversity_and_caps_are_the_whole_list_once(shop: Store) -> None:
    asked = Query(shop.pk, text="*", mode=Mode.BROWSE, diversity=0.5, max_per=(("brand", 1),), per_page=3)
    first = search(asked)
    pages = [first, *(search(replace(asked, page=page, search_id=first.search_id)) for page in (2, 3))]
    assert Counter(hit.product.sku for page in pages for hit in page.hits) == Counter(
        Product.objects.filter(store=shop).values_list("sku", flat=True)
    )
    assert {page.found for page in pages} == {8}


@pytest.mark.django_db
def test_a_brand_is_capped_on_the_first_page(client: Client) -> None:
    answer = client.get(SEARCH, {"max_per": "brand:1", "per_page": 2})
    assert {sku.split("-")[1] for sku in skus(answer)} == {"shoes", "lamp"}
    answer = client.post(SEARCH, {"max_per": {"category": 1}, "per_page": 2}, content_type="application/json")
    assert {sku.split("-")[1] for sku in skus(answer)} == {"shoes", "lamp"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "stated", ["colour:1", "brand", "brand:0", "brand:x", "brand:101", "brand:1,brand:1,style:1,x:1"]
)
def test_caps_that_cannot_be_are_refused(client: Client, stated: str) -> None:
    assert problem_of(client.get(SEARCH, {"max_per": stated}))["field"] == "max_per"


@pytest.mark.django_db
def test_diversity_without_the_index_keeps_the_order_and_says_so(shop: Store) -> None:
    asked = Query(shop.pk, mode=Mode.BROWSE, diversity=0.5)
    plain = shown(replace(asked, diversity=0.0))
    result = search(asked)
    assert result.degraded == ()
    for name in milvus.collection_names(prefix=result.index_version):
        milvus.drop_collection(name)
    without = search(asked)
    assert (without.degraded, [hit.product.sku for hit in without.hits]) == (("milvus",), plain)
