"""Recall, latency and throughput by engine, index and selectivity; what pymilvus alone costs, what we add, what recall costs.

    python benchmarks/recall.py --data FOLDER [--rows 100000] [--dimension 512] [--queries 100] [--seconds 5] [--only lite server]
    python benchmarks/recall.py --store S --url http://127.0.0.1:8000 --key sk_... [--queries 100]

The first form starts a Milvus Lite and a Milvus 2.3.5 server in FOLDER, fills what is missing there and stops them. Every query
is asked in each way, one after another, in an order that changes. The second measures an installation: what its live index, our
search, and HTTP cost for the same questions.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import requests
from django.conf import settings
from numpy.typing import NDArray

import benchmarks.configured  # noqa: F401
from benchmarks import clustered, engines
from benchmarks.machine import describe
from catalog.models import Product, ProductImage, Store
from search import milvus
from search.milvus import SearchPlan
from search.milvus.connection import client
from search.models import IndexVersion
from search.query import RowFilter
from search.versions import live_version

KINDS = {"lite": ("HNSW", "FLAT"), "server": ("HNSW", "IVF_PQ")}
DIRECT, OURS, PLAN, FIRST = "pymilvus", "search.milvus", "with the plan", "its first under a filter"
CLIENTS = (1, 4, 16)
WARM_UP = 3
# Gives the ids of the images that it found.
Ask = Callable[[NDArray[np.float32], RowFilter], list[int]]


@dataclass(slots=True)
class Cell:
    """One engine, index and selectivity: milliseconds and found ids of each way of asking, and queries/s by clients."""

    engine: str
    index: str
    share: float
    exact: list[list[int]]
    times: dict[str, list[float]] = field(default_factory=dict)
    found: dict[str, list[list[int]]] = field(default_factory=dict)
    per_s: dict[tuple[str, int], float] = field(default_factory=dict)

    def recall(self, way: str) -> float:
        return clustered.recall(self.found[way], self.exact)

    def p50(self, way: str) -> float:
        return float(np.median(self.times[way][WARM_UP:]))

    def ratio(self, way: str, to: str) -> float:
        """The median of the ratios of pairs that were asked one after the other: a busy moment hits both."""
        pairs = zip(self.times[way][WARM_UP:], self.times[to][WARM_UP:], strict=True)
        return float(np.median([a / b for a, b in pairs]))


def ask_pymilvus(collection: str, params: dict[str, int], *, limit: int = 10) -> Ask:
    """As `search.milvus` asks the engine: the same limit, parameters, output fields and consistency."""

    def ask(vector: NDArray[np.float32], wanted: RowFilter) -> list[int]:
        answer = client().search(
            collection,
            data=[vector],
            anns_field="embedding",
            filter=milvus.expression(wanted),
            limit=limit,
            output_fields=["product_id"],
            search_params={"metric_type": "COSINE", "params": params},
            consistency_level="Bounded",
        )
        return [hit["id"] for hit in answer[0]]

    return ask


def ask_ours(collection: str, plan: SearchPlan, *, limit: int = 10, is_first: bool = False) -> Ask:
    """Through `search.milvus` by this plan; `is_first` counts the passing rows each time, as the first search under a filter."""

    def ask(vector: NDArray[np.float32], wanted: RowFilter) -> list[int]:
        if is_first:
            milvus.forget_counts()
        hits = milvus.search(collection, vector[None], wanted=wanted, limit=limit, params=plan.to_params())
        return [hit.image_id for hit in hits[0]]

    return ask


def ways_of(collection: str, plan: SearchPlan, *, limit: int = 10) -> dict[str, Ask]:
    """Without the plan's help through pymilvus and through us, and with it."""
    plain = replace(plan, over_fetch=1, exact_below=0, widens=False)
    effort = {plan.parameter: max(plan.effort, limit) if plan.parameter == "ef" else plan.effort}
    return {
        DIRECT: ask_pymilvus(collection, effort if plan.parameter else {}, limit=limit),
        OURS: ask_ours(collection, plain, limit=limit),
        PLAN: ask_ours(collection, plan, limit=limit),
        FIRST: ask_ours(collection, plan, limit=limit, is_first=True),
    }


def measure(cells: Sequence[Cell], ways: dict[str, Ask], asked: NDArray[np.float32], chance: random.Random) -> None:
    """Every query in every way at every selectivity."""
    for vector in asked:
        for cell in chance.sample(list(cells), len(cells)):
            wanted = clustered.passing(cell.share)
            for way in chance.sample(list(ways), len(ways)):
                began = time.perf_counter()
                found = ways[way](vector, wanted)
                cell.times.setdefault(way, []).append((time.perf_counter() - began) * 1000)
                cell.found.setdefault(way, []).append(found)


def measure_load(cell: Cell, ways: dict[str, Ask], asked: NDArray[np.float32], *, seconds: float) -> None:
    """Queries a second with several clients, each a thread of this process that asks without a pause."""
    wanted = clustered.passing(cell.share)
    for clients in CLIENTS:
        for way in (DIRECT, PLAN):
            counts, ends = [0] * clients, time.monotonic() + seconds

            def work(number: int, way: str = way, counts: list[int] = counts, ends: float = ends) -> None:
                place = number
                while time.monotonic() < ends:
                    ways[way](asked[place % len(asked)], wanted)
                    counts[number] += 1
                    place += 1

            threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
            began = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            cell.per_s[way, clients] = sum(counts) / (time.perf_counter() - began)


def run_engine(
    name: str,
    data_dir: Path,
    rows: int,
    *,
    kinds: Sequence[str],
    dimension: int,
    seed: int,
    amount: int,
    seconds: float,
) -> list[Cell]:
    """Fill what is missing on this engine, and measure these indexes on it."""
    cells: list[Cell] = []
    few = amount if name == "server" else max(20, amount // 4)
    asked = clustered.queries(rows, few, dimension=dimension, seed=seed)
    exact = clustered.exact_neighbours(asked, rows, dimension=dimension, seed=seed, total=rows)
    with engines.engine(data_dir / name, name):
        for kind in kinds:
            index = milvus.index_settings(kind, dimension=dimension, engine=milvus.engine())
            collection = f"recall_{kind.lower()}_{rows}_{dimension}"
            if not milvus.has_collection(collection):
                milvus.create_collection(collection, dimension=dimension, index=index)
            engines.fill(collection, rows, total=rows, dimension=dimension, seed=seed)
            if name == "server":
                engines.wait_built(collection)
            own = [Cell(name, kind, share, exact[share]) for share in clustered.SELECTIVITIES]
            ways = ways_of(collection, milvus.search_plan(index.search, engine=milvus.engine()))
            measure(own, ways, asked, random.Random(seed))
            for cell in own:
                measure_load(cell, ways, asked, seconds=seconds)
            cells += own
            engines.log(f"{name} {kind} measured")
        report(cells, facts={"vectors": f"{rows:,} x {dimension}", "queries a cell": few})
    return cells


def report(cells: Sequence[Cell], *, facts: dict[str, object]) -> None:
    """Print the table of an engine."""
    head = [
        "index", "pass", "pymilvus: recall", "p50 ms", "search.milvus: times pymilvus", "with the plan: recall", "p50 ms",
        "times search.milvus", "first under a filter", *(f"queries/s, {n} clients (pymilvus)" for n in CLIENTS),
    ]  # fmt: skip
    print(f"\n| {' | '.join(head)} |\n|---|{'---:|' * (len(head) - 1)}")
    for one in cells:
        rates = [f"{one.per_s[PLAN, n]:.0f} ({one.per_s[DIRECT, n]:.0f})" for n in CLIENTS]
        print(
            f"| {one.index} | {one.share * 100:g} % | {one.recall(DIRECT):.3f} | {one.p50(DIRECT):.1f} "
            f"| {one.ratio(OURS, DIRECT):.2f} | {one.recall(PLAN):.3f} | {one.p50(PLAN):.1f} | {one.ratio(PLAN, OURS):.2f} "
            f"| {one.ratio(FIRST, OURS):.2f} | {' | '.join(rates)} |"
        )
    low = [f"{one.index} at {one.share * 100:g} %" for one in cells if one.recall(PLAN) < 0.99]
    print(f"\nRecall@10 with the plan is {'below 0.99: ' + ', '.join(low) if low else 'at least 0.99 in every cell'}.")
    print(f"\n{describe({**facts, 'load': ' '.join(f'{load:.1f}' for load in os.getloadavg())})}")


def measure_installation(store: Store, version: IndexVersion, ask: Callable[[str], object], amount: int) -> Cell:
    """The photo of a random product, as its stored vector: pymilvus, `search.milvus` and the whole of HTTP, for one pool each."""
    cell, limit = Cell("", version.index_type, 1.0, []), settings.SEARCH_POOL_SIZE
    plan = milvus.search_plan(version.search_params, engine=milvus.engine())
    chance = random.Random(1)
    photos = ProductImage.objects.filter(product__store=store, product__is_published=True, kind="catalog")
    pairs = list(photos.order_by("pk").values_list("pk", "product__sku", "product_id"))
    ways = ways_of(version.collection, plan, limit=limit)
    for pk, sku, product_id in chance.choices(pairs, k=amount + WARM_UP):
        vector = milvus.read_vectors(version.collection, [pk], is_strong=False)[pk]
        wanted = RowFilter(store.pk, exclude_product_ids=(product_id,))
        for way in chance.sample([*ways, "HTTP"], len(ways) + 1):
            began = time.perf_counter()
            if way == "HTTP":
                ask(sku)
            else:
                ways[way](vector, wanted)
            cell.times.setdefault(way, []).append((time.perf_counter() - began) * 1000)
    return cell


def ask_server(url: str, key: str) -> Callable[[str], object]:
    """Asks for what is similar to a product, on one connection that is kept."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {key}"

    def ask(sku: str) -> object:
        answer = session.get(f"{url.rstrip('/')}/api/v1/products/{sku}/similar", params={"per_page": 10}, timeout=60)
        if answer.status_code != 200 or answer.json()["degraded"]:
            sys.exit(f"{url} answered {answer.status_code}: {answer.text[:400]}")
        return answer

    return ask


def report_installation(cell: Cell, store: Store) -> None:
    print("\n| way | p50 ms | times pymilvus |\n|---|---:|---:|")
    for way in cell.times:
        print(f"| {way} | {cell.p50(way):.1f} | {cell.ratio(way, DIRECT):.2f} |")
    facts = {
        "index": cell.index,
        "products": f"{Product.objects.filter(store=store).count():,}",
        "neighbours asked for": settings.SEARCH_POOL_SIZE,
        "load": f"{os.getloadavg()[0]:.1f}",
    }
    print(f"\n{describe(facts)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with 5 GB free, for the engines")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--queries", type=int, default=100, help="at each selectivity; a quarter of them on Milvus Lite"
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="of each number of clients")
    parser.add_argument("--only", nargs="+", choices=sorted(KINDS), default=["server", "lite"])
    parser.add_argument(
        "--index", nargs="+", choices=["HNSW", "FLAT", "IVF_PQ"], help="all that the engines have by default"
    )
    parser.add_argument("--store", default="", help="measure an installation: the store's slug")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--key", default="", help="a secret key: publishable ones are throttled")
    options = parser.parse_args()
    if options.store:
        store = Store.objects.get(slug=options.store)
        ask = ask_server(options.url, options.key)
        report_installation(measure_installation(store, live_version(), ask, options.queries), store)
    elif options.data:
        for name in options.only:
            run_engine(
                name,
                options.data.resolve(),
                options.rows,
                kinds=[kind for kind in KINDS[name] if kind in (options.index or KINDS[name])],
                dimension=options.dimension,
                seed=options.seed,
                amount=options.queries,
                seconds=options.seconds,
            )
    else:
        parser.error("give --data FOLDER, or --store S with --url and --key")


if __name__ == "__main__":
    main()
