"""A kept shop is whole in each test, whatever the tests before it did to its rows, its photos and its collection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.models import Product, ProductImage, Store
from search import indexing, milvus
from search.models import IndexEntry, IndexVersion
from tests.encoders import ColourEncoder
from tests.shop import make_product, photo_bytes


def nothing(version: IndexVersion, store: Store) -> None:
    pass


def change_rows(version: IndexVersion, store: Store) -> None:
    Product.objects.filter(store=store, sku="red-shoes").update(title="Gone")
    Product.objects.filter(store=store, sku="blue-lamp").delete()
    IndexEntry.objects.all().delete()
    IndexVersion.objects.update(collection="another")


def change_photos(version: IndexVersion, store: Store) -> None:
    for image in ProductImage.objects.filter(product__store=store):
        Path(image.file.path).write_bytes(b"spoiled")


def delete_vectors(version: IndexVersion, store: Store) -> None:
    milvus.delete_rows(version.collection, list(ProductImage.objects.values_list("pk", flat=True))[:3])


def index_another(version: IndexVersion, store: Store) -> None:
    make_product(store, "another")
    indexing.sweep(version)


def drop_the_collection(version: IndexVersion, store: Store) -> None:
    milvus.drop_collection(version.collection)


HARMS = (nothing, change_rows, change_photos, delete_vectors, index_another, drop_the_collection)


# Twice each: in any order one of them comes after another.
@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_kept_shop_is_whole_after_any_test(
    shop: Store,
    live_index: IndexVersion,
    colour_encoder: ColourEncoder,
    harm: Callable[[IndexVersion, Store], None],
    turn: int,
) -> None:
    assert len(Product.objects.filter(store=shop, title__in=["Red shoes", "Blue lamp"])) == 2
    images = list(ProductImage.objects.all())
    assert len(images) == Product.objects.count() == 10
    assert Path(images[0].file.path).read_bytes() == photo_bytes(images[0].product.attributes["color"][0])
    assert IndexVersion.objects.get() == live_index
    assert milvus.count_rows(live_index.collection) == IndexEntry.objects.filter(version=live_index).count() == 10
    assert indexing.count_stale(live_index) == 0 and list(indexing.verify(live_index)) == []
    assert (colour_encoder.images_encoded, colour_encoder.texts_encoded) == (10, 0)
    make_product(shop, "new")
    assert indexing.count_stale(live_index) == 1, "triggers work again"
    harm(live_index, shop)
