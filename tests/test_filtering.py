"""`filter_by`: what it means, and that no text whatever gets past it as anything but filters or a clear refusal."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.api.filtering import Vocabulary, parse_filter_by, typed_filters
from search.errors import InvalidQuery
from search.query import Filters

EURO = Vocabulary(frozenset({"color", "material"}), Decimal("0.01"))
YEN = Vocabulary(frozenset(), Decimal(1))


def parsed(text: str) -> Filters:
    return parse_filter_by(text, EURO)


def test_conditions_of_every_kind_are_read_together() -> None:
    text = "category:=shoes && price:[20..80] && color:=[red,blue] && in_stock:=true && brand := halden"
    assert parsed(text) == Filters(
        categories=("shoes",),
        brands=("halden",),
        price_min=Decimal(20),
        price_max=Decimal(80),
        in_stock=True,
        attributes=(("color", ("red", "blue")),),
    )


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("price:[20..80]", "20", "80"),
        ("price: [ 20 .. 80 ]", "20", "80"),
        ("price:[..80.5]", None, "80.5"),
        ("price:[20..]", "20", None),
        ("price:>=20", "20", None),
        ("price:>20", "20.01", None),
        ("price:<80", None, "79.99"),
        ("price:<=80", None, "80"),
        ("price:=19.95", "19.95", "19.95"),
        ("price:19.95", "19.95", "19.95"),
        ("price:>=20 && price:<80 && price:>=30", "30", "79.99"),
    ],
)
def test_prices_are_bounds_in_the_stores_currency(text: str, low: str | None, high: str | None) -> None:
    bounds = tuple(Decimal(bound) if bound else None for bound in (low, high))
    assert (parsed(text).price_min, parsed(text).price_max) == bounds


def test_a_strict_bound_moves_by_the_currencys_own_minor_unit() -> None:
    assert parse_filter_by("price:<80", YEN).price_max == Decimal(79)


def test_odd_values_are_quoted_in_backticks_or_double_quotes() -> None:
    filters = parsed(r'color:=[`a, b && c`, "say \"x\"", plain-1_x.y]')
    assert filters.attributes == (("color", ("a, b && c", 'say "x"', "plain-1_x.y")),)


def test_an_attribute_asked_twice_must_hold_both_values() -> None:
    assert parsed("color:=red && color:=blue").attributes == (("color", ("red",)), ("color", ("blue",)))


def test_nothing_filters_nothing() -> None:
    assert parsed("") == parsed("  \n ") == Filters()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour:=red", "did you mean color?"),
        ("size:=9", "known are category, brand, price, in_stock, palette, color, material"),
        ("color=red", "expected := after color"),
        ("color:=", "expected a value"),
        ("color:=[]", "expected a value"),
        ("color:=[red", "expected , or ]"),
        ("color:=red || color:=blue", "|| and parentheses are not supported"),
        ("(color:=red)", "expected a field's name"),
        ("color:=red &&", "expected a field's name"),
        ("color:=red color:=blue", "expected && and another condition"),
        ("color:!=red", "expected a value"),
        ("category:=a && category:=b", "list alternatives as category:=[a,b]"),
        ("in_stock:=yes", "in_stock is true or false"),
        ("price:[80..20]", "80 is above 20"),
        ("price:[..]", "at least one bound"),
        ("price:[a..b]", "expected a range"),
        ("price:cheap", "expected a price"),
        ("price:>=1e9", "expected && and another condition"),
        ("color:=``", "1 to 200 characters"),
        ("color:=`" + "x" * 201 + "`", "1 to 200 characters"),
        ("color:=[" + ",".join(["red"] * 101) + "]", "more than 100 values"),
        (" && ".join(["color:=red"] * 51), "more than 50 conditions"),
        ("price:>=" + "9" * 400, "expected a price"),
    ],
)
def test_a_refusal_says_where_and_what(text: str, said: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        parsed(text)
    assert said in refused.value.message
    assert refused.value.field == "filter_by"
    assert len(refused.value.message) < 400


def test_fifty_conditions_are_read() -> None:
    assert len(parsed(" && ".join(["color:=red"] * 50)).attributes) == 50


def test_the_typed_form_means_the_same() -> None:
    data = {
        "category": ["shoes"],
        "price": {"min": Decimal(20), "max": Decimal(80)},
        "in_stock": False,
        "attributes": {"color": ["red", "blue", "red"]},
    }
    assert typed_filters(data, EURO) == parsed(
        "category:=shoes && price:[20..80] && in_stock:=false && color:=[red,blue]"
    )


def test_the_typed_form_refuses_an_attribute_that_the_store_lacks() -> None:
    with pytest.raises(InvalidQuery, match="Unknown attribute 'size': this store has color, material"):
        typed_filters({"attributes": {"size": ["9"]}}, EURO)


PIECES = st.sampled_from(
    [
        "category",
        "price",
        "color",
        "in_stock",
        ":=",
        ":",
        "[",
        "]",
        "..",
        ",",
        "&&",
        " ",
        "`",
        '"',
        "\\",
        "20",
        "-1.5",
        ">=",
        "true",
        "red",
        "\x00",
        "�",
        "٣",
        "(",
        "||",
    ]
)


@given(st.text(max_size=80) | st.lists(PIECES, max_size=30).map("".join))
def test_whatever_text_comes_in_filters_or_a_refusal_come_out(text: str) -> None:
    try:
        filters = parsed(text)
    except InvalidQuery as refused:
        assert refused.field == "filter_by"
    else:
        assert filters.fields <= set(EURO.fields)
        assert all("\x00" not in term for _, terms in filters.attributes for term in terms)


WORD = st.text(min_size=1, max_size=20).filter(lambda text: "`" not in text and "\x00" not in text)


@given(st.lists(WORD, min_size=1, max_size=5, unique=True))
def test_any_value_in_backticks_arrives_as_it_was(values: list[str]) -> None:
    text = "color:=[" + ",".join(f"`{value}`" for value in values) + "]"
    assert parsed(text).attributes == (("color", tuple(values)),)
