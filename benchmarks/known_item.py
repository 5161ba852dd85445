"""Does a hybrid search find a half-remembered thing better than words or vectors alone? MRR by the real search.

    python benchmarks/known_item.py --store S [--queries 500] [--seed 1] [--only words|photos]

Queries are titles with their words shuffled, 40 % of them dropped and one of the rest misspelt, and the same with a strongly
distorted photo of the product. Each way is compared with the hybrid on the same queries by paired randomisation.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import benchmarks.configured  # noqa: F401
from catalog.models import Store
from search.choices import Fusion
from search.evaluation.asking import Setup, ask
from search.evaluation.building import read_facts
from search.evaluation.known_items import known_item_queries
from search.evaluation.metrics import difference, figure, values_per_query
from search.evaluation.sets import JudgedQuery, JudgedSet
from search.models import IndexVersion
from search.versions import live_version

METRIC, DEPTH = "MRR", 100


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask: by words (in a forced mode), by the photo, or by both, with fields of `Query`."""

    name: str
    mode: str = ""
    has_words: bool = True
    has_photo: bool = False
    fields: dict[str, Any] = field(default_factory=dict)


FIRST: dict[str, Any] = {"rerank": False}
# The last of each list is what the others are compared with; without learned weights it is the line before.
WORDS = (
    Way("words, by text alone", "lexical", fields=FIRST),
    Way("words, by meaning alone", "semantic", fields=FIRST),
    Way("words, both, by ranks (RRF)", "words", fields={**FIRST, "fusion": Fusion.RRF}),
    Way("words, both", "words", fields=FIRST),
    Way("words, both, with the store's learned weights", "words"),
)
PHOTOS = (
    Way("words, by text alone", "lexical", fields=FIRST),
    Way("photo alone", has_words=False, has_photo=True, fields=FIRST),
    Way(
        "words and photo, one vector",
        has_photo=True,
        fields={**FIRST, "lexical_weight": 0.0, "check_modifiers": False},
    ),
    Way("words and photo", has_photo=True, fields=FIRST),
    Way("words and photo, with the store's learned weights", has_photo=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("words", "photos"))
    options = parser.parse_args()
    store, version = Store.objects.get(slug=options.store), live_version()
    queries = known_item_queries(
        read_facts(store), options.queries, random.Random(options.seed), has_photo=options.only != "words"
    )
    for name, ways in (("words", WORDS), ("photos", PHOTOS)):
        if options.only in (None, name):
            print("\n".join(report(store, version, queries, ways)), flush=True)


def report(store: Store, version: IndexVersion, queries: Sequence[JudgedQuery], ways: Sequence[Way]) -> list[str]:
    """The lines of a table: each way's MRR with its interval, and how far the last way is above it."""
    values = {way.name: measured(store, version, queries, way) for way in ways}
    hybrid = values[ways[-1].name]
    lines = [f"| {len(queries)} queries | MRR | the last is above by | p |", "|---|---:|---:|---:|"]
    for way in ways:
        one, change = figure(values[way.name]), difference(values[way.name], hybrid)
        beside = (
            ("", "") if way is ways[-1] else (change.shown_mean, change.shown_p.removeprefix("p ").removeprefix("= "))
        )
        lines.append(f"| {way.name} | {one.mean:.3f} ({one.low:.3f} to {one.high:.3f}) | {beside[0]} | {beside[1]} |")
    return [*lines, ""]


def measured(store: Store, version: IndexVersion, queries: Sequence[JudgedQuery], way: Way) -> Any:
    """Each query's reciprocal rank (n,) asked in this way."""
    asked = tuple(
        replace(
            query,
            mode=way.mode,
            text=query.text if way.has_words else "",
            photo_of=query.photo_of if way.has_photo else "",
            distortion=query.distortion if way.has_photo else "",
            seed=query.seed if way.has_photo else 0,
        )
        for query in queries
    )
    run = ask(store, JudgedSet(way.name, asked), Setup(way.name, version, way.fields), depth=DEPTH)
    return values_per_query(run)[METRIC]


if __name__ == "__main__":
    main()
