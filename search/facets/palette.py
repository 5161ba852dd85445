"""The facet of dominant colours: counted from the palettes' own table, which facts do not hold."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from catalog.models import Product
from search.choices import Collapse
from search.colour.bins import BINS, BY_NAME
from search.colour.conditions import count_bins, with_colours
from search.facets.members import Members
from search.facets.shaping import largest
from search.query import FacetRequest, Filters
from search.ranking.groups import count_groups, group_key
from search.result import Facet, FacetValue
from search.run import Run


def count_palette(run: Run, members: Members, request: FacetRequest) -> Facet:
    """Each named colour counts the products that have it as a substantial share; a selected colour of no name its own."""
    filters = run.query.filters
    products = _products(run, members, request.counted_under(filters))
    collapse = run.query.collapse
    counts = count_bins(products, shown_as=None if collapse is Collapse.NONE else group_key(collapse))
    values = [
        FacetValue(found.name, found.label, counts[found.name], found.name in filters.palette, swatch=found.hex)
        for found in BINS
        if counts[found.name] or found.name in filters.palette
    ]
    for code in (term for term in filters.palette if term not in BY_NAME):
        count = count_groups(with_colours(products, [code], filters.closeness), collapse)
        values.append(FacetValue(code, code, count, True, swatch=code))
    return Facet("palette", largest(request, values), is_exact=members.is_exact)


def _products(run: Run, members: Members, filters: Filters) -> QuerySet[Product]:
    """The members that pass the filters."""
    passing = run.products(filters)
    if members.is_everything:
        return passing
    held = Q(pk__in=list(run.pinned))
    if members.ids is not None:
        held |= Q(pk__in=members.ids.tolist())
    elif members.products is not None:
        # As ids: the words' condition names its table in SQL, which no other query may hold within it.
        held |= Q(pk__in=list(members.products.order_by().values_list("pk", flat=True)))
    return passing.filter(held)
