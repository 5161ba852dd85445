"""From counts by number to facets as answers show them: labels, the category tree, the largest values, what a search finds."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from catalog.models import Category
from search.facets.records import term_of
from search.facets.statement import Counts, Prices
from search.query import FacetRequest, Filters
from search.result import Facet, FacetStats, FacetValue
from search.taxonomy import Taxonomy

_MILLI = Decimal(1000)


def shaped(request: FacetRequest, counts: Counts, filters: Filters, *, taxonomy: Taxonomy) -> Facet:
    """The facet of a field. `filters` say which of its values are selected."""
    name, selected = request.field_name, filters.values_of(request.field_name)
    if name == "price":
        return _price(request, counts, filters)
    if name == "category":
        values = _categories(counts, selected, taxonomy)
    elif name == "brand":
        values = _brands(counts, selected, taxonomy)
    elif name == "in_stock":
        values = _stock(counts, selected)
    else:
        values = _attribute(name, counts, selected, taxonomy)
    return Facet(name, largest(request, values), is_exact=counts.is_exact)


def _categories(counts: Counts, selected: frozenset[str], taxonomy: Taxonomy) -> list[FacetValue]:
    """Each category counts the products of its whole subtree, and says where in the tree it is."""
    totals: dict[str, int] = {}
    step = Category.steplen
    for category_id, count in counts.values.items():
        node = taxonomy.category_by_id.get(category_id)
        if node is not None:
            start = len(node.path) if counts.is_of_trees else step
            for end in range(start, len(node.path) + 1, step):
                totals[node.path[:end]] = totals.get(node.path[:end], 0) + count
    values = []
    for node in taxonomy.categories:
        if totals.get(node.path) or node.slug in selected:
            above = taxonomy.parent(node)
            values.append(
                FacetValue(
                    node.slug,
                    node.name,
                    totals.get(node.path, 0),
                    node.slug in selected,
                    parent=above.slug if above else "",
                    level=node.depth,
                )
            )
    return values


def _brands(counts: Counts, selected: frozenset[str], taxonomy: Taxonomy) -> list[FacetValue]:
    brands = taxonomy.brands({*counts.values, *taxonomy.brand_ids(sorted(selected))})
    return [
        FacetValue(brand.slug, brand.name, counts.values.get(pk, 0), brand.slug in selected)
        for pk, brand in brands.items()
    ]


def _stock(counts: Counts, selected: frozenset[str]) -> list[FacetValue]:
    return [
        FacetValue("true", "In stock", counts.values.get(1, 0), "true" in selected),
        FacetValue("false", "Sold out", counts.values.get(0, 0), "false" in selected),
    ]


def _attribute(code: str, counts: Counts, selected: frozenset[str], taxonomy: Taxonomy) -> list[FacetValue]:
    known = taxonomy.values.get(code, {})
    chosen = {term_of(code, value) for value in selected if value in known}
    found = [taxonomy.terms[term] for term in counts.values.keys() | chosen]
    return [
        FacetValue(value.code, value.label, counts.values.get(term_of(code, value.code), 0), value.code in selected)
        for value in found
    ]


def _price(request: FacetRequest, counts: Counts, filters: Filters) -> Facet:
    """Ranges are from <= price <= to, as the filter of the same words is; stats are over priced products."""
    prices = counts.prices or Prices(0, 0, 0, 0, (0,) * len(request.ranges))
    values = tuple(
        FacetValue(
            _range_name(low, high),
            _range_name(low, high),
            count,
            (filters.price_min, filters.price_max) == (low, high) != (None, None),
        )
        for (low, high), count in zip(request.ranges, prices.ranges, strict=True)
    )
    stats = FacetStats(None, None, None)
    if prices.count:
        mean = (prices.total / _MILLI / prices.count).quantize(Decimal("0.01"))
        stats = FacetStats(prices.lowest / _MILLI, prices.highest / _MILLI, mean)
    return Facet("price", values, stats, is_exact=counts.is_exact)


def _range_name(low: Decimal | None, high: Decimal | None) -> str:
    return f"{'' if low is None else low}..{'' if high is None else high}"


def largest(request: FacetRequest, values: Iterable[FacetValue]) -> tuple[FacetValue, ...]:
    """The largest counts first, then by level and label; a selected value is never cut off. A search shows what it finds."""
    if request.query:
        values = [value for value in values if _is_found(request.query, value.label)]
    if request.field_name == "in_stock":
        return tuple(values)
    ordered = sorted(values, key=lambda value: (-value.count, value.level, value.label, value.value))
    return tuple(value for place, value in enumerate(ordered) if place < request.limit or value.is_selected)


def _is_found(query: str, label: str) -> bool:
    """Whether each word of the query begins a word of the label, whatever their case and accents."""
    words = _folded(label).split()
    return all(any(word.startswith(asked) for word in words) for asked in _folded(query).split())


def _folded(text: str) -> str:
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    return "".join(sign if sign.isalnum() else " " for sign in plain)
