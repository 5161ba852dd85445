"""One contract for every engine and index type: Milvus Lite always, the 2.3.5 server where the machine can run it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from django.conf import settings as django_settings
from numpy.typing import NDArray
from pytest_django import Settings

from benchmarks import clustered
from search import milvus
from search.errors import IndexUnavailable, InvalidIndex
from search.milvus import Row, SearchPlan
from search.query import RowFilter

DIMENSION = 32
STORES = 3
ROWS = 600
# Of the collection whose index is built.
MANY = 5_000


def vectors(count: int, *, seed: int = 1) -> NDArray[np.float32]:
    """Unit vectors around thirty centres, as photos of a shop's kinds of things lie."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(30, DIMENSION))
    rows = centres[rng.integers(0, 30, count)] + 0.4 * rng.normal(size=(count, DIMENSION))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def row(number: int, vector: NDArray[np.float32], **facts: object) -> Row:
    defaults: dict[str, object] = {
        "id": number,
        "store_id": number % STORES + 1,
        "product_id": number // 2,
        "category_id": number % 7,
        "brand_id": number % 5,
        "kind": "catalog",
        "published": True,
        "in_stock": number % 4 != 0,
        "price_minor": -1 if number % 10 == 0 else number * 5,
        "attributes": (number % 3 + 1, 100 + number % 11),
        "image_revision": number + 1,
        "product_revision": number + 2,
        "embedding": vector,
    }
    return Row(**{**defaults, **facts})  # type: ignore[arg-type]


@pytest.fixture(
    params=[
        "lite-FLAT",
        "lite-HNSW",
        *(pytest.param(f"server-{kind}", marks=pytest.mark.server) for kind in ("HNSW", "IVF_PQ")),
    ]
)
def collection(request: pytest.FixtureRequest, settings: Settings) -> Iterator[tuple[str, milvus.IndexSettings]]:
    """An empty collection on that engine with that index type."""
    engine, kind = request.param.split("-")
    lite = settings.MILVUS_URI
    if engine == "server":
        settings.MILVUS_URI = request.getfixturevalue("milvus_server_uri")
    milvus.close_client()
    name = f"contract_{uuid.uuid4().hex[:10]}"
    index = milvus.index_settings(kind, dimension=DIMENSION, engine=milvus.engine())
    milvus.create_collection(name, dimension=DIMENSION, index=index)
    yield name, index
    milvus.drop_collection(name)
    settings.MILVUS_URI = lite
    milvus.close_client()


def found(
    name: str, index: milvus.IndexSettings, query: NDArray[np.float32], wanted: RowFilter, limit: int = 10
) -> list[milvus.ImageHit]:
    return found_each(name, index, query[None, :], wanted, limit)[0]


def found_each(
    name: str, index: milvus.IndexSettings, queries: NDArray[np.float32], wanted: RowFilter, limit: int = 10
) -> list[list[milvus.ImageHit]]:
    """The hits of each query, all asked in one call: on a server each strong search waits for its next time tick."""
    return milvus.search(name, queries, wanted=wanted, limit=limit, params=index.search, is_strong=True)


def test_every_row_is_found_in_its_store_after_repeated_upserts(collection: tuple[str, milvus.IndexSettings]) -> None:
    name, index = collection
    data = vectors(ROWS)
    rows = [row(number, data[number]) for number in range(ROWS)]
    for _ in range(3):
        milvus.upsert_rows(name, rows)
    assert milvus.count_rows(name) == ROWS
    for store in range(1, STORES + 1):
        assert milvus.count_rows(name, filter_expression=f"store_id == {store}") == ROWS // STORES
        hits = found(name, index, data[0], RowFilter(store), limit=ROWS)
        own = {number for number in range(ROWS) if number % STORES + 1 == store}
        assert {hit.image_id for hit in hits} <= own
        assert len(hits) == len({hit.image_id for hit in hits})
        if not index.rescore:
            assert {hit.image_id for hit in hits} == own


def test_the_ten_nearest_are_the_exact_ones_at_every_selectivity(collection: tuple[str, milvus.IndexSettings]) -> None:
    name, index = collection
    data = vectors(3000)
    milvus.upsert_rows(name, [row(number, data[number], store_id=1) for number in range(3000)])
    queries = vectors(40, seed=2)
    prices = np.array([-1 if number % 10 == 0 else number * 5 for number in range(3000)])
    for highest in (15_000, 3_000, 750, 100):
        passing = np.flatnonzero((prices >= 0) & (prices <= highest))
        hit_count = 0
        answers = found_each(name, index, queries, RowFilter(1, price_max=highest))
        for query, hits in zip(queries, answers, strict=True):
            exact = set(passing[np.argsort(-(data[passing] @ query))[:10]].tolist())
            scores = [hit.score for hit in hits]
            assert scores == sorted(scores, reverse=True)
            assert all(abs(hit.score - float(data[hit.image_id] @ query)) < 1e-4 for hit in hits)
            hit_count += len(exact & {hit.image_id for hit in hits})
        assert hit_count / (10 * len(queries)) >= 0.99, f"at {len(passing)} of 3000 passing"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (RowFilter(1), lambda n: True),
        (RowFilter(1, category_ids=(1, 2)), lambda n: n % 7 in (1, 2)),
        (RowFilter(1, category_ids=()), lambda n: False),
        (RowFilter(1, brand_ids=(3,)), lambda n: n % 5 == 3),
        (RowFilter(1, in_stock=True), lambda n: n % 4 != 0),
        (RowFilter(1, in_stock=False), lambda n: n % 4 == 0),
        (RowFilter(1, price_min=50, price_max=100), lambda n: n % 10 and 50 <= n * 5 <= 100),
        (RowFilter(1, price_max=100), lambda n: n % 10 and n * 5 <= 100),
        (RowFilter(1, price_min=-5), lambda n: n % 10),
        (RowFilter(1, value_ids=((1, 2),)), lambda n: n % 3 + 1 in (1, 2)),
        (RowFilter(1, value_ids=((1,), (100, 104))), lambda n: n % 3 == 0 and n % 11 in (0, 4)),
        (RowFilter(1, value_ids=((),)), lambda n: False),
        (RowFilter(1, exclude_product_ids=(0, 1)), lambda n: n > 3),
        (RowFilter(1, kind="lifestyle"), lambda n: False),
        (RowFilter(2), lambda n: False),
    ],
    ids=lambda one: str(one) if isinstance(one, RowFilter) else "passes",
)
def test_a_filter_passes_exactly_its_rows(wanted: RowFilter, expected: object, settings: Settings) -> None:
    name = f"contract_{uuid.uuid4().hex[:10]}"
    index = milvus.index_settings("FLAT", dimension=DIMENSION, engine=milvus.engine())
    milvus.create_collection(name, dimension=DIMENSION, index=index)
    data = vectors(60)
    milvus.upsert_rows(name, [row(number, data[number], store_id=1) for number in range(60)])
    hits = found(name, index, data[0], wanted, limit=100)
    assert callable(expected)
    assert {hit.image_id for hit in hits} == {number for number in range(60) if expected(number)}
    milvus.drop_collection(name)


def test_filters_pass_the_same_rows_on_every_engine(collection: tuple[str, milvus.IndexSettings]) -> None:
    name, index = collection
    data = vectors(60)
    milvus.upsert_rows(name, [row(number, data[number], store_id=1) for number in range(60)])
    wanted = RowFilter(1, category_ids=(1, 2, 3), brand_ids=(1, 2), in_stock=True, price_max=250, value_ids=((1, 2),))
    expected = {
        n
        for n in range(60)
        if n % 7 in (1, 2, 3) and n % 5 in (1, 2) and n % 4 and n % 10 and n * 5 <= 250 and n % 3 < 2
    }
    assert expected
    assert {hit.image_id for hit in found(name, index, data[0], wanted, limit=60)} == expected


def test_an_upsert_replaces_the_whole_row(collection: tuple[str, milvus.IndexSettings]) -> None:
    name, index = collection
    first, second = vectors(2)
    milvus.upsert_rows(name, [row(7, first)])
    milvus.upsert_rows(name, [row(7, second, price_minor=99, image_revision=50)])
    (hit,) = found(name, index, second, RowFilter(2))
    assert hit.score == pytest.approx(1.0, abs=1e-4)
    assert [(r.id, r.image_revision) for r in milvus.iterate_rows(name)] == [(7, 50)]
    assert milvus.count_rows(name, filter_expression="price_minor == 99") == 1


def test_vectors_read_back_are_those_that_were_written(collection: tuple[str, milvus.IndexSettings]) -> None:
    name, _ = collection
    data = vectors(20)
    milvus.upsert_rows(name, [row(number, data[number]) for number in range(20)])
    read = milvus.read_vectors(name, [3, 5, 999])
    assert set(read) == {3, 5}
    assert np.allclose(read[5], data[5], atol=1e-6)
    assert read[5].dtype == np.float32


def test_deleted_rows_are_gone_at_once_and_missing_ones_are_no_error(
    collection: tuple[str, milvus.IndexSettings],
) -> None:
    name, index = collection
    data = vectors(20)
    milvus.upsert_rows(name, [row(number, data[number], store_id=1) for number in range(20)])
    milvus.delete_rows(name, [3, 4, 12345])
    assert {r.id for r in milvus.iterate_rows(name)} == set(range(20)) - {3, 4}
    assert len(found(name, index, data[3], RowFilter(1), limit=50)) == 18


def test_rows_are_listed_by_id_range(collection: tuple[str, milvus.IndexSettings]) -> None:
    name, _ = collection
    data = vectors(50)
    milvus.upsert_rows(name, [row(number, data[number]) for number in range(50)])
    listed = list(milvus.iterate_rows(name, first_id=10, last_id=29))
    assert sorted(r.id for r in listed) == list(range(10, 30))
    assert all((r.image_revision, r.product_revision) == (r.id + 1, r.id + 2) for r in listed)


def test_an_alias_moves_from_one_collection_to_the_next(collection: tuple[str, milvus.IndexSettings]) -> None:
    name, index = collection
    other, alias = f"{name}_next", f"{name}_alias"
    milvus.create_collection(other, dimension=DIMENSION, index=index)
    milvus.upsert_rows(other, [row(1, vectors(1)[0])])
    milvus.point_alias(alias, collection=name)
    milvus.point_alias(alias, collection=name)
    assert milvus.count_rows(alias) == 0
    milvus.point_alias(alias, collection=other)
    assert milvus.count_rows(alias) == 1
    milvus.drop_collection(other)


def test_ivf_pq_is_refused_on_lite_with_the_reason() -> None:
    with pytest.raises(InvalidIndex, match="not possible on Milvus Lite"):
        milvus.index_settings("IVF_PQ", dimension=512, engine=milvus.engine())


def test_an_unknown_index_type_is_refused_by_name() -> None:
    with pytest.raises(InvalidIndex, match="Unknown index type 'DISKANN'"):
        milvus.index_settings("DISKANN", dimension=512, engine=milvus.engine())


def test_a_missing_collection_is_an_unavailable_index() -> None:
    with pytest.raises(IndexUnavailable, match="no_such_collection"):
        milvus.count_rows("no_such_collection")


@pytest.fixture(scope="module", params=["lite-HNSW", pytest.param("server-IVF_PQ", marks=pytest.mark.server)])
def filled(request: pytest.FixtureRequest) -> Iterator[tuple[str, str, SearchPlan]]:
    """An engine, a collection there of `MANY` clustered vectors whose index is built, and its plan.

    A server's HNSW is built on threads of low priority, which a busy machine does not run: it is not waited for here.
    """
    engine, kind = request.param.split("-")
    uri = request.getfixturevalue("milvus_server_uri") if engine == "server" else django_settings.MILVUS_URI
    name = f"contract_{uuid.uuid4().hex[:10]}"
    with asking(uri):
        index = milvus.index_settings(kind, dimension=DIMENSION, engine=milvus.engine())
        plan = milvus.search_plan(index.search, engine=milvus.engine())
        milvus.create_collection(name, dimension=DIMENSION, index=index)
        for first_id, rows in clustered.chunks(MANY, dimension=DIMENSION, seed=1):
            milvus.upsert_rows(name, clustered.rows_of(first_id, rows))
        milvus.flush_rows(name)
        deadline = time.monotonic() + 60
        while milvus.unindexed_rows(name) and time.monotonic() < deadline:
            time.sleep(0.2)
    yield uri, name, plan
    with asking(uri):
        milvus.drop_collection(name)


@contextmanager
def asking(uri: str) -> Iterator[None]:
    """The settings point there meanwhile."""
    before = django_settings.MILVUS_URI
    django_settings.MILVUS_URI = uri
    milvus.close_client()
    yield
    django_settings.MILVUS_URI = before
    milvus.close_client()


@pytest.mark.parametrize("exact_below", [None, 20], ids=["as shipped", "widened alone"])
def test_the_plan_finds_the_ten_nearest_at_every_selectivity(
    filled: tuple[str, str, SearchPlan], exact_below: int | None
) -> None:
    uri, name, plan = filled
    params = (plan if exact_below is None else replace(plan, exact_below=exact_below)).to_params()
    asked = clustered.queries(MANY, 25, dimension=DIMENSION, seed=1)
    exact = clustered.exact_neighbours(asked, MANY, dimension=DIMENSION, seed=1, total=MANY)
    recall = {}
    with asking(uri):
        for share, nearest in exact.items():
            wanted = clustered.passing(share)
            hits = milvus.search(name, asked, wanted=wanted, limit=10, params=params, is_strong=True)
            recall[share] = clustered.recall([[hit.image_id for hit in own] for own in hits], nearest)
    assert min(recall.values()) >= 0.99, recall


def test_exact_search_finds_what_numpy_finds(filled: tuple[str, str, SearchPlan]) -> None:
    uri, name, _ = filled
    asked = clustered.queries(MANY, 5, dimension=DIMENSION, seed=2)
    expected = clustered.exact_neighbours(asked, MANY, dimension=DIMENSION, seed=1, total=MANY)
    for share in (0.05, 1.0):
        pages: list[int] = []
        with asking(uri):
            exact = milvus.scan_nearest(name, asked, wanted=clustered.passing(share), limit=10, after_page=pages.append)
        assert [[hit.image_id for hit in hits] for hits in exact.hits] == expected[share]
        assert sum(pages) == exact.rows
        assert exact.rows == pytest.approx(share * MANY, rel=0.2)
