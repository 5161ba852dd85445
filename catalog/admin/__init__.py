"""The merchandisers' admin, a module for each noun. Staff see the stores that they are members of, superusers all."""

from catalog.admin import access, imports, keys, products, stores, taxonomy

__all__ = ["access", "imports", "keys", "products", "stores", "taxonomy"]
