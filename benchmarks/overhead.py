"""What a request costs beside encoding and the vector search, with five facets, in a mix of all modes.

    python benchmarks/overhead.py --store S [--queries N]

Requests go through the whole application in this process (key, limits, validation, search, JSON) without a web server.
Overhead is the whole request minus the stages `encode` and `ann` of its own answer.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import benchmarks.configured  # noqa: F401  # isort: skip
import numpy as np
from django.core.cache import cache
from django.db import connection
from django.test import Client

from benchmarks import traffic
from benchmarks.machine import describe
from catalog.models import ApiKey, Product, Store
from catalog.models.keys import create_api_key

WARM_UP = 10
OUTSIDE = ("encode", "ann")


@dataclass(slots=True)
class Times:
    """Milliseconds of one form of request; `processor` is this process' own."""

    whole: list[float] = field(default_factory=list)
    overhead: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    stages: list[dict[str, float]] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True, help="the slug of a store whose catalogue is indexed")
    parser.add_argument("--queries", type=int, default=100, help="how many different queries, each in all forms")
    parser.add_argument("--seed", type=int, default=1, help="which products the queries are made of")
    options = parser.parse_args()
    store = Store.objects.filter(slug=options.store).first()
    if store is None:
        sys.exit(f"There is no store {options.store!r}.")
    chance = random.Random(options.seed)
    samples = traffic.draw_samples(store, options.queries + WARM_UP, chance)
    row, secret = create_api_key(store=store, name="benchmark", kind="secret")
    # Without a limit of its own the throttle would end the run.
    ApiKey.objects.filter(pk=row.pk).update(rate_per_minute=1_000_000)
    try:
        times, raw = measure(ask_with(secret), samples, facets=traffic.five_facets(store), chance=chance)
    finally:
        row.delete()
    report(times, raw, store=store, facets=traffic.five_facets(store))


Asked = tuple[float, float, dict[str, Any]]


def ask_with(key: str) -> Callable[[dict[str, Any]], Asked]:
    """A function that asks the search endpoint in this process: the milliseconds it took, those of this process' own
    processor, and its JSON. An error ends the run."""
    client = Client(headers={"X-API-Key": key, "Host": "localhost"})

    def ask(body: dict[str, Any]) -> Asked:
        # Writing the request and reading the answer is the client's work.
        sent = json.dumps(body)
        processor, started = time.process_time(), time.perf_counter()
        answer = client.post("/api/v1/search", data=sent, content_type="application/json")
        spent = ((time.perf_counter() - started) * 1000, (time.process_time() - processor) * 1000)
        if answer.status_code not in (200, 503):
            sys.exit(f"The search answered {answer.status_code}: {answer.content.decode()[:400]}")
        data: dict[str, Any] = json.loads(answer.content)
        return *spent, data if answer.status_code == 200 else {"degraded": ["milvus"], "search_id": ""}

    return ask


def measure(
    ask: Callable[[dict[str, Any]], Asked],
    samples: Sequence[traffic.Sample],
    *,
    facets: tuple[str, ...],
    chance: random.Random,
) -> tuple[dict[str, Times], dict[str, list[float]]]:
    """Times by form, each sample in all forms in a changing order, and of bare round trips to Postgres and Redis between."""
    times: dict[str, Times] = {}
    raw: dict[str, list[float]] = {"Postgres round trip": [], "Redis round trip": [], "degraded": []}
    for number, sample in enumerate(samples):
        forms = list(traffic.forms_of(sample, facets, chance))
        chance.shuffle(forms)
        for asked in forms:
            first = ask(asked.body)
            if first[2]["degraded"]:
                # Its time would say nothing: the vector search took longer than it may.
                raw["degraded"].append(first[0])
                continue
            # A later page of the same list, as shoppers turn to it.
            later = ask({**asked.body, "page": 2, "search_id": first[2]["search_id"]})
            if number >= WARM_UP:
                _note(times.setdefault(asked.form, Times()), first)
                _note(times.setdefault("page 2 of any", Times()), later)
        if number >= WARM_UP:
            raw["Postgres round trip"].append(_since_ms(_round_trip))
            raw["Redis round trip"].append(_since_ms(lambda: cache.get("benchmark")))
    return times, raw


def _note(taken: Times, measured: Asked) -> None:
    whole, processor, data = measured
    stages: dict[str, float] = data["timings_ms"]
    taken.whole.append(whole)
    taken.overhead.append(whole - sum(stages.get(name, 0.0) for name in OUTSIDE))
    taken.processor.append(processor)
    taken.stages.append(stages)


def _round_trip() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def _since_ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def report(times: dict[str, Times], raw: dict[str, list[float]], *, store: Store, facets: tuple[str, ...]) -> None:
    """Print markdown: percentiles by form and of all, the raw parts of the same run, and the stages' medians."""
    everything = Times()
    # Browsing everything is stated by itself: one list that all shoppers share is not a mix.
    for form, taken in times.items():
        if form != "browse":
            everything.whole += taken.whole
            everything.overhead += taken.overhead
            everything.processor += taken.processor
            everything.stages += taken.stages
    rows = {"all but browsing everything": everything, **dict(sorted(times.items()))}
    print("Milliseconds; overhead is the whole request without encode and ann.\n")
    print("| request | requests | whole p50 | p95 | encode p50 | ann p50 | overhead p50 | p95 | own processor p50 |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for form, taken in rows.items():
        encode, ann = ([stages.get(name, 0.0) for stages in taken.stages] for name in OUTSIDE)
        figures = [_at(taken.whole, 50), _at(taken.whole, 95), _at(encode, 50), _at(ann, 50)]
        figures += [_at(taken.overhead, 50), _at(taken.overhead, 95), _at(taken.processor, 50)]
        print(f"| {form} | {len(taken.whole)} | {' | '.join(f'{ms:.1f}' for ms in figures)} |")
    print("\n| in the same run | p50 | p95 |\n|---|---:|---:|")
    degraded = raw.pop("degraded")
    for name, values in raw.items():
        print(f"| {name} | {_at(values, 50):.2f} | {_at(values, 95):.2f} |")
    print(f"\nLeft out, because the vector search took longer than it may: {len(degraded)} requests.")
    names = list(dict.fromkeys(name for taken in times.values() for stages in taken.stages for name in stages))
    print(f"\nMedian of each stage, as the answers state them.\n\n| request | {' | '.join(names)} |")
    print(f"|---|{'---:|' * len(names)}")
    for form, taken in rows.items():
        medians = [_at([stages.get(name, 0.0) for stages in taken.stages], 50) for name in names]
        print(f"| {form} | {' | '.join(f'{ms:.1f}' for ms in medians)} |")
    published = Product.objects.filter(store=store).published().count()
    print(f"\n{describe({'facets': ', '.join(facets), 'published products': f'{published:,}'})}")


def _at(values: Sequence[float], percentile: int) -> float:
    return float(np.percentile(values, percentile)) if values else 0.0


if __name__ == "__main__":
    main()
