"""The benchmarks run on a small catalogue, print their tables, and leave nothing behind. No figure is asserted."""

from __future__ import annotations

import random

import numpy as np
import pytest

from benchmarks import brute_force, encoding, index_catalogue, known_item, memory, overhead, search_latency, traffic
from benchmarks.machine import Cost, Meter
from catalog.models import Store
from catalog.models.keys import create_api_key
from search import indexing, milvus
from search.calibration.confidence import forget_calibrations
from search.evaluation.building import read_facts
from search.evaluation.known_items import known_item_queries
from search.models import IndexEntry, IndexVersion, StoreCalibration
from tests.shop import category, make_product, make_store


def test_what_is_possible_is_the_slowest_stage_or_what_the_cores_allow() -> None:
    figures = index_catalogue.Figures(
        decode=Cost(images=100, wall_s=1.0, cpu_s={"this process": 1.0}),
        encode=Cost(images=100, wall_s=2.0, cpu_s={"this process": 2.0}),
        upsert=Cost(images=100, wall_s=0.5, cpu_s={"this process": 0.1, "milvus": 0.4}),
        bookkeeping=Cost(images=100, wall_s=0.5, cpu_s={"postgres": 0.5}),
    )
    assert figures.slowest == ("encode", 50.0)
    assert figures.by_cores(2) == pytest.approx(50.0)
    assert figures.by_cores(1) == pytest.approx(25.0)


@pytest.mark.django_db(transaction=True)
def test_the_indexing_benchmark_measures_every_stage_on_the_same_images_and_cleans_up(
    live_index: IndexVersion, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store()
    for sku in ("a", "b", "c"):
        make_product(store, sku, colours=("red", "blue"))
    indexing.sweep(live_index)
    collections = milvus.collection_names(prefix="t")
    meter = Meter()
    figures = index_catalogue.measure(index_catalogue.image_ids("shop", 0), meter, threads=2, rounds=2)
    assert [cost.images for cost in (*figures.alone.values(), figures.whole)] == [6] * 5
    assert milvus.collection_names(prefix="t") == collections
    assert list(IndexVersion.objects.all()) == [live_index]
    assert IndexEntry.objects.count() == 6
    index_catalogue.report(figures, meter, threads=2)
    printed = capsys.readouterr().out
    assert "of what is possible" in printed
    assert [line.split("|")[1].strip() for line in printed.splitlines() if " alone |" in line] == [
        "decode alone",
        "encode alone",
        "upsert alone",
        "claim, read, mark alone",
    ]


@pytest.mark.django_db
def test_the_overhead_benchmark_measures_every_form_of_a_request(
    shop: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, facets = random.Random(1), traffic.five_facets(shop)
    samples = traffic.draw_samples(shop, overhead.WARM_UP + 1, chance)
    _, key = create_api_key(store=shop, name="benchmark", kind="secret")
    times, raw = overhead.measure(overhead.ask_with(key), samples, facets=facets, chance=chance)
    assert len(times) == 2 * len(traffic.FORMS) + 3
    assert {len(taken.whole) for form, taken in times.items() if form != "page 2 of any"} == {1}
    overhead.report(times, raw, store=shop, facets=facets)
    assert "| all but browsing everything | 19 |" in capsys.readouterr().out


@pytest.mark.django_db
def test_the_brute_force_check_finds_no_difference_and_would_find_one(
    shop: Store, live_index: IndexVersion, capsys: pytest.CaptureFixture[str]
) -> None:
    routes = {name: {"slope": 8.0, "intercept": -4.0, "floor": 0.5} for name in ("text", "image", "composed")}
    StoreCalibration.objects.create(store=shop, fingerprint=live_index.fingerprint, routes=routes)
    forget_calibrations()
    catalogue = brute_force.Catalogue(shop, live_index)
    outcomes = brute_force.compare(catalogue, brute_force.make_queries(shop, 12, random.Random(1)))
    assert {seen.queries for seen in outcomes.values()} == {3}
    assert [seen.differences for seen in outcomes.values()] == [[]] * len(brute_force.FORMS)
    catalogue.facts.popitem()
    outcomes = brute_force.compare(catalogue, brute_force.make_queries(shop, 12, random.Random(1)))
    assert any(seen.differences for seen in outcomes.values())
    brute_force.report(outcomes, catalogue)
    assert "differences" in capsys.readouterr().out
    forget_calibrations()


@pytest.mark.django_db
def test_the_memory_benchmark_looks_at_memory_at_each_tenth(shop: Store, capsys: pytest.CaptureFixture[str]) -> None:
    _, key = create_api_key(store=shop, name="benchmark", kind="secret")
    sizes = memory.measure(memory.ask_with(key), memory.mixed(shop, random.Random(1)), 20)
    assert [number for number, _ in sizes] == list(range(0, 21, 2))
    memory.report(sizes, 20)
    assert "a thousand requests add" in capsys.readouterr().out


@pytest.mark.django_db
def test_the_search_benchmark_measures_every_form_of_a_query(
    live_index: IndexVersion, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store()
    make_product(store, "a", colours=("red",), category=category(store, "Clothes"))
    indexing.sweep(live_index)
    samples = search_latency.make_samples(store, 2, random.Random(1))
    times = search_latency.measure(store, live_index, samples, ask=search_latency.ask_here(store))
    assert len(times) == 6
    assert {len(part) for taken in times.values() for part in (taken.whole, taken.encode, taken.ann)} == {2}
    search_latency.report(times, live_index, store, where="here")
    assert capsys.readouterr().out.count("| words + image | yes |") == 2


@pytest.mark.django_db
def test_the_known_item_benchmark_compares_each_way_with_the_hybrid(live_index: IndexVersion) -> None:
    store = make_store()
    for colour in ("red", "blue", "green"):
        make_product(store, colour, colours=(colour,), title=f"{colour} cotton winter jacket")
    indexing.sweep(live_index)
    queries = known_item_queries(read_facts(store), 3, random.Random(1), has_photo=True)
    lines = known_item.report(store, live_index, queries, known_item.PHOTOS)
    assert lines[0].startswith("| 3 queries | MRR")
    assert [line.split(" | ")[0] for line in lines[2:-1]] == [f"| {way.name}" for way in known_item.PHOTOS]


def test_the_encoding_benchmark_compares_every_runtime_on_every_piece_of_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runtimes = (encoding.TORCH, "ONNX fp32", "ONNX int8")
    keys = [
        (model, runtime, work) for model in (encoding.VIT, "shipped") for runtime in runtimes for work in encoding.WORK
    ]
    times, others = encoding.measure({key: lambda: np.ones((1, 1), np.float32) for key in keys}, 2)
    assert {len(part) for taken in times.values() for part in (taken.clock, taken.processor)} == {2}
    times = {key: encoding.Times(processor=[8.0 if key[1] == encoding.TORCH else 2.0], clock=[9.0]) for key in keys}
    encoding.report(times, dict.fromkeys(keys, 1.0), others=others, encoder="small")
    printed = capsys.readouterr().out
    assert printed.count("| photo | ONNX fp32 | 2.00 | 2.00 to 2.00 | 9.00 | 4.00 | 1.00000 |") == 2
    assert "| ONNX int8 | 1/1.0 | 1/1.0 | 1/1.0 | 1/1.0 |" in printed
