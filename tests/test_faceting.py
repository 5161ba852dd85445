"""`facet_by` and `sort_by` in their short forms."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.api.faceting import parse_facet_by, parse_sort_by
from search.api.filtering import Vocabulary
from search.choices import SortKey
from search.errors import InvalidQuery
from search.query import FacetRequest, Sort

VOCABULARY = Vocabulary(frozenset({"color"}), Decimal("0.01"))


def test_the_short_form_names_facets_and_ranges() -> None:
    assert parse_facet_by("category, color,price(0..50, 50..100,100..)", VOCABULARY) == (
        FacetRequest("category"),
        FacetRequest("color"),
        FacetRequest(
            "price",
            ranges=((Decimal(0), Decimal(50)), (Decimal(50), Decimal(100)), (Decimal(100), None)),
        ),
    )


def test_the_typed_form_sets_limits_and_ranges_and_mixes_with_names() -> None:
    asked: list[Any] = ["color", {"field_name": "price", "limit": 5, "ranges": [{"from": Decimal(1), "to": None}]}]
    assert parse_facet_by(asked, VOCABULARY) == (
        FacetRequest("color"),
        FacetRequest("price", 5, ((Decimal(1), None),)),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour", "did you mean color?"),
        ("color,color", "asked for twice"),
        ("color(1..2)", "color has no ranges"),
        ("price(5..1)", "is empty"),
        ("price(cheap)", "'cheap' is not a range"),
        ("price(0..50", "cannot be read"),
        ("price()", "is not a range"),
        ("color;category", "cannot be read"),
        ("price(" + ",".join(["0..1"] * 31) + ")", "at most 30"),
    ],
)
def test_a_bad_facet_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        parse_facet_by(text, VOCABULARY)
    assert said in refused.value.message
    assert refused.value.field == "facet_by"


@given(st.text(alphabet="colrpie(),.0123 \x00é", max_size=60))
def test_whatever_text_comes_in_facets_or_a_refusal_come_out(text: str) -> None:
    try:
        facets = parse_facet_by(text, VOCABULARY)
    except InvalidQuery as refused:
        assert refused.field == "facet_by"
    else:
        assert all(facet.field_name in VOCABULARY.fields for facet in facets)


def test_orders_have_names() -> None:
    assert parse_sort_by("price:desc") == Sort(SortKey.PRICE, is_descending=True)
    assert parse_sort_by("relevance") == Sort()
    with pytest.raises(InvalidQuery, match="Unknown order 'cheapest': use one of relevance, price"):
        parse_sort_by("cheapest")
