"""Whether a web process keeps what it should not: its memory over many mixed requests.

    python benchmarks/memory.py --store S [--requests N]

Words, photos, both, browsing, filters, facets, later pages, and requests that are refused go through the whole
application in this process. Resident memory is printed at each thousand; the slope is over the second half, when all
that is kept on purpose (models, names, counts) is there.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import benchmarks.configured  # noqa: F401  # isort: skip
import numpy as np
import psutil
from django.test import Client

from benchmarks import traffic
from benchmarks.machine import describe
from catalog.models import ApiKey, Store
from catalog.models.keys import create_api_key

STEPS = 10
REFUSED: tuple[dict[str, Any], ...] = (
    {"q": "shoes", "filter_by": "no_such:=1"},
    {"image": {"base64": "bm8gcGhvdG8="}},
    {"q": "shoes", "page": 0},
    {"q": "shoes", "colour": "red"},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True, help="the slug of a store whose catalogue is indexed")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="which products the requests are made of")
    options = parser.parse_args()
    store = Store.objects.filter(slug=options.store).first()
    if store is None:
        sys.exit(f"There is no store {options.store!r}.")
    row, secret = create_api_key(store=store, name="benchmark", kind="secret")
    # Without a limit of its own the throttle would refuse most of them.
    ApiKey.objects.filter(pk=row.pk).update(rate_per_minute=1_000_000)
    try:
        sizes = measure(ask_with(secret), mixed(store, random.Random(options.seed)), options.requests)
    finally:
        row.delete()
    report(sizes, options.requests)


def ask_with(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Asks the search endpoint in this process; gives the answer's JSON, a refusal's too."""
    client = Client(headers={"X-API-Key": key, "Host": "localhost"})

    def ask(body: dict[str, Any]) -> dict[str, Any]:
        answer = client.post("/api/v1/search", data=body, content_type="application/json")
        data: dict[str, Any] = answer.json()
        return data

    return ask


def mixed(store: Store, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Requests of all forms without end, some of them to be refused."""
    facets = traffic.five_facets(store)
    while True:
        for sample in traffic.draw_samples(store, 50, chance):
            yield from (asked.body for asked in traffic.forms_of(sample, facets, chance))
            yield chance.choice(REFUSED)


def measure(
    ask: Callable[[dict[str, Any]], dict[str, Any]], requests: Iterator[dict[str, Any]], count: int
) -> list[tuple[int, int]]:
    """(requests so far, resident bytes) at the start and after each tenth; every second list is turned to its page 2."""
    process, sizes = psutil.Process(), []
    ask(next(requests))
    for number in range(count + 1):
        if number % max(1, count // STEPS) == 0:
            # Cycles that wait for the collector are no leak.
            gc.collect()
            sizes.append((number, process.memory_info().rss))
            print(f"{number:,} requests: {process.memory_info().rss / 2**20:.1f} MiB", flush=True)
        body = next(requests)
        answer = ask(body)
        if number % 2 and answer.get("search_id"):
            ask({**body, "page": 2, "search_id": answer["search_id"]})
    return sizes


def report(sizes: Sequence[tuple[int, int]], count: int) -> None:
    """Print the table in markdown, and how much a thousand requests add in the second half."""
    print("\n| requests | resident MiB |\n|---:|---:|")
    for number, size in sizes:
        print(f"| {number:,} | {size / 2**20:.1f} |")
    later = [(number, size) for number, size in sizes if number >= count / 2]
    slope = np.polyfit(*zip(*later, strict=True), 1)[0] * 1000 / 2**20
    print(f"\nIn the second half a thousand requests add {slope:.2f} MiB.\n")
    print(describe({"requests": f"{count:,}, every second with its page 2"}))


if __name__ == "__main__":
    main()
