"""Products over REST: validate, call one function, answer. A key sees its own store only."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import cast

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from catalog.api import examples
from catalog.api.etags import check_preconditions, etag_of, is_conditional, tagged
from catalog.api.idempotency import idempotent
from catalog.api.requests import (
    FILTERS,
    JsonLinesParser,
    NdjsonParser,
    NdjsonRenderer,
    PlainLinesParser,
    Stated,
    filter_products,
    read_page,
    read_product,
)
from catalog.api.serializers import ImportOut, ProductIn, ProductListOut, ProductOut, product_data, products_data
from catalog.importing.ndjson import read_ndjson
from catalog.importing.records import Outcome, Record, RowResult
from catalog.importing.run import import_batches
from catalog.importing.text import read_lines
from catalog.importing.writing import Writing
from catalog.labels import Labels
from catalog.models import ApiKey, Product, Store
from catalog.models.keys import KeyKind
from catalog.photos import InvalidPhoto
from catalog.products import ProductExists, ProductRefused, replacing, write_product
from catalog.taxonomy import Taxonomy


class SkuTaken(APIException):
    """A new product's SKU belongs to another."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "sku_taken"


class WritesNeedSecretKey(BasePermission):
    """Reading is free to every key; whatever changes the catalogue needs a secret one."""

    message = "Changing products needs a secret key (sk_...); a publishable key only reads."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or _key(request).kind == KeyKind.SECRET


class CatalogView(APIView):
    """A view of one store's products."""

    permission_classes = [
        *cast("list[type[BasePermission]]", api_settings.DEFAULT_PERMISSION_CLASSES),
        WritesNeedSecretKey,
    ]

    def store(self) -> Store:
        return _key(self.request).store

    def products(self) -> QuerySet[Product]:
        """The key's products; a publishable key, which stands in a page, sees what the shop publishes."""
        products = Product.objects.filter(store=self.store())
        return products if _key(self.request).kind == KeyKind.SECRET else products.filter(is_published=True)

    def record(self, stated: Stated, sku: str | None = None) -> Record:
        """The product that the body states. Raises `ValidationError`."""
        context = {"store": self.store(), "sku": sku, "uploads": stated.photos}
        serializer = ProductIn(data=stated.fields, context=context)
        serializer.is_valid(raise_exception=True)
        record: Record = serializer.validated_data["record"]
        return record

    def write(self, record: Record, stated: Stated, *, is_new: bool = False) -> Response:
        """Write the product and answer with it: 201 when it is new."""
        try:
            product, outcome = write_product(store=self.store(), record=record, uploads=stated.uploads, is_new=is_new)
        except ProductExists:
            raise SkuTaken(f'There is a product "{record.sku}" already. Change it with PUT or PATCH.') from None
        except ProductRefused as error:
            raise ValidationError(str(error)) from None
        code = status.HTTP_201_CREATED if outcome is Outcome.CREATED else status.HTTP_200_OK
        data = ProductOut(product, context={"request": self.request}).data
        return Response(data, status=code, headers={"ETag": product_etag(product)})

    def checked(self, sku: str) -> Product | None:
        """The product before a write, locked and checked where the request is bound to its state. Call it in a transaction.

        The store comes first, as in every writing of products, so that two writers never wait for each other.
        """
        found = self.products().filter(sku=sku)
        if not is_conditional(self.request):
            return found.first()
        Store.objects.select_for_update(no_key=True).get(pk=self.store().pk)
        locked = found.select_for_update(no_key=True).first()
        product = Product.objects.with_facts().get(pk=locked.pk) if locked else None
        check_preconditions(self.request, product_etag(product) if product else None)
        return product


class ProductListView(CatalogView):
    """The store's products, and a new one."""

    @extend_schema(
        operation_id="products_list",
        summary="List products",
        tags=["products"],
        parameters=[
            OpenApiParameter("page", int, description="From 1."),
            OpenApiParameter("per_page", int, description="At most 100; 20 where not given."),
            OpenApiParameter("category", str, description="A category's slug; everything below it counts."),
            OpenApiParameter("brand", str, description="A brand's slug."),
            OpenApiParameter("style_code", str),
            OpenApiParameter("in_stock", bool),
            OpenApiParameter("is_published", bool, description="Secret keys only see hidden products."),
            OpenApiParameter("has_images", bool),
        ],
        responses={200: ProductListOut, 400: examples.PROBLEM},
        examples=[examples.PRODUCT_LIST],
    )
    def get(self, request: Request) -> Response:
        page = read_page(request, FILTERS)
        found = filter_products(request, self.products(), self.store())
        start = (page.number - 1) * page.size
        rows = found.order_by("-pk").with_facts()[start : start + page.size]  # type: ignore[attr-defined]
        return Response(
            {
                "found": found.count(),
                "page": page.number,
                "per_page": page.size,
                "products": products_data(rows, request=request),
            }
        )

    @extend_schema(
        operation_id="products_create",
        summary="Create a product",
        tags=["products"],
        parameters=[examples.IDEMPOTENCY_KEY],
        request={"application/json": ProductIn, "multipart/form-data": examples.PRODUCT_FORM},
        responses={201: ProductOut, 400: examples.PROBLEM, 403: examples.PROBLEM, 409: examples.PROBLEM},
        examples=[examples.PRODUCT_IN, examples.PRODUCT],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        stated = read_product(request)
        record = self.record(stated)
        _require_title(record)
        return self.write(record, stated, is_new=True)


class ProductView(CatalogView):
    """One product by its SKU."""

    @extend_schema(
        operation_id="products_read",
        summary="Read a product",
        tags=["products"],
        parameters=[examples.IF_NONE_MATCH],
        responses={200: ProductOut, 404: examples.PROBLEM},
        examples=[examples.PRODUCT],
    )
    def get(self, request: Request, sku: str) -> Response:
        product = self.products().filter(sku=sku).with_facts().first()  # type: ignore[attr-defined]
        if product is None:
            raise Http404
        data = ProductOut(product, context={"request": request}).data
        return tagged(request, data, etag=product_etag(product))

    @extend_schema(
        operation_id="products_replace",
        summary="Create or replace a product",
        description="Fields that are not sent are emptied. Photos stay as they are unless `images` is sent.",
        tags=["products"],
        parameters=[examples.IF_MATCH],
        request={"application/json": ProductIn, "multipart/form-data": examples.PRODUCT_FORM},
        responses={200: ProductOut, 201: ProductOut, 400: examples.PROBLEM, 403: examples.PROBLEM},
        examples=[examples.PRODUCT_IN, examples.PRODUCT],
    )
    @transaction.atomic
    def put(self, request: Request, sku: str) -> Response:
        stated = read_product(request)
        record = self.record(stated, sku)
        _require_title(record)
        return self.write(replacing(record, self.checked(sku)), stated)

    @extend_schema(
        operation_id="products_update",
        summary="Change some fields of a product",
        description="Attributes that are not sent stay; `images`, where sent, are all photos of the product.",
        tags=["products"],
        parameters=[examples.IF_MATCH],
        request={"application/json": ProductIn, "multipart/form-data": examples.PRODUCT_FORM},
        responses={200: ProductOut, 400: examples.PROBLEM, 403: examples.PROBLEM, 404: examples.PROBLEM},
        examples=[examples.PRODUCT_PATCH, examples.PRODUCT],
    )
    @transaction.atomic
    def patch(self, request: Request, sku: str) -> Response:
        stated = read_product(request)
        if self.checked(sku) is None:
            raise Http404
        return self.write(self.record(stated, sku), stated)

    @extend_schema(
        operation_id="products_delete",
        summary="Delete a product and its photos",
        tags=["products"],
        parameters=[examples.IF_MATCH],
        responses={204: OpenApiResponse(description="Gone."), 403: examples.PROBLEM, 404: examples.PROBLEM},
    )
    @transaction.atomic
    def delete(self, request: Request, sku: str) -> Response:
        product = self.checked(sku)
        if product is None:
            raise Http404
        product.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProductImportView(CatalogView):
    """Many products at once, a line of JSON each."""

    parser_classes = [NdjsonParser, JsonLinesParser, PlainLinesParser]
    renderer_classes = [JSONRenderer, NdjsonRenderer]

    @extend_schema(
        operation_id="products_import",
        summary="Import products",
        description=(
            "One product a line (NDJSON), at most 20,000 lines and the installation's body size. A line that is refused "
            "never stops the others; of lines with one SKU the first counts. Fields that a line does not state stay as "
            "they are, and sending the same lines again changes nothing. With `Accept: application/x-ndjson` the answer "
            "is a line for each line."
        ),
        tags=["products"],
        parameters=[examples.IDEMPOTENCY_KEY],
        request={NdjsonParser.media_type: ProductIn},
        responses={200: ImportOut, 400: examples.PROBLEM, 403: examples.PROBLEM, 413: examples.PROBLEM},
        examples=[examples.PRODUCT_IN, examples.IMPORT],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        results = list(_import(cast("bytes", request.data), self.store()))
        counts = {outcome.value: sum(result.outcome is outcome for result in results) for outcome in Outcome}
        return Response({**counts, "results": [asdict(result) for result in results]})


def product_etag(product: Product) -> str:
    """The tag of a product read with its facts."""
    return etag_of(product_data(product, Labels([product])))


def _import(data: bytes, store: Store) -> Iterator[RowResult]:
    if not isinstance(data, bytes) or not data.strip():
        raise ValidationError("The body is empty: send a line of JSON for each product.")
    lines = read_lines(io.BufferedReader(io.BytesIO(data)))
    writing = Writing(store, Taxonomy(store), _no_files)
    for results in import_batches(writing, read_ndjson(lines, store)):
        yield from results


def _no_files(name: str) -> bytes:
    raise InvalidPhoto("this request carries no files; give a url")


def _require_title(record: Record) -> None:
    if "title" not in record.given:
        raise ValidationError({"title": ["A product needs a title."]})


def _key(request: Request) -> ApiKey:
    """The key of a request that passed the default permission."""
    return cast("ApiKey", request.auth)
