"""Judged query sets: files and their errors, rows, and sets built from a catalogue's own facts."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from catalog.models import Product, Store
from search.evaluation.building import KINDS, build, read_facts
from search.evaluation.distortions import DISTORTIONS
from search.evaluation.known_items import half_remembered, misspelt
from search.evaluation.records import JudgedQueryRow, JudgedSetRow
from search.evaluation.sets import InvalidQuerySet, JudgedQuery, lines_of, parse_lines, read_set, write_set
from search.evaluation.stores import find_set, store_set
from search.query import Filters
from tests.shop import category, make_product, make_store, photo_bytes

FULL = JudgedQuery(
    "all of it",
    {"a": 2, "b": 1, "c": 0},
    text="red shoes",
    photo_of="a",
    region=(0.0, 0.25, 0.5, 1.0),
    distortion="blur-mild",
    seed=3,
    filters=Filters(
        categories=("shoes",),
        brands=("halden",),
        price_min=Decimal("9.90"),
        in_stock=True,
        attributes=(("color", ("red",)),),
    ),
    text_weight=2.0,
    image_weight=0.5,
    slices={"kind": "composed", "colour": "red"},
)


def line(**facts: object) -> str:
    return json.dumps({"id": "q", "text": "red", "judgments": {"a": 1}} | facts)


def test_a_query_survives_its_file(tmp_path: Path) -> None:
    plain = JudgedQuery("plain", {"a": 1}, text="häuser", mode="semantic")
    write_set(tmp_path / "mine.ndjson", [FULL, plain])
    judged = read_set(tmp_path / "mine.ndjson")
    assert (judged.name, judged.queries, judged.folder) == ("mine", (FULL, plain), tmp_path)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "this is not JSON"),
        ("[1]", "this is not an object"),
        ('{"id": "q"}', "judgments missing"),
        (line(query="red"), "unknown field query: known are id, text"),
        (line(text=" "), "give a text that is not empty"),
        (line(judgments={"a": 0}), "no product is judged right"),
        (line(judgments={"a": 0.5}), "the gain of 'a' is 0.5"),
        (line(judgments=["a"]), "give an object of gains"),
        (line(photo_of="a", image="a.jpg"), "photo_of and image are both given"),
        (line(product="a", distortion="blur-mild"), "give photo_of or image"),
        (line(photo_of="a", distortion="melt"), "unknown distortion 'melt': use one of"),
        (line(region=[0, 0, 2, 1], photo_of="a"), "from 0 to 1"),
        (line(mode="image"), "mode 'image' is not possible here"),
        (line(mode="semantic", photo_of="a"), "go with text alone"),
        (line(text_weight=-1), "text_weight is -1"),
        (line(filters={"colour": ["red"]}), "unknown filter colour"),
        (line(filters={"category": "shoes"}), "give a list of codes"),
        (line(filters={"price_min": "cheap"}), "give an amount"),
        (line(filters={"in_stock": "yes"}), "give true or false"),
        (line(slices={"kind": 1}), "give an object of texts"),
    ],
)
def test_a_bad_line_is_named_with_its_fix(bad: str, said: str) -> None:
    with pytest.raises(InvalidQuerySet) as caught:
        parse_lines([line(id="fine"), "", bad], name="mine.ndjson")
    assert str(caught.value).startswith("mine.ndjson, line 3: ")
    assert said in str(caught.value)


def test_ids_are_unique_and_a_set_is_not_empty() -> None:
    with pytest.raises(InvalidQuerySet, match="line 2: the id 'q' is that of line 1"):
        parse_lines([line(), line()], name="x")
    with pytest.raises(InvalidQuerySet, match="holds no query"):
        parse_lines(["", " "], name="x")


@pytest.fixture
def shop(db: None, settings: Settings, tmp_path: Path) -> Store:
    """Eighteen products: shoes and lamps in three colours, three of each; one hidden, and one without a photo."""
    settings.MEDIA_ROOT = tmp_path / "media"
    store = make_store("shop")
    kinds = category(store, "Clothes", "Shoes"), category(store, "Home", "Lamps")
    for colour in ("red", "blue", "green"):
        for kind in kinds:
            for number in range(3):
                sku = f"{colour}-{kind.slug}-{number}"
                title = f"{colour.title()} {kind.name.lower()} model {number}"
                make_product(
                    store, sku, colours=(colour,), title=title, category=kind, style_code=f"{kind.slug}{number}"
                )
    make_product(store, "hidden", colours=("red",), is_published=False, category=kinds[0])
    make_product(store, "bare", colours=(), category=kinds[0])
    return store


def test_attributes_make_words_for_categories_colours_and_both(shop: Store) -> None:
    queries = {query.id: query for query in build(read_facts(shop), "attributes", count=100, seed=1)}
    assert set(queries["category Shoes"].judgments) == {
        f"{colour}-shoes-{n}" for colour in ("red", "blue", "green") for n in range(3)
    }
    assert set(queries["color Red"].judgments) == {f"red-{kind}-{n}" for kind in ("shoes", "lamps") for n in range(3)}
    both = queries["both red Shoes"]
    assert (both.text, set(both.judgments)) == ("red shoes", {f"red-shoes-{n}" for n in range(3)})
    assert both.slices == {"kind": "colour and category", "category": "Shoes", "colour": "red"}
    filtered = queries["filtered red Shoes"]
    assert (filtered.text, filtered.filters, filtered.judgments) == (
        "red",
        Filters(categories=("shoes",)),
        both.judgments,
    )


def test_words_of_a_title_are_right_for_every_title_that_has_them(shop: Store) -> None:
    titles = {product.sku: set(product.title.lower().split()) for product in Product.objects.filter(store=shop)}
    for query in build(read_facts(shop), "titles", count=18, seed=2):
        said = set(query.text.lower().split())
        public = {sku for sku in titles if sku not in ("hidden", "bare")}
        assert set(query.judgments) == {sku for sku in public if said <= titles[sku]}


def test_self_retrieval_asks_each_photo_under_every_distortion(shop: Store) -> None:
    queries = build(read_facts(shop), "self-retrieval", count=len(DISTORTIONS) * 2, seed=1)
    assert {query.distortion for query in queries} == set(DISTORTIONS)
    assert len({query.photo_of for query in queries}) == 2
    # The test's photos are one colour each, so products of a colour share a photo: any of them is right.
    assert all(len(query.judgments) == 6 and query.photo_of in query.judgments for query in queries)


def test_composed_queries_want_the_category_in_the_colour_and_the_style_most(shop: Store) -> None:
    query = build(read_facts(shop), "composed", count=1, seed=1)[0]
    colour, kind, number = query.product.split("-")
    wanted = query.text.removeprefix("in ")
    assert wanted != colour
    assert query.judgments == {f"{wanted}-{kind}-{n}": 2 if str(n) == number else 1 for n in range(3)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_set_and_another_one_differs(shop: Store, kind: str) -> None:
    facts = read_facts(shop)
    assert build(facts, kind, count=14, seed=1) == build(facts, kind, count=14, seed=1)
    assert build(facts, kind, count=14, seed=1) != build(facts, kind, count=14, seed=2)
    assert parse_lines(lines_of(build(facts, kind, count=14, seed=1)).splitlines(), name=kind)


def test_the_command_writes_a_file_and_says_what_it_cannot_make(shop: Store, tmp_path: Path) -> None:
    path = tmp_path / "sets" / "composed.ndjson"
    call_command("build_query_set", store="shop", kind="composed", count=5, output=path, verbosity=0)
    assert len(read_set(path).queries) == 5
    with pytest.raises(CommandError, match="There is no store 'shap' \\(stores: shop\\)"):
        call_command("build_query_set", store="shap", kind="titles", output=path)
    with pytest.raises(CommandError, match="has no attribute 'hue': its attributes are color"):
        call_command("build_query_set", store="shop", kind="titles", color="hue", output=path)
    make_store("empty")
    with pytest.raises(CommandError, match="no published product with a photo"):
        call_command("build_query_set", store="empty", kind="titles", output=path)


def test_a_set_becomes_rows_and_a_file_again(shop: Store, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(photo_bytes("red"))
    asked = (FULL, JudgedQuery("photo", {"a": 1}, image="photo.png", region=(0.0, 0.0, 1.0, 0.5)))
    write_set(tmp_path / "mine.ndjson", asked)
    for _ in range(2):
        call_command("import_query_set", tmp_path / "mine.ndjson", store="shop", verbosity=0)
    assert JudgedQueryRow.objects.count() == 2
    judged = find_set(shop, "mine")
    assert judged.queries[0] == FULL
    out = tmp_path / "out" / "again.ndjson"
    call_command("export_query_set", "mine", store="shop", output=out, verbosity=0)
    again = read_set(out).queries
    assert again[0] == FULL
    assert (out.parent / again[1].image).read_bytes() == photo_bytes("red")


def test_a_photo_that_is_missing_leaves_the_old_rows(shop: Store, tmp_path: Path) -> None:
    write_set(tmp_path / "mine.ndjson", [FULL])
    store_set(shop, read_set(tmp_path / "mine.ndjson"), name="mine")
    write_set(tmp_path / "mine.ndjson", [JudgedQuery("photo", {"a": 1}, image="gone.png")])
    with pytest.raises(CommandError, match=r"the photo gone\.png cannot be read"):
        call_command("import_query_set", tmp_path / "mine.ndjson", store="shop")
    assert find_set(shop, "mine").queries == (FULL,)


def test_an_unknown_set_and_an_impossible_row_are_named(shop: Store) -> None:
    with pytest.raises(
        InvalidQuerySet, match="'mine' is neither a file nor a judged set of shop \\(its sets: none yet\\)"
    ):
        find_set(shop, "mine")
    row = JudgedSetRow.objects.create(store=shop, name="mine")
    with pytest.raises(InvalidQuerySet, match="The set mine holds no query"):
        find_set(shop, "mine")
    JudgedQueryRow.objects.create(judged_set=row, key="q", text="red")
    with pytest.raises(InvalidQuerySet, match="mine, query 'q': no product is judged right"):
        find_set(shop, "mine")


def test_half_remembered_titles_keep_most_words_and_misspell_one() -> None:
    generator = random.Random(1)
    for _ in range(200):
        words = ["navy", "cotton", "shirt", "xl", "2024"]
        said = half_remembered(words, generator).split()
        assert len(said) == 3
        assert len(set(said) - set(words)) == 1
    assert half_remembered(["a", "42", "xl"], generator) == ""
    assert all(misspelt("shirt", generator) != "shirt" for _ in range(200))
