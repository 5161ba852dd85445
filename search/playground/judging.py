"""Keeps a search of the playground with its judgments as a query of one of the store's judged sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.models import Product, Store
from search.api.requests import build_query
from search.errors import InvalidQuery
from search.evaluation.records import JudgedQueryRow, JudgedSetRow
from search.evaluation.sets import FORCED_MODES, JudgedQuery, filters_record, query_of
from search.evaluation.stores import add_query
from search.query_images import load_query_image

MAX_JUDGMENTS = 200
GAINS = {"right": 2, "partly": 1, "wrong": 0}


class NotKept(Exception):
    """The search cannot be kept as it is; the message says why."""


def keep(
    store: Store, request: Mapping[str, Any], judgments: Mapping[int, str], *, set_name: str, key: str = ""
) -> JudgedQueryRow:
    """Keep this request of the search API, and which products (by id) were judged right, partly or wrong.

    `set_name` names one of the store's judged sets, which is made where there is none; `key` is the query's id in it, made
    of its words where it is empty. Raises `NotKept`, and then changes nothing.
    """
    if "parts" in request:
        raise NotKept("A search by parts cannot be kept: a judged query has one text and one photo.")
    query = _judged(store, request, _gains(store, judgments))
    photo_id = request.get("image", {}).get("id", "")
    try:
        photo = bytes(load_query_image(store, photo_id).data) if photo_id else b""
    except InvalidQuery as error:
        raise NotKept(error.message) from error
    with transaction.atomic():
        kept_in = _set(store, set_name)
        position = JudgedQueryRow.objects.filter(judged_set=kept_in).count()
        name = _free_key(kept_in, key.strip() or query.text or request.get("image", {}).get("product") or "photo")
        return add_query(kept_in, query, key=name, position=position, photo=photo)


def _judged(store: Store, request: Mapping[str, Any], gains: Mapping[str, int]) -> JudgedQuery:
    """The judged query that asks the same. Its filters are read as the search reads them."""
    image = request.get("image", {})
    try:
        narrowed = {name: request[name] for name in ("filter_by", "preset") if name in request}
        filters = build_query(store, owner="", data=narrowed | {"mode": "auto"}).filters
    except InvalidQuery as error:
        raise NotKept(error.message) from error
    box = _edges(image["box"]) if image.get("box") else None
    mode = request.get("mode", "")
    record = {
        "id": "kept",
        "text": request.get("q"),
        "image": "photo.jpg" if "id" in image else None,
        # A box needs the pixels of the product's photo.
        "photo_of" if box else "product": image.get("product"),
        "region": box,
        "filters": filters_record(filters),
        "mode": mode if mode in FORCED_MODES and not image else None,
        "text_weight": request.get("text_weight"),
        "image_weight": request.get("image_weight"),
        "slices": {"kind": "playground"},
        "judgments": dict(gains),
    }
    try:
        judged = query_of({name: value for name, value in record.items() if value is not None and value != ""})
    except ValueError as error:
        raise NotKept(str(error)) from error
    if judged.filters != filters:
        raise NotKept("A judged query has no place for one of these filters: take it away and search again.")
    return judged


def _edges(box: str) -> list[float]:
    try:
        return [float(edge) for edge in box.split(",")]
    except ValueError as error:
        raise NotKept(f"The box {box[:40]!r} is not four numbers.") from error


def _gains(store: Store, judgments: Mapping[int, str]) -> dict[str, int]:
    """By sku; products of other stores are passed over."""
    chosen = {pk: GAINS[verdict] for pk, verdict in list(judgments.items())[:MAX_JUDGMENTS] if verdict in GAINS}
    skus = Product.objects.filter(store=store, pk__in=chosen).values_list("pk", "sku")
    return {sku: chosen[pk] for pk, sku in skus}


def _set(store: Store, name: str) -> JudgedSetRow:
    row = JudgedSetRow.objects.filter(store=store, name=name).first()
    if row is not None:
        return row
    row = JudgedSetRow(store=store, name=name)
    try:
        row.full_clean()
    except ValidationError as error:
        raise NotKept(f"The set's name: {' '.join(error.messages)}") from error
    row.save()
    return row


def _free_key(row: JudgedSetRow, wanted: str) -> str:
    """The key, or the key with the first number that makes it another."""
    stem = " ".join(wanted.split())[:190]
    taken = set(JudgedQueryRow.objects.filter(judged_set=row, key__startswith=stem).values_list("key", flat=True))
    numbers = (f"{stem} {number}" for number in range(2, len(taken) + 3))
    return next(key for key in (stem, *numbers) if key not in taken)
