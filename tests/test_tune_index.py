"""Search plans: completed from the table, counted for, chosen by measuring and applied by `manage.py tune_index`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from catalog.models import Product, ProductImage, Store
from search import milvus, versions
from search.milvus import SearchPlan
from search.models import IndexVersion
from search.recall import tuning
from search.recall.buckets import SELECTIVITIES
from search.recall.tuning import Measured
from tests.encoders import ColourEncoder
from tests.shop import brand, make_store
from tests.vectors import fill, unit_rows


def test_plans_of_older_versions_are_completed_from_the_table() -> None:
    lite, server = milvus.Engine("milvus_lite_3", is_lite=True), milvus.Engine("v2.3.5", is_lite=False)
    assert milvus.search_plan({}, engine=lite) == SearchPlan()
    assert milvus.search_plan({"ef": 99}, engine=server) == SearchPlan("ef", 99)
    assert milvus.search_plan({"ef": 99}, engine=lite).widens
    old = milvus.search_plan({"nprobe": 8, "rescore": 1}, engine=server)
    assert (old.effort, old.over_fetch > 1, old.widens) == (8, True, True)
    assert milvus.search_plan(old.to_params(), engine=server) == old


def test_counts_are_remembered_until_they_are_forgotten(live_index: IndexVersion) -> None:
    fill(live_index, unit_rows(3), store_id=1)
    assert milvus.passing_rows(live_index.collection, "store_id == 1", is_fresh=True) == 3
    fill(live_index, unit_rows(5), store_id=1)
    assert milvus.passing_rows(live_index.collection, "store_id == 1") == 3
    assert milvus.passing_rows(live_index.collection, "store_id == 1", is_fresh=True) == 5
    assert milvus.passing_rows(live_index.collection, "store_id == 1") == 5


def measured(effort: int, recall: float, ms: float) -> Measured:
    return Measured(SearchPlan("ef", effort), {0.01: 1.0, 1.0: recall}, {0.01: ms, 1.0: ms})


def test_the_cheapest_plan_that_keeps_the_promise_everywhere_is_chosen() -> None:
    quick, right, slow = measured(64, 0.98, 1.0), measured(128, 0.99, 3.0), measured(256, 1.0, 5.0)
    assert tuning.choose([slow, quick, right]) is right
    assert tuning.choose([quick]) is None


@pytest.fixture
def priced(db: None, colour_encoder: ColourEncoder, settings: Settings) -> Iterator[tuple[Store, IndexVersion]]:
    """A live HNSW index with four hundred priced products of two brands."""
    settings.INDEX_COLLECTION_PREFIX, settings.INDEX_TYPE = f"t{uuid.uuid4().hex[:12]}", "HNSW"
    version, store = versions.ensure_live_version(), make_store()
    own = [brand(store, "One"), brand(store, "Two")]
    products = Product.objects.bulk_create(
        Product(store=store, sku=f"p{n}", title="red thing", price=n, brand=own[n % 2]) for n in range(400)
    )
    images = ProductImage.objects.bulk_create(
        ProductImage(product=product, file="x.png", sha256=f"{product.pk:064}", width=1, height=1)
        for product in products
    )
    fill(
        version,
        unit_rows(400),
        ids=[image.pk for image in images],
        store_id=store.pk,
        prices=[n * 100 for n in range(400)],
        brands=[own[n % 2].pk for n in range(400)],
    )
    yield store, version
    for name in milvus.collection_names(prefix=settings.INDEX_COLLECTION_PREFIX):
        milvus.drop_collection(name)


def test_the_tuner_measures_every_selectivity_and_applies_what_it_chose(
    priced: tuple[Store, IndexVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, version = priced
    monkeypatch.setattr(tuning, "EFFORTS", {"ef": (64,)})
    IndexVersion.objects.update(search_params={"ef": 512})
    printed = run_tuner("--queries", "4")
    # 0.1 % of four hundred is less than one product.
    assert all(f"{share * 100:g} % (" in printed for share in SELECTIVITIES[1:]), printed
    assert "(now)" in printed
    version.refresh_from_db()
    assert (version.search_params, version.tuned_at) == ({"ef": 512}, None)
    chosen = run_tuner("--queries", "4", "--apply").partition("Chosen: ")[2].partition(" (")[0]
    version.refresh_from_db()
    plan = milvus.search_plan(version.search_params, engine=milvus.engine())
    assert ", ".join(f"{name} {value}" for name, value in plan.to_params().items()) == chosen
    assert plan.to_params() == version.search_params
    assert version.tuned_at is not None


def test_the_tuner_changes_nothing_where_nothing_keeps_the_promise(
    priced: tuple[Store, IndexVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, version = priced
    monkeypatch.setattr(tuning, "grid", lambda version: [SearchPlan("ef", 64)])
    monkeypatch.setattr(tuning, "PROMISE", 1.1)
    with pytest.raises(CommandError, match="Nothing in the grid"):
        run_tuner("--queries", "4", "--apply")
    before = version.search_params
    version.refresh_from_db()
    assert (version.search_params, version.tuned_at) == (before, None)


def test_the_tuner_names_what_it_does_not_know(priced: tuple[Store, IndexVersion]) -> None:
    with pytest.raises(CommandError, match="no index version 'nothing'"):
        run_tuner("--collection", "nothing")
    with pytest.raises(CommandError, match="at least 2"):
        run_tuner("--queries", "1")


def run_tuner(*options: str) -> str:
    out = StringIO()
    call_command("tune_index", *options, stdout=out)
    return out.getvalue()
