"""The search endpoints: validate, call, respond."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api.idempotency import idempotent
from search.api import docs
from search.api.answers import StoredImageOut
from search.api.auth import is_secret, owner_of, request_key, stamps_of
from search.api.parameters import QueryImageIn, ScalarSearchIn
from search.api.parsers import posted, single_values
from search.api.photos import find_product, read_photo_bytes
from search.api.requests import build_query, read_fields, similar_query
from search.api.selection import read_selection
from search.api.writing import Answer, answer_data
from search.query import Query
from search.query_images import delete_query_image, find_query_image, store_query_image
from search.retrieval import search
from search.rules.presets import with_preset


class SearchView(APIView):
    """Words, photos, attributes, or any mix."""

    @docs.search_by_post
    def post(self, request: Request) -> Response:
        started, key = perf_counter(), request_key(request)
        data, photo = posted(request)
        known: dict[str, Any] = {"owner": owner_of(key), "may_modify": is_secret(key), "stamps": stamps_of(key)}
        query = build_query(key.store, data=data, image_bytes=photo, **known)
        return _answered(request, query, data, started=started)

    @docs.search_by_get
    def get(self, request: Request) -> Response:
        started, key = perf_counter(), request_key(request)
        data = single_values(request.query_params)
        query = build_query(key.store, owner=owner_of(key), data=data, shape=ScalarSearchIn, stamps=stamps_of(key))
        return _answered(request, query, data, started=started)


class SimilarView(APIView):
    """Products that look like one of the store's own."""

    @docs.similar
    def get(self, request: Request, sku: str) -> Response:
        started, key = perf_counter(), request_key(request)
        product = find_product(key.store, sku)
        if product is None:
            raise NotFound(f"There is no product {sku[:60]!r} in this store.")
        data = single_values(request.query_params)
        query = similar_query(key.store, product.pk, owner=owner_of(key), data=data, stamps=stamps_of(key))
        return _answered(request, query, data, started=started)


class ImagesView(APIView):
    """Query photos: kept for a short time, to search again without another upload."""

    @docs.store_image
    @idempotent
    def post(self, request: Request) -> Response:
        data, photo = posted(request)
        fields = read_fields(QueryImageIn, data)
        image = read_photo_bytes(fields, uploaded=photo)
        stored = store_query_image(request_key(request).store, image, visitor=fields.get("visitor", ""))
        return Response(StoredImageOut(stored).data, status=status.HTTP_201_CREATED)


class ImageView(APIView):
    """One stored query photo of the key's store."""

    @docs.read_image
    def get(self, request: Request, image_id: str) -> Response:
        stored = find_query_image(request_key(request).store, image_id)
        if stored is None:
            raise _no_image(image_id)
        return Response(StoredImageOut(stored).data)

    @docs.delete_image
    def delete(self, request: Request, image_id: str) -> Response:
        if not delete_query_image(request_key(request).store, image_id):
            raise _no_image(image_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _answered(request: Request, query: Query, data: Mapping[str, Any], *, started: float) -> Response:
    selection = read_selection(with_preset(request_key(request).store, data))
    result = search(query, store=request_key(request).store)
    answer = Answer(query, result, took_ms=round((perf_counter() - started) * 1000))
    return Response(selection.of(answer_data(answer, store=request_key(request).store, request=request)))


def _no_image(image_id: str) -> NotFound:
    return NotFound(f"There is no stored photo {image_id[:40]!r}, or its time is over.")
