"""Facets of variants that are shown as one: each count is the number of hits that its filter gives."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image

from catalog.models import Product, Store
from search import indexing
from search.choices import Collapse, Mode
from search.colour.sweep import refresh_palettes
from search.models import IndexVersion
from search.query import FacetRequest, Filters, Query
from search.retrieval import search
from tests.encoders import COLOURS
from tests.kept import kept_shop
from tests.shop import brand, category, make_product, make_store

pytestmark = pytest.mark.django_db

FACETS = (
    FacetRequest("category"),
    FacetRequest("brand"),
    FacetRequest("color"),
    FacetRequest("in_stock"),
    FacetRequest("price", ranges=((None, Decimal(20)), (Decimal(20), None))),
    FacetRequest("palette"),
)


@kept_shop
def styles(live_index: IndexVersion) -> Store:
    """Style S lies in two categories and two brands, its members share values; T is another; two products stand alone."""
    store = make_store()
    coats, boots = category(store, "Clothes", "Coats"), category(store, "Clothes", "Boots")
    rows: list[tuple[str, str, tuple[str, ...], Any, str, int, int]] = [
        ("S1", "S", ("red",), coats, "Halden", 10, 3),
        ("S2", "S", ("blue",), boots, "Norrvik", 20, 0),
        ("S3", "S", ("green",), coats, "Halden", 30, 2),
        ("T1", "T", ("red",), boots, "Halden", 20, 1),
        ("T2", "T", ("black",), boots, "Halden", 25, 0),
        ("A", "", ("red",), coats, "Norrvik", 15, 4),
        ("B", "", ("white",), coats, "Halden", 40, 4),
    ]
    for sku, style, colours, kind, maker, price, quantity in rows:
        make_product(
            store,
            sku,
            colours=colours,
            title=f"{colours[0]} coat",
            style_code=style,
            category=kind,
            brand=brand(store, maker),
            price=price,
            quantity=quantity,
        )
    # Two values of one attribute: a style that has a value twice counts once for it.
    Product.objects.filter(store=store, sku__in=["S1", "S2"]).update(attributes={"color": ["red", "blue"]})
    indexing.sweep(live_index)
    refresh_palettes(budget_s=60)
    return store


@pytest.mark.parametrize("collapse", [Collapse.VARIANTS, Collapse.ALL])
@pytest.mark.parametrize(
    "query",
    [{"mode": Mode.BROWSE}, {"mode": Mode.WORDS, "text": "coat"}, {"mode": Mode.IMAGE, "image_digest": "red"}],
)
@pytest.mark.parametrize("filters", [Filters(), Filters(attributes=(("color", ("red",)),), brands=("halden",))])
def test_each_count_is_what_its_filter_finds(
    styles: Store, query: dict[str, Any], filters: Filters, collapse: Collapse
) -> None:
    photo = {"image": Image.new("RGB", (20, 20), COLOURS["red"])} if query["mode"] is Mode.IMAGE else {}
    asked = Query(styles.pk, collapse=collapse, facet_by=FACETS, filters=filters, **query, **photo)
    result = search(asked)
    assert len(result.hits) == result.found > 0
    for facet in result.facets:
        assert any(value.count for value in facet.values)
        for value in facet.values:
            narrowed = search(replace(asked, facet_by=(), filters=_with(filters, facet.field_name, value.value)))
            assert value.count == narrowed.found, (facet.field_name, value.value)


def test_a_style_in_two_categories_counts_once_above_them(styles: Store) -> None:
    result = search(
        Query(styles.pk, mode=Mode.BROWSE, collapse=Collapse.VARIANTS, facet_by=(FacetRequest("category"),))
    )
    assert {value.value: value.count for value in result.facets[0].values} == {"clothes": 4, "coats": 3, "boots": 2}
    assert result.found == 4


def _with(filters: Filters, name: str, value: str) -> Filters:
    """The filters with this field's own replaced by one value."""
    rest = filters.without(name)
    if name == "price":
        low, high = (Decimal(bound) if bound else None for bound in value.split(".."))
        return replace(rest, price_min=low, price_max=high)
    if name == "in_stock":
        return replace(rest, in_stock=value == "true")
    plain = {"category": "categories", "brand": "brands", "palette": "palette"}
    if name in plain:
        return replace(rest, **{plain[name]: (value,)})  # type: ignore[arg-type]
    return replace(rest, attributes=(*rest.attributes, (name, (value,))))
