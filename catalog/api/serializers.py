"""Products as the API shows them and takes them: one serializer out, one in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from rest_framework import serializers
from rest_framework.request import Request

from catalog.importing.fields import make_record
from catalog.importing.ndjson import raw_values
from catalog.importing.records import Outcome, Record, RowError
from catalog.labels import Labels
from catalog.models import ApiKey, Product, ProductImage, Store
from catalog.models.keys import KeyKind
from catalog.models.product import ImageKind


class CategoryOut(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    path = serializers.CharField(help_text="The names from the root, as imports take them: Clothes > Trousers.")


class BrandOut(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()


class PriceOut(serializers.Serializer[Any]):
    amount = serializers.CharField(allow_null=True, help_text="Decimal text in the currency's digits; null: no price.")
    currency = serializers.CharField(help_text="ISO 4217.")


class AttributeValueOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class ImageOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    url = serializers.CharField()
    kind = serializers.ChoiceField(choices=ImageKind.choices)
    width = serializers.IntegerField(help_text="Pixels, upright; 0 while the photo is still to be fetched.")
    height = serializers.IntegerField()
    position = serializers.IntegerField()


class ProductOut(serializers.Serializer[Any]):
    """A product as answers show it. Read the products with `Product.objects.with_facts()`.

    `context["labels"]` (a `Labels` over all products of the answer) keeps it free of queries, and is made here where the
    serializer is the whole answer; `context["request"]` makes addresses of photos absolute.
    """

    sku = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    category = CategoryOut(allow_null=True)
    brand = BrandOut(allow_null=True)
    price = PriceOut()
    in_stock = serializers.BooleanField()
    quantity = serializers.IntegerField()
    margin = serializers.FloatField(required=False, allow_null=True, help_text="0 to 1; for secret keys only.")
    attributes = serializers.DictField(child=AttributeValueOut(many=True))
    style_code = serializers.CharField(help_text="Shared by the variants of one style.")
    url = serializers.CharField()
    images = ImageOut(many=True)
    is_published = serializers.BooleanField()

    def to_representation(self, instance: Product) -> dict[str, Any]:
        labels = self.context.get("labels") or Labels([instance])
        return product_data(instance, labels, request=self.context.get("request"))


def origin_of(request: HttpRequest | Request | None) -> str:
    """Scheme and host of the request's own address, before paths."""
    return request.build_absolute_uri("/")[:-1] if request else ""


def product_data(
    product: Product, labels: Labels, *, request: HttpRequest | Request | None = None, origin: str | None = None
) -> dict[str, Any]:
    """`ProductOut`'s JSON without DRF's field machinery, which costs more than the rest of a search's answer.

    `origin` is the request's, where the caller has it for many products.
    """
    origin = origin_of(request) if origin is None else origin
    category, brand, store = product.category, product.brand, product.store
    data: dict[str, Any] = {
        "sku": product.sku,
        "title": product.title,
        "description": product.description,
        "category": category and {"slug": category.slug, "name": category.name, "path": labels.category_path(category)},
        "brand": brand and {"slug": brand.slug, "name": brand.name},
        "price": {"amount": _amount(product.price, store), "currency": store.currency},
        "in_stock": product.is_in_stock,
        "quantity": product.quantity,
        "attributes": {
            attribute: [{"code": code, "label": labels.value(store.pk, attribute, code)} for code in codes]
            for attribute, codes in product.attributes.items()
        },
        "style_code": product.style_code,
        "url": product.url,
        "images": [_image(image, origin) for image in product.photos],
        "is_published": product.is_published,
    }
    if _is_trusted(request):
        data["margin"] = product.margin
    return data


def _is_trusted(request: HttpRequest | Request | None) -> bool:
    """Whether the request carries a secret key, which no page has."""
    key = getattr(request, "auth", None)
    return isinstance(key, ApiKey) and key.kind == KeyKind.SECRET


def products_data(products: Iterable[Product], *, request: HttpRequest | Request | None = None) -> list[dict[str, Any]]:
    """Many products, with two queries for all of them."""
    listed = list(products)
    labels, origin = Labels(listed), origin_of(request)
    return [product_data(product, labels, request=request, origin=origin) for product in listed]


def _amount(price: Decimal | None, store: Store) -> str | None:
    return None if price is None else f"{price:.{store.minor_unit_digits}f}"


def _image(image: ProductImage, origin: str) -> dict[str, Any]:
    url = image.file.url if image.file else image.source_url
    return {
        "id": image.pk,
        "url": origin + url if url.startswith("/") else url,
        "kind": image.kind,
        "width": image.width,
        "height": image.height,
        "position": image.position,
    }


class ImageIn(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="Fetched soon after; nothing but http and https.")
    kind = serializers.ChoiceField(choices=ImageKind.choices, default=ImageKind.CATALOG)
    position = serializers.IntegerField(required=False, help_text="Its place in the list where not given.")


class ProductIn(serializers.Serializer[Any]):
    """A product as callers state it, cleaned by the importer's own rules into a `Record` (`validated_data["record"]`).

    Unknown categories, brands and attribute values are made. The context has the `store`, the `sku` where the address
    names it, and `uploads`: `ImageSource`s of a form's photo parts.
    """

    sku = serializers.CharField(max_length=120, required=False)
    title = serializers.CharField(max_length=300, required=False)
    description = serializers.CharField(required=False)
    category = serializers.CharField(required=False, help_text="A path of names, Clothes > Trousers, or a slug.")
    brand = serializers.CharField(required=False, help_text="The brand's name.")
    price = serializers.CharField(required=False, allow_null=True, help_text='"39.90"; null: no price.')
    quantity = serializers.IntegerField(required=False, min_value=0)
    margin = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=1,
        help_text="The shop's share of the price; kept secret.",
    )
    attributes = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text='Attribute to values, by code or label: {"color": ["White"]}. An empty list takes one off.',
    )
    style_code = serializers.CharField(max_length=120, required=False)
    url = serializers.URLField(max_length=500, required=False)
    is_published = serializers.BooleanField(required=False)
    images = ImageIn(many=True, required=False, help_text="All photos of the product; those not listed are removed.")

    def to_internal_value(self, data: Any) -> dict[str, Record]:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError("The body must be a JSON object with the product's fields.")
        values = {name: _exact(value) for name, value in data.items()}
        sku = self.context.get("sku")
        if sku is not None and values.setdefault("sku", sku) != sku:
            raise serializers.ValidationError({"sku": [f'The address says "{sku}"; a SKU is not changed.']})
        try:
            raw = raw_values(values)
            if any(image.file for image in raw.get("images", ())):
                raise RowError("a file can only be named in an import; give a url, or send a form", field="images")
            uploads = self.context.get("uploads")
            if uploads:
                raw["images"] = (*uploads, *(replace(image, position=None) for image in raw.get("images", ())))
            return {"record": make_record(1, raw, self.context["store"])}
        except RowError as error:
            raise serializers.ValidationError({error.field or "non_field_errors": [str(error)]}) from None


def _exact(value: Any) -> Any:
    """A JSON number with a point as the decimal that was written."""
    return Decimal(repr(value)) if isinstance(value, float) else value


class ImportResultOut(serializers.Serializer[Any]):
    """What became of one line."""

    line = serializers.IntegerField(help_text="From 1.")
    sku = serializers.CharField()
    outcome = serializers.ChoiceField(choices=[(outcome.value, outcome.value) for outcome in Outcome])
    reason = serializers.CharField(help_text="Why the line was refused; empty otherwise.")
    image_problems = serializers.ListField(child=serializers.CharField())
    images_added = serializers.IntegerField()
    images_removed = serializers.IntegerField()


class ImportOut(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = ImportResultOut(many=True)


class ProductListOut(serializers.Serializer[Any]):
    found = serializers.IntegerField(help_text="Products that pass the filters.")
    page = serializers.IntegerField()
    per_page = serializers.IntegerField()
    products = ProductOut(many=True)
