"""How long a search takes: words, a photo, and both, with and without a category filter, beside its parts alone.

    python benchmarks/search_latency.py --store S [--queries N] [--url http://127.0.0.1:8000 --key sk_...]

Asks `search.api.requests.search_request`, which the REST views and the shop page call too; with --url the web server.
All variants of a query run one after another, in an order that changes, so that a busy moment hits them alike.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import requests
from django.conf import settings

import benchmarks.configured  # noqa: F401
from benchmarks.machine import describe
from catalog.models import ProductImage, Store
from catalog.models.product import ImageKind
from search import milvus
from search.api.requests import search_request
from search.choices import Mode
from search.errors import SearchError
from search.filters import resolve
from search.images import decode_image
from search.models import IndexVersion
from search.query import Filters, Query, RowFilter
from search.query_images import MAX_SIDE
from search.vectors import query_vectors
from search.versions import live_version

WARM_UP = 5
KINDS = {"words": Mode.WORDS, "image": Mode.IMAGE, "words + image": Mode.COMPOSED}
# Asks one search with these fields and, perhaps, a photo; gives the stages' milliseconds as the answer states them.
Ask = Callable[[dict[str, Any], bytes | None], dict[str, float]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One query in all its forms: two words of a product's title, its photo, and its category to filter by."""

    words: str
    photo: bytes
    category: str


@dataclass(slots=True)
class Times:
    """Milliseconds of one variant: the whole search, and the same work of two of its parts alone."""

    whole: list[float] = field(default_factory=list)
    encode: list[float] = field(default_factory=list)
    ann: list[float] = field(default_factory=list)
    stages: list[dict[str, float]] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True, help="the slug of a store whose catalogue is indexed")
    parser.add_argument("--queries", type=int, default=200, help="how many different queries, each in six forms")
    parser.add_argument("--seed", type=int, default=1, help="which products the queries are made of")
    parser.add_argument("--url", default="", help="measure through this web server instead of in this process")
    parser.add_argument("--key", default="", help="the API key for --url; a secret one may ask more often")
    options = parser.parse_args()
    try:
        store, version = Store.objects.get(slug=options.store), live_version()
        samples = make_samples(store, options.queries, random.Random(options.seed))
        ask = ask_server(options.url, options.key) if options.url else ask_here(store)
        times = measure(store, version, samples, ask=ask)
    except Store.DoesNotExist:
        sys.exit(f"There is no store {options.store!r}.")
    except SearchError as error:
        sys.exit(error.message)
    report(times, version, store, where=options.url or "in this process, without HTTP")


def make_samples(store: Store, count: int, chance: random.Random) -> list[Sample]:
    """Queries made of the store's own products, drawn at random. Exits where the store has none that will do."""
    rows = ProductImage.objects.filter(
        product__store=store,
        product__is_published=True,
        product__category__isnull=False,
        kind=ImageKind.CATALOG,
    ).exclude(file="")
    ids = list(rows.order_by("pk").values_list("pk", "product__category__slug"))
    if not ids:
        sys.exit(f"The store {store.slug!r} has no published product with a category and a photo.")
    samples = []
    for pk, category in chance.choices(ids, k=count + WARM_UP):
        image = rows.select_related("product").get(pk=pk)
        words = image.product.title.split()
        start = chance.randrange(max(1, len(words) - 1))
        with image.file.open("rb") as file:
            samples.append(Sample(" ".join(words[start : start + 2]), file.read(), category))
    return samples


def ask_here(store: Store) -> Ask:
    """Searches in this process, by the function that the views call."""

    def ask(data: dict[str, Any], photo: bytes | None) -> dict[str, float]:
        result = search_request(store, owner="benchmark", data=data, image_bytes=photo)
        if result.degraded:
            sys.exit(f"The answer is degraded ({', '.join(result.degraded)}): its time would say nothing.")
        return dict(result.timings_ms)

    return ask


def ask_server(url: str, key: str) -> Ask:
    """Searches through a web server, on one connection that is kept."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {key}"

    def ask(data: dict[str, Any], photo: bytes | None) -> dict[str, float]:
        address = f"{url.rstrip('/')}/api/v1/search"
        if photo is None:
            answer = session.post(address, json=data, timeout=60)
        else:
            answer = session.post(address, data=data, files={"image": ("photo.jpg", photo)}, timeout=60)
        if answer.status_code != 200 or answer.json()["degraded"]:
            sys.exit(f"{url} answered {answer.status_code}: {answer.text[:400]}")
        stages: dict[str, float] = answer.json()["timings_ms"]
        return stages

    return ask


def measure(
    store: Store, version: IndexVersion, samples: Sequence[Sample], *, ask: Ask
) -> dict[tuple[str, bool], Times]:
    """Every variant of every sample, and its parts alone; the first samples only warm up."""
    times = {(kind, is_filtered): Times() for kind in KINDS for is_filtered in (False, True)}
    for number, sample in enumerate(samples):
        variants = list(times)
        random.Random(number).shuffle(variants)
        for kind, is_filtered in variants:
            taken = Times() if number < WARM_UP else times[kind, is_filtered]
            data, photo = _request(sample, kind, is_filtered)
            started = time.perf_counter()
            taken.stages.append(ask(data, photo))
            taken.whole.append(_since(started))
            wanted = resolve(store, Filters(categories=(sample.category,) if is_filtered else ()))
            _parts_alone(store, version, sample, kind=kind, wanted=wanted, taken=taken)
    return times


def _request(sample: Sample, kind: str, is_filtered: bool) -> tuple[dict[str, Any], bytes | None]:
    data = {"per_page": 20, **({"q": sample.words} if "words" in kind else {})}
    if is_filtered:
        data["filter_by"] = f"category:={sample.category}"
    return data, sample.photo if "image" in kind else None


def _parts_alone(
    store: Store, version: IndexVersion, sample: Sample, *, kind: str, wanted: RowFilter, taken: Times
) -> None:
    """Encode the query, then ask Milvus for the same neighbours that the search asks for, each timed alone."""
    image = decode_image(sample.photo, max_side=MAX_SIDE) if "image" in kind else None
    text = sample.words if "words" in kind else ""
    query = Query(store_id=store.pk, text=text, image=image, mode=KINDS[kind])
    started = time.perf_counter()
    vectors = query_vectors(query, version).vectors
    taken.encode.append(_since(started))
    started = time.perf_counter()
    limit = settings.SEARCH_POOL_SIZE
    milvus.search(version.collection, vectors, wanted=wanted, limit=limit, params=version.search_params)
    taken.ann.append(_since(started))


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def report(times: dict[tuple[str, bool], Times], version: IndexVersion, store: Store, *, where: str) -> None:
    """Print two markdown tables: percentiles, and where the time of a search goes."""
    print(f"Milliseconds, {where}.\n")
    head = ["query", "category filter", "p50", "p95", "encode alone p50", "p95", "ANN alone p50", "p95"]
    print(f"| {' | '.join(head)} |\n|---|---{'|---:' * (len(head) - 2)}|")
    for (kind, is_filtered), taken in times.items():
        figures = [np.percentile(part, q) for part in (taken.whole, taken.encode, taken.ann) for q in (50, 95)]
        print(f"| {kind} | {'yes' if is_filtered else 'no'} | {' | '.join(f'{ms:.1f}' for ms in figures)} |")
    names = sorted({name for taken in times.values() for stages in taken.stages for name in stages})
    print(
        f"\nMedian milliseconds of each stage, as the answers state them.\n\n| query | category filter | {' | '.join(names)} |"
    )
    print(f"|---|---{'|---:' * len(names)}|")
    for (kind, is_filtered), taken in times.items():
        medians = [np.median([stages.get(name, 0.0) for stages in taken.stages]) for name in names]
        print(f"| {kind} | {'yes' if is_filtered else 'no'} | {' | '.join(f'{ms:.1f}' for ms in medians)} |")
    rows = milvus.count_rows(version.collection, filter_expression=f"store_id == {store.pk}")
    facts = {
        "index": f"{version.index_type}, {rows:,} images of the store",
        "encoder": f"{Path(version.encoder).name} ({version.dimension} numbers)",
        "neighbours asked for": settings.SEARCH_POOL_SIZE,
        "queries": len(next(iter(times.values())).whole),
    }
    print(f"\n{describe(facts)}")


if __name__ == "__main__":
    main()
