"""A deadline drops stages in a stated order, says which, and never the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic

import pytest
from PIL import Image

from catalog.models import Store
from search.choices import Mode
from search.query import FacetRequest, Filters, Query
from search.result import Result
from search.retrieval import search
from search.run import SHARES, Run, Stage
from tests.encoders import COLOURS

pytestmark = pytest.mark.django_db

FACETS = (FacetRequest("color"), FacetRequest("brand"))


def clock_with(left: float, *, of_s: float = 10.0) -> Callable[[], float]:
    """A clock on which this share of the time is left as soon as the search has begun."""
    readings = iter([0.0])

    def read() -> float:
        return monotonic() + next(readings, (1 - left) * of_s)

    return read


def ask(query: Query, *, left: float) -> Result:
    return search(query, clock=clock_with(left))


def skus(result: Result) -> list[str]:
    return [hit.product.sku for hit in result.hits]


@pytest.mark.parametrize(
    ("left", "dropped"),
    [
        (0.9, []),
        (0.45, ["rerank"]),
        (0.35, ["rerank", "diversity"]),
        (0.25, ["rerank", "diversity", "facet_searches"]),
        (0.15, ["rerank", "diversity", "facet_searches", "suggestions"]),
        (0.05, ["rerank", "diversity", "facet_searches", "suggestions", "vector"]),
        (-0.5, ["rerank", "diversity", "facet_searches", "suggestions", "vector", "facets"]),
    ],
)
def test_stages_go_in_their_order(left: float, dropped: list[str]) -> None:
    query = Query(1, deadline_ms=1000)
    run = Run(query, query, Store(), deadline=left, clock=lambda: 0.0)
    assert [stage for stage in Stage if run.gives_up(stage)] == dropped
    assert run.dropped == dropped
    assert not run.gives_up(Stage.RERANK) or run.dropped.count("rerank") == 1


def test_the_order_is_that_of_the_shares() -> None:
    assert list(SHARES) == list(Stage)
    assert sorted(SHARES.values(), reverse=True) == list(SHARES.values())


def test_in_time_nothing_is_dropped(shop: Store) -> None:
    result = search(Query(shop.pk, text="red", mode=Mode.WORDS, facet_by=FACETS))
    assert (result.dropped, result.degraded) == ((), ())
    assert {score.route for score in result.hits[0].scores} == {"lexical", "text"}


def test_late_words_are_answered_without_their_meaning(shop: Store) -> None:
    result = ask(Query(shop.pk, text="red", mode=Mode.WORDS, facet_by=FACETS), left=0.05)
    assert (result.dropped, result.degraded) == (("vector",), ())
    assert set(skus(result)) == {"red-shoes", "red-lamp"}
    assert {score.route for score in result.hits[0].scores} == {"lexical"}
    assert [facet.field_name for facet in result.facets] == ["color", "brand"]


def test_when_time_is_over_facets_are_missing_and_hits_are_not(shop: Store) -> None:
    result = ask(Query(shop.pk, text="red", mode=Mode.WORDS, facet_by=FACETS), left=-0.1)
    assert result.dropped == ("vector", "facets")
    assert (set(skus(result)), result.found, result.facets) == ({"red-shoes", "red-lamp"}, 2, ())
    browsed = ask(Query(shop.pk, facet_by=FACETS), left=-0.1)
    assert (len(browsed.hits), browsed.found, browsed.dropped) == (8, 8, ("facets",))


def test_late_hits_are_not_diversified(shop: Store) -> None:
    photo = Image.new("RGB", (20, 20), COLOURS["red"])
    query = Query(shop.pk, image=photo, image_digest="red", mode=Mode.IMAGE, diversity=0.9)
    plain = skus(search(replace(query, diversity=0.0)))
    assert (skus(ask(query, left=0.35)), ask(query, left=0.35).dropped) == (plain, ("diversity",))
    assert search(query).dropped == ()


def test_facets_that_need_another_search_go_first(shop: Store) -> None:
    photo = Image.new("RGB", (20, 20), COLOURS["red"])
    filters = Filters(attributes=(("color", ("red", "blue")),))
    query = Query(shop.pk, image=photo, image_digest="red", mode=Mode.IMAGE, filters=filters, facet_by=FACETS)
    late = ask(query, left=0.25)
    assert late.dropped == ("facet_searches",)
    assert [facet.field_name for facet in late.facets] == ["brand"]
    assert (late.found, len(late.hits)) == (4, 4)
    conjunctive = replace(query, facet_by=(FacetRequest("color", is_conjunctive=True),))
    assert ask(conjunctive, left=0.25).dropped == ()
    assert ask(replace(query, filters=Filters()), left=0.25).dropped == ()


def test_filtered_facets_of_words_need_no_other_search(shop: Store) -> None:
    filters = Filters(attributes=(("color", ("red",)),))
    result = ask(Query(shop.pk, text="lamp", mode=Mode.WORDS, filters=filters, facet_by=FACETS), left=0.25)
    assert (result.dropped, len(result.facets)) == ((), 2)


def test_later_pages_say_what_the_list_was_made_without(shop: Store) -> None:
    query = Query(shop.pk, text="red", mode=Mode.WORDS, per_page=1, owner="key:1")
    first = ask(query, left=0.05)
    second = search(replace(query, page=2, search_id=first.search_id))
    assert (second.pool_renewed, second.dropped) == (False, ("vector",))


def test_a_real_deadline_that_is_over_at_once_still_answers(shop: Store) -> None:
    result = search(Query(shop.pk, text="red", mode=Mode.WORDS, facet_by=FACETS, deadline_ms=0))
    assert set(skus(result)) == {"red-shoes", "red-lamp"}
    assert result.dropped == ("vector", "facets")
