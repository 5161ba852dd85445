"""Whether totals, facets and hits are what looking at every product gives: random queries, 0 differences expected.

    python benchmarks/brute_force.py --store S [--queries N]

Each query is words by meaning, words by text, a photo, or a photo with words, under random filters or none, with five
facets. The search is the function that the API calls. Beside it, every photo's vector is compared with the query's in
float64, every product with the filters in Python, and the calibrated floors decide alike: calibrate the store first.
Where the search says that `found` is a lower bound, it must be one, and its counts must be those of its own hits.

The engine adds in another order than we do, so a product whose similarity is within TOLERANCE of the floor may be in
or out; the table says how many queries had one. Exits 1 on a difference.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import benchmarks.configured  # noqa: F401  # isort: skip
import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from benchmarks import traffic
from benchmarks.machine import describe
from catalog.models import Attribute, Category, Product, Store
from search import lexical, milvus
from search.api.requests import build_query
from search.calibration.confidence import find_calibration
from search.choices import Match, Mode
from search.errors import SearchError
from search.models import IndexVersion
from search.query import FacetRequest, Filters, Query
from search.result import Result
from search.retrieval import search
from search.vectors import product_vectors, query_vectors
from search.versions import live_version

TOLERANCE = 2e-6
RETRIES = 5
RANGES = ((Decimal(0), Decimal(20)), (Decimal(20), Decimal(50)), (Decimal(50), Decimal(100)), (Decimal(100), None))
FORMS = ("semantic", "words", "image", "composed")


@dataclass(frozen=True, slots=True)
class Facts:
    """What filters and facets say of one product, as its row has it."""

    categories: frozenset[str]
    brand: str
    price: Decimal | None
    is_in_stock: bool
    attributes: Mapping[str, frozenset[str]]

    def passes(self, filters: Filters) -> bool:
        is_priced = filters.price_min is None and filters.price_max is None
        if self.price is not None:
            low, high = filters.price_min, filters.price_max
            is_priced = (low is None or self.price >= low) and (high is None or self.price <= high)
        return (
            is_priced
            and (not filters.categories or bool(self.categories & set(filters.categories)))
            and (not filters.brands or self.brand in filters.brands)
            and (filters.in_stock is None or self.is_in_stock == filters.in_stock)
            and all(self.attributes.get(code, frozenset()) & set(terms) for code, terms in filters.attributes)
        )

    def values(self, name: str) -> Iterator[str]:
        """The facet's values that this product counts for."""
        if name == "category":
            yield from self.categories
        elif name == "brand" and self.brand:
            yield self.brand
        elif name == "price" and self.price is not None:
            for low, high in RANGES:
                if self.price >= low and (high is None or self.price <= high):
                    yield f"{low or ''}..{high or ''}" if low else f"0..{high}"
        elif name in self.attributes:
            yield from self.attributes[name]


@dataclass(slots=True)
class Outcome:
    """What was seen of one form of query."""

    queries: int = 0
    exact: int = 0
    empty: int = 0
    close: int = 0
    hits: int = 0
    counts: int = 0
    differences: list[str] = field(default_factory=list)


class Catalogue:
    """A store's published products in memory, with the vectors of all their photos."""

    def __init__(self, store: Store, version: IndexVersion) -> None:
        self.store, self.version = store, version
        nodes = {node.path: node for node in Category.objects.filter(store=store)}
        step = Category.steplen
        self.facts: dict[int, Facts] = {}
        for product in Product.objects.filter(store=store).published().select_related("category", "brand"):
            path = product.category.path if product.category else ""
            self.facts[product.pk] = Facts(
                frozenset(nodes[path[:end]].slug for end in range(step, len(path) + 1, step)),
                product.brand.slug if product.brand else "",
                product.price,
                product.quantity > 0,
                {code: frozenset(values) for code, values in product.attributes.items()},
            )
        ids = sorted(self.facts)
        parts = [product_vectors(version, ids[start : start + 1000]) for start in range(0, len(ids), 1000)]
        self.owners: NDArray[np.int64] = np.concatenate([owners for owners, _, _ in parts])
        self.vectors = np.concatenate([vectors for _, _, vectors in parts]).astype(np.float64)
        self.products, self.starts = np.unique(self.owners, return_index=True)
        self.calibration = find_calibration(store.pk, version)

    def near(self, query: Query) -> tuple[set[int], set[int]]:
        """The products surely above the route's floor, and those so close to it that they may be."""
        asked = query_vectors(query, self.version)
        assert asked.match is Match.ANY
        known = self.calibration.routes[asked.name]
        scores = np.maximum.reduceat((asked.vectors.astype(np.float64) @ self.vectors.T).max(axis=0), self.starts)

        def above(shift: float) -> set[int]:
            confidences = known.confidence((scores + shift).astype(np.float32), asked.vectors)
            return set(self.products[confidences >= known.floor].tolist())

        sure, possible = above(-TOLERANCE), above(TOLERANCE)
        return sure, possible - sure

    def matching(self, query: Query) -> tuple[set[int], set[int]]:
        """The query's products whatever the filters: those that are, and those that may be."""
        if query.mode is Mode.WORDS:
            words = lexical.parse_words(query.words, store=self.store)
            for any_word in (False, True):
                products = Product.objects.filter(store=self.store, is_published=True)
                held = set(lexical.matching(products, words, any_word=any_word).values_list("pk", flat=True))
                if held:
                    return held, set()
        return self.near(query)

    def passing(self, ids: set[int], filters: Filters) -> set[int]:
        return {product_id for product_id in ids if product_id in self.facts and self.facts[product_id].passes(filters)}

    def counts(self, ids: set[int], name: str) -> Counter[str]:
        return Counter(value for product_id in ids for value in self.facts[product_id].values(name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True, help="the slug of a store that is indexed and calibrated")
    parser.add_argument("--queries", type=int, default=200, help="how many random queries")
    parser.add_argument("--seed", type=int, default=1, help="which products the queries are made of")
    options = parser.parse_args()
    try:
        store, version = Store.objects.get(slug=options.store), live_version()
        catalogue = Catalogue(store, version)
        outcomes = compare(catalogue, make_queries(store, options.queries, random.Random(options.seed)))
    except Store.DoesNotExist:
        sys.exit(f"There is no store {options.store!r}.")
    except KeyError as route:
        sys.exit(f"The route {route} is not calibrated: run manage.py calibrate --store {options.store} first.")
    except SearchError as error:
        sys.exit(error.message)
    report(outcomes, catalogue)
    if any(outcome.differences for outcome in outcomes.values()):
        sys.exit(1)


def make_queries(store: Store, count: int, chance: random.Random) -> Iterator[tuple[str, Query]]:
    """Random queries in turn of each form; two of three have filters."""
    codes = Attribute.objects.filter(store=store).order_by("position", "code").values_list("code", flat=True)
    names = ("category", "brand", *codes[:2])
    facets = (*(FacetRequest(name, 1_000_000) for name in names), FacetRequest("price", ranges=RANGES))
    for number, sample in enumerate(traffic.draw_samples(store, count, chance)):
        form = FORMS[number % len(FORMS)]
        forms = {asked.form: asked.body for asked in traffic.forms_of(sample, (), chance)}
        body = dict(forms[form])
        if chance.random() < 2 / 3:
            body["filter_by"] = traffic.narrowed(sample, chance)
        query = build_query(store, owner="benchmark", data=body)
        yield form, replace(query, facet_by=facets, per_page=settings.SEARCH_POOL_SIZE, deadline_ms=60_000)


def compare(catalogue: Catalogue, queries: Iterator[tuple[str, Query]]) -> dict[str, Outcome]:
    """Ask each query both ways. What differs is told in words."""
    outcomes = {form: Outcome() for form in FORMS}
    for number, (form, query) in enumerate(queries, start=1):
        result = search(query, is_kept=False)
        for _ in range(RETRIES):
            if not result.degraded:
                break
            # A busy engine took longer than a search waits: asked again, it answers.
            result = search(query, is_kept=False)
        outcome = outcomes[form]
        sure, close = catalogue.matching(query)
        outcome.queries += 1
        outcome.exact += result.found_exact
        outcome.empty += not result.found
        outcome.close += bool(close)
        outcome.hits += len(result.hits)
        told = outcome.differences.append
        asked = f"query {number} ({form}, {query.words!r}, {query.filters})"
        if result.degraded:
            told(f"{asked}: degraded by {', '.join(result.degraded)}")
            continue
        _compare_hits(
            result, catalogue.passing(sure, query.filters), catalogue.passing(close, query.filters), asked, told
        )
        outcome.counts += _compare_facets(catalogue, query, result, (sure, close), asked, told)
    return outcomes


def _compare_hits(result: Result, sure: set[int], close: set[int], asked: str, told: Callable[[str], None]) -> None:
    hits = {hit.product.pk for hit in result.hits}
    if extra := hits - sure - close:
        told(f"{asked}: {len(extra)} hits are no match")
    if not result.found_exact:
        if result.found > len(sure) + len(close):
            told(f"{asked}: found is at least {result.found}, but {len(sure)} match")
        return
    if not len(sure) <= result.found <= len(sure) + len(close):
        told(f"{asked}: found {result.found}, but {len(sure)} match")
    if len(sure) <= settings.SEARCH_POOL_SIZE and (lost := sure - hits):
        told(f"{asked}: {len(lost)} matches are not among the hits")


def _compare_facets(
    catalogue: Catalogue,
    query: Query,
    result: Result,
    matching: tuple[set[int], set[int]],
    asked: str,
    told: Callable[[str], None],
) -> int:
    """Compare every count; returns how many there were."""
    compared = 0
    for facet in result.facets:
        without = query.filters.without(facet.field_name)
        shown = Counter({value.value: value.count for value in facet.values if value.count})
        sure, close = (catalogue.passing(ids, without) for ids in matching)
        least, most = catalogue.counts(sure, facet.field_name), catalogue.counts(sure | close, facet.field_name)
        if not facet.is_exact:
            least = Counter()
            if without == query.filters:
                least = most = catalogue.counts({hit.product.pk for hit in result.hits}, facet.field_name)
        values = shown.keys() | least.keys()
        compared += len(values)
        wrong = [value for value in values if not least[value] <= shown[value] <= most[value]]
        if wrong:
            value = wrong[0]
            told(
                f"{asked}: {facet.field_name}={value} counts {shown[value]}, not {least[value]} "
                f"(and {len(wrong) - 1} more of the facet)"
            )
    return compared


def report(outcomes: Mapping[str, Outcome], catalogue: Catalogue) -> None:
    """Print a markdown table, and what differs."""
    heads = [
        "queries",
        "found exactly",
        "found nothing",
        "with one at the floor",
        "hits",
        "facet counts",
        "differences",
    ]
    print(f"| form | {' | '.join(heads)} |\n|---|{'---:|' * len(heads)}")
    for form, seen in outcomes.items():
        cells: Sequence[Any] = (
            seen.queries,
            seen.exact,
            seen.empty,
            seen.close,
            f"{seen.hits:,}",
            f"{seen.counts:,}",
            len(seen.differences),
        )
        print(f"| {form} | {' | '.join(map(str, cells))} |")
    for seen in outcomes.values():
        for difference in seen.differences[:10]:
            print(f"\n{difference}")
    facts = {
        "index": f"{catalogue.version.index_type}, {milvus.count_rows(catalogue.version.collection):,} images",
        "products": f"{len(catalogue.facts):,}",
        "pool": settings.SEARCH_POOL_SIZE,
        "tolerance of a similarity at the floor": TOLERANCE,
    }
    print(f"\n{describe(facts)}")


if __name__ == "__main__":
    main()
