"""What one search carries from stage to stage: its facts, its clock, what it learned on the way, and what was down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from time import monotonic, perf_counter
from typing import Any, TypeVar

from django.db.models import QuerySet

from catalog.models import Product, Store
from search import filters as sql
from search.calibration.confidence import NOTHING, Calibration
from search.facets.summaries import SUMMARIES
from search.lexical import NO_WORDS, Words, without_excluded
from search.models import IndexVersion
from search.query import Filters, Query, RowFilter
from search.rules.matching import Rule
from search.stamps import Stamps
from search.taxonomy import Taxonomy, store_taxonomy
from telemetry import tracing


class Stage(StrEnum):
    """What a search can do without, in the order in which a deadline takes it away."""

    RERANK = "rerank"
    DIVERSITY = "diversity"
    FACET_SEARCHES = "facet_searches"
    SUGGESTIONS = "suggestions"
    VECTOR = "vector"
    FACETS = "facets"


# A stage is left out when less than this share of the whole time is left as it would begin: what comes later in the list
# is worth more to a shopper, so what comes earlier leaves it the time. Counting facets at all goes when time is over.
SHARES = {
    Stage.RERANK: 0.5,
    Stage.DIVERSITY: 0.4,
    Stage.FACET_SEARCHES: 0.3,
    Stage.SUGGESTIONS: 0.2,
    Stage.VECTOR: 0.1,
    Stage.FACETS: 0.0,
}


Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Boost:
    """Products whose score is multiplied, and why: `name` says it in `explain`. A factor below 1 buries.

    Which ones is said by filters, or by a queryset for what filters cannot say.
    """

    name: str
    factor: float
    products: QuerySet[Product] | None = None
    filters: Filters | None = None


@dataclass(slots=True)
class Run:
    """One search under way. `asked` is the query as it came; `query` is what is searched after rules and corrections.

    `hidden` products are no part of any answer, `pinned` ones (product id -> 1-based place) are part of it if they pass the
    filters. `notes` is plain JSON by name; it is kept with the pool and told with every page. `rules` takes the place of the
    store's rules in force. `canonical` has texts of the query in the words that are encoded for them. `deadline` is on `clock`'s
    clock.
    """

    asked: Query
    query: Query
    store: Store
    deadline: float
    version: IndexVersion | None = None
    is_kept: bool = True
    rules: Sequence[Rule] | None = None
    words: Words = NO_WORDS
    canonical: dict[str, str] = field(default_factory=dict)
    calibration: Calibration = NOTHING
    # What the store was like when the search began; None where nobody looked, and then nothing is kept or believed.
    stamps: Stamps | None = None
    hidden: set[int] = field(default_factory=set)
    pinned: dict[int, int] = field(default_factory=dict)
    boosts: list[Boost] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    clock: Callable[[], float] = monotonic
    timings_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        started = perf_counter()
        try:
            with tracing.span(f"search {stage}"):
                yield
        finally:
            spent = (perf_counter() - started) * 1000
            self.timings_ms[stage] = round(self.timings_ms.get(stage, 0.0) + spent, 3)

    @property
    def left_s(self) -> float:
        """Seconds until the deadline; negative when it is over."""
        return self.deadline - self.clock()

    def gives_up(self, stage: Stage) -> bool:
        """Whether to leave this stage out to keep the deadline; the answer says so if it is."""
        is_late = self.left_s <= SHARES[stage] * self.asked.deadline_ms / 1000
        if is_late:
            self.drop(stage)
        return is_late

    def drop(self, stage: Stage) -> None:
        """Note that the answer goes without this stage."""
        if stage not in self.dropped:
            self.dropped.append(stage)

    @property
    def names(self) -> Taxonomy:
        """The store's categories, brands and attributes as they were when the search began."""
        return store_taxonomy(self.store.pk, stamp=None if self.stamps is None else self.stamps.taxonomy)

    def kept(self, name: str, read: Callable[[], Kept]) -> Kept:
        """What `read` gives of the store's settings and names, kept by this process while neither changes."""
        if self.stamps is None:
            return read()
        key = (self.store.pk, name, self.stamps.settings, self.stamps.taxonomy)
        known = SUMMARIES.get(key)
        if known is None:
            known = (read(),)
            SUMMARIES.keep(key, known)
        value: Kept = known[0]  # type: ignore[index]
        return value

    def is_stamped(self, filters: Filters) -> bool:
        """Whether what the store holds under these filters changes only with its stamps: palettes are not in them."""
        return self.stamps is not None and not (self.hidden or self.query.excluded_product_ids or filters.palette)

    @property
    def encoded(self) -> Query:
        """The query in the words that are encoded."""
        others = tuple(replace(part, text=self.canonical.get(part.text, part.text)) for part in self.query.others)
        return replace(self.query, text=self.canonical.get(self.query.text, self.query.text), others=others)

    def resolved(self, filters: Filters) -> RowFilter:
        """The filters as ids, without the products that are no answer to this search."""
        excluded = tuple(sorted({*self.query.excluded_product_ids, *self.hidden}))
        return sql.resolve(self.store, filters, exclude_product_ids=excluded, taxonomy=self.names)

    def products(self, filters: Filters) -> QuerySet[Product]:
        """The store's published products under these filters, without those that the words exclude."""
        products = sql.matching_products(self.resolved(filters), minor_unit_digits=self.store.minor_unit_digits)
        return without_excluded(products, self.words)
