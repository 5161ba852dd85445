"""What `explain` says, over the API: of each hit, and of the search as a whole."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from catalog.models import Store
from search import milvus
from search.errors import IndexUnavailable
from tests.api_fixtures import base64_photo, post_json

pytestmark = pytest.mark.django_db


def ask(client: Client, request: dict[str, Any]) -> dict[str, Any]:
    answer = post_json(client, "/api/v1/search", request)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def test_nothing_is_explained_unless_it_is_asked(client: Client) -> None:
    answer = ask(client, {"q": "red shoes"})
    assert "explain" not in answer and "explain" not in answer["timings_ms"]
    assert not {"scores", "signals", "parts", "matched_part"} & answer["hits"][0].keys()


def test_words_are_explained_by_their_routes(client: Client) -> None:
    answer = ask(client, {"q": "red shoes", "filter_by": 'price:[5..20.5] && brand:="halden"', "explain": True})
    (hit,) = answer["hits"]
    assert [(score["route"], score["rank"]) for score in hit["scores"]] == [("lexical", 1), ("text", 1)]
    assert (hit["parts"], hit["matched_part"]) == ([], None)
    assert answer["explain"] == {
        "routes": [
            {"route": "lexical", "size": 1, "is_calibrated": False, "floor": None},
            {"route": "text", "size": 1, "is_calibrated": False, "floor": None},
        ],
        "parts": [{"kind": "text", "text": "red shoes", "weight": 1.0}],
        "text": "red shoes",
        "words": ["red", "shoes"],
        "filter_by": "brand:=[halden] && price:[5..20.5]",
        "pool_size": 1,
        "hidden_count": 0,
        "pinned_count": 0,
        "fusion": "weighted",
        "rrf_constant": 60,
        "collapse": "none",
        "diversity": 0.0,
    }


def test_each_part_says_how_near_a_hit_is_and_which_photo_matched(client: Client) -> None:
    parts = [
        {"image": {"base64": base64_photo("red")}},
        {"text": "green", "weight": 0.1},
        {"product": "blue-shoes", "weight": 1.0},
        {"product": "black-lamp", "weight": -0.2},
    ]
    answer = ask(client, {"parts": parts, "explain": True})
    facts = answer["explain"]["parts"]
    # The plain words and photo come first, then the others in their order.
    assert [(part["kind"], part["weight"]) for part in facts] == [
        ("text", 0.1),
        ("image", 1.0),
        ("product", 1.0),
        ("product", -0.2),
    ]
    by_sku = {hit["product"]["sku"]: hit for hit in answer["hits"]}
    near = {sku: [part["similarity"] for part in hit["parts"]] for sku, hit in by_sku.items()}
    assert near["red-shoes"][1] == pytest.approx(1.0, abs=0.001)
    assert near["blue-lamp"][2] == pytest.approx(1.0, abs=0.001)
    assert near["green-lamp"][0] == pytest.approx(1.0, abs=0.001)
    assert (by_sku["red-lamp"]["matched_part"], by_sku["blue-lamp"]["matched_part"]) == (1, 2)


def test_a_later_page_explains_itself_from_the_pool(client: Client) -> None:
    request = {"image": {"base64": base64_photo("red")}, "per_page": 4, "explain": True}
    first = ask(client, request)
    second = ask(client, request | {"page": 2, "search_id": first["search_id"]})
    assert second["explain"] == first["explain"]
    assert second["explain"]["routes"] == [{"route": "image", "size": 8, "is_calibrated": False, "floor": None}]
    ranks = [hit["scores"][0]["rank"] for hit in [*first["hits"], *second["hits"]]]
    assert sorted(ranks) == list(range(1, 9))


def test_browsing_has_no_routes_to_explain(client: Client) -> None:
    answer = ask(client, {"filter_by": "category:=shoes", "explain": True})
    assert (answer["explain"]["routes"], answer["explain"]["parts"], answer["explain"]["pool_size"]) == ([], [], 4)


def test_parts_stay_unexplained_while_vectors_cannot_be_read(
    shop: Store, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(*args: object, **kwargs: object) -> Any:
        raise IndexUnavailable("Milvus does not answer.")

    monkeypatch.setattr(milvus, "read_vectors", dead)
    answer = ask(client, {"q": "green", "image": {"base64": base64_photo("red")}, "explain": True})
    assert len(answer["hits"]) == 8
    assert answer["hits"][0]["parts"] == []
