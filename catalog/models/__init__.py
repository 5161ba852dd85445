"""Product metadata, one file per noun. Nothing here knows that search exists."""

from catalog.models.idempotency import IdempotencyRecord
from catalog.models.imports import ImportJob
from catalog.models.keys import ApiKey
from catalog.models.product import Product, ProductImage
from catalog.models.store import Store
from catalog.models.taxonomy import Attribute, AttributeValue, Brand, Category

__all__ = [
    "ApiKey",
    "Attribute",
    "AttributeValue",
    "Brand",
    "Category",
    "IdempotencyRecord",
    "ImportJob",
    "Product",
    "ProductImage",
    "Store",
]
