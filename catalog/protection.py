"""Keeps labels while products use them: an attribute value in use goes only with its whole store."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.db.models import ProtectedError
from django.db.models.signals import pre_delete

from catalog.models import AttributeValue, Product, Store


def connect() -> None:
    """Refuse deletes of used values, by whatever ORM call they come (Postgres's own cascade from a store is free)."""
    pre_delete.connect(_protect_value, sender=AttributeValue, dispatch_uid="protect-attribute-value")


def values_in_use(values: Iterable[AttributeValue]) -> list[AttributeValue]:
    """Those of the values that a product holds."""
    return [value for value in values if _products_with(value).exists()]


def _products_with(value: AttributeValue) -> models.QuerySet[Product]:
    attribute = value.attribute
    return Product.objects.filter(store=attribute.store_id, attributes__contains={attribute.code: [value.code]})


def _protect_value(
    instance: AttributeValue, origin: models.Model | models.QuerySet[models.Model], **kwargs: object
) -> None:
    if isinstance(origin, Store) or getattr(origin, "model", None) is Store:
        return
    users = list(_products_with(instance)[:5])
    if users:
        skus = ", ".join(product.sku for product in users)
        raise ProtectedError(
            f"{instance.attribute.code}: {instance.code} is used by products (such as {skus}). Take it off them first.",
            set(users),
        )
