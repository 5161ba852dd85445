"""`GET /api/v1/suggest`: what a shopper may be typing."""

from __future__ import annotations

from dataclasses import asdict
from time import perf_counter
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from search.api.auth import request_key
from search.api.fields import StrictSerializer
from search.api.parameters import MAX_TEXT_LENGTH
from search.api.parsers import single_values
from search.api.requests import read_fields
from search.words.suggest import Suggestion, suggest

MAX_SUGGESTIONS = 50


class SuggestIn(StrictSerializer):
    """What was typed so far."""

    q = serializers.CharField(allow_blank=True, max_length=MAX_TEXT_LENGTH, trim_whitespace=False)
    limit = serializers.IntegerField(default=10, min_value=1, max_value=MAX_SUGGESTIONS)


class CompletionOut(serializers.Serializer[Suggestion]):
    type = serializers.ChoiceField(choices=("query", "category", "brand", "product"), source="kind")
    text = serializers.CharField()
    highlight = serializers.CharField(help_text="The text as HTML, escaped, what was typed in <mark>.")
    q = serializers.CharField(help_text="The words to search by when it is chosen; may be empty.")
    filter_by = serializers.CharField(help_text="The filter to search under when it is chosen; may be empty.")
    count = serializers.IntegerField(allow_null=True, help_text="Products; null where it is not known.")
    sku = serializers.CharField(help_text="Of a product.")
    url = serializers.CharField(help_text="Of a product, as the shop gave it; may be empty.")

    def to_representation(self, instance: Suggestion) -> dict[str, Any]:
        """The same shape without DRF's field machinery."""
        shown = asdict(instance)
        return {"type": shown.pop("kind"), **shown}


class SuggestOut(serializers.Serializer[Any]):
    q = serializers.CharField()
    took_ms = serializers.IntegerField()
    suggestions = CompletionOut(many=True)


class SuggestView(APIView):
    """Queries, categories, brands and products that begin as typed."""

    @extend_schema(
        operation_id="suggest",
        summary="What a shopper may be typing",
        tags=["search"],
        parameters=[SuggestIn],
        responses={200: SuggestOut},
    )
    def get(self, request: Request) -> Response:
        started, key = perf_counter(), request_key(request)
        asked = read_fields(SuggestIn, single_values(request.query_params))
        found = suggest(key.store, asked["q"], limit=asked["limit"])
        took_ms = round((perf_counter() - started) * 1000)
        return Response(SuggestOut({"q": asked["q"], "took_ms": took_ms, "suggestions": found}).data)
