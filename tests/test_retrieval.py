"""Search on real Postgres, Redis and Milvus, with the colour encoder: every mode, filters, facets, pages, outages."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from PIL import Image
from pytest_django import Settings

from catalog.models import Product, Store
from search import indexing, milvus
from search.choices import Mode, SortKey
from search.errors import EncoderUnavailable, IndexUnavailable, InvalidQuery
from search.models import IndexVersion
from search.query import FacetRequest, Filters, Query, Sort
from search.result import Result
from search.retrieval import search
from tests.encoders import COLOURS, ColourEncoder
from tests.kept import kept_shop
from tests.shop import brand, category, make_product, make_store

pytestmark = pytest.mark.django_db


@kept_shop
def shop(live_index: IndexVersion) -> Store:
    """Twelve indexed products in six colours, lamps and shoes, priced 10 to 120; a twin store beside it."""
    store, other = make_store("shop"), make_store("other")
    shoes, lamps = category(store, "Clothes", "Shoes"), category(store, "Home", "Lamps")
    for place, colour in enumerate(("red", "blue", "green", "yellow", "black", "white")):
        for step, (kind, noun) in enumerate(((shoes, "shoes"), (lamps, "lamp"))):
            number = place * 2 + step + 1
            make_product(
                store,
                f"{colour}-{noun}",
                colours=(colour,),
                title=f"{colour.title()} {noun}",
                category=kind,
                brand=brand(store, "Norrvik" if step else "Halden"),
                price=None if number == 12 else number * 10,
                quantity=0 if colour == "black" else 3,
            )
    make_product(other, "red-shoes", colours=("red",), title="Red shoes")
    indexing.sweep(live_index)
    return store


def skus(result: Result) -> list[str]:
    return [hit.product.sku for hit in result.hits]


def photo(colour: str) -> Image.Image:
    return Image.new("RGB", (20, 20), COLOURS[colour])


def test_words_find_the_products_that_hold_them_all(shop: Store) -> None:
    result = search(Query(shop.pk, text="red shoes", mode=Mode.WORDS))
    assert skus(result) == ["red-shoes"]
    assert (result.found, result.found_exact, result.any_word) == (1, True, False)
    assert result.hits[0].product.store_id == shop.pk
    assert result.hits[0].highlights == {
        "title": "<mark>Red</mark> <mark>shoes</mark>",
        "category": "<mark>Shoes</mark>",
    }


def test_words_that_no_product_holds_together_fall_back_to_any(shop: Store) -> None:
    result = search(Query(shop.pk, text="red velvet", mode=Mode.WORDS))
    assert result.any_word
    assert set(skus(result)[:2]) == {"red-shoes", "red-lamp"}


def test_a_photo_finds_its_colour_first(shop: Store) -> None:
    result = search(Query(shop.pk, image=photo("blue"), mode=Mode.IMAGE, image_digest="b"))
    assert set(skus(result)[:2]) == {"blue-shoes", "blue-lamp"}
    assert (result.found, result.found_exact) == (12, True)
    assert result.hits[0].matched_image_id == result.hits[0].product.images.get().pk
    assert result.hits[0].confidence is None


def test_words_beside_a_photo_move_it(shop: Store) -> None:
    asked = Query(shop.pk, image=photo("black"), text="red", mode=Mode.COMPOSED, image_digest="b")
    tops = {sku.split("-")[0] for sku in skus(search(asked))[:4]}
    assert tops == {"black", "red"}
    heavy = search(replace(asked, text_weight=5.0))
    assert {sku.split("-")[0] for sku in skus(heavy)[:2]} == {"red"}


def test_more_like_a_product_leaves_the_product_out(shop: Store) -> None:
    start = Product.objects.get(store=shop, sku="green-shoes")
    result = search(Query(shop.pk, product_id=start.pk, mode=Mode.IMAGE))
    assert skus(result)[0] == "green-lamp"
    assert "green-shoes" not in skus(result)


def test_more_like_a_product_of_another_store_is_refused(shop: Store) -> None:
    foreign = Product.objects.get(store__slug="other")
    with pytest.raises(InvalidQuery, match="no indexed catalogue photo"):
        search(Query(shop.pk, product_id=foreign.pk, mode=Mode.IMAGE))


@pytest.mark.parametrize("mode", [Mode.BROWSE, Mode.IMAGE])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(categories=("shoes",)), 6),
        (Filters(categories=("clothes",)), 6),
        (Filters(categories=("clothes", "home")), 12),
        (Filters(categories=("no-such",)), 0),
        (Filters(brands=("halden",)), 6),
        (Filters(price_min=Decimal("10"), price_max=Decimal("30")), 3),
        (Filters(price_max=Decimal("1000")), 11),
        (Filters(price_min=Decimal("0")), 11),
        (Filters(price_min=Decimal("30"), price_max=Decimal("10")), 0),
        (Filters(in_stock=True), 10),
        (Filters(in_stock=False), 2),
        (Filters(attributes=(("color", ("red", "blue")),)), 4),
        (Filters(attributes=(("color", ("no-such",)),)), 0),
        (Filters(attributes=(("no-such", ("red",)),)), 0),
        (Filters(categories=("shoes",), attributes=(("color", ("red",)),), in_stock=True), 1),
    ],
)
def test_filters_mean_the_same_in_postgres_and_in_milvus(
    shop: Store, mode: Mode, filters: Filters, expected: int
) -> None:
    image = photo("red") if mode is Mode.IMAGE else None
    result = search(Query(shop.pk, image=image, mode=mode, filters=filters, per_page=50))
    assert (result.found, len(result.hits)) == (expected, expected)


def test_another_stores_products_are_never_found(shop: Store) -> None:
    for query in (
        Query(shop.pk, mode=Mode.BROWSE, per_page=100),
        Query(shop.pk, text="red", mode=Mode.WORDS, per_page=100),
        Query(shop.pk, image=photo("red"), mode=Mode.IMAGE, per_page=100),
        Query(shop.pk, image=photo("red"), text="shoes", mode=Mode.COMPOSED, per_page=100),
    ):
        result = search(query)
        assert result.hits
        assert {hit.product.store_id for hit in result.hits} == {shop.pk}


@pytest.mark.parametrize(
    "query_facts",
    [
        {"mode": Mode.BROWSE},
        {"mode": Mode.WORDS, "text": "shoes"},
        {"mode": Mode.WORDS, "text": "red velvet"},
        {"mode": Mode.IMAGE, "image": photo("red"), "image_digest": "r"},
    ],
)
def test_pages_neither_repeat_nor_lose_a_hit_and_agree_with_found(shop: Store, query_facts: dict[str, object]) -> None:
    query = Query(shop.pk, per_page=5, **query_facts)  # type: ignore[arg-type]
    first = search(query)
    seen = skus(first)
    for page in range(2, 5):
        later = search(replace(query, page=page, search_id=first.search_id))
        assert (later.search_id, later.pool_renewed, later.found) == (first.search_id, False, first.found)
        seen += skus(later)
    assert len(seen) == len(set(seen)) == first.found


def test_a_product_hidden_between_pages_is_replaced_and_no_other_is_skipped(shop: Store) -> None:
    query = Query(shop.pk, mode=Mode.BROWSE, per_page=5, sort=Sort(SortKey.PRICE))
    first = search(query)
    everything = skus(search(replace(query, per_page=50)))
    hidden = everything[6]
    Product.objects.filter(store=shop, sku=hidden).update(is_published=False)
    second = search(replace(query, page=2, search_id=first.search_id))
    third = search(replace(query, page=3, search_id=first.search_id))
    assert skus(first) + skus(second) + skus(third) == [sku for sku in everything if sku != hidden]
    assert second.removed_since == 1


def test_a_search_id_of_another_query_is_refused(shop: Store) -> None:
    first = search(Query(shop.pk, text="red", mode=Mode.WORDS))
    with pytest.raises(InvalidQuery, match="another query"):
        search(Query(shop.pk, text="blue", mode=Mode.WORDS, search_id=first.search_id))


def test_a_search_id_of_another_store_or_key_finds_nothing_pinned(shop: Store) -> None:
    first = search(Query(shop.pk, text="red", mode=Mode.WORDS, owner="key:1"))
    other = Store.objects.get(slug="other")
    for query in (
        Query(other.pk, text="red", mode=Mode.WORDS, owner="key:1", search_id=first.search_id),
        Query(shop.pk, text="red", mode=Mode.WORDS, owner="key:2", search_id=first.search_id),
    ):
        result = search(query)
        assert result.pool_renewed
        assert result.search_id != first.search_id


def test_sorting_by_price_puts_products_without_one_last(shop: Store) -> None:
    for mode, facts in ((Mode.BROWSE, {}), (Mode.IMAGE, {"image": photo("red")})):
        for descending in (False, True):
            sort = Sort(SortKey.PRICE, is_descending=descending)
            result = search(Query(shop.pk, mode=mode, sort=sort, per_page=50, **facts))  # type: ignore[arg-type]
            prices = [hit.product.price for hit in result.hits]
            assert prices[-1] is None
            assert prices[:-1] == sorted(prices[:-1], reverse=descending)


def facet_counts(result: Result) -> dict[str, dict[str, int]]:
    return {facet.field_name: {value.value: value.count for value in facet.values} for facet in result.facets}


@pytest.mark.parametrize("mode", [Mode.BROWSE, Mode.IMAGE])
def test_facets_count_the_match_set_and_a_filtered_field_without_itself(shop: Store, mode: Mode) -> None:
    query = Query(
        shop.pk,
        mode=mode,
        image=photo("red") if mode is Mode.IMAGE else None,
        filters=Filters(categories=("shoes",), attributes=(("color", ("red", "blue")),)),
        facet_by=(
            FacetRequest("color"),
            FacetRequest("category"),
            FacetRequest("brand"),
            FacetRequest("in_stock"),
            FacetRequest("price", ranges=((None, Decimal(15)), (Decimal(15), None))),
        ),
        per_page=1,
    )
    result = search(query)
    assert result.found == 2
    counts = facet_counts(result)
    assert counts["color"] == dict.fromkeys(("red", "blue", "green", "yellow", "black", "white"), 1)
    assert counts["category"] == {"clothes": 2, "shoes": 2, "home": 2, "lamps": 2}
    assert counts["brand"] == {"halden": 2}
    assert counts["in_stock"] == {"true": 2, "false": 0}
    assert counts["price"] == {"..15": 1, "15..": 1}
    stats = result.facets[4].stats
    assert stats is not None
    assert (stats.minimum, stats.maximum, stats.average) == (Decimal(10), Decimal(30), Decimal(20))


@pytest.mark.parametrize(
    "query_facts",
    [
        {"mode": Mode.BROWSE, "filters": Filters(categories=("no-such",))},
        {"mode": Mode.IMAGE, "image": photo("red"), "filters": Filters(brands=("no-such",))},
        {"mode": Mode.LEXICAL, "text": "nothing has these words"},
    ],
)
def test_facets_of_nothing_count_nothing(shop: Store, query_facts: dict[str, object]) -> None:
    facets = (FacetRequest("color"), FacetRequest("category"), FacetRequest("price"), FacetRequest("in_stock"))
    result = search(Query(shop.pk, facet_by=facets, **query_facts))  # type: ignore[arg-type]
    assert (result.found, result.hits) == (0, ())
    counts = facet_counts(result)
    assert counts["color"] == {}
    assert counts["in_stock"] == {"true": 0, "false": 0}


def test_an_unknown_facet_is_refused_by_name(shop: Store) -> None:
    with pytest.raises(InvalidQuery, match="Unknown facet 'size'"):
        search(Query(shop.pk, mode=Mode.BROWSE, facet_by=(FacetRequest("size"),)))


def test_lifestyle_photos_do_not_answer_product_search(shop: Store, live_index: IndexVersion) -> None:
    product = Product.objects.get(store=shop, sku="red-lamp")
    product.images.update(kind="lifestyle")
    indexing.sweep(live_index)
    assert "red-lamp" not in skus(search(Query(shop.pk, image=photo("red"), mode=Mode.IMAGE, per_page=50)))


def test_without_milvus_words_answer_and_say_so(shop: Store, settings: Settings) -> None:
    uri = settings.MILVUS_URI
    settings.MILVUS_URI = "http://127.0.0.1:1"
    settings.MILVUS_TIMEOUT_S = 0.2
    milvus.close_client()
    try:
        result = search(Query(shop.pk, text="red shoes", mode=Mode.WORDS))
        assert (skus(result), result.degraded) == (["red-shoes"], ("milvus",))
        both = search(Query(shop.pk, text="red shoes", image=photo("red"), mode=Mode.COMPOSED, image_digest="r"))
        assert (skus(both), both.degraded) == (["red-shoes"], ("milvus",))
        with pytest.raises(IndexUnavailable, match="connecting"):
            search(Query(shop.pk, image=photo("red"), mode=Mode.IMAGE))
    finally:
        settings.MILVUS_URI = uri
        milvus.close_client()


def test_without_the_encoder_words_answer_and_say_so(shop: Store, colour_encoder: ColourEncoder) -> None:
    colour_encoder.fingerprint = "other weights"
    result = search(Query(shop.pk, text="red shoes", mode=Mode.WORDS))
    assert (skus(result), result.degraded) == (["red-shoes"], ("encoder",))
    with pytest.raises(EncoderUnavailable, match="rebuild_index"):
        search(Query(shop.pk, image=photo("red"), mode=Mode.IMAGE))


def test_without_redis_search_answers_and_pages_are_computed_again(shop: Store, settings: Settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
            "OPTIONS": {"socket_connect_timeout": 0.2},
        }
    }
    query = Query(shop.pk, mode=Mode.BROWSE, per_page=5, sort=Sort(SortKey.PRICE))
    first = search(query)
    second = search(replace(query, page=2, search_id=first.search_id))
    assert (len(first.hits), len(second.hits), second.pool_renewed) == (5, 5, True)
    assert not set(skus(first)) & set(skus(second))


def test_an_empty_catalogue_answers_with_nothing(live_index: IndexVersion) -> None:
    store = make_store("empty")
    for query in (
        Query(store.pk, mode=Mode.BROWSE),
        Query(store.pk, text="anything at all", mode=Mode.WORDS),
        Query(store.pk, text="the of and", mode=Mode.WORDS),
        Query(store.pk, image=photo("red"), mode=Mode.IMAGE),
    ):
        assert (search(query).found, search(query).hits) == (0, ())


@pytest.mark.parametrize("text", ["' & ''", "a:* | !b", "\\", "x\x00y", "<->", "((((", "🙂 🙂", "a" * 5000, "% _ %"])
def test_hostile_words_are_only_words(shop: Store, text: str) -> None:
    assert search(Query(shop.pk, text=text, mode=Mode.WORDS)).found >= 0


def test_renamed_categories_and_labels_are_found_by_their_new_words(shop: Store) -> None:
    from catalog.models import AttributeValue, Category
    from search.words import refresh_stale_words

    Category.objects.filter(store=shop, slug="clothes").update(name="Garments")
    AttributeValue.objects.filter(attribute__store=shop, code="red").update(label="Vermilion")
    assert refresh_stale_words() == 7
    assert len(skus(search(Query(shop.pk, text="garments", mode=Mode.WORDS)))) == 6
    assert set(skus(search(Query(shop.pk, text="vermilion", mode=Mode.WORDS)))) == {"red-shoes", "red-lamp"}
