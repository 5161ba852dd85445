"""The examples and shared parts of the products' OpenAPI description."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

PROBLEM = OpenApiResponse(OpenApiTypes.OBJECT, description="A problem document (RFC 9457) with a stable `code`.")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="A new random text for each new request; sent again within a day with the same body, the first answer is "
    "repeated and nothing is done twice.",
)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read; 412 where it is another by now."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag that was read; 304 where it still holds."
)

_OUT: dict[str, Any] = {
    "sku": "TR-1042-W",
    "title": "Wide linen trousers",
    "description": "High waist, two pockets.",
    "category": {"slug": "trousers", "name": "Trousers", "path": "Clothes > Trousers"},
    "brand": {"slug": "nordlicht", "name": "Nordlicht"},
    "price": {"amount": "39.90", "currency": "EUR"},
    "in_stock": True,
    "quantity": 12,
    "attributes": {"color": [{"code": "white", "label": "White"}]},
    "style_code": "TR-1042",
    "url": "https://shop.example/p/TR-1042-W",
    "images": [
        {
            "id": 7,
            "url": "https://search.shop.example/media/products/1/9f/9f2c.jpg",
            "kind": "catalog",
            "width": 900,
            "height": 1200,
            "position": 0,
        }
    ],
    "is_published": True,
}
_IN: dict[str, Any] = {
    "sku": "TR-1042-W",
    "title": "Wide linen trousers",
    "description": "High waist, two pockets.",
    "category": "Clothes > Trousers",
    "brand": "Nordlicht",
    "price": "39.90",
    "quantity": 12,
    "attributes": {"color": ["White"]},
    "style_code": "TR-1042",
    "url": "https://shop.example/p/TR-1042-W",
    "is_published": True,
    "images": [{"url": "https://shop.example/photos/TR-1042-W.jpg"}],
}

PRODUCT = OpenApiExample("A product", value=_OUT, response_only=True, status_codes=["200", "201"])
PRODUCT_LIST = OpenApiExample(
    "A page", value={"found": 1, "page": 1, "per_page": 20, "products": [_OUT]}, response_only=True
)
PRODUCT_IN = OpenApiExample("Trousers", value=_IN, request_only=True)
PRODUCT_PATCH = OpenApiExample("A new price", value={"price": "29.90", "quantity": 3}, request_only=True)
IMPORT = OpenApiExample(
    "One created, one refused",
    value={
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "refused": 1,
        "results": [
            {
                "line": 1,
                "sku": "TR-1042-W",
                "outcome": "created",
                "reason": "",
                "images_added": 1,
                "images_removed": 0,
                "image_problems": [],
            },
            {
                "line": 2,
                "sku": "TR-1043-B",
                "outcome": "refused",
                "reason": 'price "on request" is not a number in EUR',
                "images_added": 0,
                "images_removed": 0,
                "image_problems": [],
            },
        ],
    },
    response_only=True,
)

# A form, which serializers cannot describe: texts, and photos as files.
PRODUCT_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("sku", "title", "description", "category", "brand", "style_code")},
        "price": {"type": "string", "description": '"39.90", or null'},
        "quantity": {"type": "integer", "minimum": 0},
        "margin": {"type": "number", "minimum": 0, "maximum": 1},
        "attributes": {"type": "string", "description": 'JSON: {"color": ["White"]}'},
        "url": {"type": "string", "format": "uri"},
        "is_published": {"type": "boolean"},
        "images": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "lifestyle_images": {"type": "array", "items": {"type": "string", "format": "binary"}},
    },
}
