"""Text files of any encoding and shape, and what one cell may say."""

from __future__ import annotations

import io
import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.codes import code_for
from catalog.importing.columns import resolve_columns
from catalog.importing.ndjson import record_from_line
from catalog.importing.records import Record, Refusal, RowError, UnreadableFile
from catalog.importing.tables import read_table
from catalog.importing.text import Row, Table, read_lines
from catalog.importing.values import clean_bool, clean_description, clean_price, clean_quantity, clean_url, split_path
from catalog.models import Store

EURO = Store(slug="shop", name="Shop", currency="EUR")
YEN = Store(slug="shop", name="Shop", currency="JPY")
DINAR = Store(slug="shop", name="Shop", currency="KWD")


def lines_of(data: bytes) -> list[str]:
    return list(read_lines(io.BufferedReader(io.BytesIO(data))))  # type: ignore[arg-type]


def table_of(text: str | bytes) -> Table:
    data = text.encode() if isinstance(text, str) else text
    return Table(read_lines(io.BufferedReader(io.BytesIO(data))))  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_unicode_encoding_is_recognised(encoding: str) -> None:
    assert lines_of("sku,title\r\n1,Größe €\r\n".encode(encoding)) == ["sku,title\r\n", "1,Größe €\r\n"]


def test_a_windows_line_in_a_utf8_file_is_read_and_so_are_its_neighbours() -> None:
    data = "sku,title\n1,Größe\n".encode() + "2,Café – 5 €\n".encode("cp1252") + "3,naïve\n".encode()
    assert lines_of(data) == ["sku,title\n", "1,Größe\n", "2,Café – 5 €\n", "3,naïve\n"]


def test_nul_bytes_and_bytes_that_mean_nothing_do_not_stop_the_reading() -> None:
    assert lines_of(b"a\x00b\n\x81\xff\n") == ["ab\n", "\ufffdÿ\n"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_ends_a_row(end: str) -> None:
    rows = list(table_of(end.join(["sku;title", "1;Lamp", "2;Chair", ""])))
    assert rows == [Row(2, {"sku": "1", "title": "Lamp"}), Row(3, {"sku": "2", "title": "Chair"})]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_in_the_header(separator: str) -> None:
    table = table_of(f'sku{separator}"a, b; c"{separator}title\n1{separator}x{separator}Lamp\n')
    assert table.header == ["sku", "a, b; c", "title"]


def test_excels_line_that_names_the_separator_is_obeyed() -> None:
    assert table_of("sep=|\nsku|title\n1|Lamp, tall\n").header == ["sku", "title"]


def test_a_quoted_cell_may_hold_lines_separators_and_quotes() -> None:
    assert list(table_of('sku,title\n1,"Lamp ""Moon"",\ntall"\n2,Chair\n')) == [
        Row(2, {"sku": "1", "title": 'Lamp "Moon",\ntall'}),
        Row(4, {"sku": "2", "title": "Chair"}),
    ]


def test_a_quote_that_never_closes_costs_one_row_and_not_the_file() -> None:
    rows = list(table_of('sku,title\n1,Lamp\n2,"Chair\n3,Sofa\n4,Table\n'))
    assert [row.line for row in rows] == [2, 3, 4, 5]
    assert isinstance(rows[1], Refusal)
    assert rows[1].reason == "the row cannot be read: a quote is opened and never closed"
    assert rows[3] == Row(5, {"sku": "4", "title": "Table"})


def test_a_quote_that_swallows_hundreds_of_lines_is_given_up_on() -> None:
    text = 'sku,title\n1,"Lamp\n' + "".join(f"{number},Chair\n" for number in range(2, 2000))
    rows = list(table_of(text))
    assert len(rows) == 1999
    assert [row for row in rows if isinstance(row, Refusal)] == [rows[0]]


@pytest.mark.parametrize("length", [2**19, 2**20, 3 * 2**20])
def test_a_cell_or_line_beyond_measure_is_refused_alone(length: int) -> None:
    refused, row = table_of(f"sku,title\n1,{'x' * length}\n2,Lamp\n")
    assert isinstance(refused, Refusal)
    assert row == Row(3, {"sku": "2", "title": "Lamp"})


def test_a_row_with_more_cells_than_the_header_is_refused_and_missing_cells_are_absent() -> None:
    too_long, short = table_of("sku,title,price\n1,Lamp,9,50\n2,Chair\n")
    assert isinstance(too_long, Refusal)
    assert "4 cells and the header 3" in too_long.reason
    assert short == Row(3, {"sku": "2", "title": "Chair"})


def test_an_empty_file_is_unreadable() -> None:
    with pytest.raises(UnreadableFile, match="empty"):
        table_of("\n\n")


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("39.90", "39.90"),
        ("39,90", "39.90"),
        ("39.9", "39.90"),
        ("40", "40.00"),
        ("1,299.00", "1299.00"),
        ("1.299,00", "1299.00"),
        ("1,299", "1299.00"),
        ("1'299.50", "1299.50"),
        ("1 299,50", "1299.50"),
        ("1,29,999.00", "129999.00"),
        ("12.345.678", "12345678.00"),
        ("€ 5", "5.00"),
        ("5 EUR", "5.00"),
        ("$5.25", "5.25"),
        ("Rs. 999", "999.00"),
        ("5,- €", "5.00"),
    ],
)
def test_a_price_is_read_as_shops_write_it(text: str, price: str) -> None:
    assert clean_price(text, EURO) == Decimal(price)


@pytest.mark.parametrize("text", ["", None, "   "])
def test_an_empty_price_is_no_price(text: str | None) -> None:
    assert clean_price(text, EURO) is None


@pytest.mark.parametrize(
    "value",
    [
        "on request",
        "No rating available",
        "1.2.3,4,5",
        "-5",
        "£ 5",
        "5 USD",
        "1e9",
        "NaN",
        True,
        [],
        "1.299",
        "5-9",
        "-€5",
    ],
)
def test_a_price_that_is_no_price_is_refused_and_named(value: object) -> None:
    with pytest.raises(RowError, match="price"):
        clean_price(value, EURO)


def test_a_price_has_no_more_decimals_than_its_currency() -> None:
    assert clean_price("1500", YEN) == Decimal("1500")
    assert clean_price("1,500", YEN) == Decimal("1500")
    assert clean_price("1.500", DINAR) == Decimal("1.500")
    with pytest.raises(RowError, match="more decimals"):
        clean_price("15.5", YEN)
    with pytest.raises(RowError, match="two ways"):
        clean_price("1,500", DINAR)


@pytest.mark.parametrize(("value", "quantity"), [("", 0), (None, 0), ("12", 12), ("12.0", 12), (7, 7), (" 3 ", 3)])
def test_a_quantity_is_a_whole_number(value: object, quantity: int) -> None:
    assert clean_quantity(value) == quantity


@pytest.mark.parametrize("value", ["many", "1.5", "-1", "99999999999", True, "NaN", "Infinity", {}])
def test_a_quantity_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(RowError, match="quantity"):
        clean_quantity(value)


def test_a_truth_is_read_in_the_words_of_shops() -> None:
    assert [clean_bool(value, field="published") for value in ("TRUE", "1", "Yes", True)] == [True] * 4
    assert [clean_bool(value, field="published") for value in ("false", "0", "draft", False)] == [False] * 4
    with pytest.raises(RowError, match="maybe"):
        clean_bool("maybe", field="published")


def test_html_becomes_text_with_its_line_breaks() -> None:
    assert clean_description("<p>Warm &amp; <b>soft</b></p><p>Made of   wool</p>") == "Warm & soft\nMade of wool"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://shop.example/x", "not a url"])
def test_an_address_is_http_or_refused(url: str) -> None:
    with pytest.raises(RowError, match="url"):
        clean_url(url, field="url", max_length=500)


def test_a_category_path_drops_a_level_that_repeats_its_parent() -> None:
    assert split_path("Accessories > Wallets > wallets") == ("Accessories", "Wallets")
    assert split_path(" > ") == ()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Navy Blue", "navy-blue"),
        ("navy_blue", "navy_blue"),
        ("Größe", "grosse"),
        ("5.5", "5-5"),
        ("55", "55"),
        ("A+", "a-plus"),
        ("Women's", "womens"),
        ("Café & Bar", "cafe-and-bar"),
    ],
)
def test_a_name_has_a_readable_code(name: str, code: str) -> None:
    assert code_for(name) == code


def test_names_that_have_no_ascii_form_keep_different_codes() -> None:
    codes = {code_for(name) for name in ("красный 2", "синий 2", "赤", "青", "!!", "??", "x" * 200, "x" * 201)}
    assert len(codes) == 8
    assert all(code and len(code) <= 80 and code.isascii() for code in codes)


def test_columns_are_found_by_the_usual_names_and_the_rest_is_said() -> None:
    columns = resolve_columns(["Product Name", "UNIQ_ID", "Colour", "rating", "Retail Price"], {})
    assert {field: column.alternatives for field, column in columns.fields.items()} == {
        "title": (("Product Name",),),
        "sku": (("UNIQ_ID",),),
        "price": (("Retail Price",),),
    }
    assert list(columns.attributes) == ["color"]
    assert columns.ignored == ("rating",)


def test_a_mapping_wins_over_the_usual_names() -> None:
    header = ["id", "pid", "name", "a", "b", "shade", "price"]
    mapping = {"sku": "pid", "category": "a>b", "title": "shade|name", "attributes.tone": "shade", "price": ""}
    columns = resolve_columns(header, mapping)
    cells = {"id": "1", "pid": "2", "name": "Lamp", "a": "Home", "b": "Light", "shade": "", "price": "5"}
    assert {field: column.read(cells) for field, column in columns.fields.items()} == {
        "sku": "2",
        "category": "Home > Light",
        "title": "Lamp",
    }
    assert columns.ignored == ("id", "price")


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"sku": "nope"}, 'no column "nope"'),
        ({"tittle": "name"}, '"tittle" is not a field'),
        ({"sku": ""}, "sku=COLUMN"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_with_the_choices(mapping: dict[str, str], words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        resolve_columns(["id", "name"], mapping)


@given(st.binary(max_size=2000))
def test_no_bytes_break_the_reading_of_a_table(data: bytes) -> None:
    try:
        table = table_of(b"sku,title,price,quantity,published,images,url\n" + data)
        items = list(read_table(table, resolve_columns(table.header, {}), EURO))
    except UnreadableFile:
        return
    assert all(isinstance(item, Record | Refusal) for item in items)
    assert not any("\x00" in item.sku for item in items)


@given(st.lists(st.text(max_size=40), max_size=8), st.text(max_size=40))
def test_no_cells_break_a_row(cells: list[str], sku: str) -> None:
    row = dict(zip(["title", "price", "quantity", "is_published", "url", "images", "category"], cells, strict=False))
    line = json.dumps({**row, "sku": sku})
    assert isinstance(record_from_line(1, line, EURO), Record | Refusal)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
        max_leaves=12,
    )
)
def test_no_json_breaks_a_line(value: object) -> None:
    for line in (json.dumps(value), json.dumps({"sku": "A", "title": "x", "attributes": value, "images": value})):
        assert isinstance(record_from_line(1, line, EURO), Record | Refusal)


@given(st.text(max_size=30))
def test_a_code_is_always_valid_and_its_own_code(name: str) -> None:
    code = code_for(name, max_length=40)
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", code)
    assert len(code) <= 40
    assert code_for(code, max_length=40) == code
