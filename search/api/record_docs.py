"""The OpenAPI description of records: the same six operations of each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers

from catalog.api.examples import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH

Shape = type[serializers.Serializer[Any]]
Decorator = Callable[[Any], Any]

_PAGE = [
    OpenApiParameter("page", int, description="From 1."),
    OpenApiParameter("per_page", int, description="At most 100; 20 where not given."),
]


def described_list(name: str, *, stated: Shape, shown: Shape, listed: Shape, example: dict[str, Any]) -> Decorator:
    """Of the view of all records and a new one."""
    many = f"{name}s"
    decorate: Decorator = extend_schema_view(
        get=extend_schema(
            operation_id=f"{many}_list",
            summary=f"List {many}",
            tags=[many],
            parameters=[*_PAGE, IF_NONE_MATCH],
            responses={200: listed},
        ),
        post=extend_schema(
            operation_id=f"{many}_create",
            summary=f"Create a {name}",
            tags=[many],
            parameters=[IDEMPOTENCY_KEY],
            request=stated,
            responses={201: shown},
            examples=[OpenApiExample(f"A {name}", value=example, request_only=True)],
        ),
    )
    return decorate


def described_item(name: str, *, stated: Shape, shown: Shape) -> Decorator:
    """Of the view of one record."""
    many = f"{name}s"

    def operation(what: str, summary: str, **facts: Any) -> Any:
        return extend_schema(operation_id=f"{many}_{what}", summary=summary, tags=[many], **facts)

    changed = {"parameters": [IF_MATCH], "request": stated, "responses": {200: shown}}
    decorate: Decorator = extend_schema_view(
        get=operation("read", f"Read a {name}", parameters=[IF_NONE_MATCH], responses={200: shown}),
        put=operation("replace", f"Replace a {name}", **changed),
        patch=operation("update", f"Change some fields of a {name}", **changed),
        delete=operation(
            "delete",
            f"Delete a {name}",
            parameters=[IF_MATCH],
            responses={204: OpenApiResponse(description="It is gone.")},
        ),
    )
    return decorate
