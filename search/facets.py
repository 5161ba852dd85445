"""Facet counts over a match set, in Postgres. A filtered field is counted over the set without its own filter."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Avg, Count, Max, Min, Q, QuerySet

from catalog.models import Attribute, AttributeValue, Brand, Category, Product, Store
from search.colour.bins import BINS, BY_NAME
from search.colour.conditions import count_bins, with_colours
from search.errors import InvalidQuery
from search.query import Facet, FacetRequest, FacetStats, FacetValue, Filters

# From filters to the products that match the query under them.
MatchSet = Callable[[Filters], QuerySet[Product]]


def count_facets(
    store: Store, filters: Filters, requests: tuple[FacetRequest, ...], *, products_for: MatchSet
) -> tuple[Facet, ...]:
    """The asked facets in their order. Raises `InvalidQuery` for a field that the store does not have."""
    codes = set(Attribute.objects.filter(store=store).values_list("code", flat=True))
    known = {"category", "brand", "price", "in_stock", "palette"} | codes
    for request in requests:
        if request.field_name not in known:
            raise InvalidQuery(
                f"Unknown facet {request.field_name!r}: this store has {', '.join(sorted(known))}.", field="facet_by"
            )
    sets: dict[Filters, QuerySet[Product]] = {}
    facets = []
    for request in requests:
        own = filters.without(request.field_name)
        if own not in sets:
            sets[own] = products_for(own)
        facets.append(
            _facet(store, request, sets[own], selected=filters.values_of(request.field_name), filters=filters)
        )
    return tuple(facets)


def _facet(
    store: Store, request: FacetRequest, products: QuerySet[Product], *, selected: frozenset[str], filters: Filters
) -> Facet:
    if request.field_name == "category":
        return _category_facet(store, request, products, selected)
    if request.field_name == "brand":
        return _brand_facet(request, products, selected)
    if request.field_name == "price":
        return _price_facet(request, products, filters)
    if request.field_name == "in_stock":
        return _stock_facet(request, products, selected)
    if request.field_name == "palette":
        return _palette_facet(request, products, filters)
    return _attribute_facet(store, request, products, selected)


def _category_facet(
    store: Store, request: FacetRequest, products: QuerySet[Product], selected: frozenset[str]
) -> Facet:
    """Each category counts the products of its whole subtree."""
    own = dict(
        products.order_by()
        .filter(category__isnull=False)
        .values_list("category_id")
        .annotate(n=Count("pk", distinct=True))
    )
    nodes = list(Category.objects.filter(store=store).values_list("id", "path", "slug", "name"))
    steps = Category.steplen
    totals: dict[str, int] = {}
    for node_id, path, _, _ in nodes:
        for end in range(steps, len(path) + 1, steps):
            totals[path[:end]] = totals.get(path[:end], 0) + own.get(node_id, 0)
    values = [
        FacetValue(slug, name, totals.get(path, 0), slug in selected)
        for _, path, slug, name in nodes
        if totals.get(path, 0) or slug in selected
    ]
    return Facet("category", _largest(values, request.limit))


def _brand_facet(request: FacetRequest, products: QuerySet[Product], selected: frozenset[str]) -> Facet:
    counts = dict(
        products.order_by().filter(brand__isnull=False).values_list("brand_id").annotate(n=Count("pk", distinct=True))
    )
    brands = Brand.objects.filter(pk__in=counts).values_list("id", "slug", "name")
    values = [FacetValue(slug, name, counts[pk], slug in selected) for pk, slug, name in brands]
    return Facet("brand", _largest(values, request.limit))


def _stock_facet(request: FacetRequest, products: QuerySet[Product], selected: frozenset[str]) -> Facet:
    counts = products.order_by().aggregate(
        yes=Count("pk", filter=Q(quantity__gt=0)), no=Count("pk", filter=Q(quantity=0))
    )
    values = [
        FacetValue("true", "In stock", counts["yes"], "true" in selected),
        FacetValue("false", "Sold out", counts["no"], "false" in selected),
    ]
    return Facet("in_stock", tuple(values))


def _palette_facet(request: FacetRequest, products: QuerySet[Product], filters: Filters) -> Facet:
    """Each named colour counts the products that have it as a substantial share; a selected colour of no name its own."""
    counts = count_bins(products)
    values = [
        FacetValue(found.name, found.label, counts[found.name], found.name in filters.palette, found.hex)
        for found in BINS
        if counts[found.name] or found.name in filters.palette
    ]
    for code in (term for term in filters.palette if term not in BY_NAME):
        count = with_colours(products, [code], filters.closeness).count()
        values.append(FacetValue(code, code, count, True, code))
    return Facet("palette", _largest(values, request.limit))


def _price_facet(request: FacetRequest, products: QuerySet[Product], filters: Filters) -> Facet:
    """Ranges are from <= price <= to, as the filter of the same words is; stats are over priced products."""
    conditions = {}
    for position, (low, high) in enumerate(request.ranges):
        condition = Q(price__isnull=False)
        if low is not None:
            condition &= Q(price__gte=low)
        if high is not None:
            condition &= Q(price__lte=high)
        conditions[f"range_{position}"] = Count("pk", filter=condition)
    row = products.order_by().aggregate(lowest=Min("price"), highest=Max("price"), mean=Avg("price"), **conditions)
    values = tuple(
        FacetValue(
            _range_name(low, high),
            _range_name(low, high),
            row[f"range_{position}"],
            (filters.price_min, filters.price_max) == (low, high) != (None, None),
        )
        for position, (low, high) in enumerate(request.ranges)
    )
    mean = None if row["mean"] is None else Decimal(row["mean"]).quantize(Decimal("0.01"))
    return Facet("price", values, FacetStats(row["lowest"], row["highest"], mean))


def _range_name(low: Decimal | None, high: Decimal | None) -> str:
    return f"{'' if low is None else low}..{'' if high is None else high}"


def _attribute_facet(
    store: Store, request: FacetRequest, products: QuerySet[Product], selected: frozenset[str]
) -> Facet:
    counts = _value_counts(request.field_name, products)
    names = counts.keys() | selected
    labels = dict(
        AttributeValue.objects.filter(
            attribute__store=store, attribute__code=request.field_name, code__in=names
        ).values_list("code", "label")
    )
    values = [FacetValue(code, labels[code], counts.get(code, 0), code in selected) for code in names if code in labels]
    return Facet(request.field_name, _largest(values, request.limit))


def _value_counts(code: str, products: QuerySet[Product]) -> dict[str, int]:
    """How many of the products have each value of the attribute."""
    try:
        sql, parameters = products.order_by().values("pk", "attributes").query.sql_with_params()
    except EmptyResultSet:
        # Django knows that nothing can match, and has no SQL for it.
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT value, count(DISTINCT matched.id) FROM ({sql}) AS matched(id, attributes)
            CROSS JOIN LATERAL jsonb_array_elements_text(
                CASE jsonb_typeof(matched.attributes -> %s) WHEN 'array' THEN matched.attributes -> %s ELSE '[]' END
            ) AS value
            GROUP BY value
            """,  # noqa: S608  (sql is a queryset's own, with bound parameters)
            [*parameters, code, code],
        )
        return dict(cursor.fetchall())


def _largest(values: list[FacetValue], limit: int) -> tuple[FacetValue, ...]:
    """The largest counts first, then by label; a selected value is never cut off."""
    ordered = sorted(values, key=lambda value: (-value.count, value.label))
    return tuple(value for place, value in enumerate(ordered) if place < limit or value.is_selected)
