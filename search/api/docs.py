"""What the OpenAPI description says beyond the serializers: security, errors, examples."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers

from catalog.api.examples import IDEMPOTENCY_KEY
from search.api.answers import SearchOut, StoredImageOut
from search.api.fields import ID_PATTERN
from search.api.parameters import ListingIn, MultiSearchIn, QueryImageIn, ScalarSearchIn, SearchIn

PROBLEM_JSON = "application/problem+json"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library has no types
    """The key's two headers."""

    target_class = "search.api.auth.ApiKeyAuthentication"
    name = ["ApiKey", "Bearer"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [
            {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "pk_... or sk_..."},
            {"type": "http", "scheme": "bearer", "description": "The same key as a bearer token."},
        ]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        return [{"ApiKey": []}, {"Bearer": []}]


_SAID = {
    "400": "The request cannot be understood; `field` and `errors` name the inputs.",
    "401": "No usable API key.",
    "403": "The key may not do this, or not from this origin.",
    "404": "There is none in the key's store.",
    "409": "It is there already, may not become that now, or a request with this Idempotency-Key is being worked on.",
    "412": "It is not what If-Match says any more.",
    "413": "The body is too large.",
    "415": "The body is of another type.",
    "422": "This Idempotency-Key came with another request before.",
    "429": "Too many requests for this key.",
    "503": "A part that was needed is down.",
}
# What answers with an ETag.
_TAGGED = tuple(f"/api/v1/{name}" for name in ("products", "rules", "synonyms", "presets"))
_FIELD_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["field", "message"],
    "properties": {
        "field": {"type": "string", "description": "The input's path, such as image.box; empty for the whole body."},
        "message": {"type": "string"},
    },
}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; `detail` is for people and says the fix.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "field": {"type": "string", "description": "The first wrong input."},
        "request_id": {"type": "string", "description": "The X-Request-ID of this answer: the logs say it too."},
        "errors": {"type": "array", "items": _FIELD_ERROR},
    },
    "example": {
        "type": "urn:vitrine:error:invalid_query",
        "title": "Bad Request",
        "status": 400,
        "detail": "Unknown order 'cheapest': use one of relevance, price, price:asc, price:desc, newest, title.",
        "code": "invalid_query",
        "field": "sort_by",
    },
}


def describe_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: every operation's errors are problem documents, so views describe successes only."""
    result["components"]["schemas"]["Problem"] = _PROBLEM
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            responses = operation["responses"]
            if method == "get" and path.startswith(_TAGGED):
                responses.setdefault("304", {"description": "Unchanged since the ETag of If-None-Match."})
            expected = {"400", "401", "403", "429", "503"}
            expected |= {"404"} if "{" in path else set()
            expected |= {"413", "415"} if "requestBody" in operation else set()
            headers = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
            expected |= {"409", "422"} if "Idempotency-Key" in headers else set()
            # A version may be refused what is asked for; the detail names everything that stands against it.
            expected |= {"409"} if method != "get" and path.startswith("/api/v1/indexes/") else set()
            expected |= {"412"} if "If-Match" in headers else set()
            for status in sorted(expected - responses.keys()):
                responses[status] = {"description": _SAID[status]}
            for status, response in responses.items():
                if status >= "400":
                    response["content"] = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
                if status in ("429", "503"):
                    response["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return result


@extend_schema_field(
    {
        "anyOf": [
            {"$ref": "#/components/schemas/SearchOut"},
            {"$ref": "#/components/schemas/Problem"},
            {"type": "object", "description": "The part of a SearchOut that include_fields and exclude_fields leave."},
        ]
    }
)
class AnswerOrProblemField(serializers.JSONField):
    """What became of one of several searches."""


class MultiSearchOut(serializers.Serializer[Any]):
    results = serializers.ListField(child=AnswerOrProblemField())


_FOUND = OpenApiResponse(
    SearchOut,
    description="What was found, an empty list included; with include_fields or exclude_fields, a part of this.",
)
_FORM = inline_serializer(
    "SearchForm",
    {
        **{name: field for name, field in ScalarSearchIn().get_fields().items()},
        "image": serializers.FileField(required=False, help_text="The photo."),
        "box": serializers.CharField(required=False, help_text="x1,y1,x2,y2 in the photo, each 0 to 1."),
        "query": serializers.CharField(required=False, help_text="Any fields of the JSON request, as a JSON object."),
    },
)
_IMAGE_FORM = inline_serializer(
    "ImageForm",
    {"image": serializers.FileField(), "visitor": serializers.RegexField(ID_PATTERN, required=False)},
)
_EXAMPLES = [
    OpenApiExample(
        "Words, narrowed and counted",
        value={"q": "red dress", "filter_by": "price:[20..80] && in_stock:=true", "facet_by": "category,color"},
        request_only=True,
        media_type="application/json",
    ),
    OpenApiExample(
        "More like a product, but navy",
        value={"q": "navy", "image": {"product": "DRESS-1"}, "text_weight": 1.5},
        request_only=True,
        media_type="application/json",
    ),
    OpenApiExample(
        "A part of a stored photo",
        value={"image": {"id": "hJ2VvM1l0a8Y6nQ3rT5xKcWd", "box": [0.1, 0.05, 0.6, 0.9]}, "per_page": 12},
        request_only=True,
        media_type="application/json",
    ),
    OpenApiExample(
        "Two dresses",
        value={
            "search_id": "0ZyKkUqk3x3vS3mVwq1J9g",
            "found": 1,
            "found_exact": True,
            "page": 1,
            "per_page": 20,
            "next_cursor": None,
            "took_ms": 38,
            "timings_ms": {"lexical": 1.2, "encode": 21.4, "ann": 6.1, "hydrate": 2.2},
            "hits": [],
            "facet_counts": [
                {
                    "field_name": "color",
                    "counts": [{"value": "red", "label": "Red", "count": 1, "selected": False}],
                    "stats": None,
                }
            ],
            "suggestions": [],
            "degraded": [],
            "dropped": [],
            "pool_renewed": False,
            "left_out": 0,
            "removed_since": 0,
            "mode": "words",
            "any_word": False,
            "index": {"version": "vitrine_v1_20260101120000", "model": "clip-ViT-B-32", "lag_seconds": 1.4},
        },
        response_only=True,
        status_codes=["200"],
    ),
]

search_by_post = extend_schema(
    operation_id="search",
    summary="Search by words, a photo, attributes, or any mix",
    tags=["search"],
    request={"application/json": SearchIn, "multipart/form-data": _FORM},
    responses={200: _FOUND},
    examples=_EXAMPLES,
)
search_by_get = extend_schema(
    operation_id="search_by_url",
    summary="Search by words and attributes, in a URL",
    tags=["search"],
    parameters=[ScalarSearchIn],
    responses={200: _FOUND},
)
multi_search = extend_schema(
    operation_id="multi_search",
    summary="Several searches in one call",
    description="A search that cannot be answered gives its problem document in its place; the others are answered.",
    tags=["search"],
    request={"application/json": MultiSearchIn},
    responses={200: OpenApiResponse(MultiSearchOut, description="An answer or a problem for each search, in order.")},
    examples=[
        OpenApiExample(
            "New dresses, and shoes for less",
            value={
                "searches": [{"q": "dress", "sort_by": "newest"}, {"q": "shoes", "filter_by": "price:<50"}],
                "common": {"per_page": 8, "include_fields": "found,product.sku,product.title"},
            },
            request_only=True,
            media_type="application/json",
        )
    ],
)
similar = extend_schema(
    operation_id="similar",
    summary="Products that look like this one",
    tags=["search"],
    parameters=[OpenApiParameter("sku", str, OpenApiParameter.PATH), ListingIn],
    responses={200: _FOUND},
)
store_image = extend_schema(
    operation_id="store_image",
    summary="Store a query photo for a short time",
    tags=["images"],
    parameters=[IDEMPOTENCY_KEY],
    request={"application/json": QueryImageIn, "multipart/form-data": _IMAGE_FORM},
    responses={201: StoredImageOut},
)
read_image = extend_schema(
    operation_id="read_image",
    summary="Facts of a stored query photo",
    tags=["images"],
    responses={200: StoredImageOut},
)
delete_image = extend_schema(
    operation_id="delete_image",
    summary="Delete a stored query photo",
    tags=["images"],
    responses={204: OpenApiResponse(description="It is gone.")},
)
