# ruff: noqa: S608  (nothing but our own names, and places for bound values, goes into these texts)
"""The products of a page as they are now, with all that an answer shows of them, in one statement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection

from catalog.models import Product, ProductImage
from catalog.models.rows import RowsOf, rows_of
from search.facets.members import Members
from search.facets.statement import matched_facts
from search.run import Run

# What no answer shows.
_PRODUCT_REST = ("created_at", "updated_at", "revision")
_IMAGE_REST = ("fetch_attempts", "fetch_error", "fetch_after", "revision", "created_at")


def hydrated(run: Run, ids: Sequence[int]) -> list[Product]:
    """Those of these products that are published and pass the query's filters now, with their photos, names and store."""
    products = rows_of(Product, "p", without=_PRODUCT_REST)
    images = rows_of(ProductImage, "i", without=_IMAGE_REST)
    allowed = _allowed(run, ids)
    if allowed is None:
        return []
    condition, parameters = allowed
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {products.sql}, (
                SELECT json_agg(json_build_array({images.sql}) ORDER BY i.position, i.id)::text
                FROM catalog_productimage i WHERE i.product_id = p.id
            ) FROM catalog_product p WHERE p.id = ANY(%s) AND p.store_id = %s AND p.is_published{condition}
            """,
            [list(ids), run.store.pk, *parameters],
        )
        rows = cursor.fetchall()
    found = [_read(row, products, images) for row in rows]
    _name(run, found)
    return found


def _allowed(run: Run, ids: Sequence[int]) -> tuple[str, tuple[Any, ...]] | None:
    """The condition, beside store and being published, on what the query may show; None where nothing can pass."""
    query = run.query
    if not (query.filters.fields or query.excluded_product_ids or run.hidden or run.words.excluded):
        return "", ()
    if not (run.words.excluded or run.resolved(query.filters).matches_nothing):
        facts = matched_facts(run, Members(), query.filters)
        return (
            f" AND EXISTS (SELECT FROM search_productfacts f WHERE f.product_id = p.id AND {facts.text})",
            facts.parameters,
        )
    try:
        text, parameters = run.products(query.filters).filter(pk__in=ids).values("pk").query.sql_with_params()
    except EmptyResultSet:
        return None
    return f" AND p.id IN ({text})", tuple(parameters)


def _read(row: Sequence[Any], products: RowsOf[Product], images: RowsOf[ProductImage]) -> Product:
    *values, photos = row
    product = products.read(values)
    product.photos_read = [images.read(image) for image in json.loads(photos)] if photos else []
    return product


def _name(run: Run, found: Sequence[Product]) -> None:
    """Give the products the store's names, which the search has read already."""
    brands = run.names.brands(product.brand_id for product in found if product.brand_id is not None)
    for product in found:
        product.store = run.store
        # What is newer than the names is looked up when it is shown.
        if (category := run.names.category_by_id.get(product.category_id or 0)) is not None:
            product.category = category
        if (brand := brands.get(product.brand_id or 0)) is not None:
            product.brand = brand
