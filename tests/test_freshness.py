"""How fresh answers are, that they say so, and what is true at once because it is looked up when an answer is made."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from catalog.models import Product, Store
from search import indexing, milvus
from search.errors import IndexUnavailable
from search.models import IndexVersion
from tests.api_fixtures import base64_photo, post_json, skus

pytestmark = pytest.mark.django_db
SEARCH = "/api/v1/search"


def lag(client: Client) -> float:
    """The lag that an answer says, after checking that /metrics says no less."""
    said: float = client.get(SEARCH, {"q": "red"}).json()["index"]["lag_seconds"]
    lines = Client().get("/metrics").content.decode().splitlines()
    (counted,) = [line.split()[-1] for line in lines if line.startswith("vitrine_index_lag_seconds ")]
    assert said <= float(counted) < said + 60
    return said


def test_the_lag_grows_until_a_sweep_gets_through(client: Client, live_index: IndexVersion, settings: Any) -> None:
    Product.objects.filter(sku="red-shoes").update(price=1)
    first = lag(client)
    second = lag(client)
    assert second > first
    address = settings.MILVUS_URI
    settings.MILVUS_URI, settings.MILVUS_TIMEOUT_S = "http://127.0.0.1:9", 0.2
    milvus.close_client()
    try:
        with pytest.raises(IndexUnavailable):
            indexing.sweep(live_index, is_recent_only=True)
    finally:
        settings.MILVUS_URI = address
        milvus.close_client()
    # Nothing was indexed, so nothing is fresher.
    third = lag(client)
    assert third > second
    IndexVersion.objects.update(is_doubted=False)
    live_index.entries.update(next_attempt_at=None)
    indexing.sweep(live_index)
    assert lag(client) < third


def by_photo(client: Client, filter_by: str) -> list[str]:
    return skus(post_json(client, SEARCH, {"image": {"base64": base64_photo("red")}, "filter_by": filter_by}))


GONE: list[tuple[dict[str, Any], str]] = [
    ({"price": 900}, "price:<=80"),
    ({"quantity": 0}, "in_stock:=true"),
    ({"is_published": False}, "price:<=80"),
    ({"is_published": False}, ""),
    ({"attributes": {"color": ["blue"]}}, "color:=red"),
]


def test_what_no_longer_passes_is_gone_before_any_sweep(client: Client, shop: Store) -> None:
    for change, filter_by in GONE:
        assert "red-shoes" in by_photo(client, filter_by)
        with transaction.atomic():
            Product.objects.filter(store=shop, sku="red-shoes").update(**change)
            found = by_photo(client, filter_by)
            transaction.set_rollback(True)
        assert "red-shoes" not in found, (change, filter_by)
        assert "red-lamp" in found


def test_a_deleted_product_is_gone_before_any_sweep(client: Client, shop: Store) -> None:
    Product.objects.get(store=shop, sku="red-shoes").delete()
    assert "red-shoes" not in by_photo(client, "")


def test_what_passes_now_is_found_by_words_at_once_and_by_photo_after_a_sweep(
    client: Client, shop: Store, live_index: IndexVersion
) -> None:
    Product.objects.filter(store=shop, sku="red-shoes").update(price=900)
    assert skus(client.get(SEARCH, {"q": "red shoes", "filter_by": "price:>=800"})) == ["red-shoes"]
    assert by_photo(client, "price:>=800") == []
    indexing.sweep(live_index, is_recent_only=True)
    assert by_photo(client, "price:>=800") == ["red-shoes"]
