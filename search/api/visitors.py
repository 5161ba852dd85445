"""What is tied to one visitor of the key's store, shown and erased."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from redis.exceptions import RedisError
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from search.api.auth import HasSecretKey, request_key
from search.events.erasure import erase_visitor
from search.events.visitors import erase_all, export_visitor

_VISITOR = OpenApiParameter("visitor", str, OpenApiParameter.PATH, description="The pseudonym sent with the events.")


class SearchesUnavailable(APIException):
    """Redis does not answer, and searches of the visitor may wait there."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "searches_unavailable"


class VisitorEventOut(serializers.Serializer[Any]):
    event_id = serializers.CharField()
    kind = serializers.CharField(help_text="As `type` of the event that was sent.")
    search_id = serializers.CharField()
    sku = serializers.CharField()
    position = serializers.IntegerField(allow_null=True)
    value = serializers.DecimalField(max_digits=14, decimal_places=4, allow_null=True)
    occurred_at = serializers.DateTimeField()


class VisitorSearchOut(serializers.Serializer[Any]):
    search_id = serializers.CharField()
    mode = serializers.CharField()
    words = serializers.CharField(help_text="As they are kept: mail addresses and long numbers are masked.")
    photo_digest = serializers.CharField()
    product_id = serializers.IntegerField(allow_null=True)
    filters = serializers.DictField()
    found = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class VisitorPhotoOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    jpeg = serializers.CharField(help_text="base64")


class VisitorOut(serializers.Serializer[Any]):
    visitor = serializers.CharField()
    store = serializers.CharField()
    events = VisitorEventOut(many=True)
    searches = VisitorSearchOut(many=True, help_text="Those that an event of the visitor names.")
    photos = VisitorPhotoOut(many=True, help_text="Query photos stored with the visitor's pseudonym.")


class VisitorErasedOut(serializers.Serializer[Any]):
    events = serializers.IntegerField()
    searches = serializers.IntegerField()
    photos = serializers.IntegerField()


class ErasedOut(serializers.Serializer[Any]):
    erased = serializers.IntegerField()


class VisitorView(APIView):
    """Everything that is tied to one visitor of the key's store."""

    permission_classes = (HasSecretKey,)

    @extend_schema(
        operation_id="export_visitor",
        summary="Everything that is tied to a visitor",
        tags=["visitors"],
        parameters=[_VISITOR],
        responses={200: VisitorOut},
    )
    def get(self, request: Request, visitor: str) -> Response:
        try:
            found = export_visitor(request_key(request).store, visitor)
        except RedisError as error:
            raise _unavailable() from error
        return Response(VisitorOut(found).data)

    @extend_schema(
        operation_id="erase_visitor",
        summary="Erase everything that is tied to a visitor",
        tags=["visitors"],
        parameters=[_VISITOR],
        responses={200: VisitorErasedOut},
    )
    def delete(self, request: Request, visitor: str) -> Response:
        try:
            return Response(asdict(erase_all(request_key(request).store, visitor)))
        except RedisError as error:
            raise _unavailable() from error


class VisitorEventsView(APIView):
    """All events of one visitor of the key's store."""

    permission_classes = (HasSecretKey,)

    @extend_schema(
        operation_id="erase_visitor_events",
        summary="Erase the events of a visitor",
        tags=["visitors"],
        parameters=[_VISITOR],
        responses={200: ErasedOut},
    )
    def delete(self, request: Request, visitor: str) -> Response:
        return Response({"erased": erase_visitor(request_key(request).store, visitor)})


def _unavailable() -> SearchesUnavailable:
    return SearchesUnavailable("Redis does not answer, where searches wait to be kept. Nothing was changed; try again.")
