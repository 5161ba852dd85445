"""Stands in for the catalogue's ProductOut until catalog.api exists."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from catalog.models import Product


class ProductOut(serializers.ModelSerializer[Any]):
    class Meta:
        model = Product
        fields = ["sku", "title", "price"]
