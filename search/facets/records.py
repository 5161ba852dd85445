"""What is counted of a product, as a row of numbers, and the log of what changed. Both are written by database triggers.

Django finds these models through `search.models`.
"""

from __future__ import annotations

import hashlib

from django.contrib.postgres.fields import ArrayField
from django.db import models

from catalog.models import Product


class ProductFacts(models.Model):
    """A product in some hundred bytes, so that counting 41,000 of them reads 5 MB and not 20.

    Written in the product's own transaction. `price_milli` is the price in thousandths, exact; `terms` has a number for
    each attribute value (`term_of`), whether the store knows the value or not.
    """

    product = models.OneToOneField(Product, on_delete=models.CASCADE, primary_key=True, related_name="facts")
    store_id = models.BigIntegerField(db_index=True)
    is_published = models.BooleanField()
    is_in_stock = models.BooleanField()
    category_id = models.BigIntegerField(null=True)
    brand_id = models.BigIntegerField(null=True)
    price_milli = models.BigIntegerField(null=True)
    terms = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        verbose_name_plural = "product facts"

    def __str__(self) -> str:
        return f"facts of product {self.product_id}"


class ChangeKind(models.IntegerChoices):
    PRODUCTS = 1, "what counts and orders of products use"
    TAXONOMY = 2, "categories, brands, attributes and their values"
    SETTINGS = 3, "rules, synonyms and how products are ranked"


class StoreChange(models.Model):
    """A change of a store's products or names. The tokens of a store, taken together, are its stamp (`search.stamps`).

    Rows are only added, so that no writer waits for another; `store_id` 0 concerns every store.
    """

    store_id = models.BigIntegerField(db_index=True)
    kind = models.SmallIntegerField(choices=ChangeKind.choices)
    token = models.BigIntegerField()

    def __str__(self) -> str:
        return f"change of store {self.store_id}"


def term_of(attribute: str, value: str) -> int:
    """The number by which facts hold an attribute's value; the database computes the same in `search_fact_term`."""
    digest = hashlib.sha256(f"{attribute}\x1f{value}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
