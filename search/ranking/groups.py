"""Which products are shown as one: a key that is a function of the product alone, so that groups are counted in SQL."""

from __future__ import annotations

from django.db.models import Count, QuerySet, TextField
from django.db.models.expressions import RawSQL

from catalog.models import Product
from search.choices import Collapse

_OWN = "'p' || catalog_product.id"
_STYLE = "'s' || nullif(catalog_product.style_code, '')"
_TWINS = "(SELECT 't' || \"group\" FROM search_producttwin twin WHERE twin.product_id = catalog_product.id)"
_FAMILY = "(SELECT 'f' || family FROM search_producttwin twin WHERE twin.product_id = catalog_product.id)"
_KEYS = {
    Collapse.NONE: _OWN,
    Collapse.VARIANTS: f"coalesce({_STYLE}, {_OWN})",
    Collapse.DUPLICATES: f"coalesce({_TWINS}, {_OWN})",
    Collapse.ALL: f"coalesce({_FAMILY}, {_STYLE}, {_OWN})",
}


def group_key_sql(collapse: Collapse) -> str:
    """SQL for the text that a product shares with those it is shown as one with, in terms of the table `catalog_product`."""
    return _KEYS[collapse]


def group_key(collapse: Collapse) -> RawSQL:
    """The same as an expression, for `Count(group_key(...), distinct=True)` over a queryset of products."""
    return RawSQL(group_key_sql(collapse), [], output_field=TextField())  # noqa: S611  (constants only)


def count_groups(products: QuerySet[Product], collapse: Collapse) -> int:
    """How many groups have a member among these products."""
    if collapse is Collapse.NONE:
        return products.count()
    found: int = products.order_by().aggregate(n=Count(group_key(collapse), distinct=True))["n"]
    return found
