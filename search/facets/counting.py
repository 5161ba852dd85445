"""The facets of a search: which sets are counted, and what is known of them already.

The counts of a filtered field are over M(q, F without the field). By words and browsing that is one set under other
filters. A vector route's set is its pool; under fewer filters it is another search, and one is enough where the search
without any of the counted filters is complete: it holds all the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.db import OperationalError, connection

from search.choices import Collapse, Mode
from search.errors import InvalidQuery
from search.facets.groups import count_groups_of
from search.facets.members import Members
from search.facets.packing import facet_key, from_json, to_json
from search.facets.palette import count_palette
from search.facets.shaping import shaped
from search.facets.statement import Counts, count_fields
from search.facets.summaries import SUMMARIES
from search.matching import members_of, vector_members
from search.pools import Pool
from search.query import FacetRequest, Filters
from search.result import Facet
from search.run import Run, Stage
from search.serving.statements import statements_in_time, was_cancelled
from search.taxonomy import Taxonomy

PLAIN_FIELDS = ("category", "brand", "price", "in_stock", "palette")


def count_facets(run: Run, pool: Pool) -> tuple[Facet, ...]:
    """The asked facets in their order: what the pool has kept, and the others counted now, as far as the deadline allows.

    Raises `InvalidQuery` for a field that the store does not have.
    """
    requests = run.asked.facet_by
    taxonomy = run.names
    _check(requests, taxonomy)
    known = {request: from_json(pool.facets[key]) for request in requests if (key := facet_key(request)) in pool.facets}
    missing = [request for request in requests if request not in known]
    if missing and run.gives_up(Stage.FACETS):
        missing = []
    if missing:
        known |= _in_time(run, pool, missing)
    return tuple(known[request] for request in requests if request in known)


def _in_time(run: Run, pool: Pool, missing: Sequence[FacetRequest]) -> dict[FacetRequest, Facet]:
    """The facets that are counted before the deadline; what takes longer is left out, and the answer says so."""
    known: dict[FacetRequest, Facet] = {}
    try:
        with statements_in_time():
            for request, facet in _counted_now(run, pool, missing):
                known[request] = facet
    except OperationalError as error:
        # Inside a transaction nothing more could be read after it.
        if not was_cancelled(error) or connection.in_atomic_block:
            raise
        run.drop(Stage.FACETS)
    return known


def _counted_now(run: Run, pool: Pool, missing: Sequence[FacetRequest]) -> Iterator[tuple[FacetRequest, Facet]]:
    taxonomy = run.names
    terms = {term: value.attribute for term, value in taxonomy.terms.items()}
    for members, filters, asked in _sets(run, pool, missing):
        with run.timed("facets"):
            plain = [request for request in asked if request.field_name != "palette"]
            counts = _counted(run, members, filters, plain, terms=terms)
            for request in plain:
                yield request, shaped(request, counts[request.field_name], run.query.filters, taxonomy=taxonomy)
            for request in asked:
                if request.field_name == "palette":
                    yield request, count_palette(run, members, request)


def packed_facets(run: Run, facets: Sequence[Facet]) -> dict[str, Any]:
    """The facets as a pool keeps them for its later pages."""
    counted = {facet.field_name: facet for facet in facets}
    return {
        facet_key(request): to_json(counted[request.field_name])
        for request in run.asked.facet_by
        if request.field_name in counted
    }


def _check(requests: Sequence[FacetRequest], taxonomy: Taxonomy) -> None:
    known = {*PLAIN_FIELDS, *taxonomy.attributes}
    for request in requests:
        if request.field_name not in known:
            raise InvalidQuery(
                f"Unknown facet {request.field_name!r}: this store has {', '.join(sorted(known))}.", field="facet_by"
            )


def _sets(
    run: Run, pool: Pool, requests: Sequence[FacetRequest]
) -> Iterator[tuple[Members, Filters, list[FacetRequest]]]:
    """The sets to count, each with the filters that its members must pass and the facets that are counted over it."""
    filters, members = run.query.filters, members_of(run, pool)
    own = [request for request in requests if request.is_widened_by(filters)]
    if not own or not members.is_bound_to_filters:
        if requests:
            yield replace(members, ids=None) if own else members, filters, list(requests)
        return
    plain = [request for request in requests if request not in own]
    if run.gives_up(Stage.FACET_SEARCHES):
        if plain:
            yield members, filters, plain
        return
    rest = filters
    for request in own:
        rest = rest.without(request.field_name)
    whole = vector_members(run, rest, pool)
    if whole.is_exact:
        yield whole, filters, list(requests)
        return
    if plain:
        yield members, filters, plain
    for request in own:
        without = filters.without(request.field_name)
        yield (whole if without == rest else vector_members(run, without, pool)), without, [request]


def _counted(
    run: Run, members: Members, filters: Filters, requests: Sequence[FacetRequest], *, terms: dict[int, str]
) -> dict[str, Counts]:
    """The counts of these fields; those of a catalogue that is browsed are kept while nothing in it changes."""
    if run.query.collapse is not Collapse.NONE:
        return count_groups_of(run, members, filters, requests, taxonomy=run.names)
    is_kept = run.query.mode is Mode.BROWSE and run.is_stamped(filters) and not run.pinned
    if not is_kept:
        return count_fields(run, members, filters, requests, terms=terms)
    keys = {
        request.field_name: (run.store.pk, run.stamps, request.counted_under(filters), _plain(request))
        for request in requests
    }
    counts: dict[str, Counts] = {}
    for name, key in keys.items():
        found = SUMMARIES.get(key)
        if isinstance(found, Counts):
            counts[name] = found
    missing = [request for request in requests if request.field_name not in counts]
    for name, found in count_fields(run, members, filters, missing, terms=terms).items():
        SUMMARIES.keep(keys[name], found)
        counts[name] = found
    return counts


def _plain(request: FacetRequest) -> FacetRequest:
    """The request without what only decides how many of its values are shown."""
    return replace(request, limit=0, query="")
