"""How long a suggestion takes while somebody types: every beginning of queries made of the store's own titles.

    python benchmarks/suggest_latency.py --store S [--queries N] [--seed N]

Calls `search.words.suggest.suggest`, which the REST view calls. Beside each call stands one bare round trip to Postgres,
made right after it, so that a busy moment hits both. A third of the queries has a typo in its last word.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from django.db import connection

import benchmarks.configured  # noqa: F401
from benchmarks.machine import describe
from catalog.models import Product, Store
from search.words.records import VocabularyWord
from search.words.suggest import suggest

WARM_UP = 20


@dataclass(slots=True)
class Times:
    """Milliseconds of suggestions and of bare round trips, and how many were suggested."""

    whole: list[float] = field(default_factory=list)
    round_trip: list[float] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True, help="the slug of a store whose vocabulary is made")
    parser.add_argument("--queries", type=int, default=200, help="how many queries, each typed letter by letter")
    parser.add_argument("--seed", type=int, default=1, help="which products the queries are made of")
    options = parser.parse_args()
    try:
        store = Store.objects.get(slug=options.store)
    except Store.DoesNotExist:
        sys.exit(f"There is no store {options.store!r}.")
    if not VocabularyWord.objects.filter(store=store).exists():
        sys.exit("This store has no vocabulary yet: run manage.py index, or let the worker make it.")
    report(measure(store, options.queries, random.Random(options.seed)), store)


def measure(store: Store, count: int, chance: random.Random) -> dict[str, Times]:
    """Time every beginning of `count` queries, by the kind of beginning."""
    times = {kind: Times() for kind in ("1 or 2 letters", "one word", "several words", "with a typo")}
    for number, (kind, typed) in enumerate(typing(store, count, chance)):
        started = time.perf_counter()
        found = suggest(store, typed)
        spent = (time.perf_counter() - started) * 1000
        started = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        if number >= WARM_UP:
            times[kind].whole.append(spent)
            times[kind].round_trip.append((time.perf_counter() - started) * 1000)
            times[kind].shown.append(len(found))
    return times


def typing(store: Store, count: int, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Beginnings of one to three neighbouring words of random titles, letter by letter, with what kind each is."""
    products = Product.objects.filter(store=store, is_published=True)
    titles = list(products.order_by("pk").values_list("title", flat=True))
    for number in range(count):
        words = chance.choice(titles).split()
        start = chance.randrange(len(words))
        query = " ".join(words[start : start + chance.randrange(1, 4)])
        is_wrong = number % 3 == 0 and len(query) > 6
        if is_wrong:
            place = chance.randrange(len(query) - 4, len(query) - 1)
            query = query[:place] + query[place + 1] + query[place] + query[place + 2 :]
        for end in range(1, len(query) + 1):
            typed = query[:end]
            kind = "several words" if " " in typed.strip() else "one word" if end > 2 else "1 or 2 letters"
            yield ("with a typo" if is_wrong and end > len(query) - 3 else kind), typed


def report(times: dict[str, Times], store: Store) -> None:
    """Print a markdown table of percentiles."""
    print("Milliseconds, in this process, without HTTP.\n")
    print("| typed | calls | suggestions | p50 | p95 | p99 | bare round trip p50 | p95 |\n|---|" + "---:|" * 7)
    everything = Times(
        [ms for taken in times.values() for ms in taken.whole],
        [ms for taken in times.values() for ms in taken.round_trip],
        [shown for taken in times.values() for shown in taken.shown],
    )
    for kind, taken in {**times, "all": everything}.items():
        if taken.whole:
            figures = [np.percentile(taken.whole, q) for q in (50, 95, 99)]
            figures += [np.percentile(taken.round_trip, q) for q in (50, 95)]
            print(
                f"| {kind} | {len(taken.whole):,} | {np.mean(taken.shown):.1f} | "
                f"{' | '.join(f'{ms:.2f}' for ms in figures)} |"
            )
    facts = {
        "products": f"{Product.objects.filter(store=store, is_published=True).count():,}",
        "words": f"{VocabularyWord.objects.filter(store=store).count():,}",
    }
    print(f"\n{describe(facts)}")


if __name__ == "__main__":
    main()
