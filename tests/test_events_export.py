"""What comes of searches and events: triples and judged sets that training and judging read, popularity, popular words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from catalog.models import Store
from search.evaluation.sets import read_set
from search.evaluation.stores import store_set, stored_set
from search.events.popularity import popularity_of, refresh_popular_queries, refresh_popularity
from search.events.records import PopularQuery, ProductPopularity, SearchEvent, SearchLog
from search.training.behaviour import read_triples
from tests.shop import make_product, make_store

pytestmark = pytest.mark.django_db

_numbers: Iterator[int] = count()


@pytest.fixture
def store() -> Store:
    store = make_store("shop")
    for sku in ("a", "b", "c"):
        make_product(store, sku, colours=())
    return store


def searched(store: Store, words: str, **facts: Any) -> str:
    """A search that was kept; its id."""
    search_id = f"s{next(_numbers)}"
    plain = {"mode": "words", "words": words, "found": 3, "took_ms": 5, "created_at": timezone.now(), **facts}
    return SearchLog.objects.create(store=store, search_id=search_id, **plain).search_id


def did(store: Store, search_id: str, kind: str, sku: str, **facts: Any) -> None:
    plain = {"kind": kind, "sku": sku, "search_id": search_id, "occurred_at": timezone.now(), **facts}
    SearchEvent.objects.create(store=store, event_id=f"e{next(_numbers)}", **plain)


def exported(store: Store, path: Path, *options: str) -> str:
    said = StringIO()
    call_command("export_events", *options, store=store.slug, output=path, stdout=said)
    return said.getvalue()


def test_triples_are_what_the_training_reads(store: Store, tmp_path: Path) -> None:
    first, second = searched(store, "red dress"), searched(store, "red dress", filters={"in_stock": True})
    for search_id, kind, sku in (
        (first, "impression", "c"),
        (first, "click", "a"),
        (first, "click", "a"),
        (first, "purchase", "a"),
        (second, "click", "a"),
        (second, "add_to_cart", "b"),
    ):
        did(store, search_id, kind, sku)
    did(store, searched(store, "“gêne” 红"), "click", "b")
    path = tmp_path / "new" / "triples.ndjson"
    assert exported(store, path) == f"3 triples in {path}\n"
    assert read_triples(path) == {"a": [("red dress", 7.0)], "b": [("red dress", 3.0), ("“gêne” 红", 1.0)]}


def test_not_relevant_takes_back_what_clicks_said(store: Store, tmp_path: Path) -> None:
    search_id = searched(store, "red")
    for kind, sku in (("click", "a"), ("not_relevant", "a"), ("purchase", "b"), ("not_relevant", "b")):
        did(store, search_id, kind, sku)
    exported(store, tmp_path / "t.ndjson")
    assert read_triples(tmp_path / "t.ndjson") == {"b": [("red", 2.0)]}


def test_triples_leave_out_what_words_alone_did_not_ask_or_may_not_be_kept(store: Store, tmp_path: Path) -> None:
    product = store.products.get(sku="b")
    for facts in ({"words": "", "photo_digest": "f" * 64}, {"words": "navy", "product_id": product.pk}, {"words": ""}):
        did(store, searched(store, facts.pop("words"), **facts), "click", "a")
    did(store, searched(store, "call [number]"), "click", "a")
    did(store, "unknown-search", "click", "a")
    other = make_store("other")
    did(other, searched(store, "red"), "click", "a")
    did(store, searched(other, "red"), "click", "a")
    old = timezone.now() - timedelta(days=91)
    did(store, searched(store, "old", created_at=old), "click", "a", occurred_at=old)
    assert exported(store, tmp_path / "t.ndjson").startswith("0 triples")


def test_a_corrected_gain_is_divided_by_the_chance_to_be_looked_at(store: Store, tmp_path: Path) -> None:
    search_id = searched(store, "red")
    did(store, search_id, "click", "a", position=1)
    did(store, search_id, "click", "b", position=7)
    did(store, search_id, "purchase", "b")
    did(store, search_id, "click", "c", position=10_000)
    exported(store, tmp_path / "plain.ndjson")
    exported(store, tmp_path / "corrected.ndjson", "--correct-position")
    assert read_triples(tmp_path / "plain.ndjson") == {"a": [("red", 1.0)], "b": [("red", 6.0)], "c": [("red", 1.0)]}
    corrected = read_triples(tmp_path / "corrected.ndjson")
    assert corrected == {"a": [("red", 1.0)], "b": [("red", 18.0)], "c": [("red", 10.0)]}


def test_judged_sets_are_what_the_judging_reads_and_keeps(store: Store, tmp_path: Path) -> None:
    b = store.products.get(sku="b")
    filtered = {"category": ["shoes"], "price_max": "20", "attributes": {"color": ["red"]}}
    for _ in range(7):
        did(store, searched(store, "red"), "click", "a")
    did(store, searched(store, "red"), "not_relevant", "c")
    did(store, searched(store, "red", filters=filtered), "purchase", "b")
    did(store, searched(store, "", mode="image", product_id=b.pk), "click", "a")
    did(store, searched(store, "navy", mode="composed", product_id=b.pk), "click", "a")
    did(store, searched(store, "", mode="browse"), "click", "a")
    did(store, searched(store, "nothing right"), "not_relevant", "a")
    did(store, searched(store, "", mode="image", product_id=10**9), "click", "a")
    path = tmp_path / "behaviour.ndjson"
    assert exported(store, path, "--format", "judged") == f"4 judged queries in {path}\n"
    queries = {(query.text, query.product, bool(query.filters.fields)): query for query in read_set(path).queries}
    assert {asked: dict(query.judgments) for asked, query in queries.items()} == {
        ("red", "", False): {"a": 3, "c": 0},
        ("red", "", True): {"b": 3},
        ("", "b", False): {"a": 1},
        ("navy", "b", False): {"a": 1},
    }
    assert queries["red", "", False].id == "red"
    assert queries["red", "", True].filters.attributes == (("color", ("red",)),)
    judged = read_set(path)
    assert stored_set(store_set(store, judged, name="behaviour")).queries == judged.queries


def test_long_words_keep_ids_of_their_own(store: Store, tmp_path: Path) -> None:
    for end in "xy":
        did(store, searched(store, "long " * 90 + end), "click", "a")
    exported(store, tmp_path / "j.ndjson", "--format", "judged")
    ids = [query.id for query in read_set(tmp_path / "j.ndjson").queries]
    assert len(set(ids)) == 2
    assert max(map(len, ids)) < 200


def test_the_export_refuses_what_it_cannot_do(store: Store, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--days is 0"):
        exported(store, tmp_path / "t", "--days", "0")
    with pytest.raises(CommandError, match="was not written"):
        exported(store, tmp_path)


# --- popularity ------------------------------------------------------------------------------------------------------


def scores(store: Store) -> dict[str, float]:
    rows = dict(store.products.values_list("pk", "sku"))
    ids = np.array([*rows, 10**9], np.int64)
    found = popularity_of(ids)
    assert found.dtype == np.float32
    assert found[-1] == 0
    return {rows[int(pk)]: round(float(score), 4) for pk, score in zip(ids[:-1], found[:-1], strict=True)}


def test_popularity_is_the_decayed_sum_of_gains_as_a_share_of_the_largest(store: Store, settings: Settings) -> None:
    settings.POPULARITY_HALF_LIFE_DAYS = 10
    now = timezone.now()
    did(store, "s1", "purchase", "a", occurred_at=now)
    did(store, "s1", "click", "a", occurred_at=now)
    did(store, "s2", "purchase", "b", occurred_at=now - timedelta(days=10))
    did(store, "s3", "impression", "c", occurred_at=now)
    did(store, "s3", "not_relevant", "c", occurred_at=now)
    other = make_store("other")
    make_product(other, "a", colours=())
    did(other, "s4", "click", "a", occurred_at=now)
    assert refresh_popularity(now=now) == 3
    assert scores(store) == {"a": 1.0, "b": round(math.log(3.5) / math.log(7), 4), "c": 0.0}
    assert scores(other) == {"a": 1.0}


def test_one_visitor_counts_once_a_day(store: Store) -> None:
    now = timezone.now()
    for _ in range(50):
        did(store, "", "click", "a", visitor="robot", occurred_at=now)
    for number in range(2):
        did(store, f"s{number}", "click", "b", occurred_at=now)
    refresh_popularity(now=now)
    assert scores(store) == {"a": round(math.log(2) / math.log(3), 4), "b": 1.0, "c": 0.0}


def test_what_nobody_seeks_any_more_has_no_popularity(store: Store) -> None:
    did(store, "s1", "click", "a", occurred_at=timezone.now() - timedelta(days=5))
    assert refresh_popularity() == 1
    assert refresh_popularity(now=timezone.now() + timedelta(days=400)) == 0
    assert not ProductPopularity.objects.exists()


def test_popularity_of_no_products_is_nothing() -> None:
    assert popularity_of(np.zeros(0, np.int64)).shape == (0,)


def test_words_are_popular_when_enough_separate_searches_found_something(store: Store, settings: Settings) -> None:
    settings.POPULAR_QUERY_MIN_SEARCHES = 3
    now = timezone.now()

    def ask(words: str, times: int, *, minutes: int = 1, **facts: Any) -> None:
        for number in range(times):
            searched(store, words, created_at=now - timedelta(minutes=number * minutes), **facts)

    ask("red dress", 4)
    ask("boots", 3)
    ask("rare", 2)
    ask("one shopper in one minute", 9, minutes=0)
    ask("nothing", 5, found=0)
    ask("red dr", 5, is_superseded=True)
    ask("anna [email]", 5)
    ask("navy", 5, mode="composed")
    assert refresh_popular_queries() == 2
    assert [(row.text, row.count) for row in PopularQuery.objects.of(store)] == [("red dress", 4), ("boots", 3)]
    assert PopularQuery.objects.of(store)[0].last_seen == now
    assert not PopularQuery.objects.of(make_store("other")).exists()
    SearchLog.objects.filter(words="boots").delete()
    searched(store, "red dress")
    assert refresh_popular_queries() == 1
    assert PopularQuery.objects.get().count == 5


def test_a_triples_line_has_the_three_fields_and_no_more(store: Store, tmp_path: Path) -> None:
    did(store, searched(store, "red"), "click", "a", visitor="v-1")
    exported(store, tmp_path / "t.ndjson")
    assert json.loads((tmp_path / "t.ndjson").read_text()) == {"query": "red", "product": "a", "gain": 1.0}
