"""Variants and near-duplicates as one hit: keys, totals over the whole match set, pages, and the task that finds twins."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image
from pytest_django import Settings

from catalog.models import Product, Store
from search import indexing
from search.choices import Collapse, Mode, SortKey
from search.models import IndexVersion, ProductTwin
from search.pools import plain_pool
from search.query import Filters, Query, Sort
from search.ranking import collapse
from search.ranking.twins import close_pairs, difference_hash, refresh_twins
from search.retrieval import search
from search.run import Run
from tests.api_fixtures import client_of
from tests.encoders import COLOURS
from tests.kept import kept_shop
from tests.shop import add_photo, make_product, make_store, photo_bytes
from workers.tasks import find_duplicates

pytestmark = pytest.mark.django_db


def drawn(colour: str, *, kind: str = "PNG", width: int = 32) -> bytes:
    """A photo of a colour with a darker step in it, so that its hash is not that of every plain photo."""
    image = Image.new("RGB", (width, 40), COLOURS[colour])
    image.paste((0, 0, 0), (width // 2, 0, width * 3 // 4, 20))
    buffer = BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@kept_shop
def styles(live_index: IndexVersion) -> Store:
    """A style S in red, blue and green, a style T in red and black, and a plain yellow thing; all indexed."""
    store = make_store()
    for style, colours in (("S", ("red", "blue", "green")), ("T", ("red", "black")), ("", ("yellow",))):
        for place, colour in enumerate(colours):
            make_product(
                store, f"{style}{colour}", colours=(colour,), title=f"{colour} coat", style_code=style, price=10 + place
            )
    indexing.sweep(live_index)
    return store


def shown(query: Query) -> list[tuple[str, int]]:
    return [(hit.product.sku, hit.variants_count) for hit in search(query).hits]


def test_variants_are_one_hit_by_the_best_of_them(styles: Store) -> None:
    asked = Query(styles.pk, text="blue coat", mode=Mode.SEMANTIC, collapse=Collapse.VARIANTS)
    result = search(asked)
    assert (result.hits[0].product.sku, result.hits[0].variants_count) == ("Sblue", 3)
    assert sorted(hit.variants_count for hit in result.hits) == [1, 2, 3]
    assert (result.found, result.found_exact) == (3, True)


@pytest.mark.parametrize("query", [{"mode": Mode.BROWSE}, {"mode": Mode.WORDS, "text": "coat"}])
def test_found_counts_groups_of_the_whole_match_set_though_the_pool_is_cut(
    styles: Store, settings: Settings, query: dict[str, object]
) -> None:
    settings.SEARCH_POOL_SIZE = 2
    asked = Query(styles.pk, collapse=Collapse.VARIANTS, **query)  # type: ignore[arg-type]
    assert search(asked).found == 3
    assert search(replace(asked, collapse=Collapse.NONE)).found == 6


def test_filters_apply_to_members_before_they_are_one(styles: Store) -> None:
    asked = Query(
        styles.pk,
        mode=Mode.BROWSE,
        collapse=Collapse.VARIANTS,
        filters=Filters(attributes=(("color", ("red", "black")),)),
    )
    assert Counter(count for _, count in shown(asked)) == {1: 1, 2: 1}
    assert search(asked).found == 2


def test_sorted_by_price_the_cheapest_stands_for_its_style(styles: Store) -> None:
    asked = Query(styles.pk, mode=Mode.BROWSE, collapse=Collapse.VARIANTS, sort=Sort(SortKey.PRICE))
    assert {sku for sku, _ in shown(asked)} == {"Sred", "Tred", "yellow"}


def test_pages_under_collapse_are_all_groups_once(styles: Store) -> None:
    asked = Query(styles.pk, mode=Mode.BROWSE, collapse=Collapse.VARIANTS, per_page=2)
    first = search(asked)
    second = search(replace(asked, page=2, search_id=first.search_id))
    kinds = [hit.product.style_code for hit in (*first.hits, *second.hits)]
    assert sorted(kinds) == ["", "S", "T"]


def test_a_pinned_variant_stands_for_its_style(styles: Store) -> None:
    run = Run(asked := Query(styles.pk, mode=Mode.BROWSE, collapse=Collapse.VARIANTS), asked, styles, 0.0)
    green = Product.objects.get(sku="Sgreen")
    run.pinned = {green.pk: 1}
    ids = np.array(Product.objects.order_by("sku").values_list("pk", flat=True), np.int64)
    kept = collapse.collapsed(run, plain_pool(ids, found=6))
    assert green.pk in kept.products.tolist()
    assert kept.found == 3


def test_the_key_in_sql_and_in_numbers_say_the_same(styles: Store) -> None:
    ids = np.array(Product.objects.values_list("pk", flat=True), np.int64)
    for kind in Collapse:
        assert len(np.unique(collapse.group_keys(ids, kind))) == collapse.count_groups(Product.objects.all(), kind)
    assert collapse.count_groups(Product.objects.all(), Collapse.VARIANTS) == 3
    assert len(collapse.group_keys(np.zeros(0, np.int64), Collapse.ALL)) == 0


def test_the_api_takes_and_tells_it(styles: Store) -> None:
    client = client_of(styles)
    answer = client.get("/api/v1/search", {"collapse": "variants"}).json()
    assert (answer["found"], sorted(hit["variants_count"] for hit in answer["hits"])) == (3, [1, 2, 3])
    assert client.get("/api/v1/search", {"collapse": "styles"}).status_code == 400


def test_a_hash_survives_another_size_and_format_and_tells_others_apart() -> None:
    first = difference_hash(Image.open(BytesIO(drawn("red"))))
    again = difference_hash(Image.open(BytesIO(drawn("red", kind="JPEG", width=64))))
    other = difference_hash(Image.open(BytesIO(photo_bytes("red"))))
    assert (first ^ again).bit_count() <= 4
    assert (first ^ other).bit_count() > 6


def test_close_pairs_are_found_across_blocks() -> None:
    vectors = np.zeros((5000, 2), np.float32)
    vectors[:, 0] = 0.0
    vectors[[1, 4000]] = (1, 0)
    vectors[4999] = (0, 1)
    assert close_pairs(vectors).tolist() == [[1, 4000]]


def test_twins_are_found_kept_and_shown_as_one(live_index: IndexVersion) -> None:
    store = make_store()
    for sku, data in (
        ("a", drawn("red")),
        ("b", drawn("red", kind="JPEG", width=64)),
        ("c", drawn("blue")),
        # The same colour without the step: near by its vector, another picture.
        ("d", photo_bytes("red")),
    ):
        add_photo(make_product(store, sku, colours=(), style_code="S" if sku in "bc" else ""), "red", data=data)
    indexing.sweep(live_index)
    report = refresh_twins(store)
    assert (report.products, report.twins, report.groups) == (4, 2, 1)
    ids = {sku: pk for pk, sku in Product.objects.values_list("pk", "sku")}
    assert set(ProductTwin.objects.values_list("product_id", "group", "family")) == {
        (ids["a"], ids["a"], ids["a"]),
        (ids["b"], ids["a"], ids["a"]),
        (ids["c"], None, ids["a"]),
    }
    everything = Query(store.pk, mode=Mode.BROWSE)
    assert search(replace(everything, collapse=Collapse.DUPLICATES)).found == 3
    assert search(replace(everything, collapse=Collapse.VARIANTS)).found == 3
    assert search(replace(everything, collapse=Collapse.ALL)).found == 2
    find_duplicates()
    call_command("find_duplicates", "--store", store.slug)
    assert ProductTwin.objects.count() == 3


def test_a_store_without_photos_has_no_twins(live_index: IndexVersion) -> None:
    assert refresh_twins(make_store()).products == 0
